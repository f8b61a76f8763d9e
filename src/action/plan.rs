//! What an action would do, made before anything is done and shown as it is.

use super::{Goal, Radius, Write, task::Task};
use crate::domain::object::Object;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What the operator wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// [`super::Verb::name`]
    pub verb: String,
    pub objects: Vec<Object>,
    /// As typed.
    pub argument: String,
}

/// How an action is confirmed. Cancelling is always the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Friction {
    /// `y`
    Yes,
    /// The target's name is typed.
    Name,
    /// The context's and the target's name are typed: `context/name`.
    ContextAndName,
}

impl Friction {
    pub fn stricter(self) -> Friction {
        match self {
            Friction::Yes => Friction::Name,
            Friction::Name | Friction::ContextAndName => Friction::ContextAndName,
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Friction::Yes => "y",
            Friction::Name => "type the name",
            Friction::ContextAndName => "type context/name",
        }
    }
}

/// The risk in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// Nobody notices.
    None,
    /// Leaders change, replicas catch up; clients retry.
    Low,
    /// Redundancy is at its floor meanwhile, or it cannot be told.
    Elevated,
    /// Writes are refused or partitions go offline.
    Outage,
    /// Data is gone for good.
    Loss,
}

impl Risk {
    pub fn word(self) -> &'static str {
        match self {
            Risk::None => "none",
            Risk::Low => "low",
            Risk::Elevated => "elevated",
            Risk::Outage => "outage",
            Risk::Loss => "loss",
        }
    }
}

/// What others will do about it: a budget, an autoscaler, an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub warns: bool,
    pub text: String,
}

impl Note {
    pub fn plain(text: impl Into<String>) -> Self {
        Note { warns: false, text: text.into() }
    }

    pub fn warning(text: impl Into<String>) -> Self {
        Note { warns: true, text: text.into() }
    }
}

/// One write and what makes it true.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// `evict pod kafka/kafka-1`
    pub title: String,
    pub write: Write,
    /// Awaited before the next step.
    pub until: Goal,
    /// Awaited for longer, it is stuck.
    pub patience: Duration,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub intent: Intent,
    /// `scale StatefulSet kafka/kafka from 3 to 4 replicas`
    pub title: String,
    /// What is typed where the name is asked for.
    pub name: String,
    pub risk: Risk,
    pub friction: Friction,
    /// What will be different, line by line.
    pub changes: Vec<String>,
    /// How much will be moved or is affected; varies while one looks and so is not compared.
    pub amounts: Vec<String>,
    pub radius: Radius,
    pub notes: Vec<Note>,
    /// Why it must not be done now (kafka.md §1); overriding takes typing the names.
    pub refusals: Vec<String>,
    /// What is not known and so not assumed.
    pub unknown: Vec<String>,
    /// The same by kubectl or Kafka's own tools.
    pub commands: Vec<String>,
    pub steps: Vec<Step>,
    /// Of a runbook: what its steps follow from, one after another.
    pub tasks: Vec<Task>,
    /// What puts it back: a reassignment's JSON, a command.
    pub undo: Option<String>,
}

impl Plan {
    /// A plan of one write that changes nothing of any partition; the rest is laid over it.
    pub fn new(intent: &Intent, title: impl Into<String>, name: impl Into<String>) -> Plan {
        Plan {
            intent: intent.clone(),
            title: title.into(),
            name: name.into(),
            risk: Risk::None,
            friction: Friction::Yes,
            changes: Vec::new(),
            amounts: Vec::new(),
            radius: Radius::default(),
            notes: Vec::new(),
            refusals: Vec::new(),
            unknown: Vec::new(),
            commands: Vec::new(),
            steps: Vec::new(),
            tasks: Vec::new(),
            undo: None,
        }
    }

    /// How it must be confirmed: what is unsafe or unknown asks for more.
    pub fn asks(&self) -> Friction {
        match (self.refusals.is_empty(), self.unknown.is_empty()) {
            (false, _) => Friction::ContextAndName,
            (true, false) => self.friction.max(Friction::Name),
            (true, true) => self.friction,
        }
    }

    /// Whether it would do the same with the same consequences: what was shown still holds. Notes that do not
    /// warn may tell of numbers that vary while one looks, and so are not compared.
    pub fn holds(&self, other: &Plan) -> bool {
        let steps = self.steps.len() == other.steps.len()
            && self.steps.iter().zip(&other.steps).all(|(a, b)| a.write.does_as(&b.write));
        let warnings = |plan: &'_ Plan| {
            plan.notes.iter().filter(|n| n.warns).map(|n| n.text.clone()).collect::<Vec<_>>()
        };
        let tasks = |plan: &'_ Plan| {
            plan.tasks.iter().map(|t| (t.part().title(), t.part().pins())).collect::<Vec<_>>()
        };
        steps
            && tasks(self) == tasks(other)
            && self.friction == other.friction
            && warnings(self) == warnings(other)
            && self.title == other.title
            && self.risk == other.risk
            && self.radius == other.radius
            && self.changes == other.changes
            && self.refusals == other.refusals
            && self.unknown == other.unknown
    }
}
