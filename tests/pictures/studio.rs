//! A console on a demo, at instants that are named and not passed: what it shows at one follows from the
//! scenario, the keys and the instants before, and not from how fast the machine is.

use crate::heard::Heard;
use castellan::{
    app::{Model, Msg, caption::Caption, chord::Chord, sheet::Sheet, update},
    cli::{Cli, Command},
    demo::{Demo, tour::Stage},
    domain::{
        ask::{Answer, AskId},
        time::Time,
    },
    guide, opening,
    perform::Performer,
    source::{clock, kubernetes},
    sources::Sources,
    view,
};
use castellan_terminal::Drawing;
use clap::Parser as _;
use crossterm::event::KeyCode;
use ratatui::{
    backend::{Backend as _, CrosstermBackend},
    buffer::Buffer,
    layout::Rect,
};
use std::time::Duration;
use tokio::{
    sync::mpsc,
    time::{Instant, timeout},
};

/// Columns and rows.
pub type Size = (u16, u16);

/// When every picture begins: a forenoon, as the traffic of every demo does.
pub const OPENING: Time = Time(1_772_359_200_000); // 2026-03-01 10:00:00Z
/// After so long without news, and when every source has answered, there is no more at this instant.
const QUIET: Duration = Duration::from_millis(150);
/// How long the sources may take for one instant on a machine that has other work.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two instants that are read: what lag in time is told from is noted so often.
const STRIDE: Duration = Duration::from_secs(10);
/// After what was done, before it is looked at.
const MOMENT: Duration = Duration::from_millis(500);
/// Ends of logs are read so long before the commits in them, in the same step of the simulation: a group's
/// progress is then that of one instant.
const AHEAD: Duration = Duration::from_millis(50);

pub struct Studio {
    demo: Demo,
    model: Model,
    performer: Performer,
    answers: mpsc::Receiver<(AskId, Answer)>,
    said: mpsc::UnboundedReceiver<Msg>,
    now: Time,
    heard: Heard,
}

impl Studio {
    /// A demo of these options, with everything read once.
    pub async fn open(options: &[&str], size: Size) -> Studio {
        let words = ["castellan", "demo"].iter().chain(options);
        let cli = Cli::try_parse_from(words).expect("options of a demo");
        let Some(Command::Demo(asked)) = &cli.command else { panic!("no demo: {options:?}") };
        let now = OPENING.plus(AHEAD);
        clock::stand(now);
        let (about, world) = cli.world(asked, OPENING).expect("a world");
        let demo = Demo::start(about, world).await.expect("a demo");
        let from = kubernetes::Options { kubeconfig: Some(demo.kubeconfig()), ..Default::default() };
        let connection = kubernetes::connect(&from).await.expect("a connection");
        let mut settings = cli.settings(Some(&connection.context)).expect("settings");
        settings.demo = Some(demo.about.clone());
        settings.cluster.clone_from(&demo.cluster);
        let mut model = opening::model(&settings, Some(&connection), &opening::themes()).expect("a model");
        model.size = size;
        let (answer, answers) = mpsc::channel(64);
        let (say, said) = mpsc::unbounded_channel();
        let sources = Sources::new(Some(connection), None, settings.refresh);
        let journals = Ok(demo.folder().join("journals"));
        let performer = Performer::writing(model.session.context.clone(), journals, sources, answer, say);
        let mut studio = Studio { demo, model, performer, answers, said, now, heard: Heard::default() };
        studio.settle().await;
        studio
    }

    /// Lets time go on, and reads everything again and again meanwhile.
    pub async fn pass(&mut self, span: Duration) {
        let end = self.now.plus(span);
        while self.now < end {
            let next = self.now.plus(STRIDE).min(end);
            self.look_at(next.minus(AHEAD)).await;
            self.look_at(next).await;
        }
    }

