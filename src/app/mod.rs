//! The state of a session, and the one way in which it changes: [`update`].

mod access;
pub mod acting;
pub mod caption;
pub mod chord;
pub mod command;
mod commands;
pub mod confirm;
mod errand;
mod keys;
pub mod layout;
pub mod list;
pub mod messages;
mod mouse;
pub mod operations;
pub mod pager;
mod palette;
pub mod prompt;
pub mod report;
pub mod screen;
pub mod sheet;
mod steer;
pub mod target;
pub mod text;

use crate::{
    action::{Policy, Said, journal::Told},
    domain::{
        Text,
        ask::{Answer, Ask, AskId},
        context::{Context, Contexts},
        derived::{Choice, Derived},
        kubernetes::KubernetesDelta,
        object::Object,
        operation::OperationId,
        snapshot::{Delta, Snapshot},
        time::Time,
    },
    pane::{Place, Tone, World},
};
use caption::Caption;
use command::{Keymap, Scope};
pub use errand::Effect;
use prompt::Prompt;
use screen::Screen;
use sheet::{Reader, Sheet, Subject};
use std::time::Duration;
use target::{Targets, Wishes};

#[cfg(test)]
pub mod tests;

/// What was pinned when the session started. The header and every action speak of this one context.
#[derive(Debug, Clone, Default)]
pub struct Session {
    /// Where the contexts were read: the kubeconfig's files.
    pub kubeconfig: Text,
    pub context: Text,
    pub contexts: Vec<Context>,
    /// The only namespace that was asked for.
    pub namespace: Option<Text>,
    /// Names of the themes to choose from.
    pub themes: Vec<String>,
    /// Nothing is ever changed.
    pub read_only: bool,
    /// A context to be careful in.
    pub production: bool,
    /// What the simulated cluster shows that all of this is; None: it is real.
    pub demo: Option<Text>,
    /// How long actions are possible in production after an elevation; None: they always are.
    pub elevation: Option<Duration>,
    pub policy: Policy,
    /// Tells this session's operations from those of every other.
    pub id: Text,
}

pub struct Model {
    pub snapshot: Snapshot,
    pub derived: Derived,
    pub now: Time,
    /// (columns, rows).
    pub size: (u16, u16),
    pub session: Session,
    pub keymap: Keymap,
    /// Chosen among all; None: all.
    pub namespace: Option<Text>,
    /// For the keys 1 to 9.
    pub namespaces: Vec<Text>,
    /// Of several found Kafka clusters the chosen one.
    pub cluster: Option<Text>,
    screens: Vec<Screen>,
    at: usize,
    last: usize,
    pub sheets: Vec<Sheet>,
    /// The first line of help shown; None: closed.
    pub help: Option<usize>,
    pub prompt: Option<Prompt>,
    pub notice: Option<Notice>,
    /// What the tour says; None: there is none.
    pub caption: Option<Caption>,
    pub header: bool,
    pub theme: String,
    pub wishes: Wishes,
    pub targets: Targets,
    operations: operations::Operations,
    /// What plans are made from now.
    ground: confirm::Ground,
    /// Permissions that were asked for.
    asked: access::Asked,
    /// The argument that a file is read for.
    loading: Option<acting::Loading>,
    /// Until when actions are possible in production.
    elevated: Option<Time>,
    effects: Vec<Effect>,
    asks: u64,
}

/// One sentence in the footer.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    pub text: String,
    pub tone: Tone,
    pub until: Time,
}

const NOTICE: Duration = Duration::from_secs(6);
/// Screens that history remembers.
const HISTORY: usize = 50;

#[derive(Debug, Clone)]
pub enum Msg {
    Key(chord::Chord),
    /// A key of the tour's.
    Played(chord::Chord),
    /// What the tour says from now on; None: it is over.
    Caption(Option<Caption>),
    Mouse(crossterm::event::MouseEvent),
    Paste(String),
    Resize(u16, u16),
    /// Time passes.
    Tick(Time),
    Delta(Delta),
    /// Work out what follows from the deltas taken in.
    Derive,
    /// Make the plan that is shown again, if it was made from something else than what is known now.
    Review,
    Answer(AskId, Answer),
    /// An effect's outcome in words.
    Say(Tone, String),
    /// What was heard of a step's write.
    Acted(OperationId, usize, Said),
    /// Whether the journal can be written, before anything is done.
    Journal(Result<(), Text>),
    /// What the journal tells of the cluster's operations.
    Recalled(Vec<Told>),
    /// Whether this session leads an operation from now on, and then what the journal tells of it.
    TookUp(OperationId, Result<Box<Told>, Text>),
    /// A file's contents: (path, text).
    Loaded(String, Result<String, Text>),
}

