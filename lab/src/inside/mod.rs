//! What runs in the lab's pods.

pub(crate) mod app;
pub(crate) mod broker;
pub(crate) mod contain;
