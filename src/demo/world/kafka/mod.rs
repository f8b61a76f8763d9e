//! A Kafka cluster as its controller knows it, and what its brokers hold.

mod admin;
mod broker;
mod clock;
mod cluster;
mod code;
pub mod config;
mod flow;
mod group;
mod log;
mod names;
mod partition;
mod placement;
mod record;
mod seed;
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
pub use names::uuid;
pub use partition::{Partition, Replica, Replicas};
pub use record::Record;
pub use topic::{Topic, Traffic};
