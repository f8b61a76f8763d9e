//! Throughput as the brokers' exporters tell it, and the Prometheus that scrapes them.

mod database;
mod evaluate;
mod exporter;
mod prometheus;
mod promql;

pub use database::Database;
pub use exporter::text;
pub use prometheus::answer;

#[cfg(test)]
mod tests;
