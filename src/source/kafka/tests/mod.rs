//! The poller and the proxy against brokers in the process.

mod access;
pub mod fake;
mod polled;
mod spoken;
