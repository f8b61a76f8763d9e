//! How long the work takes on a big cluster: 10,000 pods, 10,000 topics with 200,000 partitions, 2,000
//! groups. A key's frame must come within 16 ms: what is measured here is its larger part.

#[path = "../tests/world/mod.rs"]
mod world;

use castellan::{
    domain::{
        derived::Derived,
        kafka::KafkaDelta,
        kubernetes::{KubernetesDelta, TableDelta},
        snapshot::Delta,
    },
    pane::{self, Block, Query, Sort, Table},
};
use divan::{Bencher, black_box};
use std::sync::LazyLock;
use world::{Fixture, LARGE, Mood, NOW, fixture};

/// So many rows are painted at once.
const VISIBLE: usize = 50;

static WORLD: LazyLock<Fixture> = LazyLock::new(|| fixture(Mood::Degraded, LARGE));

fn main() {
    LazyLock::force(&WORLD);
    divan::main();
}

#[divan::bench]
fn derive_everything(bencher: Bencher) {
    bencher.bench(|| Derived::of(black_box(&WORLD.snapshot), NOW, None));
}

#[divan::bench]
fn update_one_pod(bencher: Bencher) {
    let mut snapshot = WORLD.snapshot.clone();
    let pod = snapshot.kubernetes.pods.iter().nth(5_000).cloned();
    let mut restarts = 0;
    bencher.bench_local(|| {
        let Some(mut row) = pod.clone() else { return };
        restarts += 1;
        row.containers[0].restarts = restarts;
        snapshot.apply(Delta::from(KubernetesDelta::Pods(TableDelta::Put { row, at: NOW })));
    });
}

#[divan::bench]
fn update_log_ends_of_1000_topics(bencher: Bencher) {
    let mut snapshot = WORLD.snapshot.clone();
    let changed: Vec<_> =
        snapshot.kafka.ends.iter().take(1_000).map(|(topic, ends)| (topic.clone(), ends.clone())).collect();
    bencher.bench_local(|| {
        let ends = KafkaDelta::Ends { changed: changed.clone(), at: NOW };
        snapshot.apply(ends.into());
    });
}

fn tables(name: &str) -> Vec<&'static dyn Table> {
    let blocks = pane::find(name).map_or(&[][..], |p| p.blocks);
    let table = |block: &'static Block| match block {
        Block::Table { table, .. } => Some(*table),
        _ => None,
    };
    blocks.iter().filter_map(table).collect()
}

fn names() -> Vec<&'static str> {
    pane::PANES.iter().map(|p| p.name).filter(|name| !tables(name).is_empty()).collect()
}

/// What changed: every row in its order anew.
#[divan::bench(args = names())]
fn arrange(bencher: Bencher, name: &str) {
    bencher.bench(|| {
        let arrange = |table: &dyn Table| table.arrange(&WORLD.world(), &Query::default()).len();
        tables(name).into_iter().map(arrange).sum::<usize>()
    });
}

/// By the last column that sorts, the costliest.
#[divan::bench(args = names())]
fn arrange_sorted(bencher: Bencher, name: &str) {
    bencher.bench(|| {
        let arrange = |table: &dyn Table| {
            let column = table.headings().iter().rposition(|h| h.sort.is_some()).unwrap_or_default();
            let sort = Some(Sort { column, descending: true });
            table.arrange(&WORLD.world(), &Query { sort, ..Query::default() }).len()
        };
        tables(name).into_iter().map(arrange).sum::<usize>()
    });
}

/// What every frame does: the cells of the rows in sight.
#[divan::bench(args = names())]
fn visible_cells(bencher: Bencher, name: &str) {
    let world = WORLD.world();
    let rows: Vec<_> = tables(name)
        .into_iter()
        .map(|table| {
            let mut objects = table.arrange(&world, &Query::default());
            objects.truncate(VISIBLE);
            (table, objects)
        })
        .collect();
    bencher.bench(|| {
        for (table, objects) in &rows {
            let all: Vec<usize> = (0..table.headings().len()).collect();
            for object in objects {
                black_box(table.cells(&WORLD.world(), object, &all));
            }
        }
    });
}
