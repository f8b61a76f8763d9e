//! Everything that is known at one instant, and the one way in which it changes.

use super::{
    access::{Access, Grant},
    context::Contexts,
    kafka::{Kafka, KafkaDelta, Route},
    kubernetes::{Kubernetes, KubernetesDelta},
    operation::Operation,
    rates,
    throughput::{Origin, Throughput, ThroughputDelta},
};

#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Grows with every change but mere confirmations; derivations and arrangements are kept per
    /// generation.
    pub generation: u64,
    /// They never change while castellan runs.
    pub contexts: Contexts,
    pub kubernetes: Kubernetes,
    /// The generation of the last change of `kubernetes`.
    pub kubernetes_changed: u64,
    pub kafka: Kafka,
    /// The generation of the last change of `kafka`.
    pub kafka_changed: u64,
    /// The generation of the last change of what a plan is made from: not of how far logs and groups got,
    /// of throughput, or of what castellan itself does.
    pub ground_changed: u64,
    pub throughput: Throughput,
    /// What the user may do.
    pub access: Access,
    /// What castellan itself does, oldest first.
    pub operations: Vec<Operation>,
}

/// News from a source.
#[derive(Debug, Clone)]
pub enum Delta {
    Kubernetes(KubernetesDelta),
    Kafka(KafkaDelta),
    Throughput(ThroughputDelta),
    Access(Vec<Grant>),
    /// One that is new or went on.
    Operation(Operation),
}

impl Snapshot {
    /// Takes in one delta; returns whether anything but a confirmation changed.
    pub fn apply(&mut self, delta: Delta) -> bool {
        let (of_kafka, of_ground) = (matches!(delta, Delta::Kafka(_)), is_ground(&delta));
        let of_kubernetes = matches!(delta, Delta::Kubernetes(_));
        let changed = match delta {
            Delta::Kubernetes(d) => self.kubernetes.apply(d),
            Delta::Kafka(d) => {
                let confirmed = rates::confirms(&d);
                let changed = self.kafka.apply(d);
                changed | confirmed.is_some_and(|(body, at)| self.throughput.observe(&self.kafka, body, at))
            }
            Delta::Throughput(d) => self.throughput.apply(d),
            Delta::Access(grants) => {
                grants.into_iter().for_each(|grant| self.access.take(grant));
                true
            }
            Delta::Operation(operation) => self.put(operation),
        };
        self.generation += u64::from(changed);
        if changed && of_kafka {
            self.kafka_changed = self.generation;
        }
        if changed && of_kubernetes {
            self.kubernetes_changed = self.generation;
        }
        if changed && of_ground {
            self.ground_changed = self.generation;
        }
        changed
    }

    /// Kafka is reached through the API server only, which does not answer: however well Kafka is, it cannot be
    /// heard.
    pub fn kafka_cut_off(&self) -> bool {
        self.kubernetes.server.feed.failure().is_some() && self.kafka.route == Some(Route::PortForward)
    }

    /// The same of who measures throughput.
    pub fn throughput_cut_off(&self) -> bool {
        let behind = self.throughput.origin.last().is_some_and(Origin::is_behind_api);
        self.kubernetes.server.feed.failure().is_some() && behind
    }

    fn put(&mut self, operation: Operation) -> bool {
        match self.operations.iter_mut().find(|o| o.id == operation.id) {
            Some(known) if *known == operation => return false,
            Some(known) => *known = operation,
            None => self.operations.push(operation),
        }
        true
    }
}

fn is_ground(delta: &Delta) -> bool {
    let passing = matches!(
        delta,
        Delta::Throughput(_)
            | Delta::Operation(_)
            | Delta::Kafka(KafkaDelta::Ends { .. } | KafkaDelta::Offsets { .. })
    );
    !passing
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::kafka::Body,
        world::{self, NOW, SMALL},
    };

    #[test]
    fn what_logs_and_groups_do_all_the_time_is_no_ground_of_a_plan() {
        let mut snapshot = world::healthy(SMALL);
        let before = snapshot.ground_changed;
        let topic = snapshot.kafka.topics.values().next().unwrap().clone();
        let ends = vec![7; topic.partitions.len()];
        assert!(
            snapshot.apply(KafkaDelta::Ends { changed: vec![(topic.name.clone(), ends)], at: NOW }.into())
        );
        assert_eq!(snapshot.ground_changed, before);
        snapshot.apply(KafkaDelta::Heard { body: Body::Topics, at: NOW }.into());
        assert_eq!(snapshot.ground_changed, before, "confirmed is not changed");
        let topics = KafkaDelta::Topics { changed: vec![], removed: vec![topic.name], at: NOW };
        assert!(snapshot.apply(topics.into()));
        assert_eq!(snapshot.ground_changed, snapshot.generation);
    }
}
