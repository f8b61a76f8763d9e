//! Who else has a say: budgets, autoscalers, operators, and what keeps manifests as they were written.

use super::{Known, Note, words};
use crate::domain::{
    discovery::Keeper,
    kubernetes::{Budget, Key, Meta, Pod},
    object::Kind,
};

/// What happens to a pod that is gone.
pub fn of_pod(known: &Known<'_>, pod: &Pod) -> Option<Note> {
    let kubernetes = &known.world.snapshot.kubernetes;
    let Some(owner) = pod.meta.owner.as_ref() else {
        return Some(Note::warning(format!("nothing puts pod {} back: it has no controller", pod.meta.key)));
    };
    let top = kubernetes.top_owner(&pod.meta).unwrap_or(owner);
    Some(Note::plain(format!("{} {} puts another pod in its place", top.kind, top.name)))
}

/// The budgets that protect a pod.
pub fn budgets<'a>(known: &Known<'a>, pod: &'a Pod) -> Vec<&'a Budget> {
    known.world.snapshot.kubernetes.budgets_of(pod).collect()
}

/// What a budget says of an eviction; `wanted` pods of it are evicted one after another.
pub fn budget_note(budget: &Budget) -> Note {
    let key = &budget.meta.key;
    let has = format!("{} of {} healthy, {} wanted", budget.healthy, budget.expected, budget.desired);
    match budget.allowed {
        ..=0 => Note::warning(format!(
            "budget {key} allows no disruption now ({has}): the API server will refuse the eviction"
        )),
        n => Note::plain(format!(
            "budget {key} allows {n} disruption{} ({has})",
            if n == 1 { "" } else { "s" }
        )),
    }
}

/// The operator that keeps a workload, by its owner's kind.
fn operator(meta: &Meta) -> Option<(&str, &str)> {
    let owner = meta.owner.as_ref()?;
    let operator = match owner.api_version.split('/').next().unwrap_or_default() {
        "platform.confluent.io" => "Confluent for Kubernetes",
        "kafka.banzaicloud.io" => "Koperator",
        "core.strimzi.io" | "kafka.strimzi.io" => "Strimzi",
        "cluster.redpanda.com" | "redpanda.vectorized.io" => "the Redpanda operator",
        _ => &owner.kind,
    };
    Some((operator, &owner.name))
}

/// Why a workload's `replicas` or template is not ours to change: its operator sets it back.
pub fn operator_refuses(meta: &Meta, keeper: Option<Keeper>, what: &str) -> Option<String> {
    let (operator, name) = operator(meta)?;
    let namespace = &meta.key.namespace;
    let instead = match (keeper, what) {
        (Some(Keeper::Confluent), "replicas") => format!(
            "scale its Kafka resource instead: kubectl -n {} scale kafkas.platform.confluent.io {} \
             --replicas N",
            words::sh(namespace),
            words::sh(name)
        ),
        (Some(Keeper::Confluent), _) => "set spec.podTemplate.annotations.kafkacluster-manual-roll on its \
                                         Kafka resource instead"
            .to_string(),
        (Some(Keeper::Koperator), "replicas") => "change spec.brokers of its KafkaCluster instead".into(),
        _ => format!("change {name} instead"),
    };
    Some(format!("{operator} keeps {} and sets its {what} back at its next look: {instead}", meta.key))
}

/// Strimzi has no StatefulSets: what to run for more or fewer brokers.
pub fn strimzi_scale(pod: &Pod) -> String {
    let pool = pod.meta.label("strimzi.io/pool-name").unwrap_or("POOL");
    format!(
        "Strimzi keeps its brokers in node pools; run kubectl -n {} scale kafkanodepools.kafka.strimzi.io {} \
         --replicas N",
        words::sh(&pod.meta.key.namespace),
        words::sh(pool)
    )
}

/// Autoscalers, and those who keep manifests as they were written elsewhere; `what` they set back.
pub fn of_workload(known: &Known<'_>, kind: Kind, meta: &Meta, what: &str) -> Vec<Note> {
    let mut notes = Vec::new();
    if what == "replicas" {
        notes.extend(autoscaler(known, kind, &meta.key));
    }
    let label = |name: &str| meta.label(name);
    if let Some(release) = meta.annotations.get("meta.helm.sh/release-name") {
        notes
            .push(Note::warning(format!("Helm keeps it: the next upgrade of {release} may set {what} back")));
    } else if label("app.kubernetes.io/managed-by") == Some("Helm") {
        notes.push(Note::warning(format!("Helm keeps it: the next upgrade may set {what} back")));
    }
    if meta.annotations.contains_key("argocd.argoproj.io/tracking-id")
        || label("argocd.argoproj.io/instance").is_some()
    {
        notes.push(Note::warning(format!("Argo CD keeps it: with self-heal it sets {what} back at once")));
    }
    let flux = ["kustomize.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/name"];
    if flux.into_iter().any(|name| label(name).is_some()) {
        notes.push(Note::warning(format!("Flux keeps it: it sets {what} back at its next reconciliation")));
    }
    notes
}

/// Source: kubernetes.md §2: an autoscaler looks every 15 seconds.
fn autoscaler(known: &Known<'_>, kind: Kind, key: &Key) -> Option<Note> {
    let autoscalers = &known.world.snapshot.kubernetes.autoscalers;
    let on = autoscalers.iter().find(|a| {
        a.meta.key.namespace == key.namespace && *a.target_kind == *kind.name() && a.target_name == key.name
    })?;
    Some(Note::warning(format!(
        "autoscaler {} sets replicas itself, between {} and {} (now {}), within about 15 s",
        on.meta.key, on.min, on.max, on.desired
    )))
}
