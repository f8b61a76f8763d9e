//! Browsing the messages of a topic.

use super::text;
use crate::{
    domain::{
        Text,
        ask::{AskId, Message, MessageQuery, Payload, Start},
        kafka::TopicName,
    },
    pane::Filter,
};
use std::collections::VecDeque;

/// At most this many messages are kept, and this many bytes of keys, values and headers.
pub const MAX_MESSAGES: usize = 2_000;
pub const MAX_BYTES: usize = 32 << 20;

/// How keys and values are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    #[default]
    Text,
    Json,
    Hex,
}

impl Format {
    pub fn name(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Json => "JSON",
            Format::Hex => "hex",
        }
    }

    pub fn next(self) -> Format {
        match self {
            Format::Text => Format::Json,
            Format::Json => Format::Hex,
            Format::Hex => Format::Text,
        }
    }

    /// One clean line of it, of about `limit` characters at most.
    pub fn line(self, payload: Option<&Payload>, limit: usize) -> String {
        let Some(payload) = payload else { return "null".into() };
        let bytes = &payload.bytes[..payload.bytes.len().min(limit.saturating_mul(4))];
        match self {
            Format::Hex => hex(&bytes[..bytes.len().min(limit)]),
            Format::Text => text::clean(&String::from_utf8_lossy(bytes)).into_owned(),
            Format::Json => match serde_json::from_slice::<serde_json::Value>(&payload.bytes) {
                Ok(value) => text::clean(&value.to_string()).into_owned(),
                Err(_) => Format::Text.line(Some(payload), limit),
            },
        }
    }

    /// All of it, in lines.
    pub fn lines(self, payload: Option<&Payload>) -> Vec<String> {
        let Some(payload) = payload else { return vec!["null".into()] };
        let mut lines: Vec<String> = match self {
            Format::Hex => payload.bytes.chunks(16).enumerate().map(|(i, row)| dump(i * 16, row)).collect(),
            Format::Text => String::from_utf8_lossy(&payload.bytes).lines().map(String::from).collect(),
            Format::Json => match serde_json::from_slice::<serde_json::Value>(&payload.bytes) {
                Ok(value) => format!("{value:#}").lines().map(String::from).collect(),
                Err(error) => {
                    let mut lines = vec![format!("(not JSON: {error})")];
                    lines.extend(Format::Text.lines(Some(payload)));
                    lines
                }
            },
        };
        if payload.whole > payload.bytes.len() {
            lines.push(format!("(cut: {} of {} bytes are shown)", payload.bytes.len(), payload.whole));
        }
        lines
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(" ")
}

/// One row as `hexdump -C` prints it.
fn dump(at: usize, row: &[u8]) -> String {
    let shown: String =
        row.iter().map(|b| if (0x20..0x7f).contains(b) { char::from(*b) } else { '.' }).collect();
    format!("{at:08x}  {:<47}  |{shown}|", hex(row))
}

/// The sheet's state.
pub struct Messages {
    pub ask: AskId,
    pub query: MessageQuery,
    pub format: Format,
    list: VecDeque<Message>,
    bytes: usize,
    /// Messages that had to be dropped from the front.
    pub dropped: u64,
    filter: Filter,
    /// As typed after `/`.
    pub typed: String,
    /// (partition, offset) of the selected message.
    cursor: Option<(i32, i64)>,
    pub top: usize,
    /// What the reader does meanwhile, in words; empty when it is done.
    pub progress: String,
    pub failed: Option<Text>,
}

impl Messages {
    pub fn new(topic: TopicName, partition: Option<i32>, ask: AskId) -> Self {
        let start = Start::Newest(100);
        let query = MessageQuery { topic, partition, start, follow: false, limit: MAX_MESSAGES };
        Messages {
            ask,
            query,
            format: Format::Text,
            list: VecDeque::new(),
            bytes: 0,
            dropped: 0,
            filter: Filter::None,
            typed: String::new(),
            cursor: None,
            top: 0,
            progress: "connecting".into(),
            failed: None,
        }
    }

    /// Reads anew, under another id.
    pub fn restart(&mut self, ask: AskId) {
        self.list.clear();
        (self.ask, self.bytes, self.dropped, self.top) = (ask, 0, 0, 0);
        (self.cursor, self.failed) = (None, None);
        self.progress = "connecting".into();
    }

