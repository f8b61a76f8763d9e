//! What the poller makes of a cluster, and of its troubles.

use super::super::*;
use super::fake::{Fake, Group, Mood, Version};
use crate::domain::{
    kafka::{BrokerId, GroupState, Kafka, KafkaDelta, Route},
    reading::State,
    snapshot::Delta,
    target::KafkaTarget,
};
use crate::source::now;
use kafka_protocol::messages::ApiKey;
use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};
use tokio::sync::mpsc;

/// Takes in a poller's news.
struct Reader {
    kafka: Kafka,
    news: mpsc::Receiver<Delta>,
    seen: Vec<&'static str>,
    _running: Running,
}

impl Reader {
    fn of(bootstrap: Vec<(crate::domain::Text, u16)>) -> Reader {
        let target = KafkaTarget { name: "fake".into(), bootstrap, ..KafkaTarget::default() };
        Reader::over(Client::new(target, None), Duration::from_millis(50))
    }

    fn over(client: Client, refresh: Duration) -> Reader {
        let (sender, news) = mpsc::channel(crate::source::CAPACITY);
        let running = poll_with(client, Settings { refresh }, sender);
        Reader { kafka: Kafka::default(), news, seen: Vec::new(), _running: running }
    }

    async fn until(&mut self, what: &str, done: impl Fn(&Kafka) -> bool) {
        let wait = async {
            while !done(&self.kafka) {
                let Some(Delta::Kafka(delta)) = self.news.recv().await else { panic!("the poller ended") };
                self.seen.push(kind(&delta));
                self.kafka.apply(delta);
            }
        };
        let timely = tokio::time::timeout(Duration::from_secs(90), wait).await.is_ok();
        assert!(timely, "never: {what}; after {:?}", self.seen);
    }

    /// Everything has been read once.
    async fn complete(&mut self, topics: usize, groups: usize) {
        self.until("a complete first reading", |k| {
            k.topics.len() == topics
                && k.topics.values().all(|t| t.config.is_some())
                && k.topics.values().all(|t| k.ends.get(&t.name).is_some_and(|e| e.iter().all(|o| *o >= 0)))
                && k.groups.len() == groups
                && k.groups.values().all(|g| g.offsets.last().is_some())
                && k.brokers.values().all(|b| b.contact.last().is_some() && b.log_dirs.last().is_some())
                && k.brokers.values().all(|b| b.ends.heard().is_some())
        })
        .await;
    }
}

fn kind(delta: &KafkaDelta) -> &'static str {
    match delta {
        KafkaDelta::Topics { .. } => "topics",
        KafkaDelta::Groups { .. } => "groups",
        KafkaDelta::Offsets { .. } => "offsets",
        KafkaDelta::Ends { .. } => "ends",
        KafkaDelta::Configs { .. } => "configs",
        _ => "other",
    }
}

fn topics(names: &[(&str, i32)]) -> BTreeMap<String, i32> {
    names.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect()
}

fn group(id: &str, state: &'static str, commits: &[(&str, i32, i64)]) -> Group {
    let commits = commits.iter().map(|(t, p, o)| ((*t).to_owned(), *p, *o)).collect();
    Group { id: id.to_owned(), state, commits, error: 0 }
}

fn live(state: State) -> bool {
    state == State::Live
}

