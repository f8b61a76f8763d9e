//! Kubernetes by watches.
