//! Writes on Kafka: each sent once to whoever decides it, and its answer put in words.

mod configs;
mod groups;
mod moves;
mod produce;
mod topics;

use crate::{
    action::{
        Said, Write,
        write::{ConfigOf, Content},
    },
    domain::{
        Text,
        access::{KafkaPermission, Operation},
        human,
        kafka::TopicId,
    },
    source::{
        asking::Kafka,
        kafka::{Answer, Error, Matter, topic, words},
    },
};
use kafka_protocol::{
    messages::{
        TopicName as Name, create_topics_request::CreatableTopic, metadata_response::MetadataResponseTopic,
    },
    protocol::{Request, StrBytes},
};
use std::collections::BTreeMap;

/// Codes of Kafka's `Errors.java` that mean something of their own here.
const TIMED_OUT: i16 = 7;
const TOPIC_NOT_ALLOWED: i16 = 29;
const NOT_ALLOWED: [i16; 3] = [TOPIC_NOT_ALLOWED, 30, 31];
const NOT_CONTROLLER: i16 = 41;
const GROUP_SUBSCRIBED_TO_TOPIC: i16 = 86;
/// A journal keeps digests of messages.
const KEPT: &str = "only a digest of the message was kept: it cannot be written from that";
/// Partitions of an answer that are named.
const NAMED: usize = 3;

/// Sends the write, or asks what Kafka would say to it (`dry`).
pub async fn perform(kafka: &Kafka, write: &Write, dry: bool) -> Said {
    if dry && !has_dry_run(write) {
        return Said::Refused("Kafka offers no dry run of this".into());
    }
    match seen(kafka, write).await {
        Ok(told) => {
            let said = send_to(kafka, write, &told, dry).await;
            if !dry {
                kafka.client.written().tell(matters(write));
            }
            said
        }
        Err(said) => said,
    }
}

fn has_dry_run(write: &Write) -> bool {
    matches!(write, Write::CreateTopic { .. } | Write::AddPartitions { .. } | Write::Configure { .. })
}

/// What is to be read again soon.
fn matters(write: &Write) -> Vec<Matter> {
    match write {
        Write::Reassign { .. } => vec![Matter::Reassignments],
        Write::Configure { changes, .. } => {
            let matter = |of: &ConfigOf| match of {
                ConfigOf::Topic(topic) => Matter::Topic(topic.clone()),
                ConfigOf::Broker(id) => Matter::Broker(*id),
            };
            changes.iter().map(|change| matter(&change.of)).collect()
        }
        Write::CommitOffsets { group, .. }
        | Write::DeleteGroup { group }
        | Write::DeleteOffsets { group, .. } => vec![Matter::Group(group.clone())],
        _ => Vec::new(),
    }
}

async fn send_to(kafka: &Kafka, write: &Write, told: &[MetadataResponseTopic], dry: bool) -> Said {
    match write {
        Write::Reassign { partitions, .. } => moves::reassign(kafka, partitions).await,
        Write::Elect { partitions, .. } => moves::elect(kafka, partitions).await,
        Write::CreateTopic { topic, partitions, replication, configs } => {
            let shape = CreatableTopic::default().with_num_partitions(*partitions);
            topics::create(kafka, topic, shape.with_replication_factor(*replication), configs, dry).await
        }
        Write::AddPartitions { topic, total, .. } => topics::add_partitions(kafka, topic, *total, dry).await,
        Write::Configure { changes, .. } => configs::configure(kafka, changes, dry).await,
        Write::DeleteTopic { topic, .. } => topics::delete(kafka, topic, told.first()).await,
        Write::CommitOffsets { group, offsets } => groups::commit(kafka, group, offsets).await,
        Write::DeleteGroup { group } => groups::delete(kafka, group).await,
        Write::DeleteOffsets { group, partitions } => groups::delete_offsets(kafka, group, partitions).await,
        Write::Produce { topic, partition, key, value } => match (whole(key), whole(value)) {
            (Ok(key), Ok(value)) => produce::produce(kafka, topic, *partition, key, value).await,
            (Err(why), _) | (_, Err(why)) => Said::Refused(why.into()),
        },
        _ => Said::Refused("it is none of Kafka's".into()),
    }
}

/// A key or a value, or why there is none to send.
fn whole(content: &Option<Content>) -> Result<Option<&str>, &'static str> {
    content.as_ref().map(|content| content.text().ok_or(KEPT)).transpose()
}

/// The topics that a write is pinned to as they are now, if they are those that were looked at.
async fn seen(kafka: &Kafka, write: &Write) -> Result<Vec<MetadataResponseTopic>, Said> {
    let pins = write.pins();
    let Some((first, _)) = pins.first() else { return Ok(Vec::new()) };
    let told = topic::all(&kafka.client, pins.iter().map(|(name, _)| &***name)).await.map_err(|error| {
        let more = if pins.len() > 1 { " and others" } else { "" };
        let why = error.about(&format!("topic {first}{more}: Kafka"));
        Said::Refused(format!("{why}; nothing was done").into())
    })?;
    let now: BTreeMap<&str, Option<TopicId>> =
        (told.iter()).filter_map(|topic| Some((topic.name.as_ref()?.as_str(), topic::id(topic)))).collect();
    for (name, shown) in pins {
        let why = match (now.get(&**name), shown) {
            (None, _) => format!("there is no topic {name} any more; nothing was done"),
            (Some(Some(now)), Some(shown)) if now != shown => format!(
                "it changed since you looked: topic {name} was deleted and created anew; nothing was done"
            ),
            _ => continue,
        };
        return Err(Said::Refused(why.into()));
    }
    Ok(told)
}

