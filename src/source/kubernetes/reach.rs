//! Which permissions are missing, told once for all watches.

use crate::{
    domain::{
        Text,
        kubernetes::{KubernetesDelta, Reach},
        object::Kind,
    },
    source::News,
};
use std::collections::BTreeMap;
use tokio::sync::Mutex;

/// What the watches found that they may not do.
pub struct Reaches {
    wanted: Option<Text>,
    news: News,
    missing: Mutex<BTreeMap<Kind, Lack>>,
}

struct Lack {
    sentence: Text,
    /// The one namespace that the kind is watched in instead.
    instead: Option<Text>,
}

impl Reaches {
    /// `wanted`: the namespace asked for; None: all.
    pub fn new(wanted: Option<Text>, news: News) -> Self {
        Reaches { wanted, news, missing: Mutex::default() }
    }

    /// `kind` may not be read where it was wanted; it is read in the namespace `instead`, if any.
    pub async fn lacks(&self, kind: Kind, sentence: Text, instead: Option<Text>) {
        let mut missing = self.missing.lock().await;
        missing.insert(kind, Lack { sentence, instead });
        self.tell(&missing).await;
    }

    /// `kind` is read where it was wanted.
    pub async fn has(&self, kind: Kind) {
        let mut missing = self.missing.lock().await;
        if missing.remove(&kind).is_some() {
            self.tell(&missing).await;
        }
    }

    /// Says how far the watches see when they start.
    pub async fn start(&self) {
        self.tell(&*self.missing.lock().await).await;
    }

    async fn tell(&self, missing: &BTreeMap<Kind, Lack>) {
        let reach = Reach {
            namespace: self.wanted.clone().or_else(|| missing.values().find_map(|l| l.instead.clone())),
            missing: missing.values().map(|l| l.sentence.clone()).collect(),
        };
        // Nobody listens any more: the watches find out by themselves.
        let _ = self.news.send(KubernetesDelta::Reach(reach).into()).await;
    }
}

/// `no permission to list nodes: kubectl auth can-i list nodes`
pub fn sentence(kind: Kind, verb: &str, namespace: Option<&str>) -> Text {
    let resource = kind.resource();
    match namespace {
        _ if !kind.namespaced() => {
            format!("no permission to {verb} {resource} in the cluster: kubectl auth can-i {verb} {resource}")
        }
        None => format!(
            "no permission to {verb} {resource} in all namespaces: kubectl auth can-i {verb} {resource} -A"
        ),
        Some(ns) => format!(
            "no permission to {verb} {resource} in the namespace {ns}: kubectl auth can-i {verb} {resource} -n {ns}"
        ),
    }
    .into()
}

/// All namespaces were wanted, and the one that was tried instead is denied, too.
pub fn neither(kind: Kind, verb: &str, instead: &str) -> Text {
    let resource = kind.resource();
    format!(
        "no permission to {verb} {resource} in all namespaces, nor in {instead} alone: \
         kubectl auth can-i {verb} {resource} -A"
    )
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::snapshot::Delta;

    #[test]
    fn the_sentence_names_the_permission_and_how_to_check_it() {
        assert_eq!(
            &*sentence(Kind::Node, "list", Some("kafka")),
            "no permission to list nodes in the cluster: kubectl auth can-i list nodes"
        );
        assert!(sentence(Kind::Pod, "watch", None).ends_with("kubectl auth can-i watch pods -A"));
        assert!(sentence(Kind::Pod, "list", Some("kafka")).ends_with("can-i list pods -n kafka"));
    }

    #[tokio::test]
    async fn a_permission_that_came_back_is_no_longer_missing() {
        let (news, mut heard) = tokio::sync::mpsc::channel(8);
        let reaches = Reaches::new(None, news);
        reaches.lacks(Kind::Node, "nodes".into(), None).await;
        reaches.lacks(Kind::Pod, "pods".into(), Some("kafka".into())).await;
        reaches.has(Kind::Pod).await;
        reaches.has(Kind::Pod).await;
        let mut told = Vec::new();
        while let Ok(Delta::Kubernetes(KubernetesDelta::Reach(r))) = heard.try_recv() {
            told.push((r.namespace.as_deref().map(str::to_owned), r.missing.len()));
        }
        assert_eq!(told, [(None, 1), (Some("kafka".into()), 2), (None, 1)]);
    }
}
