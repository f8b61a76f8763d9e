//! One write that follows from nothing but the plan.

use super::{At, Next, Part};
use crate::action::{Known, Sight, Step, goal, rights::Deed};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Once {
    pub step: Step,
}

impl Part for Once {
    fn title(&self) -> String {
        self.step.title.clone()
    }

    fn deeds(&self, _known: &Known<'_>) -> Vec<Deed> {
        Deed::of(&self.step.write)
    }

    fn next(&self, at: &At<'_>) -> Next {
        let written = at.done.iter().any(|step| step.write == self.step.write);
        match goal::look(&self.step.until, at.known) {
            _ if written => Next::Done,
            Sight::Unknown(words) => Next::wait(words),
            _ => Next::step(self.step.clone()),
        }
    }
}
