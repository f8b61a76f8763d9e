//! The contexts of the kubeconfig.

use super::{
    Block, Cell, Column, Pane, Rows, SortKey, Tone, World,
    format::{text, text_key},
};
use crate::domain::{context::Context, object::Object, reading::State};

pub static PANE: Pane = Pane {
    name: "contexts",
    aliases: &[],
    about: "The kubeconfig's contexts: cluster, user and namespace of each, and which one this is",
    blocks: &[Block::Table { table: &Contexts, heading: "", weight: 1, spare: false }],
};

struct Contexts;

impl Rows for Contexts {
    type Item<'a> = &'a Context;

    fn noun(&self) -> &'static str {
        "contexts"
    }

    fn columns(&self) -> &'static [Column<Self>] {
        COLUMNS
    }

    fn items<'a>(&self, world: &World<'a>, _scope: Option<&Object>) -> Vec<&'a Context> {
        world.snapshot.contexts.all.iter().collect()
    }

    fn object(&self, context: &Context) -> Object {
        Object::Context(context.name.clone())
    }

    fn find<'a>(&self, world: &World<'a>, object: &Object) -> Option<&'a Context> {
        let Object::Context(name) = object else { return None };
        world.snapshot.contexts.all.iter().find(|c| c.name == *name)
    }

    fn search(&self, context: &Context, try_word: &mut dyn FnMut(&str) -> bool) -> bool {
        [&context.name, &context.cluster, &context.user, &context.namespace].into_iter().any(|w| try_word(w))
    }

    fn fault(&self, _world: &World<'_>, _context: &Context) -> bool {
        false
    }

    /// They were read when castellan started, and hold as long as it runs.
    fn state(&self, _world: &World<'_>) -> State {
        State::Live
    }
}

fn is_present(world: &World<'_>, context: &Context) -> bool {
    world.snapshot.contexts.present == context.name
}

fn namespace(context: &Context) -> &str {
    if context.namespace.is_empty() { "default" } else { &context.namespace }
}

type C = Column<Contexts>;

static COLUMNS: &[C] = &[
    C::wide(
        "CONTEXT",
        16,
        |_, c| Cell::toned(c.name.to_string(), Tone::Strong),
        |_, c| SortKey::Text(&c.name),
    )
    .sort('N'),
    C::text(
        "HERE",
        4,
        |world, c| Cell::toned(if is_present(world, c) { "yes" } else { "" }, Tone::Good),
        |world, c| SortKey::Number(f64::from(u8::from(is_present(world, c)))),
    )
    .sort('H'),
    C::text("CLUSTER", 20, |_, c| text(Some(&c.cluster)), |_, c| text_key(Some(&c.cluster))).sort('C'),
    C::text("USER", 20, |_, c| text(Some(&c.user)), |_, c| text_key(Some(&c.user))).rank(1).sort('U'),
    C::text("NAMESPACE", 14, |_, c| text(Some(namespace(c))), |_, c| SortKey::Text(namespace(c)))
        .rank(2)
        .sort('P'),
];
