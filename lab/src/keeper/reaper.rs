//! The duty of the first process of a pid namespace: to reap orphans.

use rustix::process::{Pid, WaitOptions, waitpid};
use std::collections::HashSet;
use std::fs;
use std::time::Duration;

/// Reaps what is a zombie for longer than two seconds, for ever.
///
/// The keeper's own children are reaped as soon as they end, by whoever waits for them; what
/// is left was the child of a process that ended first.
pub(crate) async fn reap() {
    let mut before = HashSet::new();
    loop {
        let now: HashSet<i32> = zombies().collect();
        for pid in now.intersection(&before).copied().filter_map(Pid::from_raw) {
            let _ = waitpid(Some(pid), WaitOptions::NOHANG);
        }
        before = now;
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

fn zombies() -> impl Iterator<Item = i32> {
    let children = fs::read_to_string("/proc/1/task/1/children").unwrap_or_default();
    let pids: Vec<i32> = children.split_whitespace().filter_map(|pid| pid.parse().ok()).collect();
    pids.into_iter().filter(|pid| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // The state follows the name, which may contain anything but is in parentheses.
        stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z'))
    })
}
