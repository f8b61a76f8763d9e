//! The Kafka clusters that were found: the picker.

use super::{
    Block, Cell, Column, Pane, Place, Rows, SortKey, Tone, World,
    format::{text, text_key},
};
use crate::domain::{discovery::FoundCluster, human, object::Object, reading::State};

pub static PANE: Pane = Pane {
    name: "clusters",
    aliases: &["cluster", "kafkas", "kafka"],
    about: "The Kafka clusters found among the pods, to choose one",
    blocks: &[Block::Table { table: &Clusters, heading: "", weight: 1, spare: false }],
};

struct Clusters;

impl Rows for Clusters {
    type Item<'a> = &'a FoundCluster;

    fn noun(&self) -> &'static str {
        "Kafka clusters"
    }

    fn columns(&self) -> &'static [Column<Self>] {
        COLUMNS
    }

    fn items<'a>(&self, world: &World<'a>, scope: Option<&Object>) -> Vec<&'a FoundCluster> {
        let all = world.derived.joined.clusters.iter();
        all.filter(|c| scope.is_none_or(|s| *s == Object::Cluster(c.name.clone()))).collect()
    }

    fn object(&self, cluster: &FoundCluster) -> Object {
        Object::Cluster(cluster.name.clone())
    }

    fn find<'a>(&self, world: &World<'a>, object: &Object) -> Option<&'a FoundCluster> {
        let Object::Cluster(name) = object else { return None };
        world.derived.joined.clusters.iter().find(|c| c.name == *name)
    }

    fn search(&self, cluster: &FoundCluster, try_word: &mut dyn FnMut(&str) -> bool) -> bool {
        try_word(&cluster.name)
    }

    fn fault(&self, _world: &World<'_>, cluster: &FoundCluster) -> bool {
        cluster.brokers.is_empty()
    }

    fn state(&self, world: &World<'_>) -> State {
        world.snapshot.kubernetes.pods.feed.state(world.now)
    }

    /// Enter chooses the cluster; what is shown of it is the overview.
    fn drill(&self, _world: &World<'_>, _cluster: &FoundCluster) -> Option<Place> {
        Some(Place { pane: "overview", scope: None })
    }
}

fn bootstrap(cluster: &FoundCluster) -> Option<String> {
    cluster.bootstrap.as_ref().map(|(service, port)| format!("{}:{port}", service.name))
}

type C = Column<Clusters>;

static COLUMNS: &[C] = &[
    C::wide(
        "CLUSTER",
        20,
        |_, c| Cell::toned(c.name.to_string(), Tone::Strong),
        |_, c| SortKey::Text(&c.name),
    )
    .sort('N'),
    C::text(
        "CHOSEN",
        6,
        |world, c| Cell::plain(if chosen(world, c) { "yes" } else { "" }),
        |world, c| SortKey::Number(f64::from(u8::from(chosen(world, c)))),
    )
    .sort('C'),
    C::text("KEEPER", 24, |_, c| Cell::plain(c.keeper.words()), |_, c| SortKey::Text(c.keeper.words()))
        .sort('K'),
    C::number(
        "BROKERS",
        7,
        |_, c| Cell::plain(human::count(c.brokers.len() as u64)),
        |_, c| SortKey::Number(c.brokers.len() as f64),
    )
    .sort('B'),
    C::text(
        "BOOTSTRAP",
        30,
        |_, c| text(bootstrap(c).as_deref()),
        |_, c| bootstrap(c).map_or(SortKey::Unknown, SortKey::Owned),
    )
    .rank(1)
    .sort('T'),
    C::text("NAMESPACE", 14, |_, c| text(Some(&c.namespace)), |_, c| text_key(Some(&c.namespace)))
        .rank(2)
        .sort('P'),
];

fn chosen(world: &World<'_>, cluster: &FoundCluster) -> bool {
    !world.derived.joined.undecided && world.derived.cluster.as_ref() == Some(&cluster.name)
}
