//! What was written just now: it is read again soon, and a few times, whatever the pace of the polls.

use crate::domain::kafka::{BrokerId, GroupId, TopicName};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use tokio::{sync::watch, time::Instant};

/// What a write may have changed that is read seldom.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Matter {
    /// A topic's configuration.
    Topic(TopicName),
    /// A broker's throttles.
    Broker(BrokerId),
    Group(GroupId),
    Reassignments,
}

/// So long after a write it is looked at: a change needs a moment from the controller's log to every broker,
/// and now and then longer.
const LOOKS: [Duration; 5] = [
    Duration::from_millis(200),
    Duration::from_millis(600),
    Duration::from_millis(1_500),
    Duration::from_secs(4),
    Duration::from_secs(10),
];

/// When each was written last, for as long as it is looked at.
#[derive(Debug)]
pub struct Written(watch::Sender<BTreeMap<Matter, Instant>>);

impl Default for Written {
    fn default() -> Self {
        Written(watch::Sender::new(BTreeMap::new()))
    }
}

impl Written {
    pub fn tell(&self, matters: impl IntoIterator<Item = Matter>) {
        let now = Instant::now();
        self.0.send_modify(|written| {
            written.retain(|_, at| now - *at <= LOOKS[LOOKS.len() - 1]);
            written.extend(matters.into_iter().map(|matter| (matter, now)));
        });
    }

    /// Listens for those of interest, from now on.
    pub fn looks<F: Fn(&Matter) -> bool>(&self, of_interest: F) -> Looks<F> {
        Looks { written: self.0.subscribe(), of_interest, last: Instant::now() }
    }
}

/// The looks of one reader.
pub struct Looks<F> {
    written: watch::Receiver<BTreeMap<Matter, Instant>>,
    of_interest: F,
    /// When the last look began.
    last: Instant,
}

impl<F: Fn(&Matter) -> bool> Looks<F> {
    /// Waits for the next look; what is to be looked at.
    pub async fn due(&mut self) -> BTreeSet<Matter> {
        loop {
            let next = self.all(self.last).map(|(_, at)| at).min();
            tokio::select! {
                changed = self.written.changed() => if changed.is_err() { std::future::pending().await },
                () = tokio::time::sleep_until(next.unwrap_or(self.last)), if next.is_some() => {
                    let (since, now) = (std::mem::replace(&mut self.last, Instant::now()), Instant::now());
                    return self.all(since).filter(|(_, at)| *at <= now).map(|(matter, _)| matter).collect();
                }
            }
        }
    }

    /// Each matter's next look after `since`.
    fn all(&self, since: Instant) -> impl Iterator<Item = (Matter, Instant)> {
        let written = self.written.borrow();
        let next = |at: Instant| LOOKS.iter().map(|look| at + *look).find(|look| *look > since);
        let of_interest = written.iter().filter(|(matter, _)| (self.of_interest)(matter));
        let all: Vec<_> = of_interest.filter_map(|(matter, at)| Some((matter.clone(), next(*at)?))).collect();
        all.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(name: &str) -> Matter {
        Matter::Topic(name.into())
    }

    #[tokio::test]
    async fn a_write_is_looked_at_again_and_again_by_whom_it_concerns() {
        let written = Written::default();
        let mut looks = written.looks(|matter| matches!(matter, Matter::Topic(_)));
        written.tell([topic("orders"), Matter::Broker(BrokerId(1))]);
        let began = Instant::now();
        for after in &LOOKS[..3] {
            assert_eq!(looks.due().await, BTreeSet::from([topic("orders")]));
            assert!(began.elapsed() >= *after);
        }
        // A reader that was busy meanwhile looks once.
        written.tell([topic("audit")]);
        tokio::time::sleep(LOOKS[1]).await;
        let before = Instant::now();
        assert!(looks.due().await.contains(&topic("audit")));
        assert!(before.elapsed() < LOOKS[0]);
    }

    #[test]
    fn looks_come_to_an_end() {
        let (written, now) = (Written::default(), Instant::now());
        let looks = written.looks(|_| true);
        written.tell([topic("orders")]);
        let mut since = now;
        let mut all = 0;
        while let Some((_, next)) = looks.all(since).next() {
            assert!(next > since);
            (since, all) = (next, all + 1);
        }
        assert_eq!(all, LOOKS.len());
    }
}
