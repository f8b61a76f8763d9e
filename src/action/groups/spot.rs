//! Where a group is to go on: what is typed for it, and what Kafka answers to it.

use super::is_empty;
use crate::{
    action::Known,
    clock,
    domain::{
        ask::{LogSpan, OffsetQuery},
        human,
        kafka::{Committed, Group, Kafka, TopicName},
        object::Object,
        time::{Time, span},
    },
};
use std::collections::{BTreeMap, BTreeSet};

/// Stands between what was typed and what Kafka answered.
const TOLD: &str = "\n# topic,partition,log start,log end,offset of the time\n";
/// So much of what is not understood is said again.
const SAID: usize = 40;

/// What is typed first: a place in every log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spot {
    Earliest,
    Latest,
    Shift(i64),
    Offset(i64),
    /// The first message that is not older.
    Time(Time),
    Age(String),
    /// As a file says for each partition: that of `kafka-consumer-groups.sh --reset-offsets --from-file`.
    Each(BTreeMap<(TopicName, i32), i64>),
}

/// A place, and the partitions that are to go there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    pub spot: Spot,
    pub partitions: Vec<(TopicName, Vec<i32>)>,
    /// As they were typed; empty: all that the group has committed on.
    pub typed: Vec<String>,
}

/// Puts Kafka's answer below an argument.
pub fn answered(argument: &str, spans: &[LogSpan]) -> String {
    let line = |s: &LogSpan| {
        let at = s.at.map(|at| at.to_string()).unwrap_or_default();
        format!("{},{},{},{},{at}", s.topic, s.partition, s.start, s.end)
    };
    format!("{argument}{TOLD}{}", spans.iter().map(line).collect::<Vec<_>>().join("\n"))
}

/// What was typed, and Kafka's answer below it, if it is there already.
pub fn split(argument: &str) -> (&str, Option<Vec<LogSpan>>) {
    let Some((typed, told)) = argument.split_once(TOLD) else { return (argument, None) };
    let line = |line: &str| {
        let mut fields = line.split(',');
        let (topic, mut number) = (fields.next()?, || fields.next()?.parse::<i64>().ok());
        let (partition, start, end) = (number()?, number()?, number()?);
        let partition = i32::try_from(partition).ok()?;
        Some(LogSpan { topic: topic.into(), partition, start, end, at: number() })
    };
    (typed, told.lines().map(line).collect())
}

/// What has to be asked of Kafka; None: it was, or nothing can come of it.
pub fn lookup(
    known: &Known<'_>,
    group: &Group,
    object: Option<&Object>,
    argument: &str,
) -> Option<OffsetQuery> {
    let (typed, None) = split(argument) else { return None };
    let Wish { spot, partitions, .. } = Wish::parse(known, group, object, typed).ok()?;
    let at = match spot {
        Spot::Time(at) => Some(at),
        Spot::Age(age) => Some(known.world.now.minus(span(&age)?)),
        _ => None,
    };
    Some(OffsetQuery { partitions, at })
}

impl Wish {
    /// `object`: what is selected; a partition of the group stands for itself.
    pub fn parse(
        known: &Known<'_>,
        group: &Group,
        object: Option<&Object>,
        typed: &str,
    ) -> Result<Wish, String> {
        let kafka = &known.world.snapshot.kafka;
        if let Some(offsets) = table(typed, group)? {
            let partitions = by_topic(offsets.keys().cloned());
            check(kafka, &partitions)?;
            return Ok(Wish { spot: Spot::Each(offsets), partitions, typed: Vec::new() });
        }
        let mut words = typed.split_whitespace();
        let spot =
            words.next().ok_or("type where to: earliest, latest, +N, -N, an offset, time:… or an age")?;
        let spot = Spot::parse(spot, known.world.now)?;
        let typed: Vec<String> = match (words.map(String::from).collect::<Vec<_>>(), object) {
            (none, Some(Object::GroupPartition(_, topic, partition))) if none.is_empty() => {
                vec![format!("{topic}:{partition}")]
            }
            (typed, _) => typed,
        };
        let partitions = if typed.is_empty() { committed_on(group)? } else { named(kafka, &typed)? };
        if matches!(spot, Spot::Shift(_)) && !is_empty(group)? {
            return Err(format!(
                "somebody is in group {}: from where it is shifted would move; stop its consumers first, or \
                 name a place",
                group.id
            ));
        }
        check(kafka, &partitions)?;
        Ok(Wish { spot, partitions, typed })
    }
}

