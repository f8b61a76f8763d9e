//! Settings: what is sent to whom, and what is said of what was done in part.

use super::on_kafka::{altered, cluster, yes};
use crate::{
    action::{
        Said, Write,
        write::{ConfigChange, ConfigHow, ConfigOf, Ids},
    },
    domain::kafka::BrokerId,
    effect::kafka::perform,
};
use kafka_protocol::messages::RequestKind;
use std::collections::BTreeSet;

fn change(of: ConfigOf, name: &str, how: ConfigHow) -> ConfigChange {
    ConfigChange { of, name: name.into(), how }
}

fn topic(name: &str, how: ConfigHow) -> ConfigChange {
    change(ConfigOf::Topic(name.into()), "leader.replication.throttled.replicas", how)
}

fn broker(id: i32, how: ConfigHow) -> ConfigChange {
    change(ConfigOf::Broker(BrokerId(id)), "leader.replication.throttled.rate", how)
}

fn configure(changes: Vec<ConfigChange>) -> Write {
    Write::Configure { changes, ids: Ids::new() }
}

/// Kafka's `ConfigAdminManager` takes a broker's settings from nobody but that broker's own client.
#[tokio::test]
async fn a_broker_is_told_its_settings_itself_and_the_controller_those_of_topics() {
    for dry in [false, true] {
        let (_fake, kafka, sent) = cluster(yes).await;
        let changes = vec![
            broker(1, ConfigHow::Set("1000".into())),
            topic("orders", ConfigHow::Append("0:1,1:2".into())),
            broker(0, ConfigHow::Remove),
            topic("audit", ConfigHow::Subtract("0:1".into())),
        ];
        let said = perform(&kafka, &configure(changes), dry).await;
        let words = "the settings of topics audit, orders and brokers 0, 1 are changed";
        let would = if dry { "Kafka would take it: " } else { "" };
        assert_eq!(said, Said::Taken(format!("{would}{words}").into()));
        let mut told = BTreeSet::new();
        for (id, request, _) in sent.lock().unwrap().iter() {
            let RequestKind::IncrementalAlterConfigs(request) = request else { panic!("{request:?}") };
            assert_eq!(request.validate_only, dry);
            for resource in &request.resources {
                let [config] = &resource.configs[..] else { panic!("{resource:?}") };
                let value = config.value.as_ref().map(|value| value.to_string());
                let of = (resource.resource_type, resource.resource_name.to_string());
                told.insert((*id, of, config.config_operation, value));
            }
        }
        let of = |to, kind, name: &str, operation, value: Option<&str>| {
            (to, (kind, name.to_owned()), operation, value.map(str::to_owned))
        };
        let wanted = [
            of(0, 4, "0", 1, None),
            of(1, 4, "1", 0, Some("1000")),
            of(2, 2, "audit", 3, Some("0:1")),
            of(2, 2, "orders", 2, Some("0:1,1:2")),
        ];
        assert_eq!(told, BTreeSet::from(wanted));
    }
}

#[tokio::test]
async fn many_topics_are_told_in_requests_of_a_bounded_size() {
    let (_fake, kafka, sent) = cluster(yes).await;
    let changes = (0..450).map(|i| topic(&format!("t{i:03}"), ConfigHow::Remove)).collect();
    let said = perform(&kafka, &configure(changes), false).await;
    assert_eq!(said, Said::Taken("the settings of topics t000, t001, t002 and 447 more are changed".into()));
    let sizes: Vec<usize> = (sent.lock().unwrap().iter())
        .map(|(_, request, _)| match request {
            RequestKind::IncrementalAlterConfigs(request) => request.resources.len(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(sizes, [200, 200, 50]);
}

#[tokio::test]
async fn what_was_done_in_part_is_said_with_who_took_it() {
    let answer = |request: &RequestKind| match request {
        RequestKind::IncrementalAlterConfigs(request) => altered(request, |name| match name {
            "orders" => 40,
            "gone" => 3,
            _ => 0,
        }),
        other => panic!("{other:?}"),
    };
    let (fake, kafka, _) = cluster(answer).await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    fake.change(|world| world.ports[1] = free);
    let set = || ConfigHow::Set("1".into());
    let all = vec![topic("orders", set()), topic("audit", set()), broker(0, set()), broker(1, set())];
    let Said::Refused(words) = perform(&kafka, &configure(all), false).await else { panic!() };
    assert!(
        words.starts_with(
            "2 of 4 not done: topic orders: Invalid config (error 40), broker 1 cannot be reached: "
        ),
        "{words}"
    );
    assert!(words.ends_with("; done for topic audit and broker 0"), "{words}");
    // With a topic went what was to be taken away from it, but nothing can be set on it.
    let taken = perform(&kafka, &configure(vec![topic("gone", ConfigHow::Remove)]), false).await;
    assert!(matches!(taken, Said::Taken(_)), "{taken:?}");
    let refused = perform(&kafka, &configure(vec![topic("gone", set())]), false).await;
    assert!(matches!(&refused, Said::Refused(why) if why.ends_with("; nothing was done")), "{refused:?}");
}

/// One broker takes the request and says nothing: what it did is not known, and the others are told all the
/// same.
#[tokio::test]
async fn a_silent_broker_leaves_it_open() {
    let (fake, mut kafka, sent) = cluster(yes).await;
    let target = crate::domain::target::KafkaTarget { bootstrap: fake.bootstrap(), ..Default::default() };
    let patience = std::time::Duration::from_millis(1_500);
    kafka.client = crate::source::kafka::Client::with_patience(target, None, patience);
    let changes = vec![broker(1, ConfigHow::Remove), broker(2, ConfigHow::Remove)];
    fake.change(|world| world.deaf_brokers = vec![1]);
    let Said::Unheard(words) = perform(&kafka, &configure(changes), false).await else { panic!() };
    assert!(words.starts_with("broker 1 does not answer: no reply in 2 s; "), "{words}");
    assert!(words.ends_with("; done for broker 2"), "{words}");
    assert!(matches!(&sent.lock().unwrap()[..], [(2, ..)]));
}

#[tokio::test]
async fn a_setting_that_is_changed_twice_at_once_is_sent_to_nobody() {
    let (_fake, kafka, sent) = cluster(yes).await;
    let twice =
        vec![topic("a", ConfigHow::Append("0:1".into())), topic("a", ConfigHow::Subtract("1:1".into()))];
    let said = perform(&kafka, &configure(twice), false).await;
    let why = "leader.replication.throttled.replicas of topic a is changed twice at once; nothing was done";
    assert_eq!(said, Said::Refused(why.into()));
    assert!(sent.lock().unwrap().is_empty());
}
