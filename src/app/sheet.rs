//! What lies over a pane: a text, a log, messages, a plan.

use super::{confirm::Confirm, messages::Messages, pager::Pager};
use crate::domain::{
    Text,
    ask::{Answer, AskId, LogQuery},
    object::Object,
};

pub enum Sheet {
    Reader(Reader),
    Log(Log),
    Messages(Box<Messages>),
    Confirm(Box<Confirm>),
}

/// What a reader shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// Made again from the world whenever that changes.
    Description(Object),
    Yaml(Object, AskId),
    Message,
    /// Every command and pane.
    Commands,
}

pub struct Reader {
    pub subject: Subject,
    pub title: String,
    pub pager: Pager,
    /// What is awaited or went wrong, in words.
    pub state: String,
}

pub struct Log {
    pub ask: AskId,
    pub query: LogQuery,
    /// The pod's containers, to choose from.
    pub containers: Vec<Text>,
    pub pager: Pager,
    /// What is awaited or went wrong, in words.
    pub state: String,
    /// From the beginning, in place of the last lines.
    pub head: bool,
}

impl Sheet {
    pub fn pager_mut(&mut self) -> Option<&mut Pager> {
        match self {
            Sheet::Reader(r) => Some(&mut r.pager),
            Sheet::Log(l) => Some(&mut l.pager),
            Sheet::Messages(_) | Sheet::Confirm(_) => None,
        }
    }

    pub fn pager(&self) -> Option<&Pager> {
        match self {
            Sheet::Reader(r) => Some(&r.pager),
            Sheet::Log(l) => Some(&l.pager),
            Sheet::Messages(_) | Sheet::Confirm(_) => None,
        }
    }

    /// The question that is open for it.
    pub fn ask(&self) -> Option<AskId> {
        match self {
            Sheet::Reader(Reader { subject: Subject::Yaml(_, ask), .. }) => Some(*ask),
            Sheet::Reader(_) => None,
            Sheet::Log(l) => Some(l.ask),
            Sheet::Messages(m) => Some(m.ask),
            Sheet::Confirm(c) => c.ask(),
        }
    }

    pub fn filter(&self) -> &str {
        match self {
            Sheet::Reader(r) => &r.pager.typed,
            Sheet::Log(l) => &l.pager.typed,
            Sheet::Messages(m) => &m.typed,
            Sheet::Confirm(_) => "",
        }
    }

    pub fn set_filter(&mut self, typed: &str) {
        match self {
            Sheet::Reader(r) => r.pager.set_filter(typed),
            Sheet::Log(l) => l.pager.set_filter(typed),
            Sheet::Messages(m) => m.set_filter(typed),
            Sheet::Confirm(_) => {}
        }
    }

    pub fn title(&self) -> String {
        match self {
            Sheet::Reader(r) => r.title.clone(),
            Sheet::Log(l) => l.title(),
            Sheet::Messages(m) => format!("messages of topic {}", m.query.topic),
            Sheet::Confirm(c) => c.plan.title.clone(),
        }
    }

    /// Takes in an answer to its question.
    pub fn take(&mut self, answer: Answer) {
        match (self, answer) {
            (Sheet::Reader(r), Answer::Yaml(yaml)) => {
                r.pager.replace(yaml.lines());
                r.state.clear();
            }
            (Sheet::Log(l), Answer::LogLines(lines)) => {
                l.pager.extend(lines.iter().map(String::as_str));
                l.state.clear();
            }
            (Sheet::Messages(m), Answer::Messages(messages)) => m.extend(messages),
            (Sheet::Messages(m), Answer::Progress(words)) => m.progress = words,
            (Sheet::Messages(m), Answer::End) => m.progress.clear(),
            (Sheet::Messages(m), Answer::Failed(reason)) => {
                m.progress.clear();
                m.failed = Some(reason);
            }
            (Sheet::Confirm(c), answer) => c.take(answer),
            (Sheet::Log(l), Answer::End) => l.state = "the log ends here".into(),
            (Sheet::Reader(Reader { state, .. }) | Sheet::Log(Log { state, .. }), answer) => match answer {
                Answer::Progress(words) => *state = words,
                Answer::Failed(reason) => *state = reason.to_string(),
                _ => {}
            },
            // An answer of another kind than was asked for cannot be shown.
            (Sheet::Messages(_), _) => {}
        }
    }
}

impl Log {
    pub fn title(&self) -> String {
        let which = if self.query.previous { "previous log" } else { "log" };
        let container = self.query.container.as_ref().map_or(String::new(), |c| format!(" [{c}]"));
        format!("{which} of pod {}{container}", self.query.pod)
    }

    /// What is read of it, in words.
    pub fn words(&self) -> String {
        let span = match (self.head, self.query.since) {
            (true, _) => "from the beginning".into(),
            (_, Some(since)) => format!("last {}", crate::domain::time::age(since)),
            (_, None) => format!("last {} lines", self.query.tail.unwrap_or_default()),
        };
        let switch = |name: &str, on: bool| format!("{name} {}", if on { "on" } else { "off" });
        format!(
            "{span} · {} · {} · {}",
            switch("autoscroll", self.pager.follow),
            switch("wrap", self.pager.wrap),
            switch("timestamps", self.query.timestamps)
        )
    }
}
