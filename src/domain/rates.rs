//! What Kafka's own answers tell of throughput when nothing measures it: messages from log end offsets,
//! and how many partitions are under-replicated or offline.

use super::{
    kafka::{Body, Kafka, KafkaDelta, TopicName},
    throughput::{Metric, Origin, Points, Subject, Throughput, ThroughputDelta},
    time::Time,
};
use std::{collections::HashMap, time::Duration};

/// The distance between points.
const STEP: Duration = Duration::from_secs(15);

/// Log end offsets at an instant, to be compared with later ones.
#[derive(Debug, Clone)]
pub struct Ends {
    at: Time,
    ends: HashMap<TopicName, Vec<i64>>,
}

/// When news of Kafka confirm log ends, or partitions.
pub fn confirms(delta: &KafkaDelta) -> Option<(Body, Time)> {
    match delta {
        KafkaDelta::Ends { at, .. } => Some((Body::Ends, *at)),
        KafkaDelta::Topics { at, .. } => Some((Body::Topics, *at)),
        KafkaDelta::Heard { body, at } => Some((*body, *at)),
        _ => None,
    }
}

impl Throughput {
    /// Adds the points that follow from what Kafka just confirmed; returns whether there were any. What
    /// the present origin measures itself is left to it.
    pub fn observe(&mut self, kafka: &Kafka, body: Body, at: Time) -> bool {
        let points = match body {
            Body::Ends if self.origin.last() == Some(&Origin::Offsets) => self.flow(kafka, at),
            Body::Topics => self.counts(kafka, at),
            _ => return false,
        };
        if points.is_empty() {
            return false;
        }
        if body == Body::Ends {
            return self.apply(ThroughputDelta::Points { points, at });
        }
        self.add(points);
        true
    }

    /// Messages a second since the last look at the log ends.
    fn flow(&mut self, kafka: &Kafka, at: Time) -> Points {
        if self.ends.as_ref().is_some_and(|e| at.since(e.at) < STEP) {
            return Points::new();
        }
        let before = self.ends.replace(Ends { at, ends: kafka.ends.clone() });
        let Some(before) = before else { return Points::new() };
        let seconds = at.since(before.at).as_secs_f64();
        let mut cluster = 0.0;
        let mut points = Points::new();
        for (topic, ends) in &kafka.ends {
            let grown =
                before.ends.get(topic).filter(|_| told(kafka, topic)).and_then(|old| growth(old, ends));
            if let Some(grown) = grown {
                let rate = grown as f64 / seconds;
                cluster += rate;
                points.push((Metric::MessagesIn, Subject::Topic(topic.clone()), vec![(at, rate)]));
            }
        }
        if !points.is_empty() {
            points.push((Metric::MessagesIn, Subject::Cluster, vec![(at, cluster)]));
        }
        points
    }

    /// Partitions under-replicated (by leader, as the broker's own metric counts them) and offline.
    fn counts(&mut self, kafka: &Kafka, at: Time) -> Points {
        if self.counted.is_some_and(|last| at.since(last) < STEP) {
            return Points::new();
        }
        self.counted = Some(at);
        let point = |metric, subject, n: u32| (metric, subject, vec![(at, f64::from(n))]);
        let under = |id| (id, kafka.census.broker(id).under_replicated);
        let there = kafka.brokers.values().map(|b| (b.registered, under(b.id)));
        let brokers = there
            .filter(|(registered, (_, n))| *registered || *n > 0)
            .map(|(_, (id, n))| point(Metric::UnderReplicated, Subject::Broker(id), n));
        let cluster = [
            point(Metric::UnderReplicated, Subject::Cluster, kafka.census.totals.under_replicated),
            point(Metric::Offline, Subject::Cluster, kafka.census.totals.offline),
        ];
        brokers.chain(cluster).filter(|(metric, ..)| !self.tells(*metric)).collect()
    }
}

/// Whether all leaders of the topic tell its ends; one that hangs would make the rate look low.
fn told(kafka: &Kafka, topic: &TopicName) -> bool {
    let partitions = kafka.topics.get(topic).map_or(&[][..], |t| &t.partitions);
    let leaders = partitions.iter().filter_map(|p| kafka.brokers.get(&p.leader?));
    leaders.into_iter().all(|b| b.ends.failure().is_none())
}

