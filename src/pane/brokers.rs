//! Brokers: one row each, joined from the pod, from the broker itself and from its throughput.

use super::{
    Block, Cell, Column, Figure, Pane, Place, Rows, SortKey, Tone, World,
    format::{UNKNOWN, bytes, count, faults, key, text, text_key, unknown},
    pods::tone,
};
use crate::domain::{
    derived::BrokerRow,
    discovery::Bond,
    human,
    kafka::Broker,
    kubernetes::{Meta, Pod},
    object::{Kind, Object},
    reading::State,
    throughput::{Metric, Series, Subject},
};

pub static PANE: Pane = Pane {
    name: "brokers",
    aliases: &["br", "broker"],
    about: "Brokers joined with their pods and their throughput",
    blocks: &[Block::Table { table: &Brokers, heading: "", weight: 1, spare: false }],
};

pub struct Brokers;

impl Rows for Brokers {
    type Item<'a> = &'a BrokerRow;

    fn noun(&self) -> &'static str {
        "brokers"
    }

    fn columns(&self) -> &'static [Column<Self>] {
        COLUMNS
    }

    fn items<'a>(&self, world: &World<'a>, scope: Option<&Object>) -> Vec<&'a BrokerRow> {
        let rows = world.derived.joined.brokers.iter();
        rows.filter(|row| scope.is_none_or(|scope| belongs(world, row, scope))).collect()
    }

    fn object(&self, row: &BrokerRow) -> Object {
        row.object()
    }

    fn find<'a>(&self, world: &World<'a>, object: &Object) -> Option<&'a BrokerRow> {
        world.derived.joined.brokers.iter().find(|row| row.object() == *object)
    }

    fn search(&self, row: &BrokerRow, try_word: &mut dyn FnMut(&str) -> bool) -> bool {
        try_word(&row.name())
            || row.pod.as_ref().is_some_and(|(key, _)| try_word(&key.name))
            || row.node.as_deref().is_some_and(&mut *try_word)
            || row.zone.as_deref().is_some_and(try_word)
    }

    fn fault(&self, world: &World<'_>, row: &BrokerRow) -> bool {
        let t = &row.tally;
        let well = pod(world, row).is_some_and(Pod::is_ready) || row.pod.is_none();
        !well
            || condition(world, row).tone != Tone::Plain
            || t.under_replicated + t.under_min + t.out_of_sync > 0
    }

    fn state(&self, world: &World<'_>) -> State {
        world.snapshot.kafka.cluster_feed.state(world.now)
    }

    fn drill(&self, _world: &World<'_>, row: &BrokerRow) -> Option<Place> {
        match row.id {
            Some(id) => Some(Place { pane: "partitions", scope: Some(Object::Broker(id)) }),
            None => Some(Place { pane: "pods", scope: row.pod_object() }),
        }
    }

    fn meta<'a>(&self, world: &World<'a>, row: &'a BrokerRow) -> Option<&'a Meta> {
        pod(world, row).map(|pod| &pod.meta)
    }
}

/// A broker belongs to itself, to its pod and node, and to what owns its pod.
fn belongs(world: &World<'_>, row: &BrokerRow, scope: &Object) -> bool {
    match scope {
        Object::Broker(id) => row.id == Some(*id),
        Object::Kube { kind: Kind::Node, key, .. } => row.node.as_ref() == Some(&key.name),
        Object::Kube { kind: Kind::Pod, .. } => row.pod_object().as_ref() == Some(scope),
        Object::Kube { uid, .. } => pod(world, row)
            .is_some_and(|p| world.snapshot.kubernetes.owners(&p.meta).iter().any(|owner| owner.uid == *uid)),
        Object::Cluster(name) => world.derived.cluster.as_ref() == Some(name),
        _ => false,
    }
}

fn pod<'a>(world: &World<'a>, row: &BrokerRow) -> Option<&'a Pod> {
    world.snapshot.kubernetes.pods.get(&row.pod.as_ref()?.0)
}

fn broker<'a>(world: &World<'a>, row: &BrokerRow) -> Option<&'a Broker> {
    world.snapshot.kafka.brokers.get(&row.id?)
}