#[tokio::test]
async fn a_cluster_is_read_whole() {
    let groups = vec![
        group("billing", "Stable", &[("orders", 0, 90), ("orders", 1, -1), ("orders", 2, 100)]),
        Group { error: 30, ..group("secret", "Stable", &[]) },
        group("old", "Empty", &[("orders", 0, 10)]),
    ];
    let fake = Fake::start(3, topics(&[("orders", 6), ("empty", 1)]), groups).await;
    let mut reader = Reader::of(fake.bootstrap());
    reader.complete(2, 3).await;
    reader.until("the quorum", |k| k.quorum.last().is_some() && k.reassignments.last().is_some()).await;
    let (k, at) = (&reader.kafka, now());
    assert_eq!(k.route, Some(Route::Direct));
    assert_eq!(k.id.last().map(|id| &**id), Some("fake"));
    assert_eq!(k.controller, Some(BrokerId(0)), "the quorum's leader, not whom Metadata names");
    let quorum = k.quorum.last().unwrap();
    let behind: Vec<_> = quorum.voters.iter().map(|v| v.behind).collect();
    assert_eq!(behind, [Some(Duration::ZERO), Some(Duration::from_millis(500)), None]);
    let broker = &k.brokers[&BrokerId(1)];
    assert_eq!((broker.rack.as_deref(), broker.named), (Some("zone-1"), 7));
    let dirs = broker.log_dirs.last().unwrap();
    assert_eq!((dirs.dirs[0].total, dirs.dirs[0].usable, dirs.dirs[0].used), (Some(1_000), Some(600), 7));
    let orders = &k.topics["orders"];
    assert_eq!((orders.partitions.len(), orders.min_insync()), (6, Some(2)));
    assert_eq!(
        orders.config.as_ref().unwrap().overrides,
        [("min.insync.replicas".to_owned(), "2".to_owned())]
    );
    assert_eq!((k.end("orders", 5), k.end_state("orders", 5, at)), (Some(100), State::Live));

    let billing = &k.groups["billing"];
    assert_eq!((billing.state, &*billing.assignor), (GroupState::Stable, "range"));
    assert_eq!(billing.members[0].assignment[0].partitions, [0, 1, 2]);
    let offsets: Vec<_> = billing.offsets.last().unwrap().iter().map(|c| (c.partition, c.offset)).collect();
    assert_eq!(offsets, [(0, 90), (2, 100)], "−1 is no commit");
    assert_eq!(k.groups["old"].state, GroupState::Empty);
    let error = k.groups["secret"].error.as_deref();
    assert_eq!(error, Some("Group authorization failed (error 30)"), "a group's error is its own, and shown");
    assert!(live(k.groups_feed.state(at)) && live(k.topics_feed.state(at)));
}

#[tokio::test]
async fn a_throttled_topic_is_read_often_until_the_throttle_is_gone() {
    let fake = Fake::start(2, topics(&[("orders", 2), ("clicks", 2)]), vec![]).await;
    let mut reader = Reader::of(fake.bootstrap());
    reader.complete(2, 0).await;
    (fake.world.lock().unwrap().throttled, fake.world.lock().unwrap().rate) =
        (Some("orders".into()), Some(1_000));
    let throttled = |k: &Kafka| k.topics["orders"].config.as_ref().is_some_and(|c| c.overrides.len() > 1);
    let rate = |k: &Kafka| k.brokers[&BrokerId(1)].throttle.last().and_then(|t| t.leader);
    reader.until("the throttle", |k| throttled(k) && rate(k) == Some(1_000)).await;
    // All topics are described now and then; this one alone in between.
    let described = || fake.world.lock().unwrap().described.clone();
    let before = described().len();
    let alone = || described()[before..].iter().filter(|topics| topics[..] == ["orders"]).count();
    reader.until("the throttled topic described alone", |_| alone() > 2).await;
    (fake.world.lock().unwrap().throttled, fake.world.lock().unwrap().rate) = (None, None);
    reader.until("the throttle's end", |k| !throttled(k) && rate(k).is_none()).await;
}

#[tokio::test]
async fn every_body_says_how_long_it_may_be_silent() {
    use crate::domain::kafka::Body::*;
    let fake = Fake::start(1, topics(&[("orders", 1)]), vec![group("billing", "Stable", &[])]).await;
    let mut reader = Reader::of(fake.bootstrap());
    let all = [Cluster, Topics, Ends, Groups, Quorum, Reassignments, Configs, Contacts, LogDirs, Offsets];
    reader.until("each body's pause", |k| all.iter().all(|body| k.patience.contains_key(body))).await;
}

