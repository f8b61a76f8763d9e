//! The three sources and how far each can be trusted: what the header and the report say of them.

use super::World;
use crate::domain::{reading::State, throughput::Origin, time};
use std::time::Duration;

/// A server that takes this long is said to be slow.
const SLOW: Duration = Duration::from_secs(1);

/// One source and how far it can be trusted.
pub struct Source {
    pub name: &'static str,
    pub state: State,
    /// In place of the state's own words: what is more to say than that it is live, or what the cause is.
    pub note: Option<String>,
    /// Where and how it is read; may be empty.
    pub how: String,
}

pub fn sources(world: &World<'_>) -> [Source; 3] {
    [kubernetes(world), kafka(world), throughput(world)]
}

fn kubernetes(world: &World<'_>) -> Source {
    let kubernetes = &world.snapshot.kubernetes;
    let state = kubernetes.server.state(world.now).worse(kubernetes.pods.feed.state(world.now));
    let slow = state.is_live() && kubernetes.took >= SLOW;
    Source {
        name: "Kubernetes",
        state,
        note: slow.then(|| format!("slow ({:.1} s)", kubernetes.took.as_secs_f64())),
        how: kubernetes.server.last().map(|v| v.to_string()).unwrap_or_default(),
    }
}

fn kafka(world: &World<'_>) -> Source {
    let kafka = &world.snapshot.kafka;
    let state = kafka.cluster_feed.state(world.now);
    Source {
        name: "Kafka",
        note: behind(world.snapshot.kafka_cut_off(), &state),
        state,
        how: kafka.route.map(|r| r.words().to_string()).unwrap_or_default(),
    }
}

fn throughput(world: &World<'_>) -> Source {
    let throughput = &world.snapshot.throughput;
    let state = throughput.origin.state(world.now);
    let replaced = throughput.without_prometheus().filter(|_| state.is_live());
    let instead = replaced.map(|_| match throughput.origin.last() {
        Some(Origin::Offsets) => "messages only, without Prometheus".to_string(),
        _ => "live by exporters, without Prometheus".to_string(),
    });
    Source {
        name: "throughput",
        note: instead.or_else(|| behind(world.snapshot.throughput_cut_off(), &state)),
        state,
        how: throughput.origin.last().map(|o| o.words()).unwrap_or_default(),
    }
}

fn behind(cut_off: bool, state: &State) -> Option<String> {
    let old = match state {
        State::Live | State::Pending(_) => return None,
        State::Stale { age } | State::Failed { age: Some(age), .. } => format!("stale {}", time::age(*age)),
        State::Failed { age: None, .. } => "unknown".into(),
    };
    cut_off.then(|| format!("{old} behind the API server"))
}
