//! Room on the brokers' disks.

use crate::{
    action::Known,
    domain::kafka::{BrokerId, LogDir, LogDirs},
};

/// What a broker's disks hold and may still take. Of several log dirs the sum: the broker puts a new
/// replica into the one with the fewest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Bytes until the policy's limit.
    pub left: u64,
    pub used: u64,
    pub total: u64,
}

impl Room {
    /// Of the broker's healthy volumes; None: not told, or not up to date.
    pub fn of(known: &Known<'_>, broker: BrokerId) -> Option<Room> {
        let logs = known.world.snapshot.kafka.brokers.get(&broker)?.log_dirs.live(known.world.now)?;
        Room::in_(logs, known.policy.disk)
    }

    /// As it was read last, however long ago.
    pub fn last(known: &Known<'_>, broker: BrokerId) -> Option<Room> {
        let logs = known.world.snapshot.kafka.brokers.get(&broker)?.log_dirs.last()?;
        Room::in_(logs, known.policy.disk)
    }

    fn in_(logs: &LogDirs, limit: f64) -> Option<Room> {
        let mut volumes: Vec<(u64, u64)> = Vec::new();
        for dir in logs.dirs.iter().filter(|dir| dir.error.is_none()) {
            let volume = volume(dir)?;
            // Two log dirs of the same numbers are on one volume.
            if !volumes.contains(&volume) {
                volumes.push(volume);
            }
        }
        let limit = limit.clamp(0.0, 1.0);
        let left = |(used, total): &(u64, u64)| ((*total as f64 * limit) as u64).saturating_sub(*used);
        let (used, total) = volumes.iter().fold((0, 0), |sum, v| (sum.0 + v.0, sum.1 + v.1));
        (total > 0).then(|| Room { left: volumes.iter().map(left).sum(), used, total })
    }

    pub fn less(self, bytes: u64) -> Room {
        Room { left: self.left.saturating_sub(bytes), used: self.used + bytes, total: self.total }
    }

    pub fn more(self, bytes: u64) -> Room {
        Room { left: self.left + bytes, used: self.used.saturating_sub(bytes), total: self.total }
    }

    /// How full it is with so much more, in hundredths.
    pub fn percent(&self, more: u64) -> u64 {
        let used = u128::from(self.used) + u128::from(more);
        u64::try_from(used * 100 / u128::from(self.total.max(1))).unwrap_or(u64::MAX)
    }
}

/// (used, total)
fn volume(dir: &LogDir) -> Option<(u64, u64)> {
    let (total, usable) = (dir.total?, dir.usable?);
    Some((total.saturating_sub(usable), total))
}
