//! The controllers that make pods.

use super::Meta;
use crate::domain::Text;
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StatefulSet {
    pub meta: Meta,
    /// Asked for in the spec.
    pub replicas: i32,
    pub ready: i32,
    pub available: i32,
    pub updated: i32,
    pub current: i32,
    pub generation: i64,
    pub observed_generation: i64,
    pub current_revision: Text,
    pub update_revision: Text,
    /// `RollingUpdate` or `OnDelete`.
    pub update_strategy: Text,
    pub partition: i32,
    pub service: Text,
    pub selector: BTreeMap<Text, Text>,
    pub images: Vec<Text>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Deployment {
    pub meta: Meta,
    pub replicas: i32,
    pub ready: i32,
    pub available: i32,
    pub updated: i32,
    pub generation: i64,
    pub observed_generation: i64,
    pub paused: bool,
    /// The message of a Progressing=False condition, else empty.
    pub stuck: Text,
    pub selector: BTreeMap<Text, Text>,
    pub images: Vec<Text>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReplicaSet {
    pub meta: Meta,
    pub replicas: i32,
    pub ready: i32,
}
