//! The composition root: starts the sources, turns the loop, owns the terminal.

use crate::{
    app::{Effect, Model, Msg, caption::Nudge, chord::Chord, update},
    cli::Settings,
    demo::{Shared, tour::Stage},
    domain::{
        ask::{Answer, AskId},
        snapshot::Delta,
    },
    guide, headless, once,
    opening::{load_theme, model, themes},
    pane::Tone,
    perform::{Performer, journals},
    source::{Running, kubernetes::Connection, now},
    sources::Sources,
    terminal::Terminal,
    view::{self, theme::Theme},
};
use anyhow::{Context as _, Result, anyhow};
use crossterm::event::{Event, EventStream, KeyEventKind};
use futures::{FutureExt, StreamExt};
use ratatui::{buffer::Buffer, layout::Rect};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP};
use signal_hook_tokio::Signals;
use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};
use tokio::sync::mpsc;

/// Between two frames: after a key, and otherwise.
const KEY_FRAME: Duration = Duration::from_millis(16);
const FRAME: Duration = Duration::from_millis(50);
/// Between two derivations; longer where one takes long, so that they never take more than an eighth of
/// the time. The same holds for making a plan again that is shown.
const DERIVE: Duration = Duration::from_millis(250);
const DERIVE_SHARE: u32 = 8;
/// Events of the terminal, and messages, taken in before a frame is considered.
const BURST: usize = 64;
const DRAIN: usize = 4096;
/// Answers that may wait: a log that comes faster than it is shown waits at the server.
const ANSWERS: usize = 64;
/// What terminals take on their clipboard.
const CLIPBOARD: usize = 70_000;

/// Runs the console until it is quit; returns the exit code.
///
/// # Errors
/// Before the screen is taken: a theme, a key or a terminal that is not there, in one sentence.
/// `tour`: its stages, and the world that it leads through.
pub async fn run(
    settings: Settings,
    connection: Option<Connection>,
    notice: Option<String>,
    tour: Option<(Vec<Stage>, Shared)>,
) -> Result<u8> {
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        return Err(anyhow!(
            "castellan draws on a terminal; use --once to print the state to a file or a pipe"
        ));
    }
    let themes = themes();
    let mut model = model(&settings, connection.as_ref(), &themes)?;
    let theme = load_theme(&model.theme, settings.ascii, &themes)?;
    model.size = crossterm::terminal::size().context("the terminal does not say its size")?;
    if let Some(notice) = notice {
        update(&mut model, Msg::Say(Tone::Warning, notice));
    }
    let signals = Signals::new([SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGCONT])?;
    let sources = Sources::new(connection, settings.namespace.clone(), settings.refresh);
    let (say, said) = mpsc::unbounded_channel();
    let (nudges, nudged) = mpsc::unbounded_channel();
    let _guide =
        tour.map(|(stages, shared)| Running::spawn(guide::lead(stages, shared, say.clone(), nudged)));
    let (answers, answered) = mpsc::channel(ANSWERS);
    let performer = if settings.read_only {
        Performer::read_only(journals(), sources, answers, say)
    } else {
        Performer::writing(model.session.context.clone(), journals(), sources, answers, say)
    };
    let terminal = Terminal::enter(settings.mouse)?;
    let console = Console {
        model,
        terminal,
        performer,
        theme,
        themes,
        ascii: settings.ascii,
        pace: Pace::new(),
        nudges,
    };
    console.turn(signals, said, answered).await
}

struct Console {
    model: Model,
    terminal: Terminal,
    performer: Performer,
    theme: Theme,
    themes: Vec<(String, String)>,
    ascii: bool,
    pace: Pace,
    /// To the tour's guide.
    nudges: mpsc::UnboundedSender<Nudge>,
}

/// When to draw and when to derive.
struct Pace {
    /// Something changed since the last frame; a key wants to be seen sooner.
    wanted: Option<Duration>,
    drawn: Instant,
    derived: Instant,
    cost: Duration,
    reviewed: Instant,
    /// Of the last review: a plan of many partitions takes its time.
    review: Duration,
    freshness: Vec<bool>,
}

impl Pace {
    fn new() -> Self {
        let now = Instant::now();
        Pace {
            wanted: Some(Duration::ZERO),
            drawn: now,
            derived: now,
            cost: Duration::ZERO,
            reviewed: now,
            review: Duration::ZERO,
            freshness: Vec::new(),
        }
    }

