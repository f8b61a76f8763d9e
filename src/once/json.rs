//! The report for machines: numbers are numbers, times are RFC 3339, what is not known is null. Its fields
//! are listed in the README.

use super::{Session, exit_code, severity_word, zulu};
use crate::{
    domain::{
        derived::{BrokerRow, Finding, GroupRow, Trend},
        kafka::Group,
        kubernetes::{Event, Pod},
        reading::State,
        throughput::{Metric, Subject},
    },
    pane::{self, Source, World},
};
use serde_json::{Map, Value, json as value};

/// Grows when a field goes or means something else. New fields may come without.
const VERSION: u32 = 1;
/// The newest of the events.
const EVENTS: usize = 50;

pub fn json(world: &World<'_>, session: &Session) -> String {
    let (derived, kafka) = (world.derived, &world.snapshot.kafka);
    let totals = derived.joined.totals;
    let groups = derived.joined.groups.iter().filter_map(|row| Some((kafka.groups.get(&row.id)?, row)));
    let mut events: Vec<&Event> = world.snapshot.kubernetes.events.iter().collect();
    events.sort_by_key(|event| std::cmp::Reverse(event.last));
    let whole = value!({
        "version": VERSION,
        "castellan": session.version,
        "time": zulu(world.now),
        "context": session.context,
        "cluster": session.cluster,
        "severity": severity_word(derived.verdict.severity).to_lowercase(),
        "exit_code": exit_code(derived.verdict.severity),
        "verdict": derived.verdict.line,
        "sources": pane::sources(world).iter().map(source).collect::<Vec<_>>(),
        "findings": derived.findings.iter().map(|f| finding(world, f)).collect::<Vec<_>>(),
        "partitions": {
            "topics": totals.topics,
            "partitions": totals.partitions,
            "offline": totals.offline,
            "under_replicated": totals.under_replicated,
            "under_min_isr": totals.under_min,
            "doubt": doubt(&kafka.topics_feed.state(world.now)),
        },
        "brokers": derived.joined.brokers.iter().map(|row| broker(world, row)).collect::<Vec<_>>(),
        "groups": groups.map(|(of, row)| group(world, of, row)).collect::<Vec<_>>(),
        "events": events.into_iter().take(EVENTS).map(event).collect::<Vec<_>>(),
    });
    format!("{whole:#}\n")
}

fn state_word(state: &State) -> &'static str {
    match state {
        State::Live => "live",
        State::Pending(_) => "pending",
        State::Stale { .. } => "stale",
        State::Failed { .. } => "failed",
    }
}

fn source(source: &Source) -> Value {
    let (age, reason) = match &source.state {
        State::Live => (Some(0), None),
        State::Pending(_) => (None, None),
        State::Stale { age } => (Some(age.as_secs()), None),
        State::Failed { age, reason } => (age.map(|age| age.as_secs()), Some(reason.to_string())),
    };
    value!({
        "name": source.name.to_lowercase(),
        "state": state_word(&source.state),
        "age_seconds": age,
        "reason": reason,
        "note": source.note,
        "how": source.how,
    })
}

/// Null: the value is live.
fn doubt(state: &State) -> Value {
    match state {
        State::Live => Value::Null,
        State::Pending(_) => value!({ "state": "pending", "age_seconds": null }),
        State::Stale { age } => value!({ "state": "stale", "age_seconds": age.as_secs() }),
        State::Failed { reason, age } => {
            value!({ "state": "failed", "age_seconds": age.map(|a| a.as_secs()), "reason": **reason })
        }
    }
}

/// Of the parts that are not live, how old they are.
fn doubts<const N: usize>(parts: [(&str, State); N]) -> Value {
    let all = parts.into_iter().filter(|(_, state)| !state.is_live());
    Value::Object(all.map(|(part, state)| (part.to_string(), doubt(&state))).collect::<Map<_, _>>())
}

