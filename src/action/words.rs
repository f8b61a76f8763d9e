//! Phrases that plans share.

use super::{Known, radius::PartitionName};
use crate::domain::{
    human,
    kafka::BrokerId,
    reading::{Feed, State},
};

/// `broker 1`, `brokers 1, 2`
pub fn brokers(ids: &[BrokerId]) -> String {
    format!("broker{} {}", if ids.len() == 1 { "" } else { "s" }, human::list(ids, 6))
}

/// `broker 1 is`, `brokers 1, 2 are`
pub fn are(ids: &[BrokerId]) -> String {
    format!("{} {}", brokers(ids), if ids.len() == 1 { "is" } else { "are" })
}

/// `orders-0, orders-1 and 3 more`
pub fn partitions(names: &[PartitionName], most: usize) -> String {
    human::list(names.iter().map(|(topic, partition)| format!("{topic}-{partition}")), most)
}

/// `[0,1,2]`
pub fn replicas(ids: &[BrokerId]) -> String {
    let ids: Vec<String> = ids.iter().map(BrokerId::to_string).collect();
    format!("[{}]", ids.join(","))
}

/// Why `what` may not be taken for true, without its age: a plan is compared with itself a moment later.
pub fn doubt(known: &Known<'_>, what: &str, feed: &Feed) -> Option<String> {
    match feed.state(known.world.now) {
        State::Live => None,
        State::Pending(_) => Some(format!("{what}: not read yet")),
        State::Stale { .. } => Some(format!("{what}: as last read, nothing was heard since")),
        State::Failed { reason, .. } => Some(format!("{what}: not read now: {reason}")),
    }
}

/// A word as a shell takes it.
pub fn sh(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/:,=@+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_string();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// `--bootstrap-server host:port` of a broker that is registered.
pub fn bootstrap(known: &Known<'_>) -> String {
    let brokers = &known.world.snapshot.kafka.brokers;
    let server = brokers.values().find(|b| b.registered && !b.host.is_empty());
    let server = server.map_or_else(|| "HOST:9092".to_string(), |b| format!("{}:{}", b.host, b.port));
    format!("--bootstrap-server {}", sh(&server))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_stays_one_word_of_the_shell() {
        assert_eq!(sh("orders.v1"), "orders.v1");
        assert_eq!(sh("$(reboot)"), "'$(reboot)'");
        assert_eq!(sh("it's; rm -rf /"), r"'it'\''s; rm -rf /'");
        assert_eq!(sh(""), "''");
    }
}
