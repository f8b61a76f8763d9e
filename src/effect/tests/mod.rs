//! Every write as the servers see it.

pub mod api;
mod hand;
mod on_kafka;
mod on_kubernetes;
