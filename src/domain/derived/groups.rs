//! Groups summed up, and their members recognised as pods.

use crate::domain::{
    Text,
    commits::Past,
    kafka::{Committed, Group, GroupId, GroupState, Kafka, Logs, Member, TopicName},
    kubernetes::{Key, Kubernetes},
    lag::{Pace, Trend},
    snapshot::Snapshot,
    time::Time,
};
use std::{cmp::Reverse, collections::HashMap, sync::Arc, time::Duration};

/// A consumer that works in batches may be a while behind; one that is this late is in trouble.
const LATE: Duration = Duration::from_secs(60);
/// How late a group is changes with time alone: a row of one that is behind is kept no longer.
const KEPT: Duration = Duration::from_secs(5);
/// So many messages behind count as late where the time cannot be told yet.
const MANY: u64 = 10_000;

/// One group in numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupRow {
    pub id: GroupId,
    pub state: GroupState,
    /// When it was worked out.
    pub(super) at: Time,
    /// Messages over all its partitions whose log end is known; None: of none.
    pub lag: Option<u64>,
    /// Partitions with a commit whose log end is not known: the lag is at least what is shown.
    pub unknown: u32,
    /// How long ago the messages it reads now were written; None: cannot be told.
    pub late: Option<Duration>,
    /// Where the lag is going.
    pub trend: Trend,
    /// What it consumes of what is produced.
    pub pace: Option<Pace>,
    /// The partition that is furthest behind.
    pub worst: Option<(TopicName, i32, u64)>,
    /// A partition with a lag where it commits no more.
    pub stopped: Option<(TopicName, i32)>,
    /// A partition with a lag where its offset went back, and from which offset.
    pub rewound: Option<(TopicName, i32, i64)>,
}

/// Groups, worst first.
#[derive(Debug, Clone, Default)]
pub struct Groups {
    /// The change of Kafka that they were made from, and up to when they are kept where it does not change.
    generation: u64,
    until: Time,
    /// Of what lags are made from, the last change.
    changes: u64,
    rows: Vec<GroupRow>,
    index: HashMap<GroupId, usize>,
}

impl Groups {
    /// Works out the rows of groups where something changed, and keeps the others.
    pub fn next(self: &Arc<Self>, snapshot: &Snapshot, now: Time) -> Arc<Self> {
        if self.generation == snapshot.kafka_changed && now < self.until {
            return self.clone();
        }
        let kafka = &snapshot.kafka;
        let row = |group: &Group| match self.kept(group, kafka, now) {
            Some(row) => row.clone(),
            None => GroupRow::of(group, kafka, now),
        };
        let mut rows: Vec<_> = kafka.groups.values().map(row).collect();
        rows.sort_by(|a, b| a.badness().cmp(&b.badness()).then_with(|| a.id.cmp(&b.id)));
        let index = rows.iter().enumerate().map(|(i, row)| (row.id.clone(), i)).collect();
        let oldest = rows.iter().filter(|row| row.ages()).map(|row| row.at).min();
        let until = oldest.unwrap_or(now).plus(KEPT);
        let (generation, changes) = (snapshot.kafka_changed, kafka.lags.changes());
        Arc::new(Groups { generation, until, changes, rows, index })
    }

    /// The group's row, if it would be the same now.
    fn kept(&self, group: &Group, kafka: &Kafka, now: Time) -> Option<&GroupRow> {
        let row = self.get(&group.id).filter(|row| !row.ages() || now.since(row.at) < KEPT)?;
        let commits = group.offsets.last().map_or(&[][..], |c| c);
        let topics = commits.chunk_by(|a, b| a.topic == b.topic).map(|of_topic| &of_topic[0].topic);
        (!kafka.lags.changed_since(self.changes, &group.id, topics)).then_some(row)
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = &GroupRow> {
        self.rows.iter()
    }

    pub fn get(&self, id: &str) -> Option<&GroupRow> {
        self.rows.get(*self.index.get(id)?)
    }
}

impl GroupRow {
    fn of(group: &Group, kafka: &Kafka, now: Time) -> Self {
        let mut row = GroupRow {
            id: group.id.clone(),
            state: group.state,
            at: now,
            lag: None,
            unknown: 0,
            late: None,
            trend: Trend::Unknown,
            pace: kafka.lags.pace(&group.id),
            worst: None,
            stopped: None,
            rewound: None,
        };
        let mut halts = Halts::default();
        let mut pasts = kafka.commits.get(&group.id).map_or(&[][..], |p| p).iter();
        let commits = group.offsets.last().map_or(&[][..], |c| c);
        for commits in commits.chunk_by(|a, b| a.topic == b.topic) {
            let logs = kafka.logs(&commits[0].topic);
            for commit in commits {
                let lag = row.add(commit, &logs);
                if let Some(past) = pasts.next().filter(|_| lag > 0) {
                    row.judge(commit, past);
                    halts.take(commit, past, &logs, now);
                }
            }
        }
        row.stopped = halts.of_readers(group);
        row.trend = row.pace.map_or(Trend::Unknown, |pace| pace.trend());
        row
    }

