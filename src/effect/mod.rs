//! The only place that changes anything outside: the clients that write, and the journal.
//!
//! All of it is behind [`Hand`]. Read-only, none is made, and nothing can be written.

pub mod journal;
mod kafka;
mod kubernetes;
mod refusal;
#[cfg(test)]
pub mod tests;

use crate::{
    action::{
        Said, Write,
        journal::{Entry, Told, What, Whose},
    },
    domain::{Text, ask::AskId, operation::OperationId},
    source::{Running, asking::Desk, now},
};
use journal::Journal;
use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};
use tokio::{sync::mpsc, task::JoinHandle};

/// What comes back from it.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// What was heard of a step's write.
    Acted(OperationId, usize, Said),
    /// What a server would say to a write.
    Rehearsed(AskId, Result<Text, Text>),
    /// Whether the journal can be written.
    Checked(Result<(), Text>),
    /// Whether this session leads an operation from now on, and then what the journal tells of it.
    TookUp(OperationId, Result<Box<Told>, Text>),
    /// An entry could not be kept, for this reason.
    Unkept(Text),
}

/// Whom outcomes are told.
pub type Tell = Arc<dyn Fn(Outcome) + Send + Sync>;

/// Its worker is gone.
const FAULT: &str = "castellan can write no more by a fault of its own (see its log); start it again";

/// What writes. It does one thing after the other, in the order in which it was asked; of each write the
/// journal tells before and after.
pub struct Hand {
    orders: mpsc::UnboundedSender<Order>,
    worker: JoinHandle<()>,
    /// Of the journals; or why there is none.
    folder: Result<PathBuf, Text>,
    /// Whose journal is written now.
    whose: Whose,
    homes: HashMap<OperationId, Home>,
    tell: Tell,
}

/// Where an operation was begun: it stays in that journal, and its writes go to that Kafka.
#[derive(Clone)]
struct Home {
    journal: Result<Journal, Text>,
    kafka: Option<Text>,
}

enum Order {
    Record(Result<Journal, Text>, Entry),
    Act(Act),
    /// In this folder, of that cluster.
    TakeUp(Result<PathBuf, Text>, Whose, OperationId),
}

struct Act {
    journal: Result<Journal, Text>,
    context: Text,
    operation: OperationId,
    step: usize,
    write: Write,
    desk: Desk,
}

impl Hand {
    /// `folder`: of the journals. Until a Kafka cluster is named, the journal is the context's.
    pub fn new(folder: Result<PathBuf, Text>, context: Text, tell: Tell) -> Hand {
        let (orders, queue) = mpsc::unbounded_channel();
        let worker = tokio::spawn(work(queue, tell.clone()));
        let whose = Whose::context(context);
        Hand { orders, worker, folder, whose, homes: HashMap::new(), tell }
    }

    /// Writes that journal from now on.
    pub fn turn_to(&mut self, whose: Whose) {
        self.whose = whose;
    }

    fn journal(&self) -> Result<Journal, Text> {
        self.folder.clone().map(|folder| Journal::of(&folder, &self.whose))
    }

    fn home(&self, operation: &OperationId) -> Home {
        self.homes.get(operation).cloned().unwrap_or_else(|| Home { journal: self.journal(), kafka: None })
    }

    /// Keeps an entry. One that tells of a plan makes its operation at home at what `desk` is connected to.
    pub fn record(&mut self, entry: Entry, desk: &Desk) {
        if let What::Planned(_) = entry.what {
            self.house(&entry.operation, desk);
        }
        let journal = self.home(&entry.operation).journal;
        // A worker that is gone is told of by what it was to do.
        drop(self.orders.send(Order::Record(journal, entry)));
    }

    fn house(&mut self, operation: &OperationId, desk: &Desk) {
        let kafka = desk.kafka.as_ref().map(|k| k.name.clone());
        self.homes.insert(operation.clone(), Home { journal: self.journal(), kafka });
    }

    /// Takes the lead of what a castellan before this one began, which is at home from now on at what `desk` is
    /// connected to.
    pub fn take_up(&mut self, operation: OperationId, desk: &Desk) {
        self.house(&operation, desk);
        let order = Order::TakeUp(self.folder.clone(), self.whose.clone(), operation);
        if let Err(mpsc::error::SendError(Order::TakeUp(_, _, operation))) = self.orders.send(order) {
            (self.tell)(Outcome::TookUp(operation, Err(FAULT.into())));
        }
    }

    /// Sends a step's write to what `desk` is connected to.
    pub fn act(&self, operation: OperationId, step: usize, write: Write, desk: &Desk) {
        let Home { journal, kafka } = self.home(&operation);
        let there = desk.kafka.as_ref().map(|k| &k.name);
        if let Some(kafka) = kafka.filter(|kafka| write.is_of_kafka() && Some(kafka) != there) {
            let why = format!(
                "it is of Kafka cluster {kafka}, which castellan no longer looks at; nothing was done"
            );
            return (self.tell)(Outcome::Acted(operation, step, Said::Refused(why.into())));
        }
        let context = self.whose.context.clone();
        let act = Act { journal, context, operation, step, write, desk: desk.clone() };
        if let Err(mpsc::error::SendError(Order::Act(act))) = self.orders.send(Order::Act(act)) {
            (self.tell)(Outcome::Acted(act.operation, act.step, Said::Refused(FAULT.into())));
        }
    }

