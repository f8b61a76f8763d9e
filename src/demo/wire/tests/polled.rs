//! castellan's own source on it.

use crate::{
    domain::{
        kafka::{BrokerId, GroupState, Kafka},
        snapshot::Delta,
        target::KafkaTarget,
    },
    source::{
        CAPACITY, Running,
        kafka::{Settings, poll},
        now,
    },
};
use std::time::Duration;
use tokio::sync::mpsc;

struct Reader {
    kafka: Kafka,
    news: mpsc::Receiver<Delta>,
    _running: Running,
}

impl Reader {
    fn of(outside: &crate::demo::wire::Outside) -> Reader {
        let (sender, news) = mpsc::channel(CAPACITY);
        let bootstrap = outside.bootstrap().iter().map(|a| (a.ip().to_string().into(), a.port())).collect();
        let target = KafkaTarget { name: "demo".into(), bootstrap, ..KafkaTarget::default() };
        let running = poll(target, None, Settings { refresh: Duration::from_millis(100) }, sender);
        Reader { kafka: Kafka::default(), news, _running: running }
    }

    async fn until(&mut self, what: &str, done: impl Fn(&Kafka) -> bool) {
        let wait = async {
            while !done(&self.kafka) {
                let Some(Delta::Kafka(delta)) = self.news.recv().await else { panic!("the poller ended") };
                self.kafka.apply(delta);
            }
        };
        let timely = tokio::time::timeout(Duration::from_secs(90), wait).await.is_ok();
        assert!(timely, "never: {what}; {:#?}", self.kafka.quorum);
    }
}

#[tokio::test]
async fn a_cluster_is_read_whole() {
    let (shared, outside) = super::outside().await;
    let mut reader = Reader::of(&outside);
    reader
        .until("a complete first reading", |k| {
            k.topics.len() == 4
                && k.topics.values().all(|t| t.config.is_some())
                && k.topics.values().all(|t| k.ends.get(&t.name).is_some_and(|e| e.iter().all(|o| *o >= 0)))
                && k.groups.get("billing").is_some_and(|g| g.offsets.last().is_some())
                && k.brokers.len() == 3
                && k.brokers.values().all(|b| b.contact.last().is_some() && b.log_dirs.last().is_some())
                && k.quorum.last().is_some()
                && k.reassignments.last().is_some()
        })
        .await;
    let k = &reader.kafka;
    let (id, ends, bytes) = shared.with(|world| {
        let cluster = &world.kafka[0];
        let orders = &cluster.topics["orders"];
        let ends: Vec<i64> = (0..6).map(|p| orders.end(p)).collect();
        (cluster.id.clone(), ends, (0..6).map(|p| orders.bytes_on(p, 2)).sum::<u64>())
    });
    assert_eq!(k.id.last(), Some(&id));
    assert_eq!(k.controller, Some(BrokerId(1)));
    let quorum = k.quorum.last().unwrap();
    assert_eq!((quorum.voters.len(), quorum.voters[2].behind), (3, Some(Duration::ZERO)));
    assert_eq!(k.brokers[&BrokerId(2)].rack.as_deref(), Some("zone-2"));
    let dirs = k.brokers[&BrokerId(2)].log_dirs.last().unwrap();
    assert_eq!(dirs.dirs[0].total, Some(100 << 30));
    assert!(dirs.dirs[0].usable.is_some_and(|free| free <= 100 << 30));
    assert_eq!(dirs.replicas["orders"].iter().map(|r| r.bytes).sum::<u64>(), bytes);
    let orders = &k.topics["orders"];
    assert_eq!((orders.partitions.len(), orders.min_insync()), (6, Some(2)));
    assert_eq!(orders.partitions[0].isr.len(), 3);
    assert_eq!(orders.config.as_ref().unwrap().overrides.len(), 1);
    assert!((0..6).all(|p| k.end("orders", p).is_some_and(|end| end >= ends[p as usize])));
    let billing = &k.groups["billing"];
    assert_eq!(
        (billing.state, &*billing.assignor, billing.error.as_deref()),
        (GroupState::Stable, "range", None)
    );
    assert_eq!(billing.members[1].assignment[0].partitions, [3, 4, 5]);
    assert_eq!(billing.members[1].client_id.as_ref(), "billing-1");
    let offsets = billing.offsets.last().unwrap();
    assert_eq!(offsets.len(), 5, "no commit for the last partition");
    assert_eq!(offsets[0].offset, ends[0] - 10);
    assert!(k.end_state("orders", 0, now()) == crate::domain::reading::State::Live);
}
