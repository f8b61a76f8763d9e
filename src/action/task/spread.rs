//! Replicas spread over brokers, once all of them are there.

use super::{At, Next, Part, Task, moves};
use crate::{
    action::{Act, Known, rights::Deed, runbook::rebalance::Aim, words, workload::Workload},
    domain::{Text, human, kafka::BrokerId, kubernetes::Key, object::Object},
};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// As of [`Aim`].
    pub of: Vec<Object>,
    /// Percent.
    pub within: u32,
    /// Bytes a second.
    pub rate: Option<u64>,
    pub until: Until,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "until", rename_all = "kebab-case")]
pub enum Until {
    /// It was told already what is moved.
    Planned { tasks: Vec<Task> },
    /// So many brokers of a StatefulSet joined besides those that there were: what is moved is told then.
    Joined { set: Key, uid: Text, had: Vec<BrokerId>, more: usize },
}

impl Part for Spread {
    fn title(&self) -> String {
        let (within, rate) = (self.within, self.rate.map(|rate| human::byte_rate(rate as f64)));
        let rate = rate.map(|rate| format!(", at {rate}")).unwrap_or_default();
        match &self.until {
            Until::Planned { .. } => {
                format!("move replicas until brokers are within {within}% of the mean{rate}")
            }
            Until::Joined { more, .. } => {
                let n = human::plural(*more, "new broker");
                format!("move replicas onto {n} until all are within {within}% of the mean{rate}")
            }
        }
    }

    fn deeds(&self, known: &Known<'_>) -> Vec<Deed> {
        match &self.until {
            Until::Planned { tasks } => tasks.iter().flat_map(|task| task.part().deeds(known)).collect(),
            // Of which topics is told only then.
            Until::Joined { .. } => {
                let mut deeds = moves::deeds(self.rate, []);
                deeds.push(Deed::new(Act::Elect));
                deeds
            }
        }
    }

    fn conditions(&self) -> Vec<String> {
        match &self.until {
            Until::Planned { tasks } => {
                let told = |task: &Task| [vec![task.part().title()], task.part().conditions()].concat();
                tasks.iter().flat_map(told).collect()
            }
            Until::Joined { .. } => vec!["the new brokers are registered, and their disks are known".into()],
        }
    }

    fn next(&self, at: &At<'_>) -> Next {
        match &self.until {
            Until::Planned { tasks } => Next::Unfold(tasks.clone()),
            Until::Joined { set, uid, had, more } => match self.joined(at, (set, uid), had, *more) {
                Err(next) => next,
                Ok(()) => self.unfold(at),
            },
        }
    }

    fn outrun(&self, known: &Known<'_>) -> Option<String> {
        match &self.until {
            Until::Planned { tasks } => tasks.iter().find_map(|task| task.part().outrun(known)),
            Until::Joined { .. } => None,
        }
    }

    fn at_rate(&self, rate: u64) -> Option<Task> {
        let until = match &self.until {
            Until::Planned { tasks } => Until::Planned {
                tasks: tasks
                    .iter()
                    .map(|task| task.part().at_rate(rate).unwrap_or_else(|| task.clone()))
                    .collect(),
            },
            joined => joined.clone(),
        };
        Some(Spread { rate: Some(rate), until, ..self.clone() }.into())
    }
}

impl Spread {
    /// The wait until the new brokers are there and everything that is planned from is read.
    fn joined(
        &self,
        at: &At<'_>,
        (set, uid): (&Key, &Text),
        had: &[BrokerId],
        more: usize,
    ) -> Result<(), Next> {
        let (kafka, kubernetes) = (&at.known.world.snapshot.kafka, &at.known.world.snapshot.kubernetes);
        let feeds = [
            ("workloads", &kubernetes.stateful_sets.feed),
            ("pods", &kubernetes.pods.feed),
            ("replicas", &kafka.topics_feed),
            ("registered brokers", &kafka.cluster_feed),
            ("reassignments", &kafka.reassignments.feed),
        ];
        if let Some(wait) = at.blind(feeds) {
            return Err(wait);
        }
        let found = kubernetes.stateful_sets.get(set).filter(|found| found.meta.uid == *uid);
        let found =
            found.ok_or_else(|| Next::Stop(format!("StatefulSet {set} is gone, or another in its place")))?;
        let pods = Workload::StatefulSet(found).pods(at.known);
        let registered = |id: &BrokerId| kafka.brokers.get(id).is_some_and(|broker| broker.registered);
        let new: Vec<BrokerId> = pods
            .iter()
            .filter_map(|pod| pod.broker)
            .filter(|id| !had.contains(id) && registered(id))
            .collect();
        if new.len() < more {
            return Err(Next::wait(format!(
                "{} of {} registered",
                new.len(),
                human::plural(more, "new broker")
            )));
        }
        let now = at.known.world.now;
        let known = |broker: &&crate::domain::kafka::Broker| broker.log_dirs.live(now).is_none();
        let unread: Vec<BrokerId> =
            kafka.brokers.values().filter(|broker| broker.registered).filter(known).map(|b| b.id).collect();
        match unread.as_slice() {
            [] => Ok(()),
            unread => Err(Next::wait(format!("the disks of {} to be read", words::brokers(unread)))),
        }
    }

    fn unfold(&self, at: &At<'_>) -> Next {
        let aim = Aim { of: &self.of, within: self.within, more: Vec::new() };
        match aim.reach(at.known).map(|reached| reached.tasks(at.known, self.rate)) {
            Ok(tasks) if tasks.is_empty() => Next::Done,
            Ok(tasks) => Next::Unfold(tasks),
            Err(why) => Next::Stop(why),
        }
    }
}
