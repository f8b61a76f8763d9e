//! `measure READY SECONDS PROGRAM [ARGUMENTS]`: runs the program at 80×24; prints how long it took until
//! the text READY stood on its screen, its memory then, and what it cost in the idle seconds after.

use anyhow::{Result, bail};
use castellan_terminal::Terminal;
use std::time::{Duration, Instant};

/// What follows the first complete frame (a garbage collection, a first poll) is not idleness yet.
const SETTLE: Duration = Duration::from_secs(10);

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [ready, seconds, program, rest @ ..] = arguments.as_slice() else {
        bail!("usage: measure READY SECONDS PROGRAM [ARGUMENTS]");
    };
    let idle = Duration::from_secs(seconds.parse()?);
    let start = Instant::now();
    let terminal = Terminal::start(program, rest, &[], (80, 24))?;
    terminal.wait_for(ready, Duration::from_secs(60))?;
    let first = start.elapsed();
    std::thread::sleep(SETTLE);
    let (before, bytes) = (terminal.usage()?, terminal.bytes());
    std::thread::sleep(idle);
    let (after, sent) = (terminal.usage()?, terminal.bytes() - bytes);
    let share = (after.processor - before.processor).as_secs_f64() / idle.as_secs_f64();
    println!("first complete frame  {:.2} s", first.as_secs_f64());
    println!("resident memory       {:.0} MB (peak {:.0} MB)", mega(after.resident), mega(after.peak));
    println!("idle processor        {:.1} % of a core", share * 100.0);
    println!("idle output           {:.0} bytes a minute", sent as f64 * 60.0 / idle.as_secs_f64());
    Ok(())
}

fn mega(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