fn finding(world: &World<'_>, finding: &Finding) -> Value {
    value!({
        "code": finding.code,
        "severity": severity_word(finding.severity).to_lowercase(),
        "kind": finding.subject.noun(),
        "name": finding.subject.name(),
        "line": finding.line,
        "since": finding.since.map(zulu),
        "for_seconds": finding.since.map(|t| world.now.since(t).as_secs()),
        "evidence": finding.evidence,
    })
}

fn broker(world: &World<'_>, row: &BrokerRow) -> Value {
    let (snapshot, now) = (world.snapshot, world.now);
    let (kubernetes, kafka) = (&snapshot.kubernetes, &snapshot.kafka);
    let pod = row.pod.as_ref().and_then(|(key, _)| kubernetes.pods.get(key));
    let of_kafka = row.id.and_then(|id| kafka.brokers.get(&id));
    let subject = row.id.map(Subject::Broker);
    let rate = |metric| subject.as_ref().and_then(|of| snapshot.throughput.rate(metric, of, now).0);
    let counted = |n: u32| row.id.map(|_| n);
    let origin = || snapshot.throughput.origin.state(now);
    value!({
        "id": row.id.map(|id| id.0),
        "pod": row.pod.as_ref().map(|(key, _)| &*key.name),
        "namespace": row.pod.as_ref().map(|(key, _)| &*key.namespace),
        "status": pod.map(|p| p.status().status),
        "ready": pod.map(Pod::is_ready),
        "restarts": pod.map(|p| p.status().restarts),
        "node": row.node.as_deref(),
        "zone": row.zone.as_deref(),
        "rack": of_kafka.and_then(|b| b.rack.as_deref()),
        "kafka": pane::standing(world, row),
        "controller": row.controller,
        "replicas": counted(row.tally.replicas),
        "leaders": counted(row.tally.leaders),
        "under_replicated": counted(row.tally.under_replicated),
        "under_min_isr": counted(row.tally.under_min),
        "out_of_sync": counted(row.tally.out_of_sync),
        "replica_bytes": row.disk.map(|d| d.replicas),
        "disk_used_bytes": row.disk.and_then(|d| d.volume).map(|(used, _)| used),
        "disk_total_bytes": row.disk.and_then(|d| d.volume).map(|(_, total)| total),
        "bytes_in_per_second": rate(Metric::BytesIn),
        "bytes_out_per_second": rate(Metric::BytesOut),
        "messages_in_per_second": rate(Metric::MessagesIn),
        "doubts": doubts([
            ("pod", kubernetes.pods.feed.state(now)),
            ("kafka", kafka.cluster_feed.state(now)),
            ("partitions", kafka.topics_feed.state(now)),
            ("disk", of_kafka.map_or(State::Live, |b| b.log_dirs.state(now))),
            ("rates", subject.as_ref().map_or_else(origin, |of| snapshot.throughput.state(Metric::BytesIn, of, now))),
        ]),
    })
}

fn group(world: &World<'_>, group: &Group, row: &GroupRow) -> Value {
    let (kafka, now) = (&world.snapshot.kafka, world.now);
    let worst = |(topic, partition, lag): &(_, i32, u64)| value!({ "topic": topic, "partition": partition, "lag": lag });
    value!({
        "name": &*group.id,
        "state": group.state.name(),
        "members": group.members.len(),
        "coordinator": group.coordinator.map(|id| id.0),
        "lag": row.lag,
        "lag_is_partial": row.lag.is_some() && row.unknown > 0,
        "unknown_partitions": row.unknown,
        "late_seconds": row.late.map(|late| late.as_secs()),
        "late_unknown_because": pane::why_not_late(row),
        "trend": match row.trend {
            Trend::Unknown => None,
            Trend::Growing => Some("growing"),
            Trend::Steady => Some("steady"),
            Trend::Shrinking => Some("shrinking"),
        },
        "trouble": row.trouble(),
        "worst_partition": row.worst.as_ref().map(worst),
        "error": group.error.as_deref(),
        "doubts": doubts([
            ("group", kafka.groups_feed.state(now)),
            ("lag", group.offsets.state(now).worse(kafka.ends_feed.state(now))),
        ]),
    })
}

