//! Who reads what in a group: its members with their pods, and its partitions with their lag.

use super::{
    Block, Cell, Column, Pane, Place, Rows, Sort, SortKey, Tone, World,
    format::{count, key, text, text_key, unknown},
    pods::tone,
};
use crate::domain::{
    Text,
    derived::lag,
    kafka::{Committed, Group, Member, TopicName},
    kubernetes::{Key, Pod},
    object::Object,
    reading::State,
};
use std::collections::BTreeMap;

pub static PANE: Pane = Pane {
    name: "members",
    aliases: &["lag", "member", "assignment", "offsets"],
    about: "Groups' members with their pods, and their partitions with lag",
    blocks: &[
        Block::Table { table: &Members, heading: "Members", weight: 1, spare: false },
        Block::Table { table: &Shares, heading: "Partitions", weight: 2, spare: false },
    ],
};

struct Members;

#[derive(Clone, Copy)]
struct MemberItem<'a> {
    group: &'a Group,
    member: &'a Member,
}

impl MemberItem<'_> {
    fn partitions(&self) -> usize {
        self.member.assignment.iter().map(|a| a.partitions.len()).sum()
    }
}

/// The groups that `scope` speaks of; None: all of them.
fn groups<'a>(world: &World<'a>, scope: Option<&Object>) -> Vec<&'a Group> {
    let groups = &world.snapshot.kafka.groups;
    match scope {
        Some(Object::Group(id) | Object::Member(id, _) | Object::GroupPartition(id, ..)) => {
            groups.get(id).into_iter().collect()
        }
        _ => groups.values().collect(),
    }
}

fn pod_key<'a>(world: &World<'a>, member: &Member) -> Option<&'a Key> {
    world.derived.joined.pods.of_member(member)
}

/// The pod of a group's member, or of the member that reads one of the group's partitions.
pub fn reader_pod(world: &World<'_>, object: &Object) -> Option<Key> {
    let member = match object {
        Object::Member(..) => Rows::find(&Members, world, object)?.member,
        _ => Rows::find(&Shares, world, object)?.member?,
    };
    pod_key(world, member).cloned()
}

fn pod<'a>(world: &World<'a>, member: &Member) -> Option<&'a Pod> {
    world.snapshot.kubernetes.pods.get(pod_key(world, member)?)
}

/// Enter on a member or a partition leads to the pod that reads it.
fn to_pod(world: &World<'_>, group: &Group, member: &Member) -> Option<Place> {
    pod_key(world, member)?;
    Some(Place { pane: "pods", scope: Some(Object::Member(group.id.clone(), member.id.clone())) })
}

impl Rows for Members {
    type Item<'a> = MemberItem<'a>;

    fn noun(&self) -> &'static str {
        "members"
    }

    fn columns(&self) -> &'static [Column<Self>] {
        MEMBERS
    }

    fn items<'a>(&self, world: &World<'a>, scope: Option<&Object>) -> Vec<MemberItem<'a>> {
        let keep = |member: &Member| match scope {
            Some(Object::Member(_, id)) => member.id == *id,
            Some(Object::Kube { key, .. }) => pod_key(world, member) == Some(key),
            Some(Object::Topic(topic)) => member.assignment.iter().any(|a| a.topic == *topic),
            _ => true,
        };
        let members = groups(world, scope)
            .into_iter()
            .flat_map(|group| group.members.iter().map(move |member| MemberItem { group, member }));
        members.filter(|i| keep(i.member)).collect()
    }

    fn object(&self, item: MemberItem<'_>) -> Object {
        Object::Member(item.group.id.clone(), item.member.id.clone())
    }

    fn find<'a>(&self, world: &World<'a>, object: &Object) -> Option<MemberItem<'a>> {
        let Object::Member(group, id) = object else { return None };
        let group = world.snapshot.kafka.groups.get(group)?;
        Some(MemberItem { group, member: group.members.iter().find(|m| m.id == *id)? })
    }

    fn search(&self, item: MemberItem<'_>, try_word: &mut dyn FnMut(&str) -> bool) -> bool {
        try_word(&item.member.client_id) || try_word(&item.member.host) || try_word(&item.group.id)
    }

    fn fault(&self, world: &World<'_>, item: MemberItem<'_>) -> bool {
        pod(world, item.member).is_some_and(|p| !p.is_ready())
    }

    fn state(&self, world: &World<'_>) -> State {
        world.snapshot.kafka.groups_feed.state(world.now)
    }

    fn drill(&self, world: &World<'_>, item: MemberItem<'_>) -> Option<Place> {
        to_pod(world, item.group, item.member)
    }
}

fn pods_state(world: &World<'_>, _item: MemberItem<'_>) -> State {
    world.snapshot.kubernetes.pods.feed.state(world.now)
}

type M = Column<Members>;

