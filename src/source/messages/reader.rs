//! The reading itself, on a thread that may block.

use super::{
    Brokers, Listener,
    client::{Client, Trouble, connect, trouble},
    window::{self, Log, Window},
};
use crate::domain::{
    Text,
    ask::{Answer, Message, MessageQuery, Payload, Start},
    time::Time,
};
use rdkafka::{
    Message as _, Offset, TopicPartitionList,
    consumer::Consumer,
    error::{KafkaError, RDKafkaErrorCode},
    message::{BorrowedMessage, Headers},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

/// Keys, values and headers of all messages of an answer take this many bytes at most.
const MEMORY: usize = 32 << 20;
/// A payload is cut at this many bytes, or at fewer when many messages are asked for.
const LONGEST: usize = 64 << 10;
const SHORTEST: usize = 1 << 10;
/// Messages that arrive meanwhile are told together.
const PAUSE: Duration = Duration::from_millis(100);
const BATCH: usize = 256;
/// Windows are widened so many times when gaps leave them empty.
const FACTORS: [i64; 4] = [1, 4, 16, 64];

/// Reads until the end, or until the listener left. Errors: why nothing more can be read.
pub fn read(brokers: &Brokers, query: &MessageQuery, listener: &Listener) -> Result<(), Text> {
    let client = connect(brokers)?;
    let reader = Reader { client, query, listener, cut: cut(query.limit), patience: brokers.patience };
    let partitions = reader.partitions()?;
    let many = if partitions.len() == 1 { "" } else { "s" };
    listener.tell(Answer::Progress(format!("reading {} partition{many}", partitions.len())));
    let logs = reader.logs(&partitions)?;
    if query.follow && !matches!(query.start, Start::Newest(_)) {
        return reader.follow(logs.iter().map(|(p, log)| (*p, window::first(query.start, log))).collect());
    }
    reader.window(&logs)?;
    match query.follow {
        true => reader.follow(logs.iter().map(|(p, log)| (*p, log.high)).collect()),
        false => Ok(()),
    }
}

fn cut(limit: usize) -> usize {
    (MEMORY / limit.max(1)).clamp(SHORTEST, LONGEST)
}

struct Reader<'a> {
    client: Client,
    query: &'a MessageQuery,
    listener: &'a Listener,
    cut: usize,
    patience: Duration,
}