    /// Reads everything as it is at an instant.
    pub async fn look_at(&mut self, now: Time) {
        self.now = now;
        clock::stand(now);
        self.demo.shared.with(|_| ());
        self.apply(Msg::Tick(now));
        self.heard = Heard::default();
        self.performer.sources.reread();
        self.settle().await;
    }

    /// Takes in news until all of this instant is known and there are no more.
    pub async fn settle(&mut self) {
        let begun = Instant::now();
        loop {
            match timeout(QUIET, self.news()).await {
                Ok(msg) => {
                    self.heard.take(&msg, self.now);
                    self.apply(msg);
                    // It is the machine's that this runs on.
                    self.model.snapshot.kubernetes.took = Duration::ZERO;
                }
                Err(_) if self.is_known() => break,
                Err(_) => assert!(begun.elapsed() < PATIENCE, "not everything was told:\n{}", self.text()),
            }
            if self.model.snapshot.generation != self.model.derived.generation {
                self.apply(Msg::Derive);
            }
            self.apply(Msg::Review);
        }
        self.apply(Msg::Derive);
    }

    async fn news(&mut self) -> Msg {
        tokio::select! {
            delta = self.performer.sources.next() => Msg::Delta(delta),
            Some((id, answer)) = self.answers.recv() => Msg::Answer(id, answer),
            Some(msg) = self.said.recv() => msg,
        }
    }

    fn apply(&mut self, msg: Msg) {
        for effect in update(&mut self.model, msg) {
            if let Some(delta) = self.performer.perform(effect) {
                update(&mut self.model, Msg::Delta(delta));
            }
        }
    }

    fn is_known(&self) -> bool {
        let snapshot = &self.model.snapshot;
        let reading = |sheet: &Sheet| matches!(sheet, Sheet::Messages(m) if !m.progress.is_empty());
        !self.model.sheets.iter().any(reading)
            && self.model.targets.aimed()
            && self.heard.all(&snapshot.kubernetes, &snapshot.kafka, self.now)
    }

    /// What the tour says and presses at a stage, after what happens there.
    pub async fn begin(&mut self, stage: &Stage, place: (usize, usize)) {
        stage.begin(&self.demo.shared);
        self.pass(MOMENT).await;
        self.apply(Msg::Caption(Some(Caption { text: stage.say.clone(), stage: place })));
        for chord in guide::chords(stage) {
            self.apply(Msg::Played(chord));
            if chord.character().is_none() {
                self.settle().await;
            }
        }
        self.pass(MOMENT).await;
    }

    /// Whether that has come which the stage waits for.
    pub fn is_over(&self, stage: &Stage) -> bool {
        stage.is_over(&self.demo.shared)
    }

    /// Presses keys, parted by blanks: a chord each, and what is none is typed.
    pub async fn press(&mut self, keys: &str) {
        for key in keys.split(' ') {
            match key.parse::<Chord>() {
                Ok(chord) => self.apply(Msg::Key(chord)),
                Err(_) => key.chars().for_each(|c| self.apply(Msg::Key(Chord::plain(KeyCode::Char(c))))),
            }
        }
        self.settle().await;
    }

    pub fn resize(&mut self, (columns, rows): Size) {
        self.apply(Msg::Resize(columns, rows));
    }

    /// The screen in a theme.
    pub fn drawing(&self, theme: &str) -> Drawing {
        let theme = opening::load_theme(theme, false, &opening::themes()).expect("a theme");
        let (columns, rows) = self.model.size;
        let mut buffer = Buffer::empty(Rect::new(0, 0, columns, rows));
        view::draw(&self.model, &theme, &mut buffer);
        let mut bytes = Vec::new();
        let changes = Buffer::empty(buffer.area).diff(&buffer);
        CrosstermBackend::new(&mut bytes).draw(changes.into_iter()).expect("bytes");
        Drawing::of(&bytes, (columns, rows)).expect("a screen")
    }

    pub fn text(&self) -> String {
        self.drawing("dark").text()
    }
}