#[tokio::test]
async fn a_hung_broker_costs_its_own_cells_and_comes_back() {
    let groups = vec![group("a", "Stable", &[("orders", 0, 1)]), group("b", "Stable", &[("orders", 1, 1)])];
    let fake = Fake::start(3, topics(&[("orders", 3)]), groups).await;
    let mut reader = Reader::of(fake.bootstrap());
    reader.complete(1, 2).await;
    fake.change(|w| {
        w.mood.insert(1, Mood::Hung);
        w.end = 200;
    });
    let failed = |state: State| matches!(state, State::Failed { .. });
    reader
        .until("the hung broker's cells fail and the others go on", |k| {
            failed(k.brokers[&BrokerId(1)].contact.state(now()))
                && failed(k.end_state("orders", 1, now()))
                && k.groups["b"].error.is_some()
                && k.end("orders", 0) == Some(200)
                && k.end("orders", 2) == Some(200)
        })
        .await;
    let (k, at) = (&reader.kafka, now());
    let State::Failed { reason, age } = k.brokers[&BrokerId(1)].contact.state(at) else { panic!() };
    assert_eq!(&*reason, "127.0.0.1 (broker 1) does not answer: no reply in 3 s");
    assert!(age.is_some(), "the old round trip is kept, with its age");
    assert_eq!(k.end("orders", 1), Some(100), "the old end is kept");
    assert!(k.groups["b"].error.as_ref().unwrap().starts_with("coordinator 127.0.0.1 (broker 1)"));
    assert!(failed(k.groups["b"].offsets.state(at)));
    for id in [0, 2] {
        assert!(live(k.brokers[&BrokerId(id)].contact.state(at)), "broker {id}");
    }
    assert!(live(k.groups["a"].offsets.state(at)) && k.groups["a"].error.is_none());
    assert!(
        live(k.end_state("orders", 0, at)) && live(k.topics_feed.state(at)) && live(k.cluster_feed.state(at))
    );

    fake.change(|w| w.mood.clear());
    reader
        .until("it comes back", |k| {
            live(k.brokers[&BrokerId(1)].contact.state(now()))
                && k.groups["b"].error.is_none()
                && live(k.groups["b"].offsets.state(now()))
                && k.end("orders", 1) == Some(200)
                && live(k.end_state("orders", 1, now()))
        })
        .await;
}

#[tokio::test]
async fn a_hung_controller_costs_the_quorum_and_the_reassignments_only() {
    let fake = Fake::start(2, topics(&[("orders", 2)]), Vec::new()).await;
    fake.change(|w| w.mood = HashMap::from([(0, Mood::ControllerHung), (1, Mood::ControllerHung)]));
    let mut reader = Reader::of(fake.bootstrap());
    reader.complete(1, 0).await;
    reader.until("the quorum fails", |k| k.quorum.feed.failure().is_some()).await;
    let (k, at) = (&reader.kafka, now());
    let reason = &k.quorum.feed.failure().unwrap().reason;
    assert!(
        reason.starts_with("the controller does not answer; asked through brokers: 127.0.0.1"),
        "{reason}"
    );
    assert!(k.brokers.values().all(|b| live(b.contact.state(at)) && b.registered && b.rack.is_some()));
    assert!(live(k.cluster_feed.state(at)) && live(k.end_state("orders", 0, at)));
}

