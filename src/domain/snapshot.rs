//! Everything that is known at one instant, and the one way in which it changes.

use super::{
    kafka::{Kafka, KafkaDelta},
    kubernetes::{Kubernetes, KubernetesDelta},
    rates,
    throughput::{Throughput, ThroughputDelta},
};

#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Grows with every change but mere confirmations; derivations and arrangements are kept per
    /// generation.
    pub generation: u64,
    pub kubernetes: Kubernetes,
    pub kafka: Kafka,
    pub throughput: Throughput,
}

/// News from a source.
#[derive(Debug, Clone)]
pub enum Delta {
    Kubernetes(KubernetesDelta),
    Kafka(KafkaDelta),
    Throughput(ThroughputDelta),
}

impl Snapshot {
    /// Takes in one delta; returns whether anything but a confirmation changed.
    pub fn apply(&mut self, delta: Delta) -> bool {
        let changed = match delta {
            Delta::Kubernetes(d) => self.kubernetes.apply(d),
            Delta::Kafka(d) => {
                let confirmed = rates::confirms(&d);
                let changed = self.kafka.apply(d);
                changed | confirmed.is_some_and(|(body, at)| self.throughput.observe(&self.kafka, body, at))
            }
            Delta::Throughput(d) => self.throughput.apply(d),
        };
        self.generation += u64::from(changed);
        changed
    }
}

macro_rules! into_delta {
    ($($news:ty => $arm:ident),*) => {$(
        impl From<$news> for Delta {
            fn from(d: $news) -> Self {
                Delta::$arm(d)
            }
        }
    )*};
}
into_delta!(KubernetesDelta => Kubernetes, KafkaDelta => Kafka, ThroughputDelta => Throughput);
