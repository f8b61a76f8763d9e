//! Groups that fall behind, stand still, or have lost their members.

use super::{super::Finding, Joined, Severity, aged, live};
use crate::domain::{
    derived::GroupRow,
    human,
    kafka::{Group, Member},
    object::Object,
    snapshot::Snapshot,
    time::{Time, age},
};

/// So many are named one by one.
const MOST: usize = 10;

pub fn check(snapshot: &Snapshot, joined: &Joined, now: Time) -> Vec<Finding> {
    if !live(&snapshot.kafka.groups_feed, now) {
        return Vec::new();
    }
    let rows = joined.groups.iter().filter_map(|row| Some((row, snapshot.kafka.groups.get(&row.id)?)));
    let found =
        rows.filter_map(|(row, group)| unread(group).or_else(|| behind(snapshot, joined, row, group, now)));
    found.take(MOST).collect()
}

fn unread(group: &Group) -> Option<Finding> {
    let reason = group.error.as_ref()?;
    let line = format!("group {} cannot be read: {reason}", group.id);
    Some(
        Finding::new("group-error", Severity::Unknown, Object::Group(group.id.clone()), line)
            .brief(format!("{} unreadable", group.id)),
    )
}

fn behind(snapshot: &Snapshot, joined: &Joined, row: &GroupRow, group: &Group, now: Time) -> Option<Finding> {
    if !live(&group.offsets.feed, now) || !live(&snapshot.kafka.ends_feed, now) {
        return None;
    }
    let trouble = row.trouble()?;
    let (code, severity) = match trouble {
        "rebalancing" => ("group-rebalance", Severity::Ok),
        "catching up" => ("group-lag", Severity::Ok),
        "no members" => ("group-empty", Severity::Warning),
        "stopped" => ("group-stopped", Severity::Warning),
        "rewound" => ("group-rewound", Severity::Warning),
        _ => ("group-lag", Severity::Warning),
    };
    let messages = human::count(row.lag.unwrap_or(0));
    let late = row.late.map(|late| format!("{}{}", age(late), row.trend.arrow()));
    let in_time = late.as_ref().map_or(", in time not known yet".into(), |late| format!(", {late} in time"));
    let worst = row.worst.as_ref().map(|(t, p, n)| format!(", most on {t}-{p} by {}", human::count(*n)));
    let line = format!(
        "group {} {}: {messages} messages behind{}{}",
        group.id,
        match trouble {
            "no members" => "has no members".to_string(),
            "stopped" => "has stopped committing".to_string(),
            "rewound" => "went back".to_string(),
            word => format!("is {word}"),
        },
        in_time,
        worst.unwrap_or_default()
    );
    let lag = late.unwrap_or_else(|| format!("{messages} messages"));
    let brief = match trouble {
        "falling behind" | "late" | "catching up" => format!("{} lag {lag}", group.id),
        word => format!("{} {word}, lag {lag}", group.id),
    };
    let finding = Finding::new(code, severity, Object::Group(group.id.clone()), line).brief(brief);
    Some(readers(snapshot, joined, row, group, now).into_iter().fold(pace(finding, row), Finding::seen))
}

fn pace(mut finding: Finding, row: &GroupRow) -> Finding {
    if let Some((topic, partition)) = &row.stopped {
        finding = finding.seen(format!("no commit on {topic}-{partition} for longer than its last ten took"));
    }
    if let Some((topic, partition, from)) = &row.rewound {
        finding = finding.seen(format!("its offset on {topic}-{partition} was {from} and has not come back"));
    }
    let Some(pace) = row.pace else { return finding };
    let gone = match pace.drained_in() {
        Some(span) => format!("gone in {}", age(span)),
        None => "never gone at this pace".into(),
    };
    finding.seen(format!(
        "reads {} of {} written; {gone}",
        human::rate(pace.consumed),
        human::rate(pace.produced)
    ))
}

/// The members with the pods they run in; first who reads the partition that is worst.
fn readers(snapshot: &Snapshot, joined: &Joined, row: &GroupRow, group: &Group, now: Time) -> Vec<String> {
    let reads_worst = |member: &&Member| {
        row.worst.as_ref().is_some_and(|(topic, partition, _)| {
            member.assignment.iter().any(|a| a.topic == *topic && a.partitions.contains(partition))
        })
    };
    let (first, rest): (Vec<_>, Vec<_>) = group.members.iter().partition(reads_worst);
    let pods = &snapshot.kubernetes.pods;
    let tell = |member: &Member| {
        let pod = pods.get(joined.pods.of_member(member)?)?;
        let words =
            format!("member {} runs in pod {}, {}", member.client_id, pod.meta.key, pod.status().status);
        Some(aged(words, &pods.feed.state(now)))
    };
    first.into_iter().chain(rest).filter_map(tell).take(5).collect()
}
