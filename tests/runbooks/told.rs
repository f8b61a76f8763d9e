//! What castellan would be told of the cluster.

use crate::{
    cluster::{Broker, Cluster, Life, claim_uid, pod_uid},
    world::{self, NOW, Size},
};
use castellan::domain::{
    Text,
    kafka::{
        BrokerId, KafkaDelta, LogDir, LogDirs, Partition, Quorum, Reassignment, ReplicaLog, Replicas,
        Throttle, Topic, TopicConfig, Voter,
    },
    kubernetes::{KubernetesDelta, TableDelta},
    snapshot::{Delta, Snapshot},
    time::Time,
};
use std::{collections::HashMap, time::Duration};

pub fn time(cluster: &Cluster) -> Time {
    NOW.plus(Duration::from_secs(cluster.now))
}

fn size(cluster: &Cluster) -> Size {
    Size {
        nodes: 6,
        brokers: cluster.brokers.len(),
        pods: cluster.brokers.len(),
        topics: 0,
        partitions: 0,
        groups: 0,
    }
}

/// The first reading.
pub fn snapshot(cluster: &Cluster) -> Snapshot {
    let mut snapshot = world::healthy(size(cluster));
    tell(cluster, &mut snapshot);
    snapshot
}

/// Everything once more.
pub fn tell(cluster: &Cluster, snapshot: &mut Snapshot) {
    let at = time(cluster);
    let news = kubernetes(cluster, at).into_iter().chain(kafka(cluster, at));
    world::apply(snapshot, news);
}

fn kubernetes(cluster: &Cluster, at: Time) -> Vec<Delta> {
    let size = Size { brokers: 9, ..size(cluster) };
    let server = KubernetesDelta::Server { answer: Ok(("v1.35.4".into(), Duration::from_millis(9))), at };
    let mut news: Vec<Delta> = vec![server.into()];
    let mut pods = Vec::new();
    let mut claims = Vec::new();
    for (id, broker) in &cluster.brokers {
        pods.push(pod(*id, broker, size, at));
        let mut claim = world::kubernetes::claim_of(*id as usize, &claim_uid(*id, broker.claim));
        claim.meta.deleting = broker.claim_ends.then_some(at);
        claims.push(claim);
    }
    let ready = cluster.brokers.values().filter(|b| b.life == Life::Up).count() as i32;
    let mut set = world::kubernetes::stateful_set(Size { brokers: cluster.replicas as usize, ..size });
    set.meta.resource_version = cluster.generation.to_string().into();
    (set.generation, set.observed_generation, set.ready) = (cluster.generation, cluster.generation, ready);
    let mut nodes: Vec<_> = (0..6).map(world::kubernetes::node).collect();
    for node in &mut nodes {
        node.unschedulable = cluster.cordoned.contains(&*node.meta.key.name);
    }
    fn list<T>(rows: Vec<T>, at: Time) -> [TableDelta<T>; 3] {
        [TableDelta::ListStart, TableDelta::Page { rows, remaining: None }, TableDelta::ListEnd { at }]
    }
    news.extend(list(pods, at).map(|d| KubernetesDelta::Pods(d).into()));
    news.extend(list(claims, at).map(|d| KubernetesDelta::Claims(d).into()));
    news.extend(list(vec![set], at).map(|d| KubernetesDelta::StatefulSets(d).into()));
    news.extend(list(nodes, at).map(|d| KubernetesDelta::Nodes(d).into()));
    let heard: [KubernetesDelta; 5] = [
        KubernetesDelta::Deployments(TableDelta::Heard { at }),
        KubernetesDelta::ReplicaSets(TableDelta::Heard { at }),
        KubernetesDelta::Budgets(TableDelta::Heard { at }),
        KubernetesDelta::Autoscalers(TableDelta::Heard { at }),
        KubernetesDelta::Services(TableDelta::Heard { at }),
    ];
    news.extend(heard.map(Delta::from));
    news
}

fn pod(id: i32, broker: &Broker, size: Size, at: Time) -> castellan::domain::kubernetes::Pod {
    let mut pod = world::kubernetes::broker_pod(id as usize, size);
    pod.meta.uid = pod_uid(id, broker.pod).into();
    let ready = broker.life == Life::Up;
    pod.conditions.iter_mut().filter(|c| &*c.kind == "Ready").for_each(|c| c.status = ready);
    pod.containers[0].ready = ready;
    if matches!(broker.life, Life::Ending(_)) {
        pod.meta.deleting = Some(at);
    }
    pod
}

fn ids(list: &[i32]) -> Replicas {
    list.iter().copied().map(BrokerId).collect()
}

