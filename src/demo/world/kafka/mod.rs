//! A Kafka cluster as its controller knows it, and what its brokers hold.

mod cluster;
mod group;
mod topic;

pub use cluster::{Broker, Cluster, Life};
pub use group::{Group, GroupState, Member};
pub use topic::{Partition, Record, Replica, Topic};