/// What Kafka says of the broker: `gone` from its metadata, `silent`, or `up`.
pub fn standing(world: &World<'_>, row: &BrokerRow) -> Option<&'static str> {
    Some(match broker(world, row)? {
        b if !b.registered => "gone",
        b if b.contact.feed.failure().is_some() => "silent",
        _ => "up",
    })
}

/// The same, and whether it is in charge.
fn condition(world: &World<'_>, row: &BrokerRow) -> Cell {
    match standing(world, row) {
        None => unknown(),
        Some("up") if row.controller => Cell::plain("up ctrl"),
        Some("up") => Cell::plain("up"),
        Some(word) => Cell::toned(word, Tone::Critical),
    }
}

fn pods_state(world: &World<'_>, _row: &BrokerRow) -> State {
    world.snapshot.kubernetes.pods.feed.state(world.now)
}

fn nodes_state(world: &World<'_>, row: &BrokerRow) -> State {
    world.snapshot.kubernetes.nodes.feed.state(world.now).worse(pods_state(world, row))
}

fn topics_state(world: &World<'_>, _row: &BrokerRow) -> State {
    world.snapshot.kafka.topics_feed.state(world.now)
}

/// Disks are read seldom; that the broker is silent is known sooner.
fn disk_state(world: &World<'_>, row: &BrokerRow) -> State {
    let state = |b: &Broker| b.log_dirs.state(world.now).worse(b.contact.state(world.now));
    broker(world, row).map_or(State::Live, state)
}

fn rates_state(world: &World<'_>, row: &BrokerRow) -> State {
    let throughput = &world.snapshot.throughput;
    match row.id {
        Some(id) => throughput.state(Metric::BytesIn, &Subject::Broker(id), world.now),
        None => throughput.origin.state(world.now),
    }
}

fn series<'a>(world: &World<'a>, row: &BrokerRow, metric: Metric) -> Option<&'a Series> {
    world.snapshot.throughput.series(metric, Subject::Broker(row.id?))
}

fn rate(world: &World<'_>, row: &BrokerRow, metric: Metric) -> Option<f64> {
    world.snapshot.throughput.rate(metric, &Subject::Broker(row.id?), world.now).0
}

/// After a broker's return there is no rate for a while.
fn byte_rate(world: &World<'_>, row: &BrokerRow, metric: Metric) -> Cell {
    match rate(world, row, metric) {
        Some(rate) => Cell::plain(human::byte_rate(rate)),
        None if matches!(rates_state(world, row), State::Pending(_)) => Cell::toned("pending", Tone::Muted),
        None => unknown(),
    }
}

/// A count of the broker's partitions; a row without a broker has none to count.
fn tallied(row: &BrokerRow, n: u32) -> Option<u64> {
    row.id.map(|_| u64::from(n))
}

fn faulty(row: &BrokerRow, n: u32, tone: Tone) -> Cell {
    if row.id.is_some() { faults(n, tone) } else { unknown() }
}

fn disk(row: &BrokerRow) -> Cell {
    match row.disk.and_then(|d| d.share()) {
        None => bytes(row.disk.map(|d| d.replicas)),
        Some(share) => {
            let tone = match share {
                s if s >= 0.95 => Tone::Critical,
                s if s >= 0.85 => Tone::Warning,
                _ => Tone::Plain,
            };
            Cell::toned(human::percent(share), tone)
        }
    }
}

fn pod_name(row: &BrokerRow) -> Cell {
    let Some((key, _)) = &row.pod else { return unknown() };
    let mark = if row.bond == Some(Bond::Unverified) { "?" } else { "" };
    Cell::toned(format!("{}{mark}", key.name), Tone::Strong)
}

type C = Column<Brokers>;

