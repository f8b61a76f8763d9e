//! What is said of a cluster after it was read: the same snapshot that the panes show.

use super::{Check, State};
use crate::{
    action::{Need, VERBS},
    app::Model,
    domain::{
        access::{Grant, Permission},
        reading::State as Known,
        target::Security,
    },
};
use std::collections::BTreeMap;

/// Everything from the API server on; `granted`: what the API server said of the actions' permissions in the
/// namespace of the Kafka cluster, or why it said nothing.
pub fn checks(model: &Model, security: &Security, granted: &Result<Vec<Grant>, String>) -> Vec<Check> {
    vec![
        server(model),
        looking(model),
        acting(model, granted),
        discovery(model),
        listeners(model),
        login(model, security),
        throughput(model),
    ]
}

fn server(model: &Model) -> Check {
    let context = &model.session.context;
    let server = &model.snapshot.kubernetes.server;
    match (server.state(model.now), server.last()) {
        (Known::Live | Known::Stale { .. }, Some(version)) => {
            Check::well("API server", format!("answers, Kubernetes {version}"))
        }
        (Known::Failed { reason, .. }, _) => Check::ill(
            "API server",
            State::Broken,
            reason.to_string(),
            format!("kubectl --context {context} version; castellan demo needs no cluster"),
        ),
        _ => Check::ill(
            "API server",
            State::Broken,
            "has not answered in time",
            format!("kubectl --context {context} version"),
        ),
    }
}

fn is_up(model: &Model) -> bool {
    model.snapshot.kubernetes.server.last().is_some()
}

fn unseen(what: &'static str, wants: &str) -> Check {
    Check { what, state: State::Unseen, found: format!("it needs {wants} first"), next: None }
}

/// The permissions to look.
fn looking(model: &Model) -> Check {
    let reach = &model.snapshot.kubernetes.reach;
    if !is_up(model) {
        return unseen("reading", "the API server");
    }
    let scope = reach.namespace.as_ref().map_or("all namespaces".into(), |n| format!("the namespace {n}"));
    match &reach.missing[..] {
        [] => Check::well("reading", format!("everything that is shown may be read, in {scope}")),
        [first, rest @ ..] => {
            let (found, next) = first.split_once(": ").unwrap_or((first, "ask for the permission"));
            let more = if rest.is_empty() { String::new() } else { format!(", and {} more", rest.len()) };
            Check::ill("reading", State::Lacking, format!("{found}{more}; it reads {scope}"), next)
        }
    }
}

/// The permissions to act, each verb of castellan's by what it lacks.
fn acting(model: &Model, granted: &Result<Vec<Grant>, String>) -> Check {
    if !is_up(model) {
        return unseen("acting", "the API server");
    }
    if model.session.read_only {
        return Check::well("acting", "read-only was asked for: no client that could write is made");
    }
    let grants = match granted {
        Ok(grants) => grants,
        Err(reason) => {
            return Check::ill("acting", State::Unseen, &**reason, "kubectl auth can-i --list");
        }
    };
    let mut denied: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (verb, permission) in wanted() {
        let no = |g: &&Grant| matches!(g, Grant::Kubernetes { permission: p, allowed: false, .. } if *p == permission);
        if grants.iter().any(|g| no(&g)) {
            let verbs = denied.entry(permission.to_string()).or_default();
            if !verbs.contains(&verb) {
                verbs.push(verb);
            }
        }
    }
    let mut lacks =
        denied.iter().map(|(permission, verbs)| format!("{permission} (for {})", verbs.join(", ")));
    match denied.keys().next() {
        None => Check::well("acting", "every action on Kubernetes is permitted"),
        Some(first) => {
            let list = lacks.by_ref().collect::<Vec<_>>().join("; ");
            Check::ill(
                "acting",
                State::Lacking,
                format!("not permitted: {list}"),
                format!("kubectl auth can-i {first}"),
            )
        }
    }
}