#[tokio::test]
async fn a_dead_broker_refuses_in_words() {
    let fake = Fake::start(2, topics(&[("orders", 2)]), Vec::new()).await;
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    fake.change(|w| w.ports[1] = free);
    let mut reader = Reader::of(fake.bootstrap());
    reader
        .until("the dead broker's contact fails", |k| {
            k.end("orders", 0).is_some()
                && k.brokers.get(&BrokerId(1)).is_some_and(|b| b.contact.feed.failure().is_some())
        })
        .await;
    let reason = reader.kafka.brokers[&BrokerId(1)].contact.feed.failure().unwrap().reason.clone();
    let words = format!("127.0.0.1 (broker 1) cannot be reached: 127.0.0.1:{free} refuses the connection");
    assert_eq!(*reason, *words);
    assert_eq!(reader.kafka.end("orders", 1), None, "never read is unknown, not 0");
}

/// What listens at the advertised address may be another cluster's broker: `localhost` is of this machine.
#[tokio::test]
async fn a_broker_of_another_cluster_at_the_advertised_address_is_refused() {
    let fake = Fake::start(2, topics(&[("orders", 2)]), vec![]).await;
    let stranger = Fake::start(1, topics(&[("theirs", 1)]), vec![]).await;
    stranger.change(|world| world.cluster = "stranger");
    let elsewhere = stranger.world.lock().unwrap().ports[0];
    fake.change(|world| world.ports[1] = elsewhere);
    let mut reader = Reader::of(fake.bootstrap());
    let said = format!("127.0.0.1:{elsewhere} is of another Kafka cluster (stranger, not fake)");
    let refused =
        |k: &Kafka| k.brokers.get(&BrokerId(1)).is_some_and(|b| format!("{:?}", b.contact).contains(&said));
    reader.until("the refusal", refused).await;
    assert!(!reader.kafka.topics.contains_key("theirs"));
}

#[tokio::test]
async fn no_broker_at_all_is_said_for_every_body() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let mut reader = Reader::of(vec![("127.0.0.1".into(), free)]);
    reader
        .until("cluster, topics", |k| k.cluster_feed.failure().is_some() && k.topics_feed.failure().is_some())
        .await;
    let reason = &reader.kafka.cluster_feed.failure().unwrap().reason;
    assert!(
        reason.ends_with(&format!("cannot be reached: 127.0.0.1:{free} refuses the connection")),
        "{reason}"
    );
}

#[tokio::test]
async fn an_old_broker_is_read_with_what_it_knows() {
    let groups =
        vec![group("billing", "Stable", &[("orders", 0, 90)]), group("idle", "Empty", &[("orders", 1, 5)])];
    let fake = Fake::start(2, topics(&[("orders", 2)]), groups).await;
    fake.change(|w| w.version = Version::Old);
    let mut reader = Reader::of(fake.bootstrap());
    reader.complete(1, 2).await;
    let named = |k: &Kafka| k.quorum.feed.failure().is_some() && k.controller == Some(BrokerId(1));
    reader.until("the controller that Metadata names, with ZooKeeper", named).await;
    let k = &reader.kafka;
    let reason = &k.quorum.feed.failure().unwrap().reason;
    assert_eq!(&**reason, "no KRaft quorum: the cluster keeps its metadata in ZooKeeper");
    assert_eq!(k.groups["idle"].state, GroupState::Empty, "described, as the list does not tell states");
    assert_eq!(k.brokers[&BrokerId(0)].log_dirs.last().unwrap().dirs[0].total, None);
}

