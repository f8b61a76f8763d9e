use super::{Interner, Project, meta, number, selector};
use crate::domain::{
    Text,
    kubernetes::{Deployment, ReplicaSet, StatefulSet},
};
use crate::source::kubernetes::wire;
use bytes::Bytes;
use prost::{DecodeError, Message};

impl Project for StatefulSet {
    fn project(object: Bytes, texts: &mut Interner) -> Result<Self, DecodeError> {
        let set = wire::StatefulSet::decode(object)?;
        let spec = set.spec.unwrap_or_default();
        let status = set.status.unwrap_or_default();
        let strategy = spec.strategy.unwrap_or_default();
        Ok(StatefulSet {
            replicas: number(spec.replicas.unwrap_or(1)),
            ready: number(status.ready),
            available: number(status.available),
            updated: number(status.updated),
            current: number(status.current),
            generation: set.metadata.as_ref().map_or(0, |m| m.generation),
            observed_generation: status.observed,
            current_revision: texts.shared(&status.current_revision),
            update_revision: texts.shared(&status.update_revision),
            update_strategy: texts.shared(&strategy.kind),
            partition: number(strategy.rolling.unwrap_or_default().partition),
            service: texts.shared(&spec.service),
            selector: selector(spec.selector, texts),
            images: images(spec.template, texts),
            meta: meta(set.metadata, texts),
        })
    }
}

impl Project for Deployment {
    fn project(object: Bytes, texts: &mut Interner) -> Result<Self, DecodeError> {
        let deployment = wire::Deployment::decode(object)?;
        let spec = deployment.spec.unwrap_or_default();
        let status = deployment.status.unwrap_or_default();
        let stuck = status.conditions.iter().find(|c| &*c.kind == b"Progressing" && &*c.status == b"False");
        Ok(Deployment {
            replicas: number(spec.replicas.unwrap_or(1)),
            ready: number(status.ready),
            available: number(status.available),
            updated: number(status.updated),
            generation: deployment.metadata.as_ref().map_or(0, |m| m.generation),
            observed_generation: status.observed,
            paused: spec.paused,
            stuck: texts.shared(stuck.map_or(b"", |c| &c.message)),
            selector: selector(spec.selector, texts),
            images: images(spec.template, texts),
            meta: meta(deployment.metadata, texts),
        })
    }
}

impl Project for ReplicaSet {
    fn project(object: Bytes, texts: &mut Interner) -> Result<Self, DecodeError> {
        let set = wire::ReplicaSet::decode(object)?;
        Ok(ReplicaSet {
            replicas: number(set.spec.unwrap_or_default().replicas.unwrap_or(1)),
            ready: number(set.status.unwrap_or_default().ready),
            meta: meta(set.metadata, texts),
        })
    }
}

fn images(template: Option<wire::Template>, texts: &mut Interner) -> Vec<Text> {
    let spec = template.and_then(|t| t.spec).unwrap_or_default();
    spec.containers.iter().map(|c| texts.shared(&c.image)).collect()
}
