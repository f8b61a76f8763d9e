//! Consumer groups, worst first.

use super::{
    Block, Cell, Column, Pane, Place, Rows, SortKey, Tone, World,
    format::{count, key, text, text_key, unknown},
};
use crate::domain::{
    derived::GroupRow,
    human,
    kafka::{Group, GroupState},
    object::Object,
    reading::State,
    time::age,
};

pub static PANE: Pane = Pane {
    name: "groups",
    aliases: &["cg", "group", "consumergroups"],
    about: "Consumer groups, worst first: state, lag in messages and in time",
    blocks: &[Block::Table { table: &Groups, heading: "", weight: 1, spare: false }],
};

pub struct Groups;

#[derive(Clone, Copy)]
pub struct Item<'a> {
    group: &'a Group,
    row: &'a GroupRow,
}

impl Rows for Groups {
    type Item<'a> = Item<'a>;

    fn noun(&self) -> &'static str {
        "groups"
    }

    fn columns(&self) -> &'static [Column<Self>] {
        COLUMNS
    }

    fn items<'a>(&self, world: &World<'a>, scope: Option<&Object>) -> Vec<Item<'a>> {
        let groups = &world.snapshot.kafka.groups;
        let rows = world.derived.joined.groups.iter();
        let items = rows.filter_map(|row| Some(Item { group: groups.get(&row.id)?, row }));
        items.filter(|item| scope.is_none_or(|scope| belongs(world, item.group, scope))).collect()
    }

    fn object(&self, item: Item<'_>) -> Object {
        Object::Group(item.group.id.clone())
    }

    fn find<'a>(&self, world: &World<'a>, object: &Object) -> Option<Item<'a>> {
        let Object::Group(id) = object else { return None };
        Some(Item { group: world.snapshot.kafka.groups.get(id)?, row: world.derived.joined.groups.get(id)? })
    }

    fn search(&self, item: Item<'_>, try_word: &mut dyn FnMut(&str) -> bool) -> bool {
        try_word(&item.group.id) || try_word(item.group.state.name())
    }

    fn fault(&self, _world: &World<'_>, item: Item<'_>) -> bool {
        item.group.error.is_some() || item.row.trouble().is_some()
    }

    fn state(&self, world: &World<'_>) -> State {
        world.snapshot.kafka.groups_feed.state(world.now)
    }

    fn drill(&self, _world: &World<'_>, item: Item<'_>) -> Option<Place> {
        Some(Place { pane: "members", scope: Some(Object::Group(item.group.id.clone())) })
    }
}

/// A group belongs to the topics it reads, the pods of its members and its coordinator.
fn belongs(world: &World<'_>, group: &Group, scope: &Object) -> bool {
    match scope {
        Object::Group(id) => group.id == *id,
        Object::Topic(topic) => group.offsets.last().is_some_and(|c| c.iter().any(|c| c.topic == *topic)),
        Object::Broker(id) => group.coordinator == Some(*id),
        Object::Kube { key, .. } => {
            group.members.iter().any(|m| world.derived.joined.pods.of_member(m) == Some(key))
        }
        _ => false,
    }
}

/// Lag needs both: what was committed and where the logs end.
fn lag_state(world: &World<'_>, item: Item<'_>) -> State {
    item.group.offsets.state(world.now).worse(world.snapshot.kafka.ends_feed.state(world.now))
}

fn state(group: &Group) -> Cell {
    match group.state {
        _ if group.error.is_some() => Cell::toned("unreadable", Tone::Critical),
        GroupState::Stable => Cell::plain("Stable"),
        GroupState::Rebalancing => Cell::toned("Rebalancing", Tone::Warning),
        other => Cell::toned(other.name(), Tone::Muted),
    }
}

fn lag(row: &GroupRow) -> Cell {
    let Some(lag) = row.lag else { return unknown() };
    // Where some log ends are unknown it is at least this.
    let more = if row.unknown > 0 { "+" } else { "" };
    Cell::toned(format!("{}{more}", human::count(lag)), tone(row))
}

fn tone(row: &GroupRow) -> Tone {
    if row.trouble().is_some() { Tone::Warning } else { Tone::Plain }
}

fn late(row: &GroupRow) -> Cell {
    match row.late {
        None => unknown(),
        Some(late) => Cell::toned(format!("{}{}", age(late), row.trend.arrow()), tone(row)),
    }
}

/// Why it is not told how late a group is that is behind.
pub fn why_not_late(row: &GroupRow) -> Option<&'static str> {
    let behind = row.late.is_none() && (row.unknown > 0 || row.lag.is_some_and(|lag| lag > 0));
    behind.then_some(match row.lag {
        None | Some(0) => "the ends of what it reads are not known",
        Some(_) => "it needs 30 s of history of logs that grow",
    })
}

fn worst(row: &GroupRow) -> String {
    row.worst.as_ref().map_or_else(String::new, |(t, p, _)| format!("{t}-{p}"))
}

type C = Column<Groups>;

static COLUMNS: &[C] = &[
    C::wide(
        "GROUP",
        16,
        |_, i| Cell::toned(i.group.id.to_string(), Tone::Strong),
        |_, i| SortKey::Text(&i.group.id),
    )
    .sort('N'),
    C::text("STATE", 11, |_, i| state(i.group), |_, i| SortKey::Text(i.group.state.name())).sort('S'),
    C::number(
        "MEMBERS",
        7,
        |_, i| count(Some(i.group.members.len() as u64)),
        |_, i| SortKey::Number(i.group.members.len() as f64),
    )
    .rank(1)
    .sort('M'),
    C::number("LAG", 8, |_, i| lag(i.row), |_, i| key(i.row.lag.map(|n| n as f64)))
        .sort('L')
        .read_from(lag_state),
    C::number("LATE", 8, |_, i| late(i.row), |_, i| key(i.row.late.map(|d| d.as_secs_f64())))
        .sort('T')
        .read_from(lag_state),
    C::text(
        "VERDICT",
        14,
        |_, i| i.row.trouble().map_or_else(Cell::empty, |word| Cell::toned(word, Tone::Warning)),
        |_, i| SortKey::Text(i.row.trouble().unwrap_or_default()),
    )
    .rank(1)
    .sort('V')
    .read_from(lag_state),
    C::text("WORST PARTITION", 20, |_, i| Cell::plain(worst(i.row)), |_, i| SortKey::Owned(worst(i.row)))
        .rank(2)
        .sort('P')
        .read_from(lag_state),
    C::text("PROTOCOL", 10, |_, i| text(Some(&i.group.protocol)), |_, i| text_key(Some(&i.group.protocol)))
        .rank(5)
        .sort('O'),
    C::text("ASSIGNOR", 20, |_, i| text(Some(&i.group.assignor)), |_, i| text_key(Some(&i.group.assignor)))
        .rank(5)
        .sort('A'),
    C::number(
        "COORD",
        5,
        |_, i| i.group.coordinator.map_or_else(unknown, |id| Cell::plain(id.to_string())),
        |_, i| key(i.group.coordinator.map(|id| f64::from(id.0))),
    )
    .rank(4)
    .sort('C'),
    C::wide("ERROR", 10, |_, i| error(i.group), |_, i| text_key(i.group.error.as_deref())).rank(6).sort('E'),
];

fn error(group: &Group) -> Cell {
    group.error.as_ref().map_or_else(Cell::empty, |e| Cell::toned(e.to_string(), Tone::Critical))
}