/// Between two polls an hour passes: what is read again was written.
#[tokio::test]
async fn what_was_written_is_read_again_at_once() {
    let groups = vec![group("billing", "Empty", &[("orders", 0, 90)]), group("old", "Empty", &[])];
    let fake = Fake::start(2, topics(&[("orders", 2)]), groups).await;
    let bootstrap = fake.bootstrap();
    let client = Client::new(KafkaTarget { bootstrap, ..KafkaTarget::default() }, None);
    let mut reader = Reader::over(client.clone(), Duration::from_secs(3_600));
    reader.complete(1, 2).await;
    let rate = |k: &Kafka| k.brokers[&BrokerId(1)].throttle.last().and_then(|t| t.leader);
    fake.change(|world| {
        world.rate = Some(1_000);
        world.throttled = Some("orders".into());
        world.groups[0].commits[0].2 = 7;
        world.groups.truncate(1);
    });
    let groups = ["billing", "old"].map(|id| Matter::Group(id.into()));
    client
        .written()
        .tell([Matter::Topic("orders".into()), Matter::Broker(BrokerId(1))].into_iter().chain(groups));
    let throttled = |k: &Kafka| k.topics["orders"].config.as_ref().is_some_and(|c| c.overrides.len() > 1);
    let committed = |k: &Kafka| k.groups["billing"].offsets.last().is_some_and(|all| all[0].offset == 7);
    reader
        .until("what was written", |k| {
            rate(k) == Some(1_000) && throttled(k) && committed(k) && !k.groups.contains_key("old")
        })
        .await;
}

#[tokio::test]
async fn only_changes_are_told_again() {
    let groups = vec![group("billing", "Stable", &[("orders", 0, 90)])];
    let fake = Fake::start(2, topics(&[("orders", 2)]), groups).await;
    let mut reader = Reader::of(fake.bootstrap());
    reader.complete(1, 1).await;
    let lists = |fake: &Fake| fake.world.lock().unwrap().count(ApiKey::ListGroups);
    let (rounds, before) = (lists(&fake), reader.seen.len());
    reader.until("more rounds", |_| lists(&fake) > rounds + 6).await;
    let again: Vec<_> = reader.seen[before..].iter().filter(|kind| **kind != "other").collect();
    assert!(again.len() <= 2, "told again: {again:?}");
    fake.change(|w| {
        w.topics.insert("new".into(), 1);
        w.topics.remove("orders");
        w.groups.clear();
    });
    reader
        .until("what is new comes, what is gone goes", |k| {
            k.topics.contains_key("new")
                && !k.topics.contains_key("orders")
                && k.groups.is_empty()
                && k.topics["new"].config.is_some()
        })
        .await;
    assert!(!reader.kafka.ends.contains_key("orders"));
}

#[tokio::test]
async fn ten_thousand_topics_and_two_thousand_groups_are_read_in_few_requests() {
    const TOPICS: usize = 10_000;
    const GROUPS: usize = 2_000;
    const BROKERS: usize = 5;
    let topics = (0..TOPICS).map(|i| (format!("topic-{i:05}"), 2)).collect();
    let state = |i: usize| if i.is_multiple_of(4) { "Stable" } else { "Empty" };
    let groups = (0..GROUPS).map(|i| group(&format!("group-{i:04}"), state(i), &[("topic-00000", 0, 7)]));
    let fake = Fake::start(BROKERS as i32, topics, groups.collect()).await;
    let mut reader = Reader::of(fake.bootstrap());
    reader.complete(TOPICS, GROUPS).await;
    let world = fake.world.lock().unwrap();
    // Bodies that are read often may have been read again before the slowest was complete: so many rounds.
    let rounds = |key: ApiKey| world.count(key).div_ceil(BROKERS);
    let lists = world.count(ApiKey::ListGroups);
    let per_round = GROUPS / BROKERS / 50;
    assert!(world.count(ApiKey::OffsetFetch) <= lists * per_round, "50 groups a request");
    assert!(world.count(ApiKey::DescribeGroups) <= lists * per_round / 2, "100 groups a request");
    assert_eq!(world.count(ApiKey::FindCoordinator), 0);
    // Each topic's configuration once for its brokers' reading, at most twice if a round came in between.
    let throttles = rounds(ApiKey::DescribeConfigs);
    assert!(world.count(ApiKey::DescribeConfigs) <= 2 * TOPICS / 250 + BROKERS * throttles.min(20));
    // One request to each leader brings the ends of all its 10,000 or fewer partitions.
    assert!(world.count(ApiKey::ListOffsets) <= 2 * BROKERS * rounds(ApiKey::ListGroups).max(10));
}
