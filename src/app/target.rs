//! What the sources should read, as it follows from the found clusters and what was asked for.

use super::{Effect, Model, access, operations};
use crate::{
    action::journal::Whose,
    domain::{
        Text,
        discovery::{FoundCluster, find_prometheus},
        target::{KafkaTarget, Security, Server, TargetPod, ThroughputTarget},
    },
    pane::{Place, Tone},
};

/// What the command line and the configuration say about Kafka and Prometheus.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    pub bootstrap: Vec<Server>,
    pub security: Security,
    pub prometheus: Option<String>,
}

/// The targets that the sources have.
#[derive(Debug, Default)]
pub struct Targets {
    kafka: Option<KafkaTarget>,
    throughput: Option<ThroughputTarget>,
    /// The pick list was shown.
    asked: bool,
    /// Whose journal was read.
    recalled: Option<Whose>,
}

impl Targets {
    /// What is read, as it was named: a found cluster, or the servers that were given.
    pub fn kafka(&self) -> Option<&Text> {
        self.kafka.as_ref().map(|target| &target.name)
    }

    /// There is a Kafka cluster to read.
    pub fn aimed(&self) -> bool {
        self.kafka.is_some()
    }
}

/// Asks again what the journal tells of what is looked at.
pub fn recall(model: &mut Model) {
    model.effects.extend(model.targets.recalled.clone().map(Effect::Recall));
}

fn recall_of(model: &mut Model, whose: Whose) {
    model.targets.recalled = Some(whose);
    recall(model);
}

/// Whether the journal that was read is that of the cluster that is read, by the id that Kafka gives it.
pub fn is_identified(model: &Model) -> bool {
    let id = model.snapshot.kafka.id.last();
    let whose = model.targets.recalled.as_ref();
    id.is_some() && whose.and_then(|whose| whose.id.as_ref()) == id
}

/// Kafka has told the id of the cluster that is read, which is another than it was known by.
fn identified(model: &Model) -> Option<Whose> {
    let id = model.snapshot.kafka.id.last().filter(|_| model.targets.aimed())?;
    let whose = model.targets.recalled.clone().filter(|whose| whose.id.as_ref() != Some(id))?;
    Some(Whose { id: Some(id.clone()), ..whose })
}

/// Points the sources at what was found, when (and only when) that changed.
pub fn aim(model: &mut Model) {
    if settled(model) {
        choose(model);
    }
    let given = !model.wishes.bootstrap.is_empty();
    let chosen = given || model.cluster.is_some() || model.derived.joined.clusters.len() == 1;
    let cluster = model.derived.joined.cluster().filter(|_| chosen);
    let (kafka, throughput) = (kafka(model, cluster), throughput(model, cluster));
    if kafka.is_none()
        && settled(model)
        && model.derived.joined.clusters.is_empty()
        && model.targets.recalled.is_none()
    {
        recall_of(model, Whose::context(model.session.context.clone()));
    }
    if kafka.is_some() && kafka != model.targets.kafka {
        let anew = kafka.as_ref().map(|t| &t.name) != model.targets.kafka.as_ref().map(|t| &t.name);
        model.targets.kafka.clone_from(&kafka);
        if let Some(target) = kafka.as_ref().filter(|_| anew) {
            access::forget_kafka(model);
            operations::forget_left(model, &[]);
            // The id that is known is still that of the cluster before.
            let (context, cluster) = (model.session.context.clone(), target.name.clone());
            recall_of(model, Whose { context, cluster, id: None });
        }
        model.effects.extend(kafka.map(|target| Effect::Poll { target, anew }));
    } else if let Some(whose) = identified(model) {
        recall_of(model, whose);
    }
    if throughput.is_some() && throughput != model.targets.throughput {
        let anew = throughput.as_ref().map(|t| &t.namespace)
            != model.targets.throughput.as_ref().map(|t| &t.namespace);
        model.targets.throughput.clone_from(&throughput);
        model.effects.extend(throughput.map(|target| Effect::Gather { target, anew }));
    }
}

/// Every pod was listed once, so that what was not found is not there.
fn settled(model: &Model) -> bool {
    let kubernetes = &model.snapshot.kubernetes;
    kubernetes.pods.feed.heard().is_some() && kubernetes.stateful_sets.feed.heard().is_some()
}

/// Of several clusters one has to be chosen: asks once, and takes the largest if the list is left without
/// an answer.
fn choose(model: &mut Model) {
    let found = model.derived.joined.clusters.len();
    if model.cluster.is_some() || found < 2 || !model.wishes.bootstrap.is_empty() {
        return;
    }
    if !model.targets.asked {
        model.targets.asked = true;
        model.go(&Place { pane: "clusters", scope: None });
        model.say(Tone::Strong, format!("{found} Kafka clusters were found: enter chooses one"));
    } else if model.screen().pane.name != "clusters" {
        model.cluster = model.derived.cluster.clone();
        if let Some(name) = &model.cluster {
            let said = format!("Kafka cluster {name}, the largest; :clusters shows the others");
            model.say(Tone::Plain, said);
        }
    }
}

fn kafka(model: &Model, cluster: Option<&FoundCluster>) -> Option<KafkaTarget> {
    let wishes = &model.wishes;
    let given = !wishes.bootstrap.is_empty();
    let bootstrap = match cluster.and_then(|c| c.bootstrap.as_ref()) {
        _ if given => wishes.bootstrap.clone(),
        Some((service, port)) => vec![(format!("{}.{}.svc", service.name, service.namespace).into(), *port)],
        None => Vec::new(),
    };
    let name = match cluster {
        // Servers that were given may be those of any cluster.
        _ if given => servers(&wishes.bootstrap),
        Some(cluster) => cluster.name.clone(),
        None => return None,
    };
    let pods = cluster.map_or(Vec::new(), |c| pods(model, c));
    Some(KafkaTarget { name, bootstrap, pods, security: wishes.security.clone() })
}

fn servers(list: &[Server]) -> Text {
    list.iter().map(|(host, port)| format!("{host}:{port}")).collect::<Vec<_>>().join(",").into()
}

fn pods(model: &Model, cluster: &FoundCluster) -> Vec<TargetPod> {
    let pods = &model.snapshot.kubernetes.pods;
    let target = |b: &crate::domain::discovery::BrokerPod| TargetPod {
        pod: b.pod.clone(),
        broker: b.broker,
        ports: b.ports.clone(),
        exporter: b.exporter,
        ip: pods.get(&b.pod).and_then(|p| p.ip.clone()),
    };
    cluster.brokers.iter().map(target).collect()
}

fn throughput(model: &Model, cluster: Option<&FoundCluster>) -> Option<ThroughputTarget> {
    let services = find_prometheus(&model.snapshot.kubernetes);
    let url = model.wishes.prometheus.clone();
    let namespace = cluster.map_or("".into(), |c| c.namespace.clone());
    let pods = cluster.map_or(Vec::new(), |c| pods(model, c));
    let worth = cluster.is_some() || !model.wishes.bootstrap.is_empty();
    worth.then_some(ThroughputTarget { url, services, pods, namespace })
}
