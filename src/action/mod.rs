//! What can be done to the cluster. One file a verb; each makes a [`Plan`] from what is known, purely.
//!
//! To add a verb: a file here and a line in [`VERBS`]. Its keys, its place in help, palette and README, its
//! permissions and its friction are all read from there.

pub mod course;
pub mod goal;
pub mod journal;
pub mod plan;
pub mod radius;
pub mod task;
pub mod workflow;
pub mod write;

mod cancel;
mod cordon;
mod delete;
mod elect;
mod evict;
pub mod groups;
mod owner;
pub mod rate;
mod reassign;
pub mod report;
mod restart;
pub mod rights;
mod runbook;
mod scale;
mod target;
mod topics;
mod words;
mod workload;

#[cfg(test)]
mod tests;

pub use goal::{Goal, Sight};
pub use plan::{Friction, Intent, Note, Plan, Risk, Step};
pub use radius::{Absence, Radius};
pub use rights::{Act, May};
pub use write::{Said, Write};

use crate::domain::{
    access::{KafkaPermission, Permission},
    ask::OffsetQuery,
    discovery::Keeper,
    object::{Kind, Object},
    world::World,
};
use target::Target;

/// What plans are made from.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    pub world: World<'a>,
    pub policy: Policy,
}

/// The user's own limits, from the configuration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Policy {
    /// Replicas in sync that must be left above min ISR (strimzi#13031).
    pub headroom: usize,
    /// How full a broker's fullest volume may become, from 0 to 1.
    pub disk: f64,
}

impl Default for Policy {
    fn default() -> Self {
        Policy { headroom: 0, disk: 0.85 }
    }
}

/// One verb.
pub struct Verb {
    /// The command's name (`:scale`), in the journal and in the configuration's `[keys]`, too.
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    pub keys: &'static [&'static str],
    /// A few words for help and footer.
    pub about: &'static str,
    /// The least friction; a plan may ask for more.
    pub friction: Friction,
    /// What is typed before a plan can be made.
    pub argument: Option<Argument>,
    /// What its plans may write; its permissions follow from that.
    pub acts: &'static [May],
    /// Whether it acts on this object, else why not. None: it was called with nothing selected.
    pub takes: fn(&Known<'_>, Option<&Object>) -> Result<(), String>,
    /// It acts on nothing that is there already, whatever is selected.
    pub alone: bool,
    /// It can act on many marked objects at once.
    pub many: bool,
    /// What is typed for it may be what no file should hold: the journal does not keep it.
    pub private: bool,
    /// Where in the logs of which partitions has to be known before a plan can be made of the argument: what
    /// Kafka answers is put below it ([`groups::answered`]).
    pub lookup: fn(&Known<'_>, &Intent) -> Option<OffsetQuery>,
    /// The plan, or why there can be none, in one sentence that says what to do.
    pub plan: fn(&Known<'_>, &Intent) -> Result<Plan, String>,
}

impl Verb {
    /// A verb without keys or argument, confirmed by a `y`, that takes nothing; the rest is laid over it.
    pub const PLAIN: Verb = Verb {
        name: "",
        aliases: &[],
        keys: &[],
        about: "",
        friction: Friction::Yes,
        argument: None,
        acts: &[],
        takes: |_, _| Err("it acts on nothing".into()),
        alone: false,
        many: false,
        private: false,
        lookup: |_, _| None,
        plan: |_, _| Err("it plans nothing".into()),
    };
}

/// What is typed for a verb.
pub struct Argument {
    /// The prompt's word: `replicas`.
    pub name: &'static str,
    /// The text to begin with.
    pub proposal: fn(&Known<'_>, &[Object]) -> String,
    pub choices: fn(&Known<'_>, &[Object]) -> Vec<String>,
    /// It is a file whose contents are the argument when it begins with `@`.
    pub file: bool,
}

/// A permission that a kind of write needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    Kubernetes(Permission),
    Kafka(KafkaPermission),
}

/// Which objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    Any,
    Kind(Kind),
    Topics,
    Brokers,
    /// Pods that this operator keeps, and all the others.
    KeptBy(Keeper),
    NotKeptBy(Keeper),
}

impl Of {
    fn holds(self, known: &Known<'_>, object: Option<&Object>) -> bool {
        let keeper = || Target::of(known, object).ok().and_then(|target| target.keeper);
        match (self, object) {
            (Of::Kind(of), Some(Object::Kube { kind, .. })) => *kind == of,
            (Of::Topics, object) => matches!(object, Some(Object::Topic(_) | Object::Partition(..))),
            (Of::Brokers, object) => matches!(object, Some(Object::Broker(_))),
            (Of::KeptBy(of), Some(_)) => keeper() == Some(of),
            (Of::NotKeptBy(of), Some(_)) => keeper() != Some(of),
            _ => true,
        }
    }
}

/// Every verb, in the order in which help and README show them.
pub static VERBS: &[&Verb] = &[
    &scale::SCALE,
    &restart::RESTART,
    &runbook::roll::ROLL,
    &runbook::replace::REPLACE,
    &runbook::unthrottle::UNTHROTTLE,
    &evict::EVICT,
    &delete::DELETE,
    &cordon::CORDON,
    &cordon::UNCORDON,
    &runbook::drain_node::DRAIN,
    &reassign::REASSIGN,
    &cancel::CANCEL,
    &elect::ELECT,
    &runbook::rebalance::REBALANCE,
    &runbook::drain_broker::DRAIN_BROKER,
    &runbook::scale_out::SCALE_OUT,
    &runbook::set_replication::SET_REPLICATION,
    &runbook::repair_racks::REPAIR_RACKS,
    &topics::create::CREATE,
    &topics::grow::ADD,
    &topics::alter::ALTER,
    &topics::delete::DELETE,
    &topics::produce::PRODUCE,
    &groups::reset::RESET,
    &groups::delete::DELETE,
    &groups::delete_offsets::DELETE_OFFSETS,
];

pub fn find(name: &str) -> Option<&'static Verb> {
    VERBS.iter().copied().find(|v| v.name == name)
}
