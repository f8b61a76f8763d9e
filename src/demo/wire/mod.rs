//! The Kafka protocol over the world's clusters, as brokers of Kafka 4.1 without an authorizer speak it.
//!
//! Each broker answers for itself: of what it does not lead, coordinate or hold it says so, with the codes
//! that real brokers have for it.

mod answer;
mod broker;
mod configs;
mod disks;
mod ends;
mod fetch;
mod frame;
mod groups;
mod listen;
mod log;
mod members;
mod metadata;
mod moves;
mod offsets;
mod produce;
mod quorum;
mod records;
mod serve;
#[cfg(test)]
mod tests;
mod topics;
mod versions;

pub use listen::{Outside, listen};
pub use serve::serve;
