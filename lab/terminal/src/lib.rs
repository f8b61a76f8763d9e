//! A terminal that runs a program and knows what its screen shows: the real escape sequences through a
//! real pseudo-terminal into an emulator.

mod picture;
mod process;

pub use process::Usage;

use anyhow::{Context as _, Result, bail};
use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use std::{
    io::{Read as _, Write},
    num::NonZeroU16,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// A program on a screen of its own. Dropping it ends the program.
pub struct Terminal {
    emulator: Arc<Mutex<vt100::Parser>>,
    bytes: Arc<AtomicU64>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
}

/// Columns and rows.
pub type Size = (u16, u16);

/// What a screen shows once it was sent some bytes.
pub struct Drawing(vt100::Parser);

impl Drawing {
    pub fn of(bytes: &[u8], size: Size) -> Result<Drawing> {
        let mut emulator = emulator(size)?;
        emulator.process(bytes);
        Ok(Drawing(emulator))
    }

    /// A line a row, without the blanks at their ends.
    pub fn text(&self) -> String {
        text(self.0.screen())
    }

    pub fn svg(&self) -> String {
        picture::svg(self.0.screen())
    }
}

/// How often the screen is looked at while waiting.
const GLANCE: Duration = Duration::from_millis(10);

impl Terminal {
    /// Starts `program` with `arguments` and, over the inherited environment, `environment`.
    pub fn start(
        program: &str,
        arguments: &[String],
        environment: &[(&str, &str)],
        size: Size,
    ) -> Result<Terminal> {
        let pair = native_pty_system().openpty(pty_size(size)).context("no pseudo-terminal")?;
        // A path is one from here; a bare name is looked up as a shell would.
        let here = std::env::current_dir()?;
        let program =
            if program.contains('/') { here.join(program) } else { std::path::PathBuf::from(program) };
        let mut command = CommandBuilder::new(&program);
        command.cwd(here);
        command.args(arguments);
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        command.env_remove("NO_COLOR");
        environment.iter().for_each(|(name, value)| command.env(name, value));
        let child = pair
            .slave
            .spawn_command(command)
            .with_context(|| format!("cannot start {}", program.display()))?;
        let emulator = Arc::new(Mutex::new(emulator(size)?));
        let bytes = Arc::new(AtomicU64::new(0));
        let mut output = pair.master.try_clone_reader()?;
        let (to, count) = (emulator.clone(), bytes.clone());
        std::thread::spawn(move || {
            let mut buffer = [0; 1 << 16];
            while let Ok(n @ 1..) = output.read(&mut buffer) {
                count.fetch_add(n as u64, Ordering::Relaxed);
                lock(&to).process(&buffer[..n]);
            }
        });
        let keys = pair.master.take_writer()?;
        Ok(Terminal { emulator, bytes, master: pair.master, keys, child })
    }

    /// The screen's text, a line a row, without the blanks at their ends.
    pub fn text(&self) -> String {
        self.look(text)
    }

    /// The row that contains `text`, if one does.
    pub fn row_with(&self, text: &str) -> Option<String> {
        self.text().lines().find(|row| row.contains(text)).map(String::from)
    }

    /// Looks at the emulator's screen: cells, colours, modes.
    pub fn look<T>(&self, at: impl FnOnce(&vt100::Screen) -> T) -> T {
        at(lock(&self.emulator).screen())
    }

    /// The screen as a picture.
    pub fn svg(&self) -> String {
        self.look(picture::svg)
    }

    /// Types: text as it is, control characters and escape sequences included.
    pub fn send(&mut self, keys: &str) -> Result<()> {
        self.keys.write_all(keys.as_bytes())?;
        Ok(self.keys.flush()?)
    }

    pub fn resize(&mut self, size: Size) -> Result<()> {
        self.master.resize(pty_size(size))?;
        let (columns, rows) = nonzero(size)?;
        lock(&self.emulator).set_size(rows, columns);
        Ok(())
    }

    /// Waits until the screen's text satisfies `seen`; how long that took. Where it does not within
    /// `limit`, the error shows the screen.
    pub fn wait(&self, what: &str, limit: Duration, seen: impl Fn(&str) -> bool) -> Result<Duration> {
        let start = Instant::now();
        loop {
            let text = self.text();
            if seen(&text) {
                return Ok(start.elapsed());
            }
            if start.elapsed() > limit {
                bail!("not seen within {limit:?}: {what}. The screen:\n{text}");
            }
            std::thread::sleep(GLANCE);
        }
    }

    /// Waits until `text` stands on the screen.
    pub fn wait_for(&self, text: &str, limit: Duration) -> Result<Duration> {
        self.wait(text, limit, |screen| screen.contains(text))
    }

    /// Waits for the program's end.
    pub fn wait_end(&mut self, limit: Duration) -> Result<ExitStatus> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if start.elapsed() > limit {
                bail!("still running after {limit:?}. The screen:\n{}", self.text());
            }
            std::thread::sleep(GLANCE);
        }
    }

    /// Bytes that the program has sent to the terminal so far.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// The program's memory and processor time so far.
    pub fn usage(&self) -> Result<Usage> {
        process::usage(self.pid()?)
    }

    pub fn pid(&self) -> Result<u32> {
        self.child.process_id().context("the program has ended")
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended by itself; there is no one left to tell either way.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text(screen: &vt100::Screen) -> String {
    let rows = screen.rows(0, screen.size().1.get());
    rows.map(|row| row.trim_end().to_string()).collect::<Vec<_>>().join("\n")
}

fn lock(emulator: &Mutex<vt100::Parser>) -> MutexGuard<'_, vt100::Parser> {
    emulator.lock().unwrap_or_else(|e| e.into_inner())
}

fn pty_size((cols, rows): Size) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

fn nonzero((columns, rows): Size) -> Result<(NonZeroU16, NonZeroU16)> {
    let some = |n| NonZeroU16::new(n).context("a terminal has at least one column and one row");
    Ok((some(columns)?, some(rows)?))
}

fn emulator(size: Size) -> Result<vt100::Parser> {
    let (columns, rows) = nonzero(size)?;
    Ok(vt100::Parser::new(rows, columns, 0))
}
