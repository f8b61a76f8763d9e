//! Lines over time.

use super::World;
use crate::domain::{object::Object, reading::State, time::Time};

/// What a charts pane offers to choose from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum By {
    #[default]
    Cluster,
    Broker,
    Topic,
}

pub trait Charts: Sync {
    /// The charts, in the order of their importance: a small screen shows the first ones.
    fn charts(&self, world: &World<'_>, by: By, scope: Option<&Object>) -> Vec<Chart>;
}

#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    pub title: String,
    pub unit: Unit,
    /// Largest last value first.
    pub lines: Vec<Line>,
    pub state: State,
    /// What the lines are without, in few words; may be empty.
    pub lacks: String,
    /// The time axis.
    pub from: Time,
    pub to: Time,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub name: String,
    pub points: Vec<(Time, f64)>,
    /// What its last point is worth.
    pub state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    BytesPerSecond,
    MessagesPerSecond,
    Count,
}
