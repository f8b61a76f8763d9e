//! Every write as the servers see it.

pub mod api;
mod hand;
mod on_configs;
mod on_groups;
pub mod on_kafka;
pub mod on_kubernetes;

pub use super::kafka::perform as perform_on_kafka;
