//! The contexts of the kubeconfig: which cluster, as whom.

use super::Text;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Context {
    pub name: Text,
    pub cluster: Text,
    pub user: Text,
    /// Empty: `default`.
    pub namespace: Text,
}

/// All of them, and the one that this session is pinned to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contexts {
    pub present: Text,
    pub all: Vec<Context>,
}
