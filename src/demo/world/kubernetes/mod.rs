//! Kubernetes' objects as the API server keeps them.
//!
//! They are kept as the JSON that the API shows: patches, selectors and manifests all speak of it, and a
//! scenario's own manifests are taken as they are.

mod past;
mod resource;
mod store;

pub use resource::{RESOURCES, Resource};
pub use store::{Change, Changed, Refusal, Store};