impl Spot {
    fn parse(word: &str, now: Time) -> Result<Spot, String> {
        let said = || word.chars().take(SAID).collect::<String>();
        let number = |word: &str| word.parse::<i64>().ok();
        match word {
            "earliest" => Ok(Spot::Earliest),
            "latest" => Ok(Spot::Latest),
            _ if word.starts_with(['+', '-']) => {
                number(word).map(Spot::Shift).ok_or_else(|| format!("{:?} is no number to shift by", said()))
            }
            _ if number(word).is_some_and(|n| n >= 0) => Ok(Spot::Offset(number(word).unwrap_or(0))),
            _ if span(word).is_some() => Ok(Spot::Age(word.to_owned())),
            _ => match word.strip_prefix("time:") {
                Some(time) => clock::read(time, now).map(Spot::Time).ok_or_else(|| {
                    format!("{:?} is no time; type it as in time:2026-03-01T14:05, in UTC", said())
                }),
                None => Err(format!(
                    "{:?} is no place in a log; type earliest, latest, +N, -N, an offset, time:2026-03-01T14:05 \
                     or an age such as 2h, then topics or topic:0,1; or @FILE",
                    said()
                )),
            },
        }
    }

    /// The option of Kafka's own tool.
    pub fn option(&self) -> String {
        match self {
            Spot::Earliest => "--to-earliest".into(),
            Spot::Latest => "--to-latest".into(),
            Spot::Shift(by) => format!("--shift-by {by}"),
            Spot::Offset(offset) => format!("--to-offset {offset}"),
            Spot::Time(at) => {
                let utc = clock::utc(*at).replace(' ', "T").replace('Z', ".000");
                format!("--to-datetime {utc}")
            }
            Spot::Age(age) => match age.strip_suffix('d') {
                Some(days) => format!("--by-duration P{days}D"),
                None => format!("--by-duration PT{}", age.to_uppercase()),
            },
            Spot::Each(_) => "--from-file FILE".into(),
        }
    }

    /// `the beginning`, as in a title.
    pub fn words(&self) -> String {
        match self {
            Spot::Earliest => "the beginning".into(),
            Spot::Latest => "the end".into(),
            Spot::Shift(by) => format!("{by:+} from where it is"),
            Spot::Offset(offset) => format!("offset {offset}"),
            Spot::Time(at) => clock::utc(*at),
            Spot::Age(age) => format!("{age} ago"),
            Spot::Each(_) => "a file's offsets".into(),
        }
    }

    /// The offset to go on from, before it is fitted into the log.
    ///
    /// # Errors
    /// There is nothing to shift.
    pub fn wanted(&self, span: &LogSpan, before: Option<i64>) -> Result<i64, String> {
        let nothing = || {
            let place = format!("{}-{}", span.topic, span.partition);
            format!(
                "nothing is committed on {place}, which could be shifted: name a place, or other partitions"
            )
        };
        match self {
            Spot::Earliest => Ok(span.start),
            Spot::Latest => Ok(span.end),
            Spot::Shift(by) => before.map(|at| at.saturating_add(*by)).ok_or_else(nothing),
            Spot::Offset(offset) => Ok(*offset),
            Spot::Time(_) | Spot::Age(_) => Ok(span.at.unwrap_or(span.end)),
            Spot::Each(offsets) => {
                offsets.get(&(span.topic.clone(), span.partition)).copied().ok_or_else(nothing)
            }
        }
    }
}

