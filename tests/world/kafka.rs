//! The Kafka part: topics of three replicas over all brokers, groups of two members, throughput.

use super::{
    NOW, Size,
    kubernetes::{ZONES, address},
};
use castellan::domain::{
    Text,
    kafka::{
        BrokerId, Committed, Group, GroupState, KafkaDelta, LogDir, LogDirs, Member, Partition, Quorum,
        Reassignment, ReplicaLog, Replicas, Route, Topic, TopicConfig, TopicPartitions, Voter,
    },
    snapshot::Delta,
    throughput::{Metric, Origin, Subject, ThroughputDelta},
    time::Time,
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Mutex,
    time::Duration,
};

/// Client workloads, each a group of its own name: `billing` keeps up, `audit` is behind.
pub const CLIENTS: [&str; 3] = ["audit", "billing", "shipping"];
const NAMES: [&str; 6] = ["orders", "payments", "invoices", "clicks", "stock", "__consumer_offsets"];

/// Everybody shares one copy of a name, as in what the source sends.
pub fn topic_name(index: usize) -> Text {
    static SHARED: Mutex<BTreeMap<usize, Text>> = Mutex::new(BTreeMap::new());
    let name = || NAMES.get(index).map_or_else(|| format!("topic-{index:05}").into(), |name| (*name).into());
    SHARED.lock().expect("nobody panics meanwhile").entry(index).or_insert_with(name).clone()
}

fn replicas(ids: impl IntoIterator<Item = i32>) -> Replicas {
    ids.into_iter().map(BrokerId).collect()
}

fn topic(index: usize, size: Size) -> Topic {
    let brokers = size.brokers.max(1);
    let partition = |p: usize| {
        let ids = (0..brokers.min(3)).map(|r| ((index + p + r) % brokers) as i32);
        let ids: Vec<i32> = ids.collect();
        Partition {
            index: p as i32,
            leader: Some(BrokerId(ids[0])),
            epoch: 4,
            replicas: replicas(ids.iter().copied()),
            isr: replicas(ids),
            offline: Replicas::default(),
        }
    };
    let name = topic_name(index);
    Topic {
        internal: name.starts_with("__"),
        id: Some(format!("id-of-{name}").into()),
        name,
        partitions: (0..size.partitions).map(partition).collect(),
        config: Some(TopicConfig {
            min_insync: 2,
            retention_ms: 7 * 86_400_000,
            retention_bytes: -1,
            cleanup: "delete".into(),
            overrides: Vec::new(),
        }),
    }
}

pub fn end(topic: usize, partition: usize) -> i64 {
    100_000 + (topic as i64) * 10 + partition as i64
}

fn log_dirs(broker: usize, size: Size, usable: u64) -> LogDirs {
    let mut logs: HashMap<Text, Vec<ReplicaLog>> = HashMap::new();
    for index in 0..size.topics {
        let on = (0..size.partitions).filter(|p| {
            topic(index, Size { partitions: p + 1, ..size }).partitions[*p]
                .replicas
                .contains(BrokerId(broker as i32))
        });
        let on = on.map(|p| ReplicaLog { partition: p as i32, bytes: 1 << 20, lag: 0, future: false });
        logs.insert(topic_name(index), on.collect());
    }
    let used = logs.values().flatten().map(|l| l.bytes).sum();
    let dir = LogDir {
        path: "/var/lib/kafka".into(),
        total: Some(100 << 30),
        usable: Some(usable),
        used,
        error: None,
    };
    LogDirs { dirs: vec![dir], replicas: logs }
}

fn group_name(index: usize) -> Text {
    CLIENTS.get(index).map_or_else(|| format!("group-{index:04}").into(), |name| (*name).into())
}

/// Group i reads the topics i, i+1, … so that five are read by each.
fn topics_of(group: usize, size: Size) -> impl Iterator<Item = usize> {
    (0..size.topics.min(5)).map(move |t| (group + t) % size.topics)
}

