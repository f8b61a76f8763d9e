//! Performs what the app asks for, apart from what is the terminal's.

use crate::{
    action::{Said, journal::Whose},
    app::{Effect, Msg},
    config,
    domain::{
        Text,
        ask::{Answer, AskId},
        kafka::KafkaDelta,
        snapshot::Delta,
        throughput::ThroughputDelta,
    },
    effect::{Hand, Outcome, journal},
    pane::Tone,
    source::{Answers, Running},
    sources::Sources,
};
use anyhow::{Context as _, Result};
use std::{
    collections::HashMap,
    io::Read,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::sync::mpsc;

/// How long a write that is under way may hold up the end.
const LAST: Duration = Duration::from_secs(2);
/// Of a file that is named as an argument: a reassignment of 100,000 partitions is a tenth of it.
const LONGEST: u64 = 64 << 20;

/// Everything outside but the terminal.
pub struct Performer {
    pub sources: Sources,
    /// None: read-only.
    hand: Option<Hand>,
    /// Of the journals, or why there is none.
    folder: Result<PathBuf, Text>,
    /// Open questions.
    asked: HashMap<AskId, Running>,
    answers: Answers,
    /// Outcomes of effects that take their time.
    say: mpsc::UnboundedSender<Msg>,
}

/// Where the journals are.
pub fn journals() -> Result<PathBuf, Text> {
    config::state_folder().map(|f| f.join(journal::FOLDER)).map_err(|e| format!("{e:#}").into())
}

impl Performer {
    /// With the means to write. `folder`: of the journals.
    pub fn writing(
        context: Text,
        folder: Result<PathBuf, Text>,
        sources: Sources,
        answers: Answers,
        say: mpsc::UnboundedSender<Msg>,
    ) -> Performer {
        let outcomes = say.clone();
        // Nobody is left to be told when the console ends.
        let tell = move |outcome| drop(outcomes.send(message(outcome)));
        let hand = Hand::new(folder.clone(), context, std::sync::Arc::new(tell));
        Performer { hand: Some(hand), ..Performer::read_only(folder, sources, answers, say) }
    }

    pub fn read_only(
        folder: Result<PathBuf, Text>,
        sources: Sources,
        answers: Answers,
        say: mpsc::UnboundedSender<Msg>,
    ) -> Performer {
        Performer { sources, hand: None, folder, asked: HashMap::new(), answers, say }
    }

    /// Performs an effect; the result is to be taken in at once. The terminal's effects are not for it.
    pub fn perform(&mut self, effect: Effect) -> Option<Delta> {
        match effect {
            Effect::Ask(id, ask) => {
                let running = self.sources.desk().start(id, ask, self.answers.clone());
                self.asked.insert(id, running);
            }
            Effect::Cancel(id) => drop(self.asked.remove(&id)),
            Effect::Poll { target, anew } => {
                self.sources.poll(target, anew);
                return anew.then_some(KafkaDelta::Reset.into());
            }
            Effect::Gather { target, anew } => {
                self.sources.gather(target, anew);
                return anew.then_some(ThroughputDelta::Reset.into());
            }
            Effect::Reread => self.sources.reread(),
            Effect::Save { name, text } => self.aside(move || saved(&name, &text)),
            Effect::Load { path } => self.aside(move || {
                let text = load(&path).map_err(|e| format!("{path} cannot be read: {e:#}").into());
                Msg::Loaded(path, text)
            }),
            Effect::Recall(whose) => self.recall(whose),
            Effect::Act { operation, step, write } => match &self.hand {
                Some(hand) => hand.act(operation, step, write, self.sources.desk()),
                None => self.tell(Msg::Acted(operation, step, Said::Refused(read_only()))),
            },
            Effect::Rehearse(id, write) => match &self.hand {
                Some(hand) => {
                    let running = hand.rehearse(id, write, self.sources.desk());
                    self.asked.insert(id, running);
                }
                None => self.tell(Msg::Answer(id, Answer::Rehearsed(Err(read_only())))),
            },
            Effect::Record(entry) => {
                if let Some(hand) = &mut self.hand {
                    hand.record(entry, self.sources.desk());
                }
            }
            Effect::TakeUp(operation) => match &mut self.hand {
                Some(hand) => hand.take_up(operation, self.sources.desk()),
                None => self.tell(Msg::TookUp(operation, Err(read_only()))),
            },
            Effect::CheckJournal => match &self.hand {
                Some(hand) => hand.check(),
                None => self.tell(Msg::Journal(Err(read_only()))),
            },
            Effect::Copy { .. }
            | Effect::CopySnapshot
            | Effect::Suspend
            | Effect::Redraw
            | Effect::Tour(_)
            | Effect::Quit => {}
        }
        None
    }

    /// Reading the journal is not writing.
    fn recall(&mut self, whose: Whose) {
        if let Some(hand) = &mut self.hand {
            hand.turn_to(whose.clone());
        }
        let folder = self.folder.clone();
        self.aside(move || match folder.and_then(|folder| journal::told(&folder, &whose)) {
            Ok(told) => Msg::Recalled(told),
            Err(why) => Msg::Say(Tone::Warning, why.to_string()),
        });
    }

    fn tell(&self, msg: Msg) {
        // The console is about to end.
        drop(self.say.send(msg));
    }

    /// What may wait for a disk must not hold up the screen.
    fn aside(&self, work: impl FnOnce() -> Msg + Send + 'static) {
        let say = self.say.clone();
        // The console may have been quit meanwhile; then nobody needs to know.
        tokio::task::spawn_blocking(move || drop(say.send(work())));
    }

    /// Lets a write that is under way finish, for a moment.
    pub async fn rest(self) {
        if let Some(hand) = self.hand {
            hand.rest(LAST).await;
        }
    }
}

fn read_only() -> Text {
    "castellan runs read-only: it has nothing to write with".into()
}

fn message(outcome: Outcome) -> Msg {
    match outcome {
        Outcome::Acted(operation, step, said) => Msg::Acted(operation, step, said),
        Outcome::Rehearsed(id, said) => Msg::Answer(id, Answer::Rehearsed(said)),
        Outcome::TookUp(operation, told) => Msg::TookUp(operation, told),
        Outcome::Checked(result) => Msg::Journal(result),
        Outcome::Unkept(why) => Msg::Say(Tone::Warning, why.to_string()),
    }
}

fn saved(name: &str, text: &str) -> Msg {
    match save(name, text) {
        Ok(path) => Msg::Say(Tone::Plain, format!("saved {}", path.display())),
        Err(error) => Msg::Say(Tone::Warning, format!("not saved: {error:#}")),
    }
}

fn save(name: &str, text: &str) -> Result<PathBuf> {
    let folder = config::state_folder()?;
    let path = folder.join(name);
    std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(&path, text))
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

fn load(path: &str) -> Result<String> {
    let home = path.strip_prefix("~/").and_then(|rest| Some(std::env::home_dir()?.join(rest)));
    let mut text = String::new();
    let path = home.as_deref().unwrap_or(Path::new(path));
    // A device or a pipe may never end, or be the terminal itself.
    anyhow::ensure!(std::fs::metadata(path)?.is_file(), "it is not a regular file");
    let file = std::fs::File::open(path)?;
    file.take(LONGEST + 1).read_to_string(&mut text)?;
    anyhow::ensure!(text.len() as u64 <= LONGEST, "it is larger than {} MiB", LONGEST >> 20);
    Ok(text)
}

#[cfg(test)]
mod tests;