    /// Asks for a dry run, until the result is dropped. Nothing is kept of it.
    pub fn rehearse(&self, id: AskId, write: Write, desk: &Desk) -> Running {
        let (tell, desk) = (self.tell.clone(), desk.clone());
        Running::spawn(async move {
            let said = match perform(&desk, &write, true).await {
                Said::Taken(words) => Ok(words),
                other => Err(other.words().clone()),
            };
            tell(Outcome::Rehearsed(id, said));
        })
    }

    /// Sees whether the journal can be written.
    pub fn check(&self) {
        let (tell, journal) = (self.tell.clone(), self.journal());
        tokio::task::spawn_blocking(move || tell(Outcome::Checked(journal.and_then(|j| j.check()))));
    }

    /// Finishes what was asked, for at most this long.
    pub async fn rest(self, patience: Duration) {
        drop(self.orders);
        if tokio::time::timeout(patience, self.worker).await.is_err() {
            tracing::warn!("a write was under way when castellan ended; the journal tells of it");
        }
    }
}

/// Does what it is asked until nobody can ask any more.
async fn work(mut queue: mpsc::UnboundedReceiver<Order>, tell: Tell) {
    // Of operations whose plan, or that they were taken up, is not in the journal nothing is done.
    let mut unkept = HashSet::new();
    // From the first plan on others see that this session lives.
    let mut life = None;
    // And of what it took up, that it leads it.
    let mut leads = HashMap::new();
    while let Some(order) = queue.recv().await {
        match order {
            Order::Record(journal, entry) => {
                let operation = entry.operation.clone();
                let planned = matches!(entry.what, What::Planned(_));
                let (begins, ends) = (planned || entry.what == What::TakenUp, entry.what.is_end());
                if planned && life.is_none() {
                    life = live(&journal, &operation).await;
                }
                if let Err(why) = keep(&journal, entry).await {
                    if begins {
                        unkept.insert(operation.clone());
                    }
                    tell(Outcome::Unkept(why));
                }
                if ends {
                    leads.remove(&operation);
                }
            }
            Order::TakeUp(folder, whose, operation) => {
                let taken = take_up(folder, whose, operation.clone()).await.map(|(lead, told)| {
                    leads.insert(operation.clone(), lead);
                    Box::new(told)
                });
                tell(Outcome::TookUp(operation, taken));
            }
            Order::Act(act) if unkept.contains(&act.operation) => {
                let why = "its plan could not be kept in the journal; nothing was done";
                tell(Outcome::Acted(act.operation, act.step, Said::Refused(why.into())));
            }
            Order::Act(act) => act.perform(&tell).await,
        }
    }
}

impl Act {
    async fn perform(self, tell: &Tell) {
        let step = self.step;
        if let Err(why) = self.keep(What::Began { step }).await {
            let said = Said::Refused(format!("{why}; nothing was done").into());
            return tell(Outcome::Acted(self.operation, step, said));
        }
        let said = perform(&self.desk, &self.write, false).await;
        if let Err(why) = self.keep(What::Answered { step, answer: said.clone() }).await {
            tell(Outcome::Unkept(why));
        }
        tell(Outcome::Acted(self.operation, step, said));
    }

    async fn keep(&self, what: What) -> Result<(), Text> {
        let (operation, context) = (self.operation.clone(), self.context.to_string());
        keep(&self.journal, Entry { at: now(), operation, context, what }).await
    }
}

async fn live(journal: &Result<Journal, Text>, operation: &OperationId) -> Option<journal::Life> {
    let (journal, operation) = (journal.clone().ok()?, operation.clone());
    let life = tokio::task::spawn_blocking(move || journal.live(&operation)).await.ok()?;
    life.unwrap_or_else(|error| {
        tracing::warn!("other castellans cannot see that this one lives: {error}");
        None
    })
}

async fn take_up(
    folder: Result<PathBuf, Text>,
    whose: Whose,
    operation: OperationId,
) -> Result<(journal::Life, Told), Text> {
    let folder = folder?;
    let taking = tokio::task::spawn_blocking(move || journal::take_up(&folder, &whose, &operation));
    taking.await.unwrap_or_else(|e| Err(format!("it cannot be taken up: {e}").into()))
}

async fn keep(journal: &Result<Journal, Text>, entry: Entry) -> Result<(), Text> {
    let journal = journal.clone()?;
    let kept = tokio::task::spawn_blocking(move || journal.append(&entry)).await;
    kept.unwrap_or_else(|e| Err(format!("the journal cannot be written: {e}").into()))
}

async fn perform(desk: &Desk, write: &Write, dry: bool) -> Said {
    let said = match (write.is_of_kafka(), &desk.kubernetes, &desk.kafka) {
        (true, _, Some(kafka)) => kafka::perform(kafka, write, dry).await,
        (true, _, None) => Said::Refused("castellan is not connected to Kafka; nothing was done".into()),
        (false, Some(connection), _) => kubernetes::perform(connection, write, dry).await,
        (false, None, _) => {
            Said::Refused("castellan is not connected to Kubernetes; nothing was done".into())
        }
    };
    match said {
        Said::Unheard(why) if !dry => {
            let text = format!("{why}; whether it was done is not known");
            Said::Unheard(text.into())
        }
        other => other,
    }
}
