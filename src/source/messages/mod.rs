//! Messages of a topic, by librdkafka.
//!
//! Partitions are assigned, never subscribed to: no group is joined and nothing is committed. Only
//! committed messages are read. The client works on a thread of its own, since it blocks.

mod client;
mod reader;
#[cfg(test)]
mod tests;
mod window;

pub use client::{Context, login};

use super::Answers;
use crate::domain::{
    ask::{Answer, AskId, MessageQuery},
    target::Sasl,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::oneshot;

/// Where brokers are met, without TLS ([`super::kafka::proxy`] adds it), and how they know us.
#[derive(Debug, Clone)]
pub struct Brokers {
    /// `host:port,host:port`.
    pub bootstrap: String,
    pub sasl: Option<Sasl>,
    /// How long one request may take.
    pub patience: Duration,
}

/// Answers a question for messages until its end, or until dropped.
pub async fn read(brokers: Brokers, query: MessageQuery, id: AskId, answers: Answers) {
    let cancelled = Arc::new(AtomicBool::new(false));
    let _guard = Cancel(cancelled.clone());
    let (done, ended) = oneshot::channel();
    let listener = Listener { id, answers: answers.clone(), cancelled };
    let thread = std::thread::Builder::new().name("messages".into()).spawn(move || {
        let last = match reader::read(&brokers, &query, &listener) {
            Ok(()) => Answer::End,
            Err(reason) => Answer::Failed(reason),
        };
        let _ = done.send(last);
    });
    let last = match thread {
        Ok(_) => {
            ended.await.unwrap_or_else(|_| Answer::Failed("the reader stopped by a fault of its own".into()))
        }
        Err(e) => Answer::Failed(format!("no thread for the reader: {e}").into()),
    };
    let _ = answers.send((id, last)).await;
}

/// Tells the thread to stop when nobody waits for it any more.
struct Cancel(Arc<AtomicBool>);

impl Drop for Cancel {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Whoever asked, as the reading thread sees it.
struct Listener {
    id: AskId,
    answers: Answers,
    cancelled: Arc<AtomicBool>,
}

impl Listener {
    /// Waits until there is room for the answer.
    fn tell(&self, answer: Answer) {
        if self.answers.blocking_send((self.id, answer)).is_err() {
            self.cancelled.store(true, Ordering::Relaxed);
        }
    }

    fn left(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}
