//! What the brokers tell of the user's permissions.

use super::super::*;
use super::fake::{Fake, Version};
use crate::domain::access::{Access, Grant, KafkaPermission, Operation};
use std::collections::BTreeMap;

async fn granted(fake: &Fake, topics: &[&str]) -> Vec<Grant> {
    let target = KafkaTarget { bootstrap: fake.bootstrap(), ..KafkaTarget::default() };
    let topics: Vec<_> = topics.iter().map(|t| (*t).into()).collect();
    access(&Client::new(target, None), true, &topics).await.unwrap()
}

#[tokio::test]
async fn the_cluster_and_each_topic_tell_what_is_allowed() {
    let topics = BTreeMap::from([("orders".to_owned(), 3), ("payments".to_owned(), 1)]);
    let fake = Fake::start(2, topics, Vec::new()).await;
    fake.change(|w| w.operations = 1 << Operation::Alter as i32 | 1 << Operation::Read as i32);
    let mut access = Access::default();
    granted(&fake, &["orders", "gone"]).await.into_iter().for_each(|grant| access.take(grant));
    let cluster = |operation| access.kafka(KafkaPermission::Cluster(operation), None);
    assert_eq!([cluster(Operation::Alter), cluster(Operation::Create)], [Some(true), Some(false)]);
    let of = |topic, operation| access.kafka(KafkaPermission::Topic(operation), Some(topic));
    assert_eq!(of("orders", Operation::Read), Some(true));
    assert_eq!(of("orders", Operation::Delete), Some(false));
    assert_eq!([of("gone", Operation::Read), of("payments", Operation::Read)], [None, None]);
}

#[tokio::test]
async fn what_a_cluster_does_not_tell_is_not_taken_for_a_denial() {
    let topics = BTreeMap::from([("orders".to_owned(), 3)]);
    let fake = Fake::start(1, topics, Vec::new()).await;
    assert_eq!(granted(&fake, &["orders"]).await, []);
    fake.change(|w| w.version = Version::Old);
    assert_eq!(granted(&fake, &["orders"]).await, []);
}