static MEMBERS: &[M] = &[
    M::text("GROUP", 14, |_, i| Cell::plain(i.group.id.to_string()), |_, i| SortKey::Text(&i.group.id))
        .rank(2)
        .sort('N'),
    M::wide(
        "CLIENT ID",
        16,
        |_, i| Cell::toned(i.member.client_id.to_string(), Tone::Strong),
        |_, i| SortKey::Text(&i.member.client_id),
    )
    .sort('C'),
    M::number(
        "PARTITIONS",
        10,
        |_, i| count(Some(i.partitions() as u64)),
        |_, i| SortKey::Number(i.partitions() as f64),
    )
    .sort('P'),
    M::text(
        "POD",
        24,
        |world, i| text(pod_key(world, i.member).map(|k| &*k.name)),
        |world, i| text_key(pod_key(world, i.member).map(|k| &*k.name)),
    )
    .sort('O')
    .read_from(pods_state),
    M::text(
        "STATUS",
        16,
        |world, i| match pod(world, i.member) {
            Some(pod) => Cell::toned(pod.status().status.into_owned(), tone(pod)),
            None => unknown(),
        },
        |world, i| {
            pod(world, i.member).map_or(SortKey::Unknown, |p| SortKey::Owned(p.status().status.into_owned()))
        },
    )
    .rank(1)
    .sort('S')
    .read_from(pods_state),
    M::text("HOST", 15, |_, i| text(Some(host(i.member))), |_, i| text_key(Some(host(i.member))))
        .rank(3)
        .sort('H'),
    M::text(
        "NODE",
        14,
        |world, i| text(pod(world, i.member).and_then(|p| p.node.as_deref())),
        |world, i| text_key(pod(world, i.member).and_then(|p| p.node.as_deref())),
    )
    .rank(4)
    .sort('E')
    .read_from(pods_state),
    M::text(
        "INSTANCE",
        16,
        |_, i| text(i.member.instance.as_deref()),
        |_, i| text_key(i.member.instance.as_deref()),
    )
    .rank(5)
    .sort('I'),
];

fn host(member: &Member) -> &str {
    member.host.strip_prefix('/').unwrap_or(&member.host)
}

struct Shares;

/// A group's part in one partition: committed, assigned, or both.
#[derive(Clone, Copy)]
struct Share<'a> {
    group: &'a Group,
    topic: &'a TopicName,
    partition: i32,
    committed: Option<i64>,
    ends: &'a [i64],
    member: Option<&'a Member>,
}

impl Share<'_> {
    fn lag(&self) -> Option<u64> {
        lag(self.committed?, self.ends, self.partition)
    }

    fn end(&self) -> Option<u64> {
        u64::try_from(*self.ends.get(usize::try_from(self.partition).ok()?)?).ok()
    }
}

/// Commits in topic order, each topic followed by what is assigned of it without a commit.
fn shares<'a>(world: &World<'a>, group: &'a Group, shares: &mut Vec<Share<'a>>) {
    let mut readers: BTreeMap<&TopicName, Vec<(&[i32], &Member)>> = BTreeMap::new();
    for member in &group.members {
        for assigned in &member.assignment {
            readers.entry(&assigned.topic).or_default().push((&assigned.partitions, member));
        }
    }
    for commits in commits(group).chunk_by(|a, b| a.topic == b.topic) {
        let topic = &commits[0].topic;
        let readers = readers.remove(topic).unwrap_or_default();
        of_topic(world, group, topic, commits, &readers, shares);
    }
    for (topic, readers) in readers {
        of_topic(world, group, topic, &[], &readers, shares);
    }
}

