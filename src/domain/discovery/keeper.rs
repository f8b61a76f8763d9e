//! Who keeps a pod, if it is a Kafka broker's: by labels first, then by image, environment and ports.

use super::{Keeper, listeners};
use crate::domain::{
    Text,
    kafka::BrokerId,
    kubernetes::{Container, ContainerKind, Kubernetes, Pod, StatefulSet},
};

/// A broker's pod.
pub struct Kept {
    pub keeper: Keeper,
    /// The cluster's name within its namespace.
    pub cluster: Text,
    pub broker: Option<BrokerId>,
}

/// Says who keeps `pod`, or None when it is no Kafka broker.
pub fn keeps(kubernetes: &Kubernetes, pod: &Pod) -> Option<Kept> {
    // The labels of an operator settle it, also that it is something else of the same operator.
    if pod.meta.label("strimzi.io/cluster").is_some() {
        return strimzi(pod);
    }
    if pod.meta.label("platform.confluent.io/type").is_some() {
        return confluent(kubernetes, pod);
    }
    if pod.meta.label("kafka_cr").is_some() {
        return koperator(pod);
    }
    if !pod.containers.iter().any(hints_at_kafka) || owner_is(pod, "Job") {
        return None;
    }
    redpanda(pod).or_else(|| bitnami(pod)).or_else(|| cp_helm(pod)).or_else(|| plain(kubernetes, pod))
}

/// Says who keeps a StatefulSet without pods, if its image says that they would be brokers.
pub fn keeps_none(set: &StatefulSet) -> Option<(Keeper, Text)> {
    let mut images = set.images.iter().map(|i| image_name(i));
    let image = images.find(|i| is_broker_image(i) || *i == "redpanda")?;
    let instance = set.meta.labels.get("app.kubernetes.io/instance");
    let (keeper, name) = match (set.meta.label("app.kubernetes.io/part-of"), set.meta.label("app")) {
        _ if image == "redpanda" => (Keeper::Redpanda, instance),
        (Some("kafka"), _) => (Keeper::BitnamiChart, instance),
        (_, Some("cp-kafka")) => (Keeper::CpHelmChart, set.meta.labels.get("release")),
        _ => (Keeper::StatefulSet, None),
    };
    Some((keeper, name.unwrap_or(&set.meta.key.name).clone()))
}

/// Since 0.36 the roles are labels; before, the name of the set tells.
fn strimzi(pod: &Pod) -> Option<Kept> {
    let cluster = pod.meta.labels.get("strimzi.io/cluster")?;
    if pod.meta.label("strimzi.io/kind").is_some_and(|kind| kind != "Kafka") {
        return None;
    }
    let broker = match pod.meta.label("strimzi.io/broker-role") {
        Some(role) => role == "true",
        None => pod.meta.label("strimzi.io/name").is_some_and(|n| n.strip_suffix("-kafka") == Some(cluster)),
    };
    let id = ordinal(pod).map(BrokerId);
    broker.then(|| Kept { keeper: Keeper::Strimzi, cluster: cluster.clone(), broker: id })
}

fn confluent(kubernetes: &Kubernetes, pod: &Pod) -> Option<Kept> {
    const OFFSET: &str = "platform.confluent.io/broker-id-offset";
    if pod.meta.label("platform.confluent.io/type") != Some("kafka") {
        return None;
    }
    let set = set_of(kubernetes, pod);
    let offset = pod.meta.annotations.get(OFFSET).or(set.and_then(|s| s.meta.annotations.get(OFFSET)));
    let offset: i32 = offset.and_then(|o| o.parse().ok()).unwrap_or(0);
    let named = pod.meta.labels.get("platform.confluent.io/cr-name");
    let cluster = named.cloned().unwrap_or_else(|| owner_or_pod(kubernetes, pod));
    Some(Kept { keeper: Keeper::Confluent, cluster, broker: ordinal(pod).map(|n| BrokerId(n + offset)) })
}

fn koperator(pod: &Pod) -> Option<Kept> {
    let cluster = pod.meta.labels.get("kafka_cr")?.clone();
    let id = pod.meta.label("brokerId")?;
    let broker = pod.meta.label("app") == Some("kafka") && pod.meta.label("isBrokerNode") != Some("false");
    let id = id.parse().ok().map(BrokerId);
    broker.then_some(Kept { keeper: Keeper::Koperator, cluster, broker: id })
}

fn redpanda(pod: &Pod) -> Option<Kept> {
    main_containers(pod).find(|c| image_name(&c.image) == "redpanda" && &*c.name == "redpanda")?;
    let cluster = instance_or_stem(pod);
    owner_is(pod, "StatefulSet").then_some(Kept { keeper: Keeper::Redpanda, cluster, broker: None })
}

fn bitnami(pod: &Pod) -> Option<Kept> {
    let label = |name| pod.meta.label(name);
    if label("app.kubernetes.io/name") != Some("kafka") || label("helm.sh/chart").is_none() {
        return None;
    }
    // Charts before 24 call a broker `kafka`.
    if !matches!(label("app.kubernetes.io/component"), Some("controller-eligible" | "broker" | "kafka")) {
        return None;
    }
    let kafka = main_containers(pod).find(|c| &*c.name == "kafka" && !only_controller(c))?;
    let first = env_number(kafka, "MIN_ID").unwrap_or(0);
    let broker = ordinal(pod).map(|n| BrokerId(n + first));
    Some(Kept { keeper: Keeper::BitnamiChart, cluster: instance_or_stem(pod), broker })
}

