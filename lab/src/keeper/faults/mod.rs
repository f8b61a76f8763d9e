//! Doing a fault and undoing it, one file per family.

mod access;
mod api;
mod broker;
mod disk;
mod node;
mod process;
mod telemetry;
mod throttle;
pub(crate) mod token;

use super::Keeper;
use crate::fault::Fault;
use anyhow::Result;
use std::sync::Mutex;

/// The faults that are on.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    pub(crate) fn on(&self) -> Vec<Fault> {
        self.0.lock().map(|faults| faults.clone()).unwrap_or_default()
    }

    fn add(&self, fault: Fault) {
        if let Ok(mut faults) = self.0.lock() {
            faults.push(fault);
        }
    }

    fn remove(&self, fault: &Fault) {
        if let Ok(mut faults) = self.0.lock() {
            faults.retain(|on| !same(on, fault));
        }
    }
}

/// Whether undoing the one undoes the other: how strong they are does not matter.
fn same(a: &Fault, b: &Fault) -> bool {
    match (a, b) {
        (Fault::KillBroker { broker: a, .. }, Fault::KillBroker { broker: b, .. })
        | (Fault::SlowBroker { broker: a, .. }, Fault::SlowBroker { broker: b, .. })
        | (Fault::FillLogDir { broker: a, .. }, Fault::FillLogDir { broker: b, .. }) => a == b,
        (Fault::SlowApi { .. }, Fault::SlowApi { .. })
        | (Fault::LeaveThrottle { .. }, Fault::LeaveThrottle { .. }) => true,
        _ => a == b,
    }
}

/// Breaks something. A fault of the same kind and place is replaced.
pub(crate) async fn set(keeper: &Keeper, fault: Fault) -> Result<()> {
    match &fault {
        Fault::KillBroker { broker, once } => broker::kill(keeper, *broker, *once)?,
        Fault::HangBroker { broker } => broker::hang(keeper, *broker)?,
        Fault::SlowBroker { broker, rate } => broker::slow(keeper, *broker, *rate).await?,
        Fault::StopApi => api::stop(keeper).await?,
        Fault::HangApi => api::hang(keeper)?,
        Fault::SlowApi { delay } => api::slow(keeper, *delay),
        Fault::ExpireWatches => api::expire_watches(keeper).await?,
        Fault::RevokePermission { role, resource } => access::revoke(keeper, *role, resource).await?,
        Fault::ExpireToken => token::expire(keeper).await?,
        Fault::StopPrometheus => process::hold(keeper, telemetry::NAMESPACE, telemetry::POD),
        Fault::StopScraping => telemetry::stop_scraping(keeper).await?,
        Fault::StopConsumer { deployment } => process::stop(keeper, "shop", &format!("{deployment}-"))?,
        Fault::LoseNode { node } => node::lose(keeper, node).await?,
        Fault::LeaveThrottle { rate } => throttle::leave(keeper, *rate).await?,
        Fault::FillLogDir { broker, percent } => disk::fill(keeper, *broker, *percent).await?,
    }
    let passing = matches!(fault, Fault::ExpireWatches | Fault::KillBroker { once: true, .. });
    keeper.faults.remove(&fault);
    if !passing {
        keeper.faults.add(fault);
    }
    Ok(())
}

/// Mends one fault, or all in the reverse order.
pub(crate) async fn undo(keeper: &Keeper, fault: Option<Fault>) -> Result<()> {
    let faults = match fault {
        Some(fault) => vec![fault],
        None => keeper.faults.on().into_iter().rev().collect(),
    };
    for fault in faults {
        mend(keeper, &fault).await?;
        keeper.faults.remove(&fault);
    }
    Ok(())
}

async fn mend(keeper: &Keeper, fault: &Fault) -> Result<()> {
    match fault {
        Fault::KillBroker { broker, .. } => broker::let_live(keeper, *broker),
        Fault::HangBroker { broker } => broker::resume(keeper, *broker),
        Fault::SlowBroker { broker, .. } => broker::quicken(keeper, *broker).await?,
        Fault::StopApi => api::start(keeper).await?,
        Fault::HangApi => api::resume(keeper)?,
        Fault::SlowApi { .. } => api::slow(keeper, 0),
        // Whoever watched has listed again by now; nothing is left to mend.
        Fault::ExpireWatches => {}
        Fault::RevokePermission { .. } => access::restore(keeper, fault).await?,
        Fault::ExpireToken => token::renew(keeper).await?,
        Fault::StopPrometheus => process::let_go(keeper, telemetry::NAMESPACE, telemetry::POD),
        Fault::StopScraping => telemetry::scrape(keeper).await?,
        Fault::StopConsumer { deployment } => process::resume(keeper, "shop", &format!("{deployment}-")),
        Fault::LoseNode { node } => node::find(keeper, node).await?,
        Fault::LeaveThrottle { .. } => throttle::remove(keeper).await?,
        Fault::FillLogDir { broker, .. } => disk::empty(keeper, *broker).await?,
    }
    Ok(())
}
