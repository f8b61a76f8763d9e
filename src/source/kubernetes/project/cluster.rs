use super::{Interner, Project, instant, int_or_string, map, meta, number, port, selector, thousandths};
use crate::domain::kubernetes::{
    Autoscaler, Budget, Claim, ConditionStatus, Event, Node, NodeCondition, Service, ServicePort, Taint,
};
use crate::source::kubernetes::wire;
use bytes::Bytes;
use prost::{DecodeError, Message};

impl Project for Node {
    fn project(object: Bytes, texts: &mut Interner) -> Result<Self, DecodeError> {
        let node = wire::Node::decode(object)?;
        let meta = meta(node.metadata, texts);
        let spec = node.spec.unwrap_or_default();
        let status = node.status.unwrap_or_default();
        let address =
            status.addresses.iter().find(|a| &*a.kind == b"InternalIP").or(status.addresses.first());
        Ok(Node {
            conditions: status.conditions.iter().map(|c| condition(c, texts)).collect(),
            taints: spec.taints.iter().map(|t| taint(t, texts)).collect(),
            unschedulable: spec.unschedulable,
            zone: meta.labels.get("topology.kubernetes.io/zone").cloned(),
            kubelet: texts.shared(&status.info.unwrap_or_default().kubelet),
            address: texts.own(address.map_or(b"", |a| &a.address)),
            cpu_millis: thousandths(&status.allocatable, "cpu"),
            memory: thousandths(&status.allocatable, "memory") / 1000,
            meta,
        })
    }
}

fn condition(c: &wire::Condition, texts: &mut Interner) -> NodeCondition {
    NodeCondition {
        kind: texts.shared(&c.kind),
        status: match &*c.status {
            b"True" => ConditionStatus::True,
            b"False" => ConditionStatus::False,
            _ => ConditionStatus::Unknown,
        },
        reason: texts.shared(&c.reason),
        since: c.since.as_ref().and_then(instant),
    }
}

fn taint(t: &wire::Taint, texts: &mut Interner) -> Taint {
    Taint { key: texts.shared(&t.key), value: texts.shared(&t.value), effect: texts.shared(&t.effect) }
}

impl Project for Claim {
    fn project(object: Bytes, texts: &mut Interner) -> Result<Self, DecodeError> {
        let claim = wire::Claim::decode(object)?;
        let spec = claim.spec.unwrap_or_default();
        let status = claim.status.unwrap_or_default();
        let held = status.conditions.iter().filter(|c| &*c.status == b"True");
        Ok(Claim {
            meta: meta(claim.metadata, texts),
            phase: texts.shared(&status.phase),
            volume: texts.own(&spec.volume),
            class: texts.shared(&spec.class),
            requested: thousandths(&spec.resources.unwrap_or_default().requests, "storage") / 1000,
            capacity: thousandths(&status.capacity, "storage") / 1000,
            conditions: held.map(|c| texts.shared(&c.kind)).collect(),
        })
    }
}

impl Project for Budget {
    fn project(object: Bytes, texts: &mut Interner) -> Result<Self, DecodeError> {
        let budget = wire::Budget::decode(object)?;
        let spec = budget.spec.unwrap_or_default();
        let status = budget.status.unwrap_or_default();
        Ok(Budget {
            meta: meta(budget.metadata, texts),
            min_available: int_or_string(spec.min_available, texts),
            max_unavailable: int_or_string(spec.max_unavailable, texts),
            selector: selector(spec.selector, texts),
            allowed: number(status.allowed),
            healthy: number(status.healthy),
            desired: number(status.desired),
            expected: number(status.expected),
        })
    }
}

impl Project for Autoscaler {
    fn project(object: Bytes, texts: &mut Interner) -> Result<Self, DecodeError> {
        let autoscaler = wire::Autoscaler::decode(object)?;
        let spec = autoscaler.spec.unwrap_or_default();
        let status = autoscaler.status.unwrap_or_default();
        let target = spec.target.unwrap_or_default();
        Ok(Autoscaler {
            meta: meta(autoscaler.metadata, texts),
            target_kind: texts.shared(&target.kind),
            target_name: texts.shared(&target.name),
            min: number(spec.min.unwrap_or(1)),
            max: number(spec.max),
            current: number(status.current),
            desired: number(status.desired),
        })
    }
}

impl Project for Service {
    fn project(object: Bytes, texts: &mut Interner) -> Result<Self, DecodeError> {
        let service = wire::Service::decode(object)?;
        let spec = service.spec.unwrap_or_default();
        let ports = spec.ports.into_iter().map(|p| ServicePort {
            name: texts.shared(&p.name),
            port: port(p.port),
            target: int_or_string(p.target, texts),
        });
        Ok(Service {
            ports: ports.collect(),
            kind: texts.shared(&spec.kind),
            cluster_ip: texts.own(&spec.cluster_ip),
            selector: map(spec.selector.iter(), texts),
            meta: meta(service.metadata, texts),
        })
    }
}

impl Project for Event {
    /// Both event APIs write the same objects: the older one `count` and the last time, the newer one
    /// `eventTime` and, when repeated, a `series`.
    fn project(object: Bytes, texts: &mut Interner) -> Result<Self, DecodeError> {
        let event = wire::Event::decode(object)?;
        let meta = meta(event.metadata, texts);
        let regarding = event.object.unwrap_or_default();
        let series = event.series.unwrap_or_default();
        let source = event.source.unwrap_or_default().component;
        let time = event.time.as_ref().and_then(instant);
        let first = event.first.as_ref().and_then(instant).or(time).unwrap_or(meta.created);
        let last = series.last.as_ref().and_then(instant).or(event.last.as_ref().and_then(instant));
        Ok(Event {
            kind: texts.shared(&event.kind),
            reason: texts.shared(&event.reason),
            message: texts.own(&event.message),
            object_kind: texts.shared(&regarding.kind),
            object_name: texts.shared(&regarding.name),
            object_uid: texts.shared(&regarding.uid),
            component: texts.shared(if source.is_empty() { &event.reporter } else { &source }),
            count: number(series.count.max(event.count).max(1)),
            first,
            last: last.unwrap_or(first),
            meta,
        })
    }
}
