//! What the outside is asked to do.

use super::caption::Nudge;
use crate::{
    action::{
        Write,
        journal::{Entry, Whose},
    },
    domain::{
        ask::{Ask, AskId},
        operation::OperationId,
        target::{KafkaTarget, ThroughputTarget},
    },
};

/// What the loop is asked to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    Ask(AskId, Ask),
    Cancel(AskId),
    /// To the terminal's clipboard (OSC 52).
    Copy {
        text: String,
        what: String,
    },
    /// The state of the whole, as `--once` prints it, to the clipboard.
    CopySnapshot,
    /// Into a file of this name in the state folder.
    Save {
        name: String,
        text: String,
    },
    /// Poll this Kafka cluster; `anew`: it is another than before, so nothing known of that holds.
    Poll {
        target: KafkaTarget,
        anew: bool,
    },
    /// Measure throughput there.
    Gather {
        target: ThroughputTarget,
        anew: bool,
    },
    /// Read everything anew.
    Reread,
    /// The tour is to go on, or to end.
    Tour(Nudge),
    Suspend,
    Redraw,
    Quit,
    /// Send a step's write: the journal says so before and after.
    Act {
        operation: OperationId,
        step: usize,
        write: Write,
    },
    /// Ask the API server what it would say to the write (a dry run).
    Rehearse(AskId, Write),
    /// Take the lead of what another castellan began: nobody else goes on with it then.
    TakeUp(OperationId),
    /// Keep this, after what was kept before.
    Record(Entry),
    /// See whether the journal can be written.
    CheckJournal,
    /// Read what this journal tells; it is also the one to write from now on.
    Recall(Whose),
    /// Read a file that was named as an argument.
    Load {
        path: String,
    },
}
