//! The poller and the proxy against brokers in the process.

mod fake;
mod polled;
mod spoken;
