//! Kubernetes' objects as the API server keeps them.
//!
//! They are kept as the JSON that the API shows: patches, selectors and manifests all speak of it, and a
//! scenario's own manifests are taken as they are.

mod controllers;
mod defaults;
mod event;
pub mod object;
mod past;
mod plane;
mod resource;
mod rules;
mod store;
mod turn;

pub use controllers::{End, Killed, Kubelet, Program, Run, State, set_healthy};
pub use plane::Plane;
pub use resource::*;
pub use rules::{Deletion, Eviction};
pub use store::{Change, Changed, Refusal, Store, rfc3339};
pub use turn::{Turn, uuid};
