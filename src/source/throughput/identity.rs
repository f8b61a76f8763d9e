//! Which broker a series is about, and the matchers that leave other clusters' series out.

use crate::domain::{
    Text,
    kafka::BrokerId,
    target::{TargetPod, ThroughputTarget},
};
use std::collections::{BTreeMap, BTreeSet};

/// Labels of a series by name.
pub type Labels = BTreeMap<String, String>;

/// What scrape configurations call the namespace and the pod of a target.
const NAMESPACE: [&str; 3] = ["namespace", "kubernetes_namespace", "exported_namespace"];
const POD: [&str; 4] = ["pod", "kubernetes_pod_name", "pod_name", "exported_pod"];
const INSTANCE: &str = "instance";

/// The labels that tell brokers apart, for a `by (…)` clause.
pub fn identity_labels() -> String {
    [&NAMESPACE[..], &POD[..], &[INSTANCE]].concat().join(", ")
}

/// Whose series it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The cluster's; which broker's, if that can be told.
    Ours(Option<BrokerId>),
    Another,
}

/// Reads a series' labels: namespace, then pod, then the scraped address.
pub fn owner(labels: &Labels, target: &ThroughputTarget) -> Owner {
    let foreign = |ns: &str| !target.namespace.is_empty() && ns != &*target.namespace;
    if first(labels, &NAMESPACE).is_some_and(|(_, ns)| foreign(ns)) {
        return Owner::Another;
    }
    if let Some((_, pod)) = first(labels, &POD) {
        return among(target, pod, |p| &*p.pod.name == pod);
    }
    let Some(instance) = labels.get(INSTANCE) else {
        return if target.pods.is_empty() { Owner::Ours(None) } else { Owner::Another };
    };
    let host = host(instance);
    let mut parts = host.split('.');
    let name = parts.next().unwrap_or(host);
    // pod.headless-service.namespace.svc…
    if let (Some(_), Some(ns), Some("svc")) = (parts.next(), parts.next(), parts.next())
        && foreign(ns)
    {
        return Owner::Another;
    }
    among(target, name, |p| &*p.pod.name == name || p.ip.as_deref() == Some(host))
}

fn among(target: &ThroughputTarget, name: &str, is: impl Fn(&TargetPod) -> bool) -> Owner {
    if target.pods.is_empty() {
        return Owner::Ours(ordinal(name));
    }
    target.pods.iter().find(|p| is(p)).map_or(Owner::Another, |p| Owner::Ours(p.broker))
}

fn first<'a>(labels: &'a Labels, names: &[&'static str]) -> Option<(&'static str, &'a str)> {
    let present = |name: &&'static str| labels.get(*name).map(|v| (*name, v.as_str()));
    names.iter().find_map(present).filter(|(_, v)| !v.is_empty())
}

/// The host of `host:port` or `[v6]:port`.
fn host(instance: &str) -> &str {
    let host = instance.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok());
    host.map_or(instance, |(host, _)| host).trim_matches(['[', ']'])
}

/// `kafka-2` → 2. Without pods to look at, nothing better is known; an address is no name.
fn ordinal(name: &str) -> Option<BrokerId> {
    name.rsplit_once('-')?.1.parse().ok().map(BrokerId)
}

/// Matchers for `{…}` that select just the given series by the labels that they have; each starts with
/// a comma, so that they can follow another.
pub fn matchers<'a>(ours: impl Iterator<Item = &'a Labels>) -> Text {
    let mut values: BTreeMap<&'static str, BTreeSet<&str>> = BTreeMap::new();
    for labels in ours {
        let by = first(labels, &POD).or_else(|| first(labels, &[INSTANCE]));
        for (name, value) in first(labels, &NAMESPACE).into_iter().chain(by) {
            values.entry(name).or_default().insert(value);
        }
    }
    let one_of = |values: BTreeSet<&str>| values.into_iter().map(regex::escape).collect::<Vec<_>>().join("|");
    let mut text = String::new();
    for (name, values) in values {
        text += &format!(",{name}=~{}", quoted(&one_of(values)));
    }
    text.into()
}

/// A PromQL string.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::kubernetes::Key;

    pub fn target() -> ThroughputTarget {
        let pod = |i: i32| TargetPod {
            pod: Key::new("kafka", &format!("kafka-{i}")),
            broker: Some(BrokerId(i)),
            ip: Some(format!("10.44.1.{}", 7 + i).into()),
            ..TargetPod::default()
        };
        ThroughputTarget { namespace: "kafka".into(), pods: vec![pod(0), pod(1)], ..Default::default() }
    }

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect()
    }

    #[test]
    fn brokers_are_told_by_pod_then_by_address() {
        let ours = |i| Owner::Ours(Some(BrokerId(i)));
        let cases = [
            (vec![("namespace", "kafka"), ("pod", "kafka-1")], ours(1)),
            (vec![("kubernetes_namespace", "kafka"), ("kubernetes_pod_name", "kafka-0")], ours(0)),
            (vec![("namespace", "other"), ("pod", "kafka-1")], Owner::Another),
            (vec![("pod", "zookeeper-1")], Owner::Another),
            (vec![("instance", "10.44.1.8:9404")], ours(1)),
            (vec![("instance", "10.44.1.99:9404")], Owner::Another),
            (vec![("instance", "kafka-0.kafka-headless.kafka.svc:9404")], ours(0)),
            (vec![("instance", "kafka-0.kafka-headless.other.svc.cluster.local:9404")], Owner::Another),
            (vec![("instance", "kafka-1")], ours(1)),
            (vec![], Owner::Another),
        ];
        for (pairs, expected) in cases {
            assert_eq!(owner(&labels(&pairs), &target()), expected, "{pairs:?}");
        }
    }

    #[test]
    fn without_kubernetes_every_series_is_ours_and_ordinals_name_brokers() {
        let nothing = ThroughputTarget::default();
        let told = |pairs: &[(&str, &str)]| owner(&labels(pairs), &nothing);
        assert_eq!(told(&[("instance", "broker-3:9404")]), Owner::Ours(Some(BrokerId(3))));
        assert_eq!(told(&[("instance", "[fd00::1]:9404")]), Owner::Ours(None));
        assert_eq!(told(&[("instance", "10.0.0.1:9404")]), Owner::Ours(None));
        assert_eq!(told(&[]), Owner::Ours(None));
    }

    #[test]
    fn matchers_select_exactly_what_was_found() {
        let pods = [
            labels(&[("namespace", "kafka"), ("pod", "kafka-0"), ("instance", "10.0.0.1:1")]),
            labels(&[("namespace", "kafka"), ("pod", "kafka.1")]),
        ];
        assert_eq!(
            &*matchers(pods.iter()),
            r#",namespace=~"kafka",pod=~"kafka\\-0|kafka\\.1""#,
            "dots and dashes are literal"
        );
        let bare = [labels(&[("instance", "10.0.0.1:9404")])];
        assert_eq!(&*matchers(bare.iter()), r#",instance=~"10\\.0\\.0\\.1:9404""#);
    }
}