impl Model {
    pub fn new(session: Session, keymap: Keymap, theme: String, first: Screen) -> Self {
        let contexts = Contexts { present: session.context.clone(), all: session.contexts.clone() };
        Model {
            snapshot: Snapshot { contexts, ..Snapshot::default() },
            derived: Derived::default(),
            now: Time::default(),
            size: (80, 24),
            namespace: session.namespace.clone(),
            session,
            keymap,
            namespaces: Vec::new(),
            cluster: None,
            screens: vec![first],
            at: 0,
            last: 0,
            sheets: Vec::new(),
            help: None,
            prompt: None,
            notice: None,
            caption: None,
            header: true,
            theme,
            wishes: Wishes::default(),
            targets: Targets::default(),
            operations: operations::Operations::default(),
            ground: confirm::Ground::default(),
            asked: access::Asked::default(),
            loading: None,
            elevated: None,
            effects: Vec::new(),
            asks: 0,
        }
    }

    pub fn world(&self) -> World<'_> {
        World { snapshot: &self.snapshot, derived: &self.derived, now: self.now }
    }

    /// The Kafka cluster that is looked at; none while one of several is yet to be chosen.
    pub fn kafka_name(&self) -> Option<&Text> {
        let found = self.derived.cluster.as_ref().filter(|_| !self.derived.joined.undecided);
        found.or(self.targets.kafka())
    }

    pub fn screen(&self) -> &Screen {
        &self.screens[self.at]
    }

    pub fn screen_mut(&mut self) -> &mut Screen {
        &mut self.screens[self.at]
    }

    /// What has the keyboard.
    pub fn scope(&self) -> Scope {
        if self.help.is_some() { Scope::Help } else { self.scope_below_help() }
    }

    fn scope_below_help(&self) -> Scope {
        match self.sheets.last() {
            Some(Sheet::Reader(_)) => Scope::Reader,
            Some(Sheet::Log(_)) => Scope::Log,
            Some(Sheet::Messages(_)) => Scope::Messages,
            Some(Sheet::Confirm(_)) => Scope::Confirm,
            None if self.screen().list().is_some() => Scope::Table,
            None => Scope::Charts,
        }
    }

    /// The object that keys act on: the selected row, or what the open sheet is about.
    pub fn selected(&self) -> Option<&Object> {
        match self.sheets.last() {
            Some(Sheet::Reader(Reader {
                subject: Subject::Description(o) | Subject::Yaml(o, _), ..
            })) => Some(o),
            Some(_) => None,
            None => self.screen().list()?.selected(),
        }
    }

    /// What the selected row is about: a finding's subject, else the row's own object.
    pub fn subject(&self) -> Option<&Object> {
        self.selected().map(|object| self.subject_of(object))
    }

    fn subject_of<'a>(&'a self, object: &'a Object) -> &'a Object {
        match object {
            Object::Finding(id) => self.derived.finding(id).map_or(object, |f| &f.subject),
            object => object,
        }
    }

    /// For how long actions are still possible; None: nothing is elevated.
    pub fn elevated(&self) -> Option<Duration> {
        self.elevated.map(|until| until.since(self.now)).filter(|left| !left.is_zero())
    }

    /// Whether a plan is shown that a [`Msg::Review`] would make again.
    pub fn wants_review(&self) -> bool {
        operations::is_outdated(self)
    }

    /// Which sources are live, to notice when that changes with time alone.
    pub fn freshness(&self) -> Vec<bool> {
        let (kubernetes, kafka) = (&self.snapshot.kubernetes, &self.snapshot.kafka);
        let feeds = [
            &kubernetes.server.feed,
            &kubernetes.pods.feed,
            &kubernetes.nodes.feed,
            &kafka.cluster_feed,
            &kafka.topics_feed,
            &kafka.ends_feed,
            &kafka.groups_feed,
            &self.snapshot.throughput.origin.feed,
        ];
        feeds.iter().map(|f| f.state(self.now).is_live()).collect()
    }

    pub fn say(&mut self, tone: Tone, text: impl Into<String>) {
        self.notice = Some(Notice { text: text.into(), tone, until: self.now.plus(NOTICE) });
    }

    fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Asks a question; its answers come as [`Msg::Answer`] under the id.
    fn ask(&mut self, question: Ask) -> AskId {
        let id = self.next_ask();
        self.effect(Effect::Ask(id, question));
        id
    }

    fn next_ask(&mut self) -> AskId {
        self.asks += 1;
        AskId(self.asks)
    }

    /// Opens a place as a new screen; what was ahead in history is forgotten.
    pub fn go(&mut self, place: &Place) {
        let Some(screen) = Screen::at(place) else {
            self.say(Tone::Warning, format!("there is no pane {}", place.pane));
            return;
        };
        self.close_sheets();
        self.last = self.at;
        self.screens.truncate(self.at + 1);
        self.screens.push(screen);
        if self.screens.len() > HISTORY {
            self.screens.remove(0);
            self.last = self.last.saturating_sub(1);
        }
        self.at = self.screens.len() - 1;
    }

    /// Moves through history; false at its end.
    fn travel(&mut self, to: Option<usize>) -> bool {
        let Some(to) = to.filter(|to| *to < self.screens.len() && *to != self.at) else { return false };
        self.close_sheets();
        (self.last, self.at) = (self.at, to);
        true
    }

    fn close_sheet(&mut self) -> bool {
        let Some(sheet) = self.sheets.pop() else { return false };
        if let Some(ask) = sheet.ask() {
            self.effect(Effect::Cancel(ask));
        }
        true
    }

    fn close_sheets(&mut self) {
        self.help = None;
        while self.close_sheet() {}
    }

    /// Brings lists, sheets and windows in order after any change.
    fn settle(&mut self) {
        let Model { snapshot, derived, now, screens, at, namespace, .. } = self;
        let world = World { snapshot, derived, now: *now };
        let screen = &mut screens[*at];
        for (nth, ((_, table), list)) in screen.tables().zip(&mut screen.lists).enumerate() {
            list.arrange(table, &world, namespace.as_ref());
            list.visit(nth == screen.focus);
        }
        let areas = layout::areas(self);
        let states: Vec<bool> =
            self.screen().tables().map(|(_, t)| !t.state(&self.world()).is_live()).collect();
        let screen = self.screen_mut();
        for (((block, _), list), said) in screen.tables().zip(&mut screen.lists).zip(states) {
            list.scroll_into_view(layout::table(areas.blocks[block], said).rows.height.into());
        }
        let content = match self.sheets.last() {
            Some(Sheet::Confirm(c)) => layout::confirm(areas.body, c).sheet.content,
            _ => layout::sheet(areas.body, true).content,
        };
        self.settle_sheet(content);
    }

    fn settle_sheet(&mut self, content: ratatui::layout::Rect) {
        let size = (usize::from(content.width), usize::from(content.height));
        match self.sheets.last_mut() {
            Some(Sheet::Messages(m)) => m.settle(size.1.saturating_sub(1)),
            Some(Sheet::Confirm(c)) => c.settle(size.0, size.1),
            Some(sheet) => {
                if let Some(pager) = sheet.pager_mut() {
                    pager.settle(size.0, size.1);
                }
            }
            None => {}
        }
    }

    /// Works out what follows from the snapshot, and what of it the keys and sheets are about.
    fn derive(&mut self) {
        let choice = match self.wishes.bootstrap.as_slice() {
            [] => Choice::from(self.cluster.as_deref()),
            servers => Choice::Servers(servers),
        };
        self.derived = self.derived.next(&self.snapshot, self.now, choice);
        let mut names: Vec<Text> = Vec::new();
        for pod in self.snapshot.kubernetes.pods.iter() {
            // Rows come in key order: a namespace's pods are neighbours.
            if names.last() != Some(&pod.meta.key.namespace) {
                names.push(pod.meta.key.namespace.clone());
            }
        }
        self.namespaces = names;
        self.ground = confirm::Ground { changed: self.snapshot.ground_changed, freshness: self.freshness() };
        target::aim(self);
        operations::look(self);
        commands::inspect::describe_again(self);
        access::ask(self);
    }

    fn answer(&mut self, id: AskId, answer: Answer) {
        let Some(answer) = access::take(self, id, answer) else { return };
        let Some(answer) = acting::looked_up(self, id, answer) else { return };
        if matches!(answer, Answer::Failed(_)) {
            access::doubt(self);
        }
        if let Some(sheet) = self.sheets.iter_mut().find(|s| s.ask() == Some(id)) {
            sheet.take(answer);
        }
    }
}