fn group(index: usize, size: Size) -> Group {
    let mut group = Group::new(group_name(index));
    (group.state, group.protocol, group.assignor) = (GroupState::Stable, "consumer".into(), "range".into());
    group.coordinator = Some(BrokerId((index % size.brokers.max(1)) as i32));
    // The clients' pods follow the brokers'; other groups' members run outside.
    let in_pod = index < CLIENTS.len();
    let member = |half: usize| {
        let address = if in_pod { address(size.brokers + index * 2 + half) } else { "172.16.0.9".into() };
        let name = if in_pod { format!("{}-5d8c7-{half}", CLIENTS[index]) } else { format!("client-{half}") };
        Member {
            id: format!("{name}-8e0c").into(),
            client_id: name.into(),
            host: format!("/{address}").into(),
            instance: None,
            assignment: topics_of(index, size)
                .map(|t| TopicPartitions {
                    topic: topic_name(t),
                    partitions: (0..size.partitions as i32).filter(|p| *p as usize % 2 == half).collect(),
                })
                .collect(),
        }
    };
    group.members = vec![member(0), member(1)];
    group
}

/// A group is gone and comes again, so that what it commits then is its first.
pub fn anew(index: usize, size: Size) -> [KafkaDelta; 2] {
    let (changed, removed) = (vec![group(index, size)], vec![group_name(index)]);
    [
        KafkaDelta::Groups { changed: vec![], removed, at: NOW },
        KafkaDelta::Groups { changed, removed: vec![], at: NOW },
    ]
}

/// Commits at the log ends less `behind` on every partition.
pub fn commits(index: usize, size: Size, behind: i64) -> Vec<Committed> {
    let mut commits: Vec<_> = topics_of(index, size)
        .flat_map(|t| {
            (0..size.partitions).map(move |p| Committed {
                topic: topic_name(t),
                partition: p as i32,
                offset: end(t, p) - behind,
            })
        })
        .collect();
    commits.sort_by(|a, b| (&a.topic, a.partition).cmp(&(&b.topic, b.partition)));
    commits
}

fn quorum(size: Size) -> Quorum {
    let voter = |id| Voter { id: BrokerId(id), log_end: 5_000, behind: Some(Duration::from_millis(40)) };
    Quorum {
        leader: (size.brokers > 0).then_some(BrokerId(0)),
        epoch: 3,
        voters: (0..size.brokers.min(3) as i32).map(voter).collect(),
        observers: Vec::new(),
    }
}

fn cluster(size: Size, without: Option<i32>) -> KafkaDelta {
    let broker = |i: i32| {
        let host = format!("kafka-{i}.kafka-brokers.kafka.svc");
        (BrokerId(i), Text::from(host), 9092, Some(Text::from(ZONES[i as usize % 3])))
    };
    KafkaDelta::Cluster {
        id: Some("lkc-9Qm2".into()),
        controller: (size.brokers > 0).then_some(Some(BrokerId(0))),
        brokers: (0..size.brokers as i32).filter(|i| Some(*i) != without).map(broker).collect(),
        at: NOW,
    }
}

fn history(level: f64) -> Vec<(Time, f64)> {
    let wave = |i: u64| level * (1.0 + 0.2 * (i as f64 / 4.0).sin());
    (0..=60).map(|i| (NOW.minus(Duration::from_secs((60 - i) * 15)), wave(i))).collect()
}

fn throughput(size: Size) -> Vec<Delta> {
    let mut points = Vec::new();
    for (metric, level) in [(Metric::BytesIn, 1e6), (Metric::BytesOut, 2e6), (Metric::MessagesIn, 1e3)] {
        points.push((metric, Subject::Cluster, history(level * size.brokers as f64)));
        for i in 0..size.brokers as i32 {
            points.push((metric, Subject::Broker(BrokerId(i)), history(level)));
        }
        for t in 0..size.topics.min(200) {
            points.push((metric, Subject::Topic(topic_name(t)), history(level / (1 + t) as f64)));
        }
    }
    for metric in [Metric::UnderReplicated, Metric::Offline] {
        points.push((metric, Subject::Cluster, history(0.0)));
        points.extend((0..size.brokers as i32).map(|i| (metric, Subject::Broker(BrokerId(i)), history(0.0))));
    }
    let origin = Origin::Prometheus {
        place: "monitoring/prometheus:9090".into(),
        behind: true,
        dialect: "Strimzi JMX".into(),
    };
    vec![
        ThroughputDelta::Origin { origin, lacks: vec![], tried: vec![], at: NOW }.into(),
        ThroughputDelta::Points { points, at: NOW }.into(),
    ]
}