/// What was said of one partition.
struct Word<'a> {
    of: (&'a str, i32),
    code: i16,
    message: Option<&'a str>,
}

async fn send<R: Request>(
    kafka: &Kafka,
    request_name: &str,
    request: R,
) -> Result<Answer<R::Response>, Said> {
    send_as(kafka, request_name, |_| request).await
}

async fn send_as<R: Request>(
    kafka: &Kafka,
    request_name: &str,
    make: impl FnOnce(i16) -> R,
) -> Result<Answer<R::Response>, Said> {
    kafka.client.ask_once(make).await.map_err(|error| unanswered(&error, "the controller", request_name))
}

/// What came of a request to `peer` that brought no answer.
fn unanswered(error: &Error, peer: &str, request_name: &str) -> Said {
    match why(error, peer, request_name) {
        (true, why) => Said::Unheard(why),
        (false, why) => Said::Refused(format!("{why}; nothing was done").into()),
    }
}

/// Whether a request that brought no answer may have been done, and why there is none.
fn why(error: &Error, peer: &str, request_name: &str) -> (bool, Text) {
    match error {
        Error::Silent(_) | Error::Closed | Error::Garbled(_) => (true, error.about(peer)),
        Error::Unsupported(_) => {
            (false, format!("this Kafka is too old: it does not know {request_name}").into())
        }
        _ => (false, error.about(peer)),
    }
}

fn one(permission: KafkaPermission, code: i16, message: Option<&str>, taken: String) -> Said {
    match code {
        0 => Said::Taken(taken.into()),
        TIMED_OUT => Said::Unheard(format!("Kafka did not do it in time: {}", words(code, message)).into()),
        code => Said::Refused(format!("{}; nothing was done", reason(permission, code, message)).into()),
    }
}

/// An answer about several partitions: `2 of 5 partitions are refused: …`.
fn several(permission: KafkaPermission, said: Vec<Word<'_>>, asked: usize, taken: String) -> Said {
    if said.iter().any(|word| word.code == TIMED_OUT) {
        return Said::Unheard(format!("Kafka did not do it in time: {}", words(TIMED_OUT, None)).into());
    }
    let refused: Vec<_> = said.iter().filter(|word| word.code != 0).collect();
    let Some(first) = refused.first() else { return Said::Taken(taken.into()) };
    if refused.iter().all(|w| w.code == first.code && NOT_ALLOWED.contains(&w.code)) && refused.len() == asked
    {
        return one(permission, first.code, first.message, taken);
    }
    let named = refused.iter().take(NAMED);
    let mut reasons: Vec<String> =
        named.map(|w| format!("{}-{}: {}", w.of.0, w.of.1, reason(permission, w.code, w.message))).collect();
    if refused.len() > NAMED {
        reasons.push(format!("and {} more", refused.len() - NAMED));
    }
    let rest = match asked - refused.len() {
        0 => "nothing was done".to_owned(),
        rest => format!("the other {rest} were taken"),
    };
    let text = format!("Kafka refuses {} of {}: {}; {rest}", refused.len(), count(asked), reasons.join("; "));
    if refused.len() == asked {
        return Said::Refused(text.into());
    }
    let refused = refused.iter().map(|w| (w.of.0.into(), w.of.1)).collect();
    Said::Partly { words: text.into(), refused }
}

fn reason(permission: KafkaPermission, code: i16, message: Option<&str>) -> String {
    match code {
        // Commits need it besides.
        TOPIC_NOT_ALLOWED if matches!(permission, KafkaPermission::Group(_)) => {
            reason(KafkaPermission::Topic(Operation::Read), code, message)
        }
        code if NOT_ALLOWED.contains(&code) => {
            format!("Kafka does not allow this user {permission} ({})", words(code, None))
        }
        NOT_CONTROLLER => "the controller has moved: try again".into(),
        GROUP_SUBSCRIBED_TO_TOPIC => "somebody in the group reads the topic: stop him first".into(),
        code => words(code, message).to_string(),
    }
}

fn would(taken: String, dry: bool) -> String {
    if dry { format!("Kafka would take it: {taken}") } else { taken }
}

fn count(partitions: usize) -> String {
    if partitions == 1 { "1 partition".into() } else { format!("{partitions} partitions") }
}

/// `topic a`, `topics a, b and 3 more`; none of none.
fn count_of(noun: &str, names: Vec<String>) -> Option<String> {
    let s = if names.len() == 1 { "" } else { "s" };
    (!names.is_empty()).then(|| format!("{noun}{s} {}", human::list(names, NAMED)))
}

fn count_are(partitions: usize) -> String {
    format!("{} {}", count(partitions), if partitions == 1 { "is" } else { "are" })
}

fn timeout(kafka: &Kafka) -> i32 {
    i32::try_from(kafka.client.once().as_millis()).unwrap_or(i32::MAX)
}

fn name(topic: &Text) -> Name {
    Name(text(topic))
}

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}
