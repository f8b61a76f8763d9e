//! Groups that fall behind, stand still, or have lost their members.

use super::{super::Finding, Joined, Severity, aged, live};
use crate::domain::{
    derived::GroupRow,
    human,
    kafka::{Group, GroupState},
    object::Object,
    snapshot::Snapshot,
    time::Time,
};

/// So many are named one by one.
const MOST: usize = 10;

pub fn check(snapshot: &Snapshot, joined: &Joined, now: Time) -> Vec<Finding> {
    if !live(&snapshot.kafka.groups_feed, now) {
        return Vec::new();
    }
    let rows = joined.groups.iter().filter_map(|row| Some((row, snapshot.kafka.groups.get(&row.id)?)));
    rows.filter_map(|(row, group)| unread(group).or_else(|| behind(snapshot, joined, row, group, now)))
        .take(MOST)
        .collect()
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
    let lag = row.lag.filter(|lag| *lag > 0)?;
    let messages = human::count(lag);
    let (code, severity, how, word) = match group.state {
        GroupState::Empty => {
            ("group-empty", Severity::Warning, "has no members".to_string(), "no members".to_string())
        }
        GroupState::Rebalancing => return None,
        _ => return None,
    };
    let worst = row.worst.as_ref().map(|(t, p, n)| format!("{t}-{p} by {}", human::count(*n)));
    let line = format!(
        "group {} {how} and is {messages} messages behind, most on {}",
        group.id,
        worst.unwrap_or_default()
    );
    let mut finding = Finding::new(code, severity, Object::Group(group.id.clone()), line)
        .brief(format!("{} {word}, {messages} behind", group.id));
    for member in group.members.iter().take(5) {
        if let Some(pod) = joined.pods.of_member(member) {
            let state = snapshot.kubernetes.pods.feed.state(now);
            finding = finding.seen(aged(format!("member {} runs in pod {pod}", member.client_id), &state));
        }
    }
    Some(finding)
}