    /// Reads from there; a reader who goes back follows the end no longer.
    pub fn start_at(&mut self, start: Start) {
        self.query.follow &= matches!(start, Start::Newest(_));
        self.query.start = start;
    }

    pub fn extend(&mut self, messages: Vec<Message>) {
        for message in messages {
            self.bytes += size(&message);
            self.list.push_back(message);
        }
        while self.list.len() > MAX_MESSAGES || (self.bytes > MAX_BYTES && self.list.len() > 1) {
            let Some(gone) = self.list.pop_front() else { break };
            self.bytes -= size(&gone);
            self.dropped += 1;
        }
    }

    /// The messages that the filter shows, in the order in which they came.
    pub fn shown(&self) -> Vec<&Message> {
        self.list.iter().filter(|m| self.passes(m)).collect()
    }

    fn passes(&self, message: &Message) -> bool {
        let any = || {
            [&message.key, &message.value].into_iter().flatten().any(|p| {
                let text = String::from_utf8_lossy(&p.bytes);
                self.filter.matches_text(&text)
            })
        };
        match self.filter {
            Filter::None => true,
            Filter::Inverse(_) => !any(),
            _ => any(),
        }
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub fn set_filter(&mut self, typed: &str) {
        typed.clone_into(&mut self.typed);
        self.filter = Filter::parse(typed);
    }

    pub fn settle(&mut self, height: usize) {
        let height = height.max(1);
        let (count, row) = (self.shown().len(), self.position());
        let newest = matches!(self.query.start, Start::Newest(_));
        if (self.query.follow || newest) && self.cursor.is_none() {
            self.top = count.saturating_sub(height);
        }
        self.top = self.top.min(count.saturating_sub(height));
        if let Some(row) = row {
            self.top = self.top.clamp((row + 1).saturating_sub(height), row);
        }
    }

    pub fn position(&self) -> Option<usize> {
        let at = self.cursor?;
        self.shown().iter().position(|m| (m.partition, m.offset) == at)
    }

    pub fn selected(&self) -> Option<&Message> {
        let at = self.cursor?;
        self.list.iter().find(|m| (m.partition, m.offset) == at).filter(|m| self.passes(m))
    }

    pub fn select(&mut self, row: usize) {
        let shown = self.shown();
        self.cursor = shown.get(row.min(shown.len().saturating_sub(1))).map(|m| (m.partition, m.offset));
    }

    /// Where nothing is selected: the newest, where the newest are what is read, else the topmost in sight.
    pub fn select_first_seen(&mut self) {
        let newest = self.query.follow || matches!(self.query.start, Start::Newest(_));
        self.select(if newest { usize::MAX } else { self.top });
    }

    pub fn step(&mut self, by: isize) {
        let row = match self.position() {
            Some(row) => row.saturating_add_signed(by),
            None if by > 0 => self.top,
            None => self.shown().len().saturating_sub(1),
        };
        self.select(row);
    }

    /// What the sheet reads, in words.
    pub fn words(&self) -> String {
        let from = match self.query.start {
            Start::Newest(n) => format!("newest {n}"),
            Start::Beginning => "from the beginning".into(),
            Start::Offset(o) => format!("from offset {o}"),
            Start::Time(t) => format!("from {}", crate::clock::utc(t)),
        };
        let partition = self.query.partition.map_or("all partitions".into(), |p| format!("partition {p}"));
        // The reader says by itself that it follows, once it does.
        let follow = if self.query.follow && self.progress != "following" { ", following" } else { "" };
        format!("{from}{follow}, {partition}, as {}", self.format.name())
    }

    /// One message in full.
    pub fn in_full(&self, message: &Message) -> Vec<String> {
        let mut lines = vec![
            format!("topic      {}", self.query.topic),
            format!("partition  {}", message.partition),
            format!("offset     {}", message.offset),
            format!("time       {}", message.time.map_or("none".into(), crate::clock::utc)),
        ];
        let sized = |p: Option<&Payload>| p.map_or(String::new(), |p| format!(" ({} bytes)", p.whole));
        for (name, value) in &message.headers {
            lines.push(format!("header     {name}: {}", self.format.line(value.as_ref(), 2_000)));
        }
        for (title, payload) in [("key", &message.key), ("value", &message.value)] {
            lines.push(String::new());
            lines.push(format!("{title}{}", sized(payload.as_ref())));
            lines.extend(self.format.lines(payload.as_ref()));
        }
        lines
    }
}

fn size(message: &Message) -> usize {
    let of = |p: &Option<Payload>| p.as_ref().map_or(0, |p| p.bytes.len());
    let headers: usize = message.headers.iter().map(|(n, v)| n.len() + of(v)).sum();
    of(&message.key) + of(&message.value) + headers + size_of::<Message>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(bytes: &[u8]) -> Option<Payload> {
        Some(Payload { bytes: bytes.into(), whole: bytes.len() })
    }

    fn message(offset: i64, key: &str, value: &[u8]) -> Message {
        let (key, value) = (payload(key.as_bytes()), payload(value));
        Message { partition: 0, offset, time: None, key, value, headers: vec![] }
    }

    fn sheet() -> Messages {
        Messages::new("orders".into(), None, AskId(1))
    }

    #[test]
    fn values_are_shown_as_text_json_or_hex() {
        let json = payload(b"{\"b\":1,\"a\":\"\\u001b[31m\"}");
        assert_eq!(Format::Text.line(payload(b"a\x1b[31mb").as_ref(), 80), "ab");
        assert_eq!(Format::Json.lines(payload(b"{\"b\":1}").as_ref()), ["{", "  \"b\": 1", "}"]);
        assert!(!Format::Json.line(json.as_ref(), 80).contains('\u{1b}'));
        assert!(Format::Json.lines(payload(b"nope").as_ref())[0].starts_with("(not JSON"));
        assert_eq!(
            Format::Hex.lines(payload(b"Kafka\0").as_ref()),
            ["00000000  4b 61 66 6b 61 00                                |Kafka.|"]
        );
        assert_eq!(Format::Text.line(None, 80), "null");
    }

    #[test]
    fn with_nothing_selected_enter_reads_the_newest_or_the_topmost() {
        let mut m = sheet();
        m.extend((0..9).map(|o| message(o, "k", b"v")).collect());
        m.query.start = Start::Newest(100);
        m.select_first_seen();
        assert_eq!(m.selected().map(|m| m.offset), Some(8));
        (m.cursor, m.query.start) = (None, Start::Beginning);
        m.settle(4);
        m.select_first_seen();
        assert_eq!(m.selected().map(|m| m.offset), Some(0));
    }

    #[test]
    fn who_goes_back_follows_no_longer_and_following_is_said_once() {
        let mut m = sheet();
        m.query.follow = true;
        assert_eq!(m.words(), "newest 100, following, all partitions, as text");
        m.progress = "following".into();
        assert_eq!(m.words(), "newest 100, all partitions, as text");
        m.start_at(Start::Newest(5));
        assert!(m.query.follow);
        m.start_at(Start::Beginning);
        assert!(!m.query.follow, "the beginning is not at the end");
    }

    #[test]
    fn a_cut_value_says_so() {
        let cut = Payload { bytes: b"abc"[..].into(), whole: 9_000 };
        assert_eq!(Format::Text.lines(Some(&cut))[1], "(cut: 3 of 9000 bytes are shown)");
    }

    #[test]
    fn filters_look_at_keys_and_values() {
        let mut m = sheet();
        m.extend(vec![message(0, "eu-1", b"paid"), message(1, "us-2", b"open"), message(2, "eu-3", b"open")]);
        m.set_filter("open");
        assert_eq!(m.shown().len(), 2);
        m.set_filter("eu");
        assert_eq!(m.shown().len(), 2);
        m.set_filter("!eu");
        assert_eq!(m.shown()[0].offset, 1);
    }

    #[test]
    fn memory_is_bounded_and_the_selection_stays_on_its_message() {
        let mut m = sheet();
        m.extend((0..100).map(|o| message(o, "k", b"v")).collect());
        m.select(50);
        m.extend((100..MAX_MESSAGES as i64 + 20).map(|o| message(o, "k", b"v")).collect());
        m.settle(10);
        assert_eq!((m.len(), m.dropped), (MAX_MESSAGES, 20));
        assert_eq!(m.selected().map(|m| m.offset), Some(50));
        assert_eq!(m.position(), Some(30));
    }
}