    /// Counts one partition in; returns its lag.
    fn add(&mut self, commit: &Committed, logs: &Logs<'_>) -> u64 {
        let Some(lag) = lag(commit.offset, logs.ends, commit.partition) else {
            self.unknown += 1;
            return 0;
        };
        *self.lag.get_or_insert(0) += lag;
        self.late = self.late.max(match lag {
            0 => Some(Duration::ZERO),
            _ => logs.late(commit.partition, commit.offset),
        });
        if lag > 0 && self.worst.as_ref().is_none_or(|(_, _, most)| lag > *most) {
            self.worst = Some((commit.topic.clone(), commit.partition, lag));
        }
        lag
    }

    /// Burrow's rule REWIND, which holds only while there is a lag.
    fn judge(&mut self, commit: &Committed, past: &Past) {
        if let (None, Some(from)) = (&self.rewound, past.rewound) {
            self.rewound = Some((commit.topic.clone(), commit.partition, from));
        }
    }

    /// Whether it changes with time alone.
    fn ages(&self) -> bool {
        self.lag.is_some_and(|lag| lag > 0)
    }

    /// What is wrong with it in a word.
    pub fn trouble(&self) -> Option<&'static str> {
        let lag = self.lag.unwrap_or(0);
        // Without a time the messages must do.
        let late = self.late.map_or(lag >= MANY, |late| late >= LATE);
        match (self.state, self.trend) {
            (GroupState::Empty, _) if lag > 0 => Some("no members"),
            (GroupState::Rebalancing, _) => Some("rebalancing"),
            _ if lag > 0 && self.stopped.is_some() => Some("stopped"),
            _ if lag > 0 && self.rewound.is_some() => Some("rewound"),
            _ if lag == 0 || !late => None,
            _ if self.pace.is_some_and(|pace| pace.consumed <= 0.0) => Some("stalled"),
            (_, Trend::Growing) => Some("falling behind"),
            (_, Trend::Shrinking) => Some("catching up"),
            (_, Trend::Steady | Trend::Unknown) => Some("late"),
        }
    }

    /// What is in trouble first, then by time. Behind by a time that nobody knows may be the worst of all.
    fn badness(&self) -> impl Ord + use<> {
        let late = match self.late {
            None if self.lag.is_some_and(|lag| lag > 0) => Duration::MAX,
            late => late.unwrap_or_default(),
        };
        (Reverse(self.trouble().is_some()), Reverse(late), Reverse(self.lag))
    }
}

/// Of the partitions with a lag, where commits go on and where they do not: Burrow's rule STOP.
#[derive(Default)]
struct Halts<'a> {
    stopped: Vec<(&'a TopicName, i32)>,
    going: Vec<(&'a TopicName, i32)>,
}

impl<'a> Halts<'a> {
    fn take(&mut self, commit: &'a Committed, past: &Past, logs: &Logs<'_>, now: Time) {
        let series = logs.series(commit.partition);
        let stopped = series.is_some_and(|ends| past.stopped(commit.offset, ends, now));
        let list = if stopped { &mut self.stopped } else { &mut self.going };
        list.push((&commit.topic, commit.partition));
    }

    /// A stopped partition whose reader goes on nowhere. A slow consumer works off what it has fetched of
    /// one partition while the others of its own wait; that it reads too slowly is told by its lag.
    fn of_readers(self, group: &Group) -> Option<(TopicName, i32)> {
        let reads = |member: &Member, (topic, partition): &(&TopicName, i32)| {
            member.assignment.iter().any(|a| a.topic == **topic && a.partitions.contains(partition))
        };
        let halted = |place: &&(&TopicName, i32)| {
            let reader = group.members.iter().find(|member| reads(member, place));
            reader.is_none_or(|member| !self.going.iter().any(|other| reads(member, other)))
        };
        self.stopped.iter().find(halted).map(|(topic, partition)| ((*topic).clone(), *partition))
    }
}

/// How many messages a commit is behind; None: the log end is not known. A commit beyond an end that
/// was read a moment before it is not behind.
pub fn lag(committed: i64, ends: &[i64], partition: i32) -> Option<u64> {
    let end = *ends.get(usize::try_from(partition).ok()?)?;
    (end >= 0).then(|| u64::try_from(end - committed).unwrap_or(0))
}

/// Pods by what a Kafka client shows of itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pods {
    /// None: several pods have it.
    by_name: HashMap<Text, Option<Key>>,
    by_address: HashMap<Text, Option<Key>>,
}