fn event(event: &Event) -> Value {
    value!({
        "time": zulu(event.last),
        "type": &*event.kind,
        "reason": &*event.reason,
        "namespace": &*event.meta.key.namespace,
        "kind": &*event.object_kind,
        "name": &*event.object_name,
        "count": event.count.max(1),
        "message": &*event.message,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{Fixture, Mood, NOW, SMALL, fixture};
    use std::time::Duration;

    fn told(fixture: &Fixture) -> Value {
        let session =
            Session { context: "prod".into(), cluster: Some("kafka/kafka".into()), version: "1.2.3" };
        serde_json::from_str(&json(&fixture.world(), &session)).unwrap()
    }

    #[test]
    fn numbers_are_numbers_and_times_are_rfc_3339() {
        let all = told(&fixture(Mood::Healthy, SMALL));
        assert_eq!((&all["version"], &all["exit_code"]), (&value!(1), &value!(0)));
        assert_eq!(all["time"], "2026-11-21T03:04:05Z");
        assert_eq!((&all["context"], &all["cluster"]), (&value!("prod"), &value!("kafka/kafka")));
        let broker = &all["brokers"][0];
        let numbers = ["id", "restarts", "replicas", "leaders", "disk_used_bytes", "disk_total_bytes"];
        assert!(numbers.iter().all(|field| broker[field].is_u64()), "{broker:#}");
        assert!(broker["bytes_in_per_second"].is_f64() && broker["doubts"] == value!({}), "{broker:#}");
        let group = &all["groups"][0];
        assert!(group["lag"].is_u64() && group["members"].is_u64(), "{group:#}");
        assert_eq!(group["lag_is_partial"], false);
        assert!(all["events"][0]["time"].as_str().unwrap().ends_with('Z'));
    }

    #[test]
    fn what_is_not_known_is_null_and_what_is_old_says_so() {
        let pending = told(&fixture(Mood::Pending, SMALL));
        assert_eq!((&pending["severity"], &pending["exit_code"]), (&value!("unknown"), &value!(3)));
        assert!(pending["sources"].as_array().unwrap().iter().all(|s| s["age_seconds"].is_null()));
        let stale = told(&fixture(Mood::Stale, SMALL));
        assert_eq!(stale["brokers"][0]["doubts"]["rates"], value!({ "state": "stale", "age_seconds": 120 }));
        let failed = told(&fixture(Mood::Failed, SMALL));
        let kafka = &failed["brokers"][0]["doubts"]["kafka"];
        assert_eq!((&kafka["state"], &kafka["reason"]), (&value!("failed"), &value!("no broker answers")));
    }

    #[test]
    fn a_time_that_is_not_known_says_why() {
        let mut snapshot = crate::world::healthy(SMALL);
        // Nothing was watched for long enough to tell how old a message is.
        let commits = crate::world::kafka::commits(0, SMALL, 1_200);
        let answers = vec![(crate::world::kafka::CLIENTS[0].into(), Ok(commits))];
        snapshot.apply(crate::domain::kafka::KafkaDelta::Offsets { answers, at: NOW }.into());
        let all = told(&Fixture::of(snapshot, NOW.plus(Duration::from_secs(1))));
        let groups = all["groups"].as_array().unwrap();
        let late: Vec<_> = groups.iter().filter(|g| g["lag"].as_u64() > Some(0)).collect();
        assert!(!late.is_empty());
        for group in late {
            assert_eq!(
                group["late_seconds"].is_null(),
                group["late_unknown_because"].is_string(),
                "{group:#}"
            );
        }
    }

    #[test]
    fn the_fields_are_those_of_the_readme() {
        let readme = include_str!("../../README.md");
        let all = told(&fixture(Mood::Degraded, SMALL));
        let mut fields: Vec<&String> = all.as_object().unwrap().keys().collect();
        for part in ["sources", "findings", "brokers", "groups", "events"] {
            fields.extend(all[part][0].as_object().unwrap().keys());
        }
        let missing: Vec<_> = fields.iter().filter(|f| !readme.contains(&format!("`{f}`"))).collect();
        assert!(missing.is_empty(), "the README does not tell of {missing:?}");
    }
}