/// The first reading of everything.
pub fn deltas(size: Size) -> Vec<Delta> {
    let brokers = || (0..size.brokers as i32).map(BrokerId);
    let ends = (0..size.topics).map(|t| (topic_name(t), (0..size.partitions).map(|p| end(t, p)).collect()));
    let mut news = vec![
        KafkaDelta::Route(Route::Direct),
        cluster(size, None),
        KafkaDelta::Topics {
            changed: (0..size.topics).map(|i| topic(i, size)).collect(),
            removed: vec![],
            at: NOW,
        },
        KafkaDelta::Configs { configs: vec![], at: NOW },
        KafkaDelta::Ends { changed: ends.collect(), at: NOW },
        KafkaDelta::Groups {
            changed: (0..size.groups).map(|i| group(i, size)).collect(),
            removed: vec![],
            at: NOW,
        },
        KafkaDelta::Offsets {
            answers: (0..size.groups).map(|i| (group_name(i), Ok(commits(i, size, 0)))).collect(),
            at: NOW,
        },
        KafkaDelta::Quorum { answer: Ok(quorum(size)), at: NOW },
        KafkaDelta::Reassignments { answer: Ok(vec![]), at: NOW },
    ];
    for broker in brokers() {
        news.push(KafkaDelta::Contact { broker, answer: Ok(Duration::from_millis(4)), at: NOW });
        news.push(KafkaDelta::Led { broker, answer: Ok(()), at: NOW });
        let answer = Ok(log_dirs(broker.0 as usize, size, 60 << 30));
        news.push(KafkaDelta::LogDirs { broker, answer, at: NOW });
    }
    news.into_iter().map(Delta::from).chain(throughput(size)).collect()
}

/// Broker 1 is away: its partitions are under-replicated, `orders` has one offline and one under min ISR,
/// `payments` is being moved, broker 2's disk is nearly full, `audit` is behind and group 3 has no members.
pub fn troubles(size: Size) -> Vec<Delta> {
    let away = BrokerId(1);
    let degrade = |mut topic: Topic| {
        for partition in &mut topic.partitions {
            partition.isr = partition.isr.iter().copied().filter(|id| *id != away).collect();
            partition.leader = partition.isr.first().copied();
        }
        if &*topic.name == "orders" {
            topic.partitions[0].isr = topic.partitions[0].isr.iter().copied().take(1).collect();
            (topic.partitions[1].isr, topic.partitions[1].leader) = (Replicas::default(), None);
        }
        topic
    };
    let mut empty = group(3, size);
    (empty.state, empty.members) = (GroupState::Empty, vec![]);
    let moved = Reassignment {
        topic: "payments".into(),
        partition: 0,
        replicas: replicas([1, 2, 0]),
        adding: replicas([0]),
        removing: replicas([2]),
    };
    let refused = || Err("connection refused".into());
    let news = vec![
        cluster(size, Some(1)),
        KafkaDelta::Topics {
            changed: (0..size.topics).map(|i| degrade(topic(i, size))).collect(),
            removed: vec![],
            at: NOW,
        },
        KafkaDelta::Contact { broker: away, answer: refused(), at: NOW.minus(Duration::from_secs(200)) },
        KafkaDelta::LogDirs { broker: away, answer: Err("connection refused".into()), at: NOW },
        KafkaDelta::LogDirs { broker: BrokerId(2), answer: Ok(log_dirs(2, size, 8 << 30)), at: NOW },
        KafkaDelta::Groups { changed: vec![], removed: vec![group_name(0), group_name(3)], at: NOW },
        KafkaDelta::Groups { changed: vec![group(0, size), empty], removed: vec![], at: NOW },
        KafkaDelta::Offsets {
            answers: vec![
                (group_name(0), Ok(commits(0, size, 1_200))),
                (group_name(3), Ok(commits(3, size, 50))),
            ],
            at: NOW,
        },
        KafkaDelta::Reassignments { answer: Ok(vec![moved]), at: NOW },
    ];
    news.into_iter().map(Delta::from).collect()
}
