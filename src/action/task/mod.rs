//! What runbooks are made of: tasks, each of which says from what is known what is to be done next.
//!
//! A task keeps what it wants and what was there before it; how far it is, is read from the cluster. So whoever
//! has the journal can go on with it, and neither an answer that was lost nor a castellan that ended costs
//! anything but time.
//!
//! To add a task: a file here that implements [`Part`], and a line in [`tasks!`].

mod consumers;
pub mod drain;
mod elect;
mod empty;
mod moves;
mod once;
pub mod renew;
mod resize;
mod roll;
#[cfg(test)]
#[path = "sim_tests.rs"]
pub mod sim;
mod spread;

pub use consumers::{Consumers, StartConsumers, StopConsumers};
pub use drain::Drain;
pub use elect::Elect;
pub use empty::Empty;
pub use moves::{EACH, Move};
pub use once::Once;
pub use renew::Renew;
pub use resize::Resize;
pub use roll::{Old, Roll};
pub use spread::{Spread, Until};

use super::{Known, Sight, Step, rights::Deed};
use crate::domain::{reading::Feed, time::Time};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What a task does, as it sees the world.
pub trait Part {
    /// `move 12 replicas at 50.0 MiB/s`
    fn title(&self) -> String;

    /// What it is pinned to: another task that reads the same is not the same where these differ.
    fn pins(&self) -> Vec<String> {
        Vec::new()
    }

    /// Everything that it may come to write, putting back included, as far as that can be told.
    fn deeds(&self, known: &Known<'_>) -> Vec<Deed>;

    /// What holds before each of its steps, for the plan; each in a sentence.
    fn conditions(&self) -> Vec<String> {
        Vec::new()
    }

    /// What is to be done now. It is asked again and again, until it is done.
    fn next(&self, at: &At<'_>) -> Next;

    /// While the operator has it paused: what cannot wait.
    fn hold(&self, _at: &At<'_>) -> Next {
        Next::Wait(Wait::new(OPERATOR))
    }

    /// When it is aborted: what makes the cluster as safe as it was, of this task and those that were done before it.
    fn undo(&self, _at: &At<'_>) -> Next {
        Next::Done
    }

    /// What it copies, in bytes, as far as that is known.
    fn bytes(&self) -> u64 {
        0
    }

    /// Why what is left of it would never end at its rate, in a sentence.
    fn outrun(&self, _known: &Known<'_>) -> Option<String> {
        None
    }

    /// The same at another rate in bytes a second; None: it has none.
    fn at_rate(&self, _rate: u64) -> Option<Task> {
        None
    }
}

macro_rules! tasks {
    ($($name:ident),* $(,)?) => {
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "task", rename_all = "kebab-case")]
        pub enum Task {
            $($name($name)),*
        }

        impl Task {
            pub fn part(&self) -> &dyn Part {
                match self {
                    $(Task::$name(part) => part),*
                }
            }
        }

        $(impl From<$name> for Task {
            fn from(part: $name) -> Task {
                Task::$name(part)
            }
        })*
    };
}

tasks![Once, Move, Elect, Roll, Drain, Renew, StopConsumers, StartConsumers, Empty, Resize, Spread];

impl Task {
    /// What it would do if it began now.
    pub fn first(&self, known: &Known<'_>) -> Next {
        self.part().next(&At::new(known))
    }
}

/// What a task looks at.
#[derive(Clone, Copy)]
pub struct At<'a> {
    pub known: &'a Known<'a>,
    /// Its steps whose goals were reached, oldest first.
    pub done: &'a [Step],
    /// How many these were when the operator last had it go on after it was paused; None: it never was.
    pub resumed: Option<usize>,
    /// Since when it is looked at without a step.
    pub since: Time,
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// This, at once: what has to hold before it was looked at.
    Do(Box<Step>),
    Wait(Wait),
    /// Nothing is left of it.
    Done,
    /// What it takes could be told only now: these come in its place.
    Unfold(Vec<Task>),
    /// It does not go on by itself: the operator decides.
    Stop(String),
}

/// A wait, its reason and its limit.
#[derive(Debug, Clone, PartialEq)]
pub struct Wait {
    /// What is awaited: `broker 2 back in 30 of 40 ISRs`.
    pub words: String,
    /// How much of it is done, from 0 to 1, where it can be told.
    pub share: Option<f64>,
    /// Bytes in all, where that is a share of them: from both follows how fast it is.
    pub bytes: Option<u64>,
    /// Where it does not go forward for longer, it is stuck.
    pub limit: Duration,
}

/// What a task awaits that holds still.
pub const OPERATOR: &str = "the operator";
/// A broker that starts loads its logs and catches up.
const LIMIT: Duration = Duration::from_secs(600);

impl Wait {
    pub fn new(words: impl Into<String>) -> Wait {
        Wait { words: words.into(), share: None, bytes: None, limit: LIMIT }
    }
}

impl Next {
    pub fn step(step: Step) -> Next {
        Next::Do(Box::new(step))
    }

    pub fn wait(words: impl Into<String>) -> Next {
        Next::Wait(Wait::new(words))
    }
}

/// What a task does about the goal that it ends with.
impl From<Sight> for Next {
    fn from(sight: Sight) -> Next {
        match sight {
            Sight::Reached => Next::Done,
            Sight::Awaited { words, share } => Next::Wait(Wait { share, ..Wait::new(words) }),
            Sight::Idle(words) | Sight::Unknown(words) => Next::wait(words),
            Sight::Lost(words) => Next::Stop(words),
        }
    }
}

impl<'a> At<'a> {
    /// Before it did anything.
    pub fn new(known: &'a Known<'a>) -> At<'a> {
        At { known, done: &[], resumed: None, since: known.world.now }
    }

    /// Its steps since the operator last had it go on; all of them where it never was paused.
    pub fn lately(&self) -> &'a [Step] {
        self.done.get(self.resumed.unwrap_or(0)..).unwrap_or(&[])
    }

    /// Where one of these cannot be read now, nothing is assumed: the wait for it.
    pub fn blind<'f>(&self, feeds: impl IntoIterator<Item = (&'f str, &'f Feed)>) -> Option<Next> {
        let now = self.known.world.now;
        let (what, _) = feeds.into_iter().find(|(_, feed)| !feed.state(now).is_live())?;
        Some(Next::wait(format!("{what} to be read again")))
    }
}
