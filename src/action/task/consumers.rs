//! Stop a group's consumers, and start them again.

use super::{At, Next, Part};
use crate::{
    action::{Act, Goal, Known, Step, Write, goal, rights::Deed, workload::Workload},
    domain::{Text, human, kafka::GroupId, kubernetes::Key, object::Kind},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Pods have their grace to end, and to start they may have to wait for a node.
const PATIENCE: Duration = Duration::from_secs(600);

/// A workload whose pods are consumers, and how many it had.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Consumers {
    pub kind: Kind,
    pub key: Key,
    pub uid: Text,
    pub replicas: i32,
}

/// Scales them to 0 until nobody is in the group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StopConsumers {
    pub group: GroupId,
    pub consumers: Vec<Consumers>,
}

/// Scales back those that are still at 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StartConsumers {
    pub consumers: Vec<Consumers>,
}

impl Consumers {
    pub fn of(workload: &Workload<'_>) -> Consumers {
        let meta = workload.meta();
        let (key, uid) = (meta.key.clone(), meta.uid.clone());
        Consumers { kind: workload.kind(), key, uid, replicas: workload.replicas() }
    }

    fn find<'a>(&self, at: &At<'a>) -> Option<Workload<'a>> {
        Workload::find(at.known, self.kind, &self.key).filter(|workload| workload.meta().uid == self.uid)
    }

    fn name(&self) -> String {
        format!("{} {}", self.kind.name(), self.key)
    }

    fn deed(&self) -> Deed {
        Deed::within(Act::Scale(self.kind), &self.key.namespace)
    }

    fn scale(&self, workload: &Workload<'_>, replicas: i32) -> Next {
        Next::step(Step {
            title: format!("scale {} to {replicas}", self.name()),
            write: workload.scale(replicas),
            until: workload.scaled(replicas),
            patience: PATIENCE,
        })
    }

    /// It was scaled to 0 by this task already, since the operator last had it go on.
    fn stopped(&self, at: &At<'_>) -> bool {
        at.lately().iter().any(|step| match &step.write {
            Write::Scale { uid, replicas: 0, .. } => *uid == self.uid,
            _ => false,
        })
    }
}

fn names(consumers: &[Consumers]) -> String {
    human::list(consumers.iter().map(Consumers::name), 3)
}

impl Part for StopConsumers {
    fn title(&self) -> String {
        format!("scale {} to 0, until group {} is Empty", names(&self.consumers), self.group)
    }

    fn deeds(&self, _known: &Known<'_>) -> Vec<Deed> {
        self.consumers.iter().map(Consumers::deed).collect()
    }

    fn next(&self, at: &At<'_>) -> Next {
        let feeds = self.consumers.iter().map(|c| ("workloads", Workload::feed(at.known, c.kind)));
        if let Some(wait) = at.blind(feeds) {
            return wait;
        }
        for consumers in &self.consumers {
            match consumers.find(at) {
                Some(workload) if workload.replicas() > 0 && consumers.stopped(at) => {
                    let n = workload.replicas();
                    return Next::Stop(format!(
                        "somebody scaled {} to {n} again: have it go on, and it is scaled to 0 once more",
                        consumers.name()
                    ));
                }
                Some(workload) if workload.replicas() > 0 => return consumers.scale(&workload, 0),
                // What is gone has no pods.
                _ => {}
            }
        }
        goal::look(&Goal::GroupEmpty { group: self.group.clone() }, at.known).into()
    }

    fn undo(&self, at: &At<'_>) -> Next {
        start(&self.consumers, at)
    }
}

impl Part for StartConsumers {
    fn title(&self) -> String {
        let back = |c: &Consumers| format!("{} back to {}", c.name(), c.replicas);
        format!("scale {}", human::list(self.consumers.iter().map(back), 3))
    }

    fn deeds(&self, _known: &Known<'_>) -> Vec<Deed> {
        self.consumers.iter().map(Consumers::deed).collect()
    }

    fn next(&self, at: &At<'_>) -> Next {
        start(&self.consumers, at)
    }

    fn undo(&self, at: &At<'_>) -> Next {
        start(&self.consumers, at)
    }
}

/// Who was set to another number meanwhile is left at it.
fn start(consumers: &[Consumers], at: &At<'_>) -> Next {
    let feeds = consumers.iter().map(|c| ("workloads", Workload::feed(at.known, c.kind)));
    if let Some(wait) = at.blind(feeds) {
        return wait;
    }
    let stopped = consumers.iter().find_map(|c| {
        let workload = c.find(at).filter(|workload| workload.replicas() == 0 && c.replicas > 0)?;
        Some(c.scale(&workload, c.replicas))
    });
    stopped.unwrap_or(Next::Done)
}