impl Pods {
    pub fn of(kubernetes: &Kubernetes) -> Self {
        let mut pods = Pods::default();
        // The address of a finished pod may already be another's.
        for pod in kubernetes.pods.iter().filter(|pod| !pod.ended()) {
            let key = &pod.meta.key;
            let note = |map: &mut HashMap<Text, Option<Key>>, name: &Text| {
                map.entry(name.clone()).and_modify(|k| *k = None).or_insert_with(|| Some(key.clone()));
            };
            note(&mut pods.by_name, &key.name);
            pod.ip.iter().for_each(|ip| note(&mut pods.by_address, ip));
        }
        pods
    }

    /// The pod that a group's member runs in: by the address that the broker saw, else by a client id
    /// that is a pod's name. Pods on the host's network share an address, so several tell nothing.
    pub fn of_member(&self, member: &Member) -> Option<&Key> {
        let by_address = self.by_address.get(address(member)).and_then(Option::as_ref);
        by_address.or_else(|| self.by_name.get(&member.client_id)?.as_ref())
    }
}

/// The member's host as an address: brokers write a slash before it.
fn address(member: &Member) -> &str {
    member.host.strip_prefix('/').unwrap_or(&member.host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::kafka::TopicPartitions;

    fn row(id: &str, lag: u64, late: Option<u64>) -> GroupRow {
        GroupRow {
            id: id.into(),
            state: GroupState::Stable,
            at: Time::default(),
            lag: Some(lag),
            unknown: 0,
            late: late.map(Duration::from_secs),
            trend: Trend::Unknown,
            pace: None,
            worst: None,
            stopped: None,
            rewound: None,
        }
    }

    #[test]
    fn a_reader_that_goes_on_somewhere_has_stopped_nowhere() {
        let orders: TopicName = "orders".into();
        let reader = |partitions: &[i32]| Member {
            id: "m".into(),
            client_id: "c".into(),
            host: "/10.1.2.3".into(),
            instance: None,
            assignment: vec![TopicPartitions { topic: orders.clone(), partitions: partitions.to_vec() }],
        };
        let group = Group { members: vec![reader(&[0, 1]), reader(&[2])], ..Group::new("audit".into()) };
        let halts = |stopped: &[i32], going: &[i32]| {
            let places = |list: &[i32]| list.iter().map(|p| (&orders, *p)).collect();
            Halts { stopped: places(stopped), going: places(going) }.of_readers(&group).map(|(_, p)| p)
        };
        assert_eq!(halts(&[1], &[0]), None, "its other partition waits its turn");
        assert_eq!(halts(&[0, 1], &[2]), Some(0), "another reader's commits are no excuse");
        assert_eq!(halts(&[2], &[0, 1]), Some(2));
        assert_eq!(halts(&[7], &[0]), Some(7), "nobody reads it");
    }

    #[test]
    fn the_worst_group_comes_first_also_where_its_time_is_unknown() {
        let mut rows = [
            row("keeps up", 17, Some(0)),
            row("a little behind", 900, Some(20)),
            row("nothing to read", 0, None),
            row("late", 500, Some(300)),
            row("far behind, time unknown", 43_000, None),
        ];
        rows.sort_by_key(GroupRow::badness);
        let order: Vec<&str> = rows.iter().map(|row| &*row.id).collect();
        let worst_first =
            ["far behind, time unknown", "late", "a little behind", "keeps up", "nothing to read"];
        assert_eq!(order, worst_first);
    }
}
