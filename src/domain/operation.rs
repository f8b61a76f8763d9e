//! What castellan itself is doing to the cluster, as panes and the running line show it.

use super::{Text, time::Time};
use std::time::Duration;

/// Names one operation for ever: it is in the journal, too.
pub type OperationId = Text;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// A step is being asked for, or its effect awaited.
    Running,
    /// Awaited for longer than its step's patience.
    Stuck,
    /// A runbook that the operator holds, or that does not go on by itself.
    Paused,
    Done,
    /// A step was refused, or its goal can no longer be reached.
    Failed,
    /// It was called back by castellan itself, and is as before.
    Cancelled,
    /// The operator did not want to hear of it any more: how it ended is not known.
    GivenUp,
    /// Another castellan runs it.
    Watched,
    /// It was under way when a castellan before this one ended.
    Left,
}

impl Stage {
    pub fn is_over(self) -> bool {
        matches!(self, Stage::Done | Stage::Failed | Stage::Cancelled | Stage::GivenUp)
    }

    pub fn word(self) -> &'static str {
        match self {
            Stage::Running => "running",
            Stage::Stuck => "stuck",
            Stage::Paused => "paused",
            Stage::Done => "done",
            Stage::Failed => "failed",
            Stage::Cancelled => "cancelled",
            Stage::GivenUp => "given up",
            Stage::Watched => "watched",
            Stage::Left => "left",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    pub id: OperationId,
    /// `scale StatefulSet kafka/kafka from 3 to 4 replicas`
    pub title: String,
    pub began: Time,
    pub stage: Stage,
    /// It can be paused, aborted and gone on with.
    pub runbook: bool,
    /// Titles of its steps, in order; of a runbook those of its tasks.
    pub steps: Vec<String>,
    /// The step that it is at; the number of steps when all are done.
    pub at: usize,
    /// What is awaited, or how it ended, in words.
    pub words: String,
    /// Since when that is so.
    pub since: Time,
    /// How much of the present step is done, from 0 to 1, where it can be told.
    pub share: Option<f64>,
    /// How long the present step still takes at its pace, where that can be told.
    pub left: Option<Duration>,
    /// What puts it back.
    pub undo: Option<String>,
    /// Of one that ended: what it was, line by line.
    pub report: Vec<String>,
}
