//! Brokers: what their processes do, and what the controller thinks of them.

use crate::domain::{Text, kubernetes::Key};
use std::collections::BTreeMap;

/// What a broker's process does. Whoever runs the processes says so by setting it; what follows from it, the
/// cluster's steps bring about: a `Starting` one becomes `Up`, a `Stopping` one `Down`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// There is no process: its pod is not there, or its container does not run.
    Down,
    /// It reads its log before it registers.
    Starting,
    /// It serves clients and fetches from leaders, as soon as it is registered.
    Up,
    /// It was asked to stop: its leaders move to other brokers, and then it goes.
    Stopping,
    /// It has stopped answering (as by SIGSTOP); the controller fences it after the session's timeout.
    Hung,
}

#[derive(Debug, Clone)]
pub struct Broker {
    pub id: i32,
    /// The pod that it runs in. It advertises `<pod>.<service>.<namespace>.svc`, on [`super::Cluster::port`].
    pub pod: Key,
    pub rack: Option<Text>,
    pub life: Life,
    /// Whether the controller has it as registered and not fenced: only such brokers are in the metadata.
    pub registered: bool,
    /// Whether its replica fetchers run. Where they do not, it serves, and its replicas fall behind.
    pub fetching: bool,
    /// Bytes of its volume.
    pub capacity: u64,
    /// Bytes on it that are no log.
    pub other_bytes: u64,
    /// Bytes on it in all, as counted lately.
    pub used: u64,
    /// It stopped because its disk is full.
    pub disk_failed: bool,
    /// Dynamic configuration: throttles, for instance.
    pub configs: BTreeMap<Text, Text>,
    /// Messages and bytes that it took and gave since it started; counters of its exporter.
    pub messages_in: f64,
    pub bytes_in: f64,
    pub bytes_out: f64,
    /// Bytes that it fetched from leaders because it, or a new replica of it, was behind.
    pub copied_in: f64,
    pub(super) process: Process,
}

/// What the steps remember of a broker's process.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Process {
    /// The life that the last step saw, and the simulated second since which it is so.
    pub seen: Life,
    pub since: f64,
    /// How it stood when its partitions were last looked at.
    pub stood: Standing,
    /// When the controller last heard from it.
    pub heard: f64,
    /// The controller's registration is of an earlier process, which has to be fenced first.
    pub stale: bool,
    /// Whether it was asked to stop and did: then there is no log to recover.
    pub clean: bool,
    /// How far it had read the metadata log when it last did, in records, and when that was.
    pub metadata: (f64, f64),
}

/// What the rules about partitions look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    registered: bool,
    serves: bool,
    follows: bool,
    leaves: bool,
}

impl Broker {
    /// One that runs and has always run.
    pub fn new(id: i32, pod: Key, rack: Option<Text>, capacity: u64, now: f64) -> Self {
        let process = Process {
            seen: Life::Up,
            since: now,
            stood: Standing { registered: true, serves: true, follows: true, leaves: false },
            heard: now,
            stale: false,
            clean: false,
            metadata: (0.0, now),
        };
        Broker {
            id,
            pod,
            rack,
            life: Life::Up,
            registered: true,
            fetching: true,
            capacity,
            other_bytes: 0,
            used: 0,
            disk_failed: false,
            configs: BTreeMap::new(),
            messages_in: 0.0,
            bytes_in: 0.0,
            bytes_out: 0.0,
            copied_in: 0.0,
            process,
        }
    }

    /// Whether it answers clients about partitions that it leads.
    pub fn serves(&self) -> bool {
        self.registered && !self.process.stale && matches!(self.life, Life::Up | Life::Stopping)
    }

    /// Whether its replicas follow their leaders.
    pub fn follows(&self) -> bool {
        self.serves() && self.fetching
    }

    pub(super) fn standing(&self) -> Standing {
        Standing {
            registered: self.registered,
            serves: self.serves(),
            follows: self.follows(),
            leaves: self.life == Life::Stopping,
        }
    }

    /// A dynamic throttle in bytes a second.
    pub(super) fn throttle(&self, name: &str) -> Option<f64> {
        self.configs.get(name)?.parse().ok()
    }
}