    fn want(&mut self, within: Duration) {
        self.wanted = Some(self.wanted.map_or(within, |w| w.min(within)));
    }

    fn draw_at(&self) -> Option<Instant> {
        Some(self.drawn + self.wanted?)
    }

    fn derive_at(&self, model: &Model) -> Option<Instant> {
        let due = model.snapshot.generation != model.derived.generation;
        due.then(|| self.derived + DERIVE.max(self.cost * DERIVE_SHARE))
    }

    fn review_at(&self, model: &Model) -> Option<Instant> {
        model.wants_review().then(|| self.reviewed + self.review * DERIVE_SHARE)
    }
}

/// What came from outside.
enum Input {
    News(Delta),
    Msg(Msg),
}

/// The next of them, none before the others for long.
async fn input(
    sources: &mut Sources,
    answered: &mut mpsc::Receiver<(AskId, Answer)>,
    said: &mut mpsc::UnboundedReceiver<Msg>,
) -> Input {
    tokio::select! {
        delta = sources.next() => Input::News(delta),
        Some((id, answer)) = answered.recv() => Input::Msg(Msg::Answer(id, answer)),
        Some(msg) = said.recv() => Input::Msg(msg),
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

impl Console {
    /// The loop, after which the terminal is given back however it ended.
    async fn turn(
        mut self,
        signals: Signals,
        said: mpsc::UnboundedReceiver<Msg>,
        answered: mpsc::Receiver<(AskId, Answer)>,
    ) -> Result<u8> {
        let code = self.cycle(signals, said, answered).await;
        self.terminal.leave().await;
        self.performer.rest().await;
        code
    }

    async fn cycle(
        &mut self,
        mut signals: Signals,
        mut said: mpsc::UnboundedReceiver<Msg>,
        mut answered: mpsc::Receiver<(AskId, Answer)>,
    ) -> Result<u8> {
        let mut events = EventStream::new();
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            let draw = self.pace.draw_at().filter(|_| !self.terminal.busy());
            let derive = self.pace.derive_at(&self.model);
            let review = self.pace.review_at(&self.model);
            let end = tokio::select! {
                biased;
                Some(signal) = signals.next() => self.signal(signal).await?,
                event = events.next() => self.events(event, &mut events).await?,
                result = self.terminal.written(), if self.terminal.busy() => match result {
                    Ok(()) => None,
                    Err(error) => { tracing::info!("the terminal is gone: {error}"); Some(0) }
                },
                _ = until(draw) => { self.draw()?; None }
                _ = until(derive) => self.derive().await?,
                _ = until(review) => self.review().await?,
                _ = tick.tick() => self.tick().await?,
                input = input(&mut self.performer.sources, &mut answered, &mut said) => match input {
                    Input::News(delta) => {
                        self.take(delta);
                        None
                    }
                    Input::Msg(msg) => self.apply(msg).await?,
                },
            };
            if let Some(code) = end {
                return Ok(code);
            }
        }
    }

    /// Takes in a delta and all that wait behind it.
    fn take(&mut self, first: Delta) {
        let mut next = Some(first);
        let before = self.model.snapshot.generation;
        for _ in 0..DRAIN {
            let Some(delta) = next else { break };
            update(&mut self.model, Msg::Delta(delta));
            next = self.performer.sources.waiting();
        }
        if let Some(last) = next {
            update(&mut self.model, Msg::Delta(last));
        }
        if self.model.snapshot.generation != before {
            self.pace.want(FRAME);
        }
    }

    async fn events(
        &mut self,
        first: Option<std::io::Result<Event>>,
        more: &mut EventStream,
    ) -> Result<Option<u8>> {
        let mut next = Some(first);
        // One that was fetched is always taken: a key must not be lost.
        for nth in 0.. {
            let event = match next {
                Some(Some(Ok(event))) => event,
                Some(Some(Err(error))) => {
                    tracing::info!("the terminal cannot be read: {error}");
                    return Ok(Some(0));
                }
                Some(None) => return Ok(Some(0)),
                None => break,
            };
            // A confirmation is judged by when it was typed.
            self.model.now = now();
            if let Some(msg) = message(event)
                && let Some(code) = self.apply(msg).await?
            {
                return Ok(Some(code));
            }
            next = if nth < BURST { more.next().now_or_never() } else { None };
        }
        self.pace.want(KEY_FRAME);
        Ok(None)
    }

    async fn apply(&mut self, msg: Msg) -> Result<Option<u8>> {
        self.pace.want(KEY_FRAME);
        for effect in update(&mut self.model, msg) {
            if let Some(code) = self.perform(effect).await? {
                return Ok(Some(code));
            }
        }
        Ok(None)
    }

    async fn tick(&mut self) -> Result<Option<u8>> {
        // A terminal that went away without a signal is noticed here.
        if !std::io::stdin().is_terminal() {
            return Ok(Some(0));
        }
        let end = self.apply(Msg::Tick(now())).await?;
        let freshness = self.model.freshness();
        if end.is_none() && freshness != self.pace.freshness {
            self.pace.freshness = freshness;
            return self.derive().await;
        }
        Ok(end)
    }

    async fn derive(&mut self) -> Result<Option<u8>> {
        let start = Instant::now();
        let end = self.apply(Msg::Derive).await?;
        (self.pace.derived, self.pace.cost) = (Instant::now(), start.elapsed());
        Ok(end)
    }

    async fn review(&mut self) -> Result<Option<u8>> {
        let start = Instant::now();
        let end = self.apply(Msg::Review).await?;
        (self.pace.reviewed, self.pace.review) = (Instant::now(), start.elapsed());
        Ok(end)
    }

    fn draw(&mut self) -> Result<()> {
        if self.theme.name != self.model.theme {
            match load_theme(&self.model.theme, self.ascii, &self.themes) {
                Ok(theme) => self.theme = theme,
                Err(error) => {
                    self.model.theme.clone_from(&self.theme.name);
                    update(&mut self.model, Msg::Say(Tone::Warning, error.to_string()));
                }
            }
        }
        let (width, height) = self.model.size;
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        let cursor = view::draw(&self.model, &self.theme, &mut buffer);
        self.terminal.paint(buffer, cursor)?;
        (self.pace.wanted, self.pace.drawn) = (None, Instant::now());
        Ok(())
    }

    async fn signal(&mut self, signal: i32) -> Result<Option<u8>> {
        match signal {
            SIGTSTP => self.suspend().await?,
            SIGCONT => {
                self.terminal.resume()?;
                self.resized()?;
            }
            // The convention of shells: 128 and the signal's number.
            ended => return Ok(Some(128 + u8::try_from(ended).unwrap_or(0))),
        }
        Ok(None)
    }

    async fn suspend(&mut self) -> Result<()> {
        self.terminal.leave().await;
        signal_hook::low_level::emulate_default_handler(SIGTSTP)?;
        self.terminal.resume()?;
        self.resized()
    }

    fn resized(&mut self) -> Result<()> {
        let (width, height) = crossterm::terminal::size()?;
        update(&mut self.model, Msg::Resize(width, height));
        self.pace.want(Duration::ZERO);
        Ok(())
    }

    async fn perform(&mut self, effect: Effect) -> Result<Option<u8>> {
        match effect {
            Effect::Copy { text, what } => self.copy(&text, &what)?,
            Effect::CopySnapshot => self.copy(&self.report(), "the state as text")?,
            Effect::Suspend => self.suspend().await?,
            Effect::Redraw => self.terminal.forget(),
            // The tour may have ended in this moment.
            Effect::Tour(nudge) => drop(self.nudges.send(nudge)),
            Effect::Quit => return Ok(Some(0)),
            other => {
                if let Some(delta) = self.performer.perform(other) {
                    update(&mut self.model, Msg::Delta(delta));
                }
            }
        }
        Ok(None)
    }

    fn report(&self) -> String {
        once::text(&once::report(&self.model.world(), headless::session(&self.model)))
    }

    fn copy(&mut self, text: &str, what: &str) -> Result<()> {
        let msg = if text.len() > CLIPBOARD {
            Msg::Say(Tone::Warning, format!("{what} is too long for a terminal's clipboard; save it instead"))
        } else {
            self.terminal.copy(text)?;
            Msg::Say(Tone::Plain, format!("copied {what} (to the terminal's clipboard)"))
        };
        update(&mut self.model, msg);
        Ok(())
    }
}

fn message(event: Event) -> Option<Msg> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => Some(Msg::Key(Chord::from(key))),
        Event::Mouse(mouse) => Some(Msg::Mouse(mouse)),
        Event::Paste(text) => Some(Msg::Paste(text)),
        Event::Resize(width, height) => Some(Msg::Resize(width, height)),
        _ => None,
    }
}
