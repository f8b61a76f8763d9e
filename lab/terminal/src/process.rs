//! What a process costs, read from the kernel.

use anyhow::{Context as _, Result};
use std::{fs, time::Duration};

#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// Resident memory in bytes.
    pub resident: u64,
    /// The most it ever was.
    pub peak: u64,
    /// Processor time, in user and system mode.
    pub processor: Duration,
}

/// The kernel counts processor time in hundredths of a second for user space (`USER_HZ`).
const TICKS_PER_SECOND: u64 = 100;

pub fn usage(pid: u32) -> Result<Usage> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let kib = |name: &str| -> Result<u64> {
        let line = status.lines().find_map(|l| l.strip_prefix(name)).context("no such line")?;
        Ok(line.split_whitespace().next().context("no figure")?.parse::<u64>()? * 1024)
    };
    // The second field is the program's name in parentheses and may hold blanks.
    let fields: Vec<&str> = stat.rsplit_once(')').context("no name")?.1.split_whitespace().collect();
    let ticks = |i: usize| -> Result<u64> { Ok(fields.get(i).context("too short")?.parse()?) };
    let processor = Duration::from_millis((ticks(11)? + ticks(12)?) * 1000 / TICKS_PER_SECOND);
    Ok(Usage { resident: kib("VmRSS:")?, peak: kib("VmHWM:")?, processor })
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_process_has_memory_and_time() {
        let usage = super::usage(std::process::id()).expect("a usage");
        assert!(usage.resident > 1 << 20 && usage.peak >= usage.resident);
    }
}
