//! Read-only clients. Each turns one system into [`Delta`]s on one bounded channel and fails alone.

pub mod asking;
pub mod clock;
pub mod gate;
pub mod kafka;
pub mod kubernetes;
pub mod messages;
pub mod throughput;

use crate::domain::{
    ask::{Answer, AskId},
    snapshot::Delta,
};
pub use clock::now;
use tokio::sync::mpsc;

/// Where sources send their news. Bounded: a source waits when the app is behind, and sends only what
/// changed since what it sent before.
pub type News = mpsc::Sender<Delta>;

/// Where the answers to what the user asks go.
pub type Answers = mpsc::Sender<(AskId, Answer)>;

/// How many deltas may wait for the app.
pub const CAPACITY: usize = 1024;

/// A task that ends when its owner lets go of it.
#[derive(Debug)]
pub struct Running(tokio::task::AbortHandle);

impl Running {
    pub fn spawn(task: impl Future<Output = ()> + Send + 'static) -> Self {
        Running(tokio::spawn(task).abort_handle())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}
