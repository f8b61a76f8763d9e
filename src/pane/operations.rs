//! What castellan itself does to the cluster, and what a castellan before this one had begun.

use super::{Block, Cell, Column, Figure, Pane, Rows, SortKey, Tone, World, format::key};
use crate::domain::{
    human,
    object::Object,
    operation::{Operation, Stage},
    reading::State,
    time::age,
};

pub static PANE: Pane = Pane {
    name: "operations",
    aliases: &["ops", "operation"],
    about: "What castellan does to the cluster: running, stuck, done, or left by one before",
    blocks: &[Block::Table { table: &Operations, heading: "", weight: 1, spare: false }],
};

struct Operations;

impl Rows for Operations {
    type Item<'a> = &'a Operation;

    fn noun(&self) -> &'static str {
        "operations"
    }

    fn columns(&self) -> &'static [Column<Self>] {
        COLUMNS
    }

    /// The newest first.
    fn items<'a>(&self, world: &World<'a>, scope: Option<&Object>) -> Vec<&'a Operation> {
        let all = world.snapshot.operations.iter().rev();
        all.filter(|o| scope.is_none_or(|s| *s == Object::Operation(o.id.clone()))).collect()
    }

    fn object(&self, operation: &Operation) -> Object {
        Object::Operation(operation.id.clone())
    }

    fn find<'a>(&self, world: &World<'a>, object: &Object) -> Option<&'a Operation> {
        let Object::Operation(id) = object else { return None };
        world.snapshot.operations.iter().find(|o| o.id == *id)
    }

    fn search(&self, operation: &Operation, try_word: &mut dyn FnMut(&str) -> bool) -> bool {
        try_word(&operation.title) || try_word(operation.stage.word())
    }

    fn fault(&self, _world: &World<'_>, operation: &Operation) -> bool {
        matches!(operation.stage, Stage::Stuck | Stage::Paused | Stage::Failed | Stage::Left)
    }

    /// castellan knows what it does.
    fn state(&self, _world: &World<'_>) -> State {
        State::Live
    }
}

fn tone(stage: Stage) -> Tone {
    match stage {
        Stage::Running | Stage::Watched | Stage::Cancelled | Stage::GivenUp => Tone::Plain,
        Stage::Stuck | Stage::Paused | Stage::Left => Tone::Warning,
        Stage::Done => Tone::Good,
        Stage::Failed => Tone::Critical,
    }
}

fn step(operation: &Operation) -> Cell {
    let (at, all) = (operation.at, operation.steps.len());
    let at = if operation.stage == Stage::Done { all } else { (at + 1).min(all) };
    Cell::plain(format!("{at}/{all}"))
}

fn share(operation: &Operation) -> Cell {
    operation
        .share
        .map_or_else(Cell::empty, |share| Cell::plain(human::percent(share)).drawing(Figure::Gauge(share)))
}

fn left(operation: &Operation) -> Cell {
    operation.left.map_or_else(Cell::empty, |left| Cell::plain(age(left)))
}

type C = Column<Operations>;

static COLUMNS: &[C] = &[
    C::wide(
        "OPERATION",
        20,
        |_, o| Cell::toned(o.title.clone(), Tone::Strong),
        |_, o| SortKey::Text(&o.title),
    )
    .sort('O'),
    C::text(
        "STATE",
        9,
        |_, o| Cell::toned(o.stage.word(), tone(o.stage)),
        |_, o| SortKey::Text(o.stage.word()),
    )
    .sort('S'),
    C::number("DONE", 10, |_, o| share(o), |_, o| key(o.share)).sort('D'),
    C::number("LEFT", 5, |_, o| left(o), |_, o| key(o.left.map(|left| left.as_secs_f64()))).sort('L'),
    C::number("STEP", 5, |_, o| step(o), |_, o| SortKey::Number(o.at as f64)).rank(2).sort('P'),
    C::number(
        "SINCE",
        6,
        |world, o| Cell::plain(age(world.now.since(o.since))),
        |_, o| SortKey::Number(o.since.0 as f64),
    )
    .sort('I'),
    C::number(
        "BEGAN",
        6,
        |world, o| Cell::plain(age(world.now.since(o.began))),
        |_, o| SortKey::Number(o.began.0 as f64),
    )
    .rank(2)
    .sort('A'),
    C::wide("HOW IT STANDS", 20, |_, o| Cell::plain(o.words.clone()), |_, o| SortKey::Text(&o.words))
        .sort('H'),
];