impl Reader<'_> {
    fn partitions(&self) -> Result<Vec<i32>, Text> {
        let topic = &*self.query.topic;
        let metadata = self.client.fetch_metadata(Some(topic), self.patience).map_err(|e| self.words(&e))?;
        let told = metadata.topics().iter().find(|t| t.name() == topic);
        let told = told.ok_or_else(|| Text::from(format!("topic {topic} does not exist")))?;
        if let Some(code) = told.error() {
            return Err(self.words(&KafkaError::MetadataFetch(RDKafkaErrorCode::from(code))));
        }
        let all: Vec<i32> = told.partitions().iter().map(|p| p.id()).collect();
        match self.query.partition {
            None => Ok(all),
            Some(one) if all.contains(&one) => Ok(vec![one]),
            Some(one) => Err(format!("topic {topic} has no partition {one}: it has {}", all.len()).into()),
        }
    }

    /// Where each partition's log begins and ends: one request a leader.
    fn logs(&self, partitions: &[i32]) -> Result<BTreeMap<i32, Log>, Text> {
        let lows = self.offsets(partitions, Offset::Beginning)?;
        let highs = self.offsets(partitions, Offset::End)?;
        let times = match self.query.start {
            Start::Time(t) => self.offsets(partitions, Offset::Offset(t.0.max(0)))?,
            _ => BTreeMap::new(),
        };
        let log = |p: &i32| {
            let (low, high) = (*lows.get(p)?, *highs.get(p)?);
            Some((*p, Log { low, high, at_time: times.get(p).copied() }))
        };
        Ok(partitions.iter().filter_map(log).collect())
    }

    /// ListOffsets: −2 asks for the beginning, −1 for the end, else for the first at that time or later.
    fn offsets(&self, partitions: &[i32], wanted: Offset) -> Result<BTreeMap<i32, i64>, Text> {
        let list = self.list(partitions.iter().map(|p| (*p, wanted)))?;
        let told = self.client.offsets_for_times(list, self.patience).map_err(|e| self.words(&e))?;
        let mut offsets = BTreeMap::new();
        for told in told.elements_for_topic(&self.query.topic) {
            told.error()
                .map_err(|e| Text::from(format!("partition {}: {}", told.partition(), self.words(&e))))?;
            if let Offset::Offset(offset) = told.offset() {
                offsets.insert(told.partition(), offset);
            }
        }
        Ok(offsets)
    }

    fn list(&self, offsets: impl Iterator<Item = (i32, Offset)>) -> Result<TopicPartitionList, Text> {
        let mut list = TopicPartitionList::new();
        for (partition, offset) in offsets {
            list.add_partition_offset(&self.query.topic, partition, offset).map_err(|e| self.words(&e))?;
        }
        Ok(list)
    }

    /// Reads what the start and the limit ask for, and tells it in the order of time.
    fn window(&self, logs: &BTreeMap<i32, Log>) -> Result<(), Text> {
        let (start, limit) = (self.query.start, self.query.limit);
        let mut best = Vec::new();
        for factor in FACTORS {
            let windows = window::windows(start, limit, logs, factor);
            let read = self.collect(&windows)?;
            if let Some(shown) = window::shown(start, limit, &windows, read.clone()) {
                best = shown;
                break;
            }
            // Should the widest windows have gaps still, what they held is what there is to show.
            best = read;
            window::sort(&mut best);
            window::trim(matches!(start, Start::Newest(_)), window::wanted(start, limit), &mut best);
        }
        for batch in best.chunks(BATCH) {
            self.listener.tell(Answer::Messages(batch.to_vec()));
        }
        Ok(())
    }

    fn collect(&self, windows: &BTreeMap<i32, Window>) -> Result<Vec<Message>, Text> {
        let mut open: BTreeSet<i32> =
            windows.iter().filter(|(_, w)| w.from < w.to).map(|(p, _)| *p).collect();
        self.assign(open.iter().map(|p| (*p, windows[p].from)))?;
        let (mut messages, mut heard, mut why) = (Vec::new(), Instant::now(), None);
        while !open.is_empty() && !self.listener.left() {
            match self.client.poll(PAUSE) {
                Some(Ok(message)) => {
                    heard = Instant::now();
                    let (partition, end) = (message.partition(), windows.get(&message.partition()));
                    if end.is_some_and(|w| message.offset() < w.to) {
                        messages.push(self.copied(&message));
                    }
                    if end.is_some_and(|w| message.offset() + 1 >= w.to) {
                        self.finish(&mut open, partition);
                    }
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    heard = Instant::now();
                    self.finish(&mut open, partition);
                }
                Some(Err(error)) => why = self.passing(&error)?.or(why),
                None => {}
            }
            if heard.elapsed() > self.patience {
                let who = open.iter().map(i32::to_string).collect::<Vec<_>>().join(", ");
                let why = why.unwrap_or_else(|| "the brokers do not answer".into());
                return Err(format!("partition {who}: {why}").into());
            }
        }
        Ok(messages)
    }

    /// The partition is read; it need not be fetched any further.
    fn finish(&self, open: &mut BTreeSet<i32>, partition: i32) {
        if open.remove(&partition)
            && let Ok(list) = self.list([(partition, Offset::Invalid)].into_iter())
            && let Err(error) = self.client.pause(&list)
        {
            tracing::debug!(%error, partition, "cannot pause");
        }
    }

    /// Tells messages as they come, from the given offsets on, until the listener leaves.
    fn follow(&self, from: BTreeMap<i32, i64>) -> Result<(), Text> {
        self.assign(from.into_iter())?;
        let (mut batch, mut told, mut trouble) = (Vec::new(), Instant::now(), None);
        self.listener.tell(Answer::Progress("following".into()));
        while !self.listener.left() {
            match self.client.poll(PAUSE) {
                Some(Ok(message)) => {
                    batch.push(self.copied(&message));
                    if trouble.take().is_some() {
                        self.listener.tell(Answer::Progress("following".into()));
                    }
                }
                Some(Err(KafkaError::PartitionEOF(_))) | None => {}
                Some(Err(error)) => {
                    let words = self.passing(&error)?;
                    if words.is_some() && words != trouble {
                        trouble.clone_from(&words);
                        self.listener.tell(Answer::Progress(words.unwrap_or_default().to_string()));
                    }
                }
            }
            if batch.len() >= BATCH || (!batch.is_empty() && told.elapsed() >= PAUSE) {
                window::sort(&mut batch);
                self.listener.tell(Answer::Messages(std::mem::take(&mut batch)));
                told = Instant::now();
            }
        }
        Ok(())
    }

    fn assign(&self, from: impl Iterator<Item = (i32, i64)>) -> Result<(), Text> {
        let list = self.list(from.map(|(p, offset)| (p, Offset::Offset(offset))))?;
        self.client.assign(&list).map_err(|e| self.words(&e))?;
        // A partition that an earlier window was done with is paused still.
        self.client.resume(&list).map_err(|e| self.words(&e))
    }

    /// Words for an error that may pass; none if it is of no concern. Errors: it will not pass.
    fn passing(&self, error: &KafkaError) -> Result<Option<Text>, Text> {
        match trouble(error, &self.query.topic, self.client.context().failure()) {
            Trouble::None => Ok(None),
            Trouble::Passing(words) => Ok(Some(words)),
            Trouble::Final(words) => Err(words),
        }
    }

    /// Words for an error before any partition was assigned.
    fn words(&self, error: &KafkaError) -> Text {
        // librdkafka's log, which tells the cause, comes by polling; there is nothing else to come yet.
        let _ = self.client.poll(Duration::from_millis(20));
        match trouble(error, &self.query.topic, self.client.context().failure()) {
            Trouble::None => error.to_string().into(),
            Trouble::Passing(words) | Trouble::Final(words) => words,
        }
    }

    fn copied(&self, message: &BorrowedMessage<'_>) -> Message {
        let payload =
            |bytes: &[u8]| Payload { bytes: bytes[..bytes.len().min(self.cut)].into(), whole: bytes.len() };
        let headers = message.headers().map_or(Vec::new(), |headers| {
            headers.iter().map(|h| (Text::from(h.key), h.value.map(payload))).collect()
        });
        Message {
            partition: message.partition(),
            offset: message.offset(),
            time: message.timestamp().to_millis().map(Time),
            key: message.key().map(payload),
            value: message.payload().map(payload),
            headers,
        }
    }
}