/// Offsets by partition.
type Offsets = BTreeMap<(TopicName, i32), i64>;

/// A file of `topic,partition,offset`, or of `group,topic,partition,offset`; None: it is none.
///
/// Source: Kafka `ConsumerGroupCommand`, `--reset-offsets --export`.
fn table(text: &str, group: &Group) -> Result<Option<Offsets>, String> {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let is_one =
        |line: &&str| (2..=3).contains(&line.matches(',').count()) && !line.contains(char::is_whitespace);
    if lines.first().is_none_or(|line| !is_one(line)) {
        return Ok(None);
    }
    let mut offsets = BTreeMap::new();
    for (number, line) in (1..).zip(&lines) {
        let fields: Vec<&str> = line.split(',').map(|field| field.trim().trim_matches('"')).collect();
        let fields = match &fields[..] {
            [of, rest @ ..] if rest.len() == 3 => {
                if *of != &*group.id {
                    return Err(format!("line {number} is of group {of:?}, not of {}", group.id));
                }
                rest
            }
            all => all,
        };
        let [topic, partition, offset] = fields else {
            return Err(format!("line {number} is not `topic,partition,offset`: {line:?}"));
        };
        let (Ok(partition), Ok(offset)) = (partition.parse::<i32>(), offset.parse::<i64>()) else {
            return Err(format!("line {number} is not `topic,partition,offset`: {line:?}"));
        };
        if offsets.insert(((*topic).into(), partition), offset).is_some() {
            return Err(format!("line {number} names {topic}-{partition} again"));
        }
    }
    Ok(Some(offsets))
}

/// Everything that the group has committed on.
pub fn committed_on(group: &Group) -> Result<Vec<(TopicName, Vec<i32>)>, String> {
    let commits = group.offsets.last().map_or(&[][..], |all| all);
    if commits.is_empty() {
        return Err(format!("group {} has committed nothing that is known: name the topics", group.id));
    }
    Ok(by_topic(commits.iter().map(|Committed { topic, partition, .. }| (topic.clone(), *partition))))
}

fn by_topic(places: impl Iterator<Item = (TopicName, i32)>) -> Vec<(TopicName, Vec<i32>)> {
    let mut topics: BTreeMap<TopicName, BTreeSet<i32>> = BTreeMap::new();
    for (topic, partition) in places {
        topics.entry(topic).or_default().insert(partition);
    }
    topics.into_iter().map(|(topic, partitions)| (topic, partitions.into_iter().collect())).collect()
}

/// `topic`, or `topic:0,1`
fn named(kafka: &Kafka, words: &[String]) -> Result<Vec<(TopicName, Vec<i32>)>, String> {
    let mut places = Vec::new();
    for word in words {
        let (topic, partitions) = word.split_once(':').map_or((&**word, None), |(t, p)| (t, Some(p)));
        let known = kafka.topics.get(topic).ok_or_else(|| format!("there is no topic {topic:?}"))?;
        match partitions {
            None => places.extend(known.partitions.iter().map(|p| (known.name.clone(), p.index))),
            Some(list) => {
                for index in list.split(',') {
                    let index = index.parse().map_err(|_| format!("{index:?} is no partition of {topic}"))?;
                    places.push((known.name.clone(), index));
                }
            }
        }
    }
    Ok(by_topic(places.into_iter()))
}

/// What is not there cannot be committed on.
fn check(kafka: &Kafka, partitions: &[(TopicName, Vec<i32>)]) -> Result<(), String> {
    let mut gone = Vec::new();
    for (topic, indexes) in partitions {
        let known = kafka.topics.get(topic);
        let there = |index: &i32| known.is_some_and(|t| t.partition(*index).is_some());
        gone.extend(indexes.iter().filter(|index| !there(index)).map(|index| format!("{topic}-{index}")));
    }
    if gone.is_empty() {
        Ok(())
    } else {
        Err(format!("not there: {}; name other partitions", human::list(gone, 3)))
    }
}
