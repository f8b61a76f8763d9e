//! What is kept of an operation, so that another castellan can say what was under way, and go on.

use super::{
    Intent, Plan, Said, Step,
    course::{Course, Margin, Steer},
    find,
    report::Report,
    task::Task,
};
use crate::domain::{
    Text,
    operation::{OperationId, Stage},
    time::Time,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Whose journal it is. Clusters in several contexts may be called the same, and a context may come to lead to
/// another cluster, which is told by the id that Kafka gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whose {
    pub context: Text,
    /// As it is shown: `kafka/kafka`. Where there is no Kafka, the context's name.
    pub cluster: Text,
    /// None until Kafka has told it.
    pub id: Option<Text>,
}

impl Whose {
    /// Of a context in which no Kafka is known.
    pub fn context(name: Text) -> Whose {
        Whose { cluster: name.clone(), context: name, id: None }
    }
}

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub at: Time,
    pub operation: OperationId,
    /// The kubeconfig context it was done in.
    pub context: String,
    #[serde(flatten)]
    pub what: What,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "kebab-case")]
pub enum What {
    /// Confirmed; nothing is done yet.
    Planned(Record),
    /// The step's write is about to be sent: from here on it may have happened.
    Began {
        step: usize,
    },
    /// What was heard of it.
    Answered {
        step: usize,
        answer: Said,
    },
    /// The step's goal came true.
    Reached {
        step: usize,
    },
    Ended {
        done: bool,
        words: String,
    },
    /// castellan itself called it back.
    Cancelled {
        words: String,
    },
    /// A runbook's next step, which followed from what was known then.
    Chosen {
        step: usize,
        does: Box<Step>,
    },
    /// A runbook turned to this task.
    Turned {
        task: usize,
    },
    /// What a task takes could be told: these came in its place.
    Unfolded {
        task: usize,
        tasks: Vec<Task>,
    },
    /// The operator's hand on a runbook; or castellan's own, with the reason.
    Steered {
        how: Steer,
        words: String,
    },
    /// Partitions were nearer to refusing writes than ever before in this runbook.
    Margin {
        margin: Margin,
    },
    /// What a runbook awaits for a while already, for those who watch; said when it begins to be long, and not each time
    /// that its numbers change.
    Waits {
        words: String,
    },
    /// Another castellan goes on with it.
    TakenUp,
    /// The operator gave up hearing how it ends.
    GivenUp {
        words: String,
    },
}

impl What {
    /// Nothing more is told of the operation.
    pub fn is_end(&self) -> bool {
        matches!(self, What::Ended { .. } | What::Cancelled { .. } | What::GivenUp { .. })
    }
}

/// A plan as it was confirmed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub title: String,
    pub intent: Intent,
    pub changes: Vec<String>,
    /// What was overridden.
    pub refusals: Vec<String>,
    pub steps: Vec<Step>,
    /// Of a runbook, whose steps follow from them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<Task>,
    pub undo: Option<String>,
}

impl From<&Plan> for Record {
    /// What was typed for a private verb is left out, and what the plan shows of it; its writes keep what may
    /// be kept.
    fn from(plan: &Plan) -> Self {
        let (mut intent, mut changes) = (plan.intent.clone(), plan.changes.clone());
        if find(&intent.verb).is_some_and(|verb| verb.private) {
            intent.argument.clear();
            changes.clear();
        }
        Record {
            title: plan.title.clone(),
            intent,
            changes,
            refusals: plan.refusals.clone(),
            steps: plan.steps.clone(),
            tasks: plan.tasks.clone(),
            undo: plan.undo.clone(),
        }
    }
}

/// An operation as the journal tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    pub id: OperationId,
    pub began: Time,
    pub last: Time,
    pub context: String,
    pub record: Record,
    /// The step that it is at; the number of steps when all are done.
    pub at: usize,
    /// That step's write was begun, and what was heard of it before its castellan ended.
    pub begun: bool,
    pub answer: Option<Said>,
    /// What an operator reads of it afterwards.
    pub report: Report,
    /// Of a runbook: where it is.
    pub course: Option<Course>,
    /// Of a runbook: what it was awaiting, and since when that was long.
    pub waits: Option<(String, Time)>,
    /// How it ended, in words; None: it is under way, or was when its castellan ended.
    pub ended: Option<(Stage, String)>,
    /// The castellan that began it still runs. The entries do not tell: whoever reads them finds out.
    pub lives: bool,
}

/// Puts entries together, in the order in which operations began. What belongs to no plan is left out.
pub fn tell(entries: impl IntoIterator<Item = Entry>) -> Vec<Told> {
    let mut told: BTreeMap<OperationId, Told> = BTreeMap::new();
    for entry in entries {
        match (entry.what, told.get_mut(&entry.operation)) {
            (What::Planned(record), None) => {
                let fresh = Told {
                    id: entry.operation.clone(),
                    began: entry.at,
                    last: entry.at,
                    context: entry.context,
                    course: Course::of(&record.tasks),
                    report: Report::of(&record, entry.at),
                    record,
                    at: 0,
                    begun: false,
                    answer: None,
                    waits: None,
                    ended: None,
                    lives: false,
                };
                told.insert(entry.operation, fresh);
            }
            (what, Some(told)) => told.take(what, entry.at),
            (_, None) => {}
        }
    }
    let mut told: Vec<Told> = told.into_values().collect();
    told.sort_by_key(|t| t.began);
    told
}

impl Told {
    fn take(&mut self, what: What, at: Time) {
        self.last = at;
        // Whatever else is told of it ends a wait.
        self.waits = match &what {
            What::Waits { words } => Some((words.clone(), at)),
            _ => None,
        };
        self.report.take(&what, at);
        if let What::Reached { step } = what {
            (self.at, self.begun, self.answer) = (step + 1, false, None);
        }
        if let Some(course) = &mut self.course {
            course.take(&what, self.at);
        }
        match what {
            What::Planned(_)
            | What::Reached { .. }
            | What::Turned { .. }
            | What::Unfolded { .. }
            | What::Steered { .. }
            | What::Margin { .. }
            | What::Waits { .. }
            | What::TakenUp => {}
            What::Chosen { step, does } => {
                self.record.steps.truncate(step);
                self.record.steps.push(*does);
                (self.at, self.begun, self.answer) = (step, false, None);
            }
            What::Began { step } => (self.at, self.begun, self.answer) = (step, true, None),
            What::Answered { step, answer } => (self.at, self.answer) = (step, Some(answer)),
            What::Ended { done: true, words } => self.ended = Some((Stage::Done, words)),
            What::Ended { done: false, words } => self.ended = Some((Stage::Failed, words)),
            What::Cancelled { words } => self.ended = Some((Stage::Cancelled, words)),
            What::GivenUp { words } => self.ended = Some((Stage::GivenUp, words)),
        }
    }
}