fn cp_helm(pod: &Pod) -> Option<Kept> {
    if pod.meta.label("app") != Some("cp-kafka") {
        return None;
    }
    let cluster = pod.meta.labels.get("release")?.clone();
    Some(Kept { keeper: Keeper::CpHelmChart, cluster, broker: ordinal(pod).map(BrokerId) })
}

/// Without a label that tells: a container that looks like a broker, of whatever controller.
fn plain(kubernetes: &Kubernetes, pod: &Pod) -> Option<Kept> {
    let kafka = main_containers(pod).find(|c| looks_like_broker(c))?;
    let given = env_number(kafka, "NODE_ID").or_else(|| env_number(kafka, "BROKER_ID"));
    let in_set = owner_is(pod, "StatefulSet");
    // A literal in the template of several pods is not the id of each.
    let shared = set_of(kubernetes, pod).is_some_and(|s| s.replicas > 1);
    let broker = match (given, in_set) {
        (Some(id), _) if !shared => Some(id),
        (_, true) => ordinal(pod).map(|n| n + env_number(kafka, "MIN_ID").unwrap_or(0)),
        _ => None,
    };
    let keeper = if in_set { Keeper::StatefulSet } else { Keeper::Bare };
    Some(Kept { keeper, cluster: owner_or_pod(kubernetes, pod), broker: broker.map(BrokerId) })
}

fn looks_like_broker(c: &Container) -> bool {
    let image = image_name(&c.image);
    if only_controller(c) || is_something_else(image) {
        return false;
    }
    let has = |name: &str| listeners::env(c, name).is_some();
    let told = has("NODE_ID") || has("BROKER_ID") || has("PROCESS_ROLES");
    let listens = has("LISTENERS")
        || has("ADVERTISED_LISTENERS")
        || has("ZOOKEEPER_CONNECT")
        || c.ports.iter().any(|(name, port)| *port == 9092 || listeners::names_clients(name));
    let named = image.split(['-', '_']).any(|word| word == "kafka");
    let standard = c.ports.iter().any(|(_, port)| *port == 9092);
    listens && (told || is_broker_image(image)) || named && standard
}

/// The distributions' own images of brokers.
fn is_broker_image(image: &str) -> bool {
    matches!(image, "kafka" | "kafka-native" | "cp-kafka" | "cp-server" | "confluent-local")
}

/// Words in the names of images that work with Kafka but are no brokers.
fn is_something_else(image: &str) -> bool {
    const WORDS: [&str; 30] = [
        "ui",
        "exporter",
        "connect",
        "lag",
        "burrow",
        "zookeeper",
        "operator",
        "rest",
        "proxy",
        "manager",
        "cmak",
        "akhq",
        "kowl",
        "console",
        "mirror",
        "mirrormaker",
        "bridge",
        "registry",
        "schema",
        "ksql",
        "ksqldb",
        "cruise",
        "minion",
        "client",
        "tools",
        "consumer",
        "producer",
        "streams",
        "monitor",
        "init",
    ];
    image.split(['-', '_', '.']).any(|word| WORDS.contains(&word))
}

/// A KRaft controller that is no broker.
fn only_controller(c: &Container) -> bool {
    listeners::env(c, "PROCESS_ROLES").is_some_and(|roles| !roles.split(',').any(|r| r.trim() == "broker"))
}

/// Cheap enough to ask of every pod.
fn hints_at_kafka(c: &Container) -> bool {
    const IMAGES: [&str; 4] = ["kafka", "cp-server", "confluent-local", "redpanda"];
    c.kind == ContainerKind::Main
        && (!c.kafka_env.is_empty() || IMAGES.iter().any(|image| c.image.contains(image)))
}

fn main_containers(pod: &Pod) -> impl Iterator<Item = &Container> {
    pod.containers.iter().filter(|c| c.kind == ContainerKind::Main)
}

/// `registry:5000/org/kafka:4.1@sha256:…` → `kafka`
fn image_name(image: &str) -> &str {
    let untagged = image.split('@').next().unwrap_or_default();
    let last = untagged.rsplit('/').next().unwrap_or_default();
    last.split(':').next().unwrap_or_default()
}

fn env_number(c: &Container, name: &str) -> Option<i32> {
    listeners::env(c, name)?.trim().parse().ok()
}

fn owner_is(pod: &Pod, kind: &str) -> bool {
    pod.meta.owner.as_ref().is_some_and(|o| &*o.kind == kind)
}

fn set_of<'a>(kubernetes: &'a Kubernetes, pod: &Pod) -> Option<&'a StatefulSet> {
    let uid = &pod.meta.owner.as_ref()?.uid;
    kubernetes.stateful_sets.iter().find(|s| s.meta.uid == *uid)
}

fn owner_or_pod(kubernetes: &Kubernetes, pod: &Pod) -> Text {
    let top = kubernetes.top_owner(&pod.meta);
    top.map_or_else(|| pod.meta.key.name.clone(), |owner| owner.name.clone())
}

fn instance_or_stem(pod: &Pod) -> Text {
    let name = &pod.meta.key.name;
    let stem = || name.rsplit_once('-').map_or_else(|| name.clone(), |(stem, _)| stem.into());
    pod.meta.labels.get("app.kubernetes.io/instance").cloned().unwrap_or_else(stem)
}

/// The trailing number of the pod's name.
fn ordinal(pod: &Pod) -> Option<i32> {
    let (_, digits) = pod.meta.key.name.rsplit_once('-')?;
    digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
}
