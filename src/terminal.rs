//! The real terminal: taken over, painted on, and always given back.

use crossterm::{
    clipboard::CopyToClipboard,
    cursor, event, execute, queue,
    terminal::{
        self, BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    },
};
use ratatui::{
    backend::{Backend, CrosstermBackend},
    buffer::Buffer,
    layout::{Position, Rect},
};
use std::{
    fs::File,
    io::{self, Write},
    os::fd::AsFd,
    sync::mpsc,
    time::Duration,
};
use tokio::sync::mpsc as done;

/// How long a terminal that does not take bytes may hold up the end.
const PATIENCE: Duration = Duration::from_secs(1);

/// The screen in our hands. One write a frame, by a thread of its own, so that a slow or stopped terminal
/// never holds up the loop: while a frame is under way no other is made.
pub struct Terminal {
    mouse: bool,
    /// What the terminal shows, as far as we know.
    shown: Buffer,
    cursor: Option<Position>,
    /// Goes before the next frame.
    before: Vec<u8>,
    frames: mpsc::Sender<Vec<u8>>,
    written: done::UnboundedReceiver<io::Result<()>>,
    busy: bool,
}

impl Terminal {
    /// Takes the terminal over: raw mode, the alternate screen, pasted text in one piece, the mouse if wanted.
    pub fn enter(mouse: bool) -> io::Result<Self> {
        let mut out = output()?;
        let (frames, queue) = mpsc::channel::<Vec<u8>>();
        let (tell, written) = done::unbounded_channel();
        std::thread::Builder::new().name("screen".into()).spawn(move || {
            for frame in queue {
                if tell.send(out.write_all(&frame)).is_err() {
                    return;
                }
            }
        })?;
        let shown = Buffer::empty(Rect::ZERO);
        let mut terminal =
            Terminal { mouse, shown, cursor: None, before: Vec::new(), frames, written, busy: false };
        terminal.take()?;
        Ok(terminal)
    }

    fn take(&mut self) -> io::Result<()> {
        // What a stopped process left behind is not what we remember.
        terminal::disable_raw_mode()?;
        terminal::enable_raw_mode()?;
        queue!(self.before, EnterAlternateScreen, event::EnableBracketedPaste, cursor::Hide)?;
        if self.mouse {
            queue!(self.before, event::EnableMouseCapture)?;
        }
        self.forget();
        Ok(())
    }

    /// Takes the terminal over again after the process was stopped.
    pub fn resume(&mut self) -> io::Result<()> {
        self.take()
    }

    /// The next frame is drawn whole.
    pub fn forget(&mut self) {
        self.shown = Buffer::empty(Rect::ZERO);
        self.cursor = None;
    }

    /// A frame is being written; painting has to wait.
    pub fn busy(&self) -> bool {
        self.busy
    }

    /// Resolves when the frame under way is written; an error means that the terminal is gone.
    pub async fn written(&mut self) -> io::Result<()> {
        let result = self.written.recv().await.unwrap_or_else(|| Err(io::ErrorKind::BrokenPipe.into()));
        self.busy = false;
        result
    }

    /// Puts text on the clipboard of the terminal (OSC 52), with the next frame.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        queue!(self.before, CopyToClipboard::to_clipboard_from(text))
    }

    /// Writes what differs from what is shown; nothing at all where nothing does.
    pub fn paint(&mut self, next: Buffer, cursor: Option<Position>) -> io::Result<()> {
        let mut bytes = std::mem::take(&mut self.before);
        if self.shown.area != next.area {
            self.shown = Buffer::empty(next.area);
            queue!(bytes, terminal::Clear(terminal::ClearType::All))?;
        }
        let changes = self.shown.diff(&next);
        if !changes.is_empty() || cursor != self.cursor {
            queue!(bytes, BeginSynchronizedUpdate)?;
            if !changes.is_empty() {
                CrosstermBackend::new(&mut bytes).draw(changes.into_iter())?;
            }
            match cursor {
                Some(at) => queue!(bytes, cursor::MoveTo(at.x, at.y), cursor::Show)?,
                None => queue!(bytes, cursor::Hide)?,
            }
            queue!(bytes, EndSynchronizedUpdate)?;
        }
        (self.shown, self.cursor) = (next, cursor);
        self.send(bytes)
    }

    fn send(&mut self, bytes: Vec<u8>) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.busy = true;
        self.frames.send(bytes).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    /// Gives the terminal back as it was. Waits a moment for one that takes bytes slowly.
    pub async fn leave(&mut self) {
        let goodbye = async {
            if self.busy {
                self.written().await?;
            }
            let mut bytes = std::mem::take(&mut self.before);
            farewell(&mut bytes)?;
            self.send(bytes)?;
            self.written().await
        };
        match tokio::time::timeout(PATIENCE, goodbye).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!("the terminal could not be restored: {error}"),
            Err(_) => tracing::warn!("the terminal takes no bytes and was left as it is"),
        }
        if let Err(error) = terminal::disable_raw_mode() {
            tracing::warn!("raw mode could not be left: {error}");
        }
    }
}

/// Standard output without the lock that another thread may hold.
fn output() -> io::Result<File> {
    io::stdout().as_fd().try_clone_to_owned().map(File::from)
}

fn farewell(out: &mut impl Write) -> io::Result<()> {
    execute!(
        out,
        EndSynchronizedUpdate,
        event::DisableMouseCapture,
        event::DisableBracketedPaste,
        LeaveAlternateScreen,
        cursor::Show
    )
}

/// Makes a panic give the terminal back before it speaks. One in a source's task does not end the
/// program and goes to the log: it would tear the screen.
pub fn restore_on_panic() {
    let speak = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let thread = std::thread::current();
        if thread.name() != Some("main") {
            tracing::error!("{info}");
            return;
        }
        // Nothing can be done about a terminal that cannot be restored but to go on and say why.
        let restored =
            output().and_then(|mut out| farewell(&mut out)).and_then(|()| terminal::disable_raw_mode());
        if let Err(error) = restored {
            tracing::error!("the terminal could not be restored: {error}");
        }
        speak(info);
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_farewell_undoes_every_mode() {
        let mut bytes = Vec::new();
        farewell(&mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        for mode in ["?1049l", "?2004l", "?1000l", "?1003l", "?2026l", "?25h"] {
            assert!(text.contains(mode), "{mode} is missing in {text:?}");
        }
    }
}