static COLUMNS: &[C] = &[
    C::number(
        "ID",
        3,
        |_, r| Cell::toned(r.id.map_or_else(|| UNKNOWN.to_string(), |id| id.to_string()), Tone::Strong),
        |_, r| key(r.id.map(|id| f64::from(id.0))),
    )
    .sort('N'),
    C::wide("POD", 8, |_, r| pod_name(r), |_, r| text_key(r.pod.as_ref().map(|(key, _)| &*key.name)))
        .sort('P')
        .read_from(pods_state),
    C::text(
        "STATUS",
        16,
        |world, r| {
            pod(world, r).map_or_else(unknown, |p| Cell::toned(p.status().status.into_owned(), tone(p)))
        },
        |world, r| pod(world, r).map_or(SortKey::Unknown, |p| SortKey::Owned(p.status().status.into_owned())),
    )
    .sort('S')
    .read_from(pods_state),
    C::number(
        "RST",
        3,
        |world, r| count(pod(world, r).map(|p| p.status().restarts)),
        |world, r| key(pod(world, r).map(|p| p.status().restarts as f64)),
    )
    .sort('T')
    .read_from(pods_state),
    C::text("KAFKA", 7, condition, |world, r| SortKey::Owned(condition(world, r).text.into_owned()))
        .sort('K'),
    C::number(
        "PART",
        7,
        |_, r| count(tallied(r, r.tally.replicas)),
        |_, r| key(tallied(r, r.tally.replicas).map(|n| n as f64)),
    )
    .rank(3)
    .sort('R')
    .read_from(topics_state),
    C::number(
        "LEAD",
        5,
        |_, r| count(tallied(r, r.tally.leaders)),
        |_, r| key(tallied(r, r.tally.leaders).map(|n| n as f64)),
    )
    .rank(1)
    .sort('L')
    .read_from(topics_state),
    C::number(
        "URP",
        4,
        |_, r| faulty(r, r.tally.under_replicated, Tone::Warning),
        |_, r| key(tallied(r, r.tally.under_replicated).map(|n| n as f64)),
    )
    .sort('U')
    .read_from(topics_state),
    C::number(
        "MIN",
        4,
        |_, r| faulty(r, r.tally.under_min, Tone::Critical),
        |_, r| key(tallied(r, r.tally.under_min).map(|n| n as f64)),
    )
    .sort('M')
    .read_from(topics_state),
    C::number(
        "OOS",
        4,
        |_, r| faulty(r, r.tally.out_of_sync, Tone::Warning),
        |_, r| key(tallied(r, r.tally.out_of_sync).map(|n| n as f64)),
    )
    .rank(2)
    .sort('O')
    .read_from(topics_state),
    C::number("DISK", 5, |_, r| disk(r), |_, r| key(r.disk.and_then(|d| d.share())))
        .rank(1)
        .sort('D')
        .read_from(disk_state),
    C::text(
        "IN 15m",
        9,
        |world, r| {
            let points = series(world, r, Metric::BytesIn)
                .map_or_else(Vec::new, |s| s.points().map(|(_, v)| Some(v)).collect());
            Cell::empty().drawing(Figure::Spark(points))
        },
        |world, r| key(rate(world, r, Metric::BytesIn)),
    )
    .rank(1)
    .read_from(rates_state),
    C::number(
        "IN/s",
        11,
        |world, r| byte_rate(world, r, Metric::BytesIn),
        |world, r| key(rate(world, r, Metric::BytesIn)),
    )
    .rank(2)
    .sort('I')
    .read_from(rates_state),
    C::number(
        "OUT/s",
        11,
        |world, r| byte_rate(world, r, Metric::BytesOut),
        |world, r| key(rate(world, r, Metric::BytesOut)),
    )
    .rank(3)
    .sort('B')
    .read_from(rates_state),
    C::text("ZONE", 8, |_, r| text(r.zone.as_deref()), |_, r| text_key(r.zone.as_deref()))
        .rank(2)
        .sort('Z')
        .read_from(nodes_state),
    C::text("NODE", 12, |_, r| text(r.node.as_deref()), |_, r| text_key(r.node.as_deref()))
        .rank(3)
        .sort('E')
        .read_from(pods_state),
    C::text("RACK", 8, |world, r| text(rack(world, r)), |world, r| text_key(rack(world, r)))
        .rank(4)
        .sort('C'),
    C::text("ADVERTISED", 30, |world, r| text(host(world, r)), |world, r| text_key(host(world, r)))
        .rank(5)
        .sort('H'),
];

fn rack<'a>(world: &World<'a>, row: &BrokerRow) -> Option<&'a str> {
    broker(world, row)?.rack.as_deref()
}

fn host<'a>(world: &World<'a>, row: &BrokerRow) -> Option<&'a str> {
    broker(world, row).map(|b| &*b.host)
}