/// How far the ends of a topic went on; None when one went back (the topic was made anew). Partitions
/// whose end was not known both times are left out.
fn growth(old: &[i64], new: &[i64]) -> Option<i64> {
    let known = old.iter().zip(new).filter(|(old, new)| **old >= 0 && **new >= 0);
    known.map(|(old, new)| (new >= old).then_some(new - old)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        kafka::{BrokerId, Partition, Topic},
        snapshot::Snapshot,
    };

    fn ends(snapshot: &mut Snapshot, second: i64, changed: &[(&str, &[i64])]) {
        let changed = changed.iter().map(|(t, e)| (TopicName::from(*t), e.to_vec())).collect();
        snapshot.apply(KafkaDelta::Ends { changed, at: Time(second * 1000) }.into());
    }

    fn by_offsets() -> Snapshot {
        let mut snapshot = Snapshot::default();
        let origin = Origin::Offsets;
        let delta = ThroughputDelta::Origin { origin, lacks: vec![], tried: vec![], at: Time(0) };
        snapshot.apply(delta.into());
        snapshot
    }

    fn last(snapshot: &Snapshot, metric: Metric, subject: Subject) -> Option<(Time, f64)> {
        snapshot.throughput.series(metric, subject)?.last()
    }

    #[test]
    fn messages_are_told_by_log_ends() {
        let mut s = by_offsets();
        ends(&mut s, 0, &[("orders", &[100, 200]), ("audit", &[7])]);
        ends(&mut s, 5, &[("orders", &[110, 200])]);
        ends(&mut s, 20, &[("orders", &[200, 300])]);
        assert_eq!(last(&s, Metric::MessagesIn, Subject::Topic("orders".into())), Some((Time(20_000), 10.0)));
        assert_eq!(last(&s, Metric::MessagesIn, Subject::Topic("audit".into())), Some((Time(20_000), 0.0)));
        assert_eq!(last(&s, Metric::MessagesIn, Subject::Cluster), Some((Time(20_000), 10.0)));
        s.apply(KafkaDelta::Heard { body: Body::Ends, at: Time(40_000) }.into());
        assert_eq!(
            last(&s, Metric::MessagesIn, Subject::Cluster),
            Some((Time(40_000), 0.0)),
            "it went quiet"
        );
        assert!(s.throughput.origin.state(Time(41_000)).is_live());
    }

    #[test]
    fn a_topic_made_anew_and_a_partition_seen_first_are_no_messages() {
        let mut s = by_offsets();
        ends(&mut s, 0, &[("orders", &[100, -1]), ("made-anew", &[900])]);
        ends(&mut s, 20, &[("orders", &[120, 5_000]), ("made-anew", &[3])]);
        assert_eq!(last(&s, Metric::MessagesIn, Subject::Topic("orders".into())), Some((Time(20_000), 1.0)));
        assert_eq!(last(&s, Metric::MessagesIn, Subject::Topic("made-anew".into())), None);
        assert_eq!(last(&s, Metric::MessagesIn, Subject::Cluster), Some((Time(20_000), 1.0)));
    }

    #[test]
    fn a_topic_whose_leader_does_not_tell_its_ends_has_no_rate() {
        let mut s = by_offsets();
        s.apply(topic(&[1, 2], Some(2)).into());
        ends(&mut s, 1, &[("t", &[100])]);
        s.apply(KafkaDelta::Led { broker: BrokerId(2), answer: Err("hung".into()), at: Time(2_000) }.into());
        ends(&mut s, 20, &[("t", &[200])]);
        assert_eq!(last(&s, Metric::MessagesIn, Subject::Topic("t".into())), None);
    }

    #[test]
    fn offsets_measure_nothing_while_something_better_does() {
        let mut s = Snapshot::default();
        ends(&mut s, 0, &[("orders", &[100])]);
        ends(&mut s, 20, &[("orders", &[200])]);
        assert!(s.throughput.series.is_empty());
    }

    fn topic(isr: &[i32], leader: Option<i32>) -> KafkaDelta {
        let ids = |ids: &[i32]| ids.iter().map(|i| BrokerId(*i)).collect();
        let partition = Partition {
            index: 0,
            leader: leader.map(BrokerId),
            epoch: 0,
            replicas: ids(&[1, 2]),
            isr: ids(isr),
            offline: ids(&[]),
        };
        let topic =
            Topic { name: "t".into(), id: None, internal: false, partitions: vec![partition], config: None };
        KafkaDelta::Topics { changed: vec![topic], removed: vec![], at: Time(1_000) }
    }

    #[test]
    fn partitions_are_counted_from_the_metadata() {
        let mut s = Snapshot::default();
        s.apply(topic(&[2], Some(2)).into());
        let count = |s: &Snapshot, metric, subject| last(s, metric, subject).map(|p| p.1);
        assert_eq!(count(&s, Metric::UnderReplicated, Subject::Cluster), Some(1.0));
        assert_eq!(count(&s, Metric::UnderReplicated, Subject::Broker(BrokerId(2))), Some(1.0));
        assert_eq!(count(&s, Metric::Offline, Subject::Cluster), Some(0.0));
        let mut s = Snapshot::default();
        s.apply(topic(&[], None).into());
        assert_eq!(count(&s, Metric::Offline, Subject::Cluster), Some(1.0));
    }

    #[test]
    fn what_the_origin_counts_itself_is_left_to_it() {
        let mut s = Snapshot::default();
        let at = Time(500);
        let told = (Metric::UnderReplicated, Subject::Cluster, vec![(at, 9.0)]);
        s.apply(ThroughputDelta::Points { points: vec![told], at }.into());
        s.apply(topic(&[2], Some(2)).into());
        assert_eq!(last(&s, Metric::UnderReplicated, Subject::Cluster), Some((at, 9.0)));
        assert_eq!(last(&s, Metric::Offline, Subject::Cluster), Some((Time(1_000), 0.0)));
    }
}
