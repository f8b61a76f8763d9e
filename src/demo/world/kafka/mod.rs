//! A Kafka cluster as its controller knows it, and what its brokers hold.

mod admin;
mod broker;
mod clock;
mod cluster;
mod code;
pub mod config;
mod consume;
mod controller;
mod disks;
mod flow;
mod group;
mod life;
mod log;
mod membership;
mod names;
mod offsets;
mod partition;
mod placement;
mod quorum;
mod reassign;
mod record;
mod replication;
pub(super) mod seed;
mod step;
mod topic;
mod traffic;

pub use admin::NewTopic;
pub use broker::{Broker, Life};
pub use clock::Clock;
pub use cluster::{Cluster, OFFSETS};
pub use code::{Code, Refused};
pub use group::{Assignor, Committed, Group, GroupState, Member};
pub use log::{At, Fetched};
pub use membership::{Join, Joined, Outside};
pub use names::uuid;
pub use partition::{Partition, Replica, Replicas};
pub use quorum::{Quorum, Voter};
pub use reassign::Election;
pub use record::Record;
pub use topic::{Topic, Traffic};

#[cfg(test)]
mod tests;