fn kafka(cluster: &Cluster, at: Time) -> Vec<Delta> {
    let up: Vec<i32> = cluster.brokers.keys().copied().filter(|id| cluster.is_up(*id)).collect();
    let zone = |id: i32| Text::from(world::kubernetes::ZONES[id as usize % 3]);
    let registered = |id: &i32| {
        let host = format!("kafka-{id}.kafka-brokers.kafka.svc");
        (BrokerId(*id), Text::from(host), 9092, Some(zone(*id)))
    };
    let brokers = up.iter().map(registered).collect();
    let controller = up.contains(&cluster.controller).then_some(BrokerId(cluster.controller));
    let behind = |id: &i32| Voter {
        id: BrokerId(*id),
        log_end: 1,
        behind: Some(if up.contains(id) { Duration::from_millis(9) } else { Duration::from_secs(60) }),
    };
    let quorum = Quorum {
        leader: controller,
        epoch: 1,
        voters: cluster.brokers.keys().filter(|id| **id < 3).map(behind).collect(),
        observers: vec![],
    };
    let mut moves = Vec::new();
    let mut topics = Vec::new();
    for (name, topic) in &cluster.topics {
        let name: Text = name.as_str().into();
        let partition = |(index, p): (usize, &crate::cluster::Partition)| Partition {
            index: index as i32,
            leader: p.leader.map(BrokerId),
            epoch: 1,
            replicas: ids(&p.replicas),
            isr: ids(&p.isr),
            offline: p.replicas.iter().copied().filter(|id| !up.contains(id)).map(BrokerId).collect(),
        };
        for (index, p) in topic.partitions.iter().enumerate() {
            if let Some((from, to)) = &p.moving {
                let only = |these: &[i32], those: &[i32]| {
                    ids(&these.iter().copied().filter(|id| !those.contains(id)).collect::<Vec<_>>())
                };
                moves.push(Reassignment {
                    topic: name.clone(),
                    partition: index as i32,
                    replicas: ids(&p.replicas),
                    adding: only(to, from),
                    removing: only(from, to),
                });
            }
        }
        topics.push(Topic {
            id: Some(format!("id-of-{name}").into()),
            internal: false,
            partitions: topic.partitions.iter().enumerate().map(partition).collect(),
            config: Some(TopicConfig {
                min_insync: topic.min as u16,
                retention_ms: 1,
                retention_bytes: -1,
                cleanup: "delete".into(),
                overrides: topic.configs.clone().into_iter().collect(),
            }),
            name,
        });
    }
    let configs = topics.iter().filter_map(|t| Some((t.name.clone(), t.config.clone()?))).collect();
    let mut news = vec![
        KafkaDelta::Cluster { id: Some("lkc-9Qm2".into()), controller: Some(controller), brokers, at },
        KafkaDelta::Topics { changed: topics, removed: vec![], at },
        KafkaDelta::Configs { configs, at },
        KafkaDelta::Quorum { answer: Ok(quorum), at },
        KafkaDelta::Reassignments { answer: Ok(moves), at },
    ];
    for (id, broker) in cluster.brokers.iter().filter(|(id, _)| up.contains(id)) {
        let of = BrokerId(*id);
        let [leader, follower] = broker.rates;
        news.push(KafkaDelta::Contact { broker: of, answer: Ok(Duration::from_millis(4)), at });
        news.push(KafkaDelta::Throttle { broker: of, answer: Ok(Throttle { leader, follower }), at });
        news.push(KafkaDelta::LogDirs { broker: of, answer: Ok(log_dirs(cluster, *id)), at });
    }
    news.into_iter().map(Delta::from).collect()
}

fn log_dirs(cluster: &Cluster, id: i32) -> LogDirs {
    let mut replicas: HashMap<Text, Vec<ReplicaLog>> = HashMap::new();
    for (topic, index, _, p) in cluster.partitions().filter(|(_, _, _, p)| p.replicas.contains(&id)) {
        let bytes = if p.isr.contains(&id) { p.bytes } else { p.held.get(&id).copied().unwrap_or(0) };
        let log = ReplicaLog { partition: index as i32, bytes, lag: 0, future: false };
        replicas.entry(topic.as_str().into()).or_default().push(log);
    }
    let used = replicas.values().flatten().map(|log| log.bytes).sum();
    let total = 100 << 30;
    let dir = LogDir {
        path: "/var/lib/kafka".into(),
        total: Some(total),
        usable: Some(total - used),
        used,
        error: None,
    };
    LogDirs { dirs: vec![dir], replicas }
}