/// Each verb's permissions of Kubernetes.
pub fn wanted() -> impl Iterator<Item = (&'static str, Permission)> {
    VERBS.iter().flat_map(|verb| {
        verb.acts.iter().flat_map(|may| may.act.needs()).filter_map(|need| match need {
            Need::Kubernetes(permission) => Some((verb.name, permission)),
            Need::Kafka(_) => None,
        })
    })
}

fn discovery(model: &Model) -> Check {
    let clusters = &model.derived.joined.clusters;
    let given = !model.wishes.bootstrap.is_empty();
    if clusters.is_empty() && given {
        return Check::well("Kafka", "its servers were given; none was looked for among the pods");
    }
    if !is_up(model) {
        return unseen("Kafka", "the API server");
    }
    let names = clusters.iter().map(|c| {
        let n = c.brokers.len();
        format!("{} ({}, {n} broker{})", c.name, c.keeper.words(), if n == 1 { "" } else { "s" })
    });
    match names.collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => Check::ill(
            "Kafka",
            State::Broken,
            "no broker was found among the pods that may be read",
            "castellan --kafka HOST:PORT where it is outside, -A where it is in another namespace",
        ),
        found => Check::well("Kafka", found),
    }
}

fn listeners(model: &Model) -> Check {
    let kafka = &model.snapshot.kafka;
    let Some(route) = kafka.route else {
        return match kafka.cluster_feed.state(model.now) {
            Known::Failed { reason, .. } => {
                let next = "see that pods/portforward may be created, or run castellan where the listeners can be reached";
                Check::ill("listeners", State::Broken, reason.to_string(), next)
            }
            _ if !model.targets.aimed() => unseen("listeners", "a Kafka cluster"),
            _ => Check::ill(
                "listeners",
                State::Broken,
                "no broker has answered in time",
                "castellan, then :findings",
            ),
        };
    };
    let silent: Vec<String> = kafka
        .brokers
        .values()
        .filter(|b| b.registered)
        .filter_map(|b| match b.contact.state(model.now) {
            Known::Failed { reason, .. } => Some(format!("broker {}: {reason}", b.id)),
            _ => None,
        })
        .collect();
    let registered = kafka.brokers.values().filter(|b| b.registered).count();
    let how = format!("{} of {registered} brokers answer, {}", registered - silent.len(), route.words());
    if silent.is_empty() {
        Check::well("listeners", how)
    } else {
        Check::ill(
            "listeners",
            State::Lacking,
            format!("{how}; {}", silent.join("; ")),
            "castellan, then :brokers",
        )
    }
}

fn login(model: &Model, security: &Security) -> Check {
    let transport = if security.tls { "TLS" } else { "plain text" };
    let who = security
        .sasl
        .as_ref()
        .map_or("nobody in particular".into(), |sasl| format!("{} ({})", sasl.user, sasl.mechanism.name()));
    let how = format!("{transport}, as {who}");
    match model.snapshot.kafka.route {
        Some(_) => Check::well("login", how),
        None => Check {
            what: "login",
            state: State::Unseen,
            found: format!("{how}; no broker has answered to it"),
            next: None,
        },
    }
}

fn throughput(model: &Model) -> Check {
    let throughput = &model.snapshot.throughput;
    let Some(origin) = throughput.origin.last() else {
        return match throughput.origin.state(model.now) {
            Known::Failed { reason, .. } => Check::ill(
                "throughput",
                State::Lacking,
                reason.to_string(),
                "castellan --prometheus URL names one",
            ),
            _ => unseen("throughput", "a Kafka cluster"),
        };
    };
    match throughput.without_prometheus() {
        Some(reason) => Check::ill(
            "throughput",
            State::Lacking,
            format!("{}, as {reason}", origin.words()),
            "castellan --prometheus URL names another",
        ),
        None => Check::well("throughput", origin.words()),
    }
}