fn of_topic<'a>(
    world: &World<'a>,
    group: &'a Group,
    topic: &'a TopicName,
    commits: &'a [Committed],
    readers: &[(&[i32], &'a Member)],
    shares: &mut Vec<Share<'a>>,
) {
    let ends = world.snapshot.kafka.ends.get(topic).map_or(&[][..], |e| e);
    let share = |partition, committed, member| Share { group, topic, partition, committed, ends, member };
    let read = readers.iter().flat_map(|(partitions, member)| partitions.iter().map(|p| (*p, *member)));
    let mut readers: Vec<(i32, &Member)> = read.collect();
    readers.sort_unstable_by_key(|(partition, _)| *partition);
    readers.dedup_by_key(|(partition, _)| *partition);
    let mut readers = readers.into_iter().peekable();
    // What is read, but nothing of it was ever committed.
    let mut uncommitted = Vec::new();
    for c in commits {
        uncommitted.extend(std::iter::from_fn(|| readers.next_if(|(p, _)| *p < c.partition)));
        let reader = readers.next_if(|(p, _)| *p == c.partition).map(|(_, member)| member);
        shares.push(share(c.partition, Some(c.offset), reader));
    }
    uncommitted.extend(readers);
    shares.extend(uncommitted.into_iter().map(|(partition, member)| share(partition, None, Some(member))));
}

fn commits(group: &Group) -> &[Committed] {
    group.offsets.last().map_or(&[], |c| c)
}

impl Rows for Shares {
    type Item<'a> = Share<'a>;

    fn noun(&self) -> &'static str {
        "partitions"
    }

    fn columns(&self) -> &'static [Column<Self>] {
        SHARES
    }

    fn items<'a>(&self, world: &World<'a>, scope: Option<&Object>) -> Vec<Share<'a>> {
        let groups = groups(world, scope);
        let mut items = Vec::with_capacity(groups.iter().map(|group| commits(group).len()).sum());
        groups.into_iter().for_each(|group| shares(world, group, &mut items));
        let Some(scope) = scope else { return items };
        items.retain(|i| match scope {
            Object::Member(_, id) => i.member.is_some_and(|m| m.id == *id),
            Object::GroupPartition(_, topic, p) => i.topic == topic && i.partition == *p,
            Object::Topic(topic) => i.topic == topic,
            Object::Kube { key, .. } => i.member.is_some_and(|m| pod_key(world, m) == Some(key)),
            _ => true,
        });
        items
    }

    fn usual(&self) -> Option<Sort> {
        let column = SHARES.iter().position(|c| c.title == LAG)?;
        Some(Sort { column, descending: true })
    }

    fn object(&self, i: Share<'_>) -> Object {
        Object::GroupPartition(i.group.id.clone(), i.topic.clone(), i.partition)
    }

    fn find<'a>(&self, world: &World<'a>, object: &Object) -> Option<Share<'a>> {
        let Object::GroupPartition(group, topic, partition) = object else { return None };
        let kafka = &world.snapshot.kafka;
        let group = kafka.groups.get(group)?;
        let (topic, _) = kafka.topics.get_key_value(topic)?;
        let commit = commits(group).iter().find(|c| c.topic == *topic && c.partition == *partition);
        let reads =
            |m: &&Member| m.assignment.iter().any(|a| a.topic == *topic && a.partitions.contains(partition));
        let member = group.members.iter().find(reads);
        (commit.is_some() || member.is_some()).then_some(Share {
            group,
            topic,
            partition: *partition,
            committed: commit.map(|c| c.offset),
            ends: kafka.ends.get(topic).map_or(&[][..], |e| e),
            member,
        })
    }

    fn search(&self, i: Share<'_>, try_word: &mut dyn FnMut(&str) -> bool) -> bool {
        try_word(i.topic) || try_word(&i.group.id) || i.member.is_some_and(|m| try_word(&m.client_id))
    }

    /// Behind, and nobody reads it.
    fn fault(&self, _world: &World<'_>, i: Share<'_>) -> bool {
        i.member.is_none() && i.lag().is_some_and(|lag| lag > 0)
    }

    fn state(&self, world: &World<'_>) -> State {
        world.snapshot.kafka.groups_feed.state(world.now)
    }

    fn drill(&self, world: &World<'_>, i: Share<'_>) -> Option<Place> {
        to_pod(world, i.group, i.member?)
    }
}

fn offsets_state(world: &World<'_>, i: Share<'_>) -> State {
    i.group.offsets.state(world.now)
}

fn ends_state(world: &World<'_>, i: Share<'_>) -> State {
    world.snapshot.kafka.end_state(i.topic, i.partition, world.now)
}

fn lag_state(world: &World<'_>, i: Share<'_>) -> State {
    offsets_state(world, i).worse(ends_state(world, i))
}

fn reader(i: Share<'_>) -> Option<&Text> {
    i.member.map(|m| &m.client_id)
}

type S = Column<Shares>;

/// Furthest behind comes first.
const LAG: &str = "LAG";

static SHARES: &[S] = &[
    S::text("GROUP", 14, |_, i| Cell::plain(i.group.id.to_string()), |_, i| SortKey::Text(&i.group.id))
        .sort('N'),
    S::wide(
        "TOPIC",
        14,
        |_, i| Cell::toned(i.topic.to_string(), Tone::Strong),
        |_, i| SortKey::Text(i.topic),
    )
    .sort('T'),
    S::number(
        "#",
        5,
        |_, i| Cell::toned(i.partition.to_string(), Tone::Strong),
        |_, i| SortKey::Number(f64::from(i.partition)),
    )
    .sort('P'),
    S::number(LAG, 8, |_, i| lag_cell(i), |_, i| key(i.lag().map(|n| n as f64)))
        .sort('L')
        .read_from(lag_state),
    S::number(
        "COMMITTED",
        11,
        |_, i| count(i.committed.and_then(|c| u64::try_from(c).ok())),
        |_, i| key(i.committed.map(|c| c as f64)),
    )
    .rank(1)
    .sort('C')
    .read_from(offsets_state),
    S::number("LOG END", 11, |_, i| count(i.end()), |_, i| key(i.end().map(|n| n as f64)))
        .rank(1)
        .sort('E')
        .read_from(ends_state),
    S::text(
        "POD",
        24,
        |world, i| {
            let pod = i.member.and_then(|m| pod_key(world, m)).map(|k| &k.name);
            match (pod, reader(i)) {
                (Some(pod), _) => Cell::plain(pod.to_string()),
                (None, Some(client)) => Cell::plain(client.to_string()),
                (None, None) => Cell::toned("nobody", Tone::Muted),
            }
        },
        |_, i| text_key(reader(i).map(|c| &**c)),
    )
    .sort('O'),
];

fn lag_cell(i: Share<'_>) -> Cell {
    let nobody = i.member.is_none() && i.lag().is_some_and(|lag| lag > 0);
    Cell { tone: if nobody { Tone::Warning } else { Tone::Plain }, ..count(i.lag()) }
}
