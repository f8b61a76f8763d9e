//! What can be broken in a lab.

use clap::Subcommand;
use serde::{Deserialize, Serialize};

/// A fault. Each is really done to the running processes, and each can be undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Subcommand)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Fault {
    /// Kill a broker with SIGKILL, and again whenever it is started: CrashLoopBackOff.
    KillBroker {
        /// Its ordinal.
        broker: u32,
        /// Kill it only this once; its container is then restarted.
        #[arg(long)]
        once: bool,
    },
    /// Stop a broker with SIGSTOP: its port stays open, and nothing answers.
    HangBroker {
        /// Its ordinal.
        broker: u32,
    },
    /// Narrow the network of a broker's pod in both directions.
    SlowBroker {
        /// Its ordinal.
        broker: u32,
        /// In kbit/s.
        #[arg(long, default_value_t = 256)]
        rate: u32,
    },
    /// Kill the API server and keep it down: connections to it are refused.
    StopApi,
    /// Stop the API server with SIGSTOP: connections to it are accepted and nothing answers.
    HangApi,
    /// Delay every byte that passes between the API server and the outside.
    SlowApi {
        /// In each direction, in ms.
        #[arg(long, default_value_t = 1500)]
        delay: u64,
    },
    /// Compact etcd and restart the API server, so that resumed watches get 410 Gone.
    ExpireWatches,
    /// Take a resource out of a context's role: 403.
    RevokePermission {
        /// Whose role.
        #[arg(long, value_enum, default_value_t = Role::Viewer)]
        role: Role,
        /// As the role's rules name it, for example `pods` or `services/proxy`.
        resource: String,
    },
    /// Revoke the token of the expiring context: 401, until the undo renews it.
    ExpireToken,
    /// Kill Prometheus, and again whenever it is started.
    StopPrometheus,
    /// Let Prometheus answer and scrape no broker.
    StopScraping,
    /// Stop the processes of a consumer's Deployment with SIGSTOP.
    StopConsumer {
        /// The Deployment, in the namespace `shop`.
        #[arg(default_value = "billing")]
        deployment: String,
    },
    /// Cut a node off: its processes are killed, its network is silent, its kubelet is gone.
    LoseNode {
        /// Its name.
        node: String,
    },
    /// Leave the throttle of a finished reassignment behind.
    LeaveThrottle {
        /// In bytes/s.
        #[arg(long, default_value_t = 10_000_000)]
        rate: u64,
    },
    /// Fill a broker's log dir with a ballast file.
    FillLogDir {
        /// Its ordinal.
        broker: u32,
        /// How much of the volume is to be in use.
        #[arg(long, default_value_t = 100)]
        percent: u8,
    },
}

/// A role whose permissions can be revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Of the viewer's context.
    Viewer,
    /// Of the context that may do everything but evict.
    NoEvict,
}

impl Role {
    /// The ClusterRole's name.
    pub fn cluster_role(self) -> &'static str {
        match self {
            Self::Viewer => "castellan-viewer",
            Self::NoEvict => "castellan-no-evict",
        }
    }
}
