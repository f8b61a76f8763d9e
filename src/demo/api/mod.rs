//! The Kubernetes API over HTTP on the world's objects, as a real API server speaks it.

mod backend;
mod discovery;
mod encoding;
mod evict;
mod forward;
mod logs;
mod message;
mod patch;
mod proxy;
mod read;
mod request;
mod review;
mod rights;
mod route;
mod rules;
mod scale;
mod select;
mod serve;
mod status;
mod table;
#[cfg(test)]
mod tests;
mod watch;
mod write;

pub use serve::serve;
