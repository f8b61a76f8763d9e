//! A living cluster inside the program: a simulation that speaks Kubernetes, Kafka and Prometheus on
//! loopback, so that castellan's own clients run on it unchanged.
//!
//! `world` is the simulation: plain data that moves when it is told the time. `api`, `wire` and `metrics`
//! are the three protocols over it; they look at one world under one lock, so that what they tell is of the
//! same instant.

pub mod api;
pub mod metrics;
pub mod scenario;
mod shared;
pub mod world;

pub use shared::Shared;