/// Takes in one message. Everything that needs the outside comes back as effects.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Delta(delta) => {
            let reach = matches!(delta, Delta::Kubernetes(KubernetesDelta::Reach(_)));
            if model.snapshot.apply(delta) && reach {
                access::doubt(model);
            }
            // Rows are arranged when all that is waiting was taken in.
            return Vec::new();
        }
        Msg::Key(chord) if model.caption.is_some() => caption::press(model, chord),
        Msg::Key(chord) | Msg::Played(chord) => keys::press(model, chord),
        Msg::Caption(caption) => model.caption = caption,
        Msg::Mouse(event) => mouse::handle(model, event),
        Msg::Paste(text) => keys::paste(model, &text),
        Msg::Resize(width, height) => model.size = (width.max(1), height.max(1)),
        Msg::Tick(now) => {
            model.now = now;
            model.notice = model.notice.take().filter(|n| n.until > now);
            operations::look(model);
            access::ask(model);
        }
        Msg::Derive => model.derive(),
        Msg::Review => {
            if operations::is_outdated(model) {
                operations::refresh(model);
            }
        }
        Msg::Answer(id, answer) => model.answer(id, answer),
        Msg::Say(tone, text) => model.say(tone, text),
        Msg::Acted(id, step, said) => operations::acted(model, &id, step, said),
        Msg::Journal(answer) => {
            if let Some(Sheet::Confirm(sheet)) = model.sheets.last_mut() {
                sheet.journal = Some(answer);
            }
        }
        Msg::Recalled(told) => operations::recalled(model, &told),
        Msg::TookUp(id, told) => steer::took_up(model, &id, told),
        Msg::Loaded(path, contents) => acting::loaded(model, &path, contents),
    }
    model.settle();
    std::mem::take(&mut model.effects)
}
