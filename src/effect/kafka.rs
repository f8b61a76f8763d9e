//! Writes on Kafka: each one request, sent once to the controller, and its answer put in words.

use super::produce;
use crate::{
    action::{
        Said, Write,
        write::{Assignment, Content},
    },
    domain::{
        Text,
        access::{KafkaPermission, Operation},
        kafka::{TopicId, TopicName},
    },
    source::{
        asking::Kafka,
        kafka::{Answer, Error, topic, words},
    },
};
use kafka_protocol::{
    messages::{
        AlterPartitionReassignmentsRequest, BrokerId, CreatePartitionsRequest, CreateTopicsRequest,
        DeleteTopicsRequest, ElectLeadersRequest, IncrementalAlterConfigsRequest, TopicName as Name,
        alter_partition_reassignments_request::{ReassignablePartition, ReassignableTopic},
        create_partitions_request::CreatePartitionsTopic,
        create_topics_request::{CreatableTopic, CreatableTopicConfig},
        delete_topics_request::DeleteTopicState,
        elect_leaders_request::TopicPartitions,
        incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig},
        metadata_response::MetadataResponseTopic,
    },
    protocol::{Request, StrBytes},
};
use std::collections::BTreeMap;

/// Codes of Kafka's `Errors.java` that mean something of their own here.
const TIMED_OUT: i16 = 7;
const NOT_ALLOWED: [i16; 2] = [29, 31];
const NOT_CONTROLLER: i16 = 41;
const ELECTION_NOT_NEEDED: i16 = 84;
/// A journal keeps digests of messages.
const KEPT: &str = "only a digest of the message was kept: it cannot be written from that";
/// Partitions of an answer that are named.
const NAMED: usize = 3;
/// `ConfigResource.Type.TOPIC`; `AlterConfigOp.OpType`.
const OF_TOPIC: i8 = 2;
const SET: i8 = 0;
const DELETE: i8 = 1;

/// Sends the write, or asks what Kafka would say to it (`dry`).
pub async fn perform(kafka: &Kafka, write: &Write, dry: bool) -> Said {
    match write {
        Write::Reassign { .. } | Write::Elect { .. } | Write::DeleteTopic { .. } | Write::Produce { .. }
            if dry =>
        {
            Said::Refused("Kafka offers no dry run of this".into())
        }
        write => match seen(kafka, write).await {
            Ok(told) => send_to(kafka, write, &told, dry).await,
            Err(said) => said,
        },
    }
}

async fn send_to(kafka: &Kafka, write: &Write, told: &[MetadataResponseTopic], dry: bool) -> Said {
    match write {
        Write::Reassign { partitions, .. } => reassign(kafka, partitions).await,
        Write::Elect { partitions, .. } => elect(kafka, partitions).await,
        Write::CreateTopic { topic, partitions, replication, configs } => {
            let shape = CreatableTopic::default().with_num_partitions(*partitions);
            create(kafka, topic, shape.with_replication_factor(*replication), configs, dry).await
        }
        Write::AddPartitions { topic, total, .. } => add_partitions(kafka, topic, *total, dry).await,
        Write::AlterConfigs { topic, configs, .. } => alter(kafka, topic, configs, dry).await,
        Write::DeleteTopic { topic, .. } => delete(kafka, topic, told.first()).await,
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

async fn reassign(kafka: &Kafka, partitions: &[Assignment]) -> Said {
    let mut topics: BTreeMap<&TopicName, Vec<ReassignablePartition>> = BTreeMap::new();
    for assignment in partitions {
        let replicas = assignment.replicas.as_ref().map(|r| r.iter().map(|id| BrokerId(id.0)).collect());
        let partition = ReassignablePartition::default().with_partition_index(assignment.partition);
        topics.entry(&assignment.topic).or_default().push(partition.with_replicas(replicas));
    }
    let topics = topics.into_iter();
    let topics = topics.map(|(t, p)| ReassignableTopic::default().with_name(name(t)).with_partitions(p));
    let request = AlterPartitionReassignmentsRequest::default()
        .with_timeout_ms(timeout(kafka))
        .with_topics(topics.collect());
    let answer = match send(kafka, "AlterPartitionReassignments", request).await {
        Ok(answer) => answer.value,
        Err(said) => return said,
    };
    let permission = KafkaPermission::Cluster(Operation::Alter);
    if answer.error_code != 0 {
        return one(permission, answer.error_code, answer.error_message.as_deref(), String::new());
    }
    let said = answer.responses.iter().flat_map(|t| {
        t.partitions.iter().map(|p| Word {
            of: (t.name.as_str(), p.partition_index),
            code: p.error_code,
            message: p.error_message.as_deref(),
        })
    });
    let cancelled = partitions.iter().filter(|a| a.replicas.is_none()).count();
    let moved = partitions.len() - cancelled;
    let taken = match (moved, cancelled) {
        (_, 0) => format!("the reassignment of {} has begun", count(moved)),
        (0, _) => format!("the reassignment of {} is cancelled", count(cancelled)),
        _ => format!(
            "the reassignment of {} has begun, that of {} is cancelled",
            count(moved),
            count(cancelled)
        ),
    };
    several(permission, said.collect(), partitions.len(), taken)
}

async fn elect(kafka: &Kafka, partitions: &[(TopicName, i32)]) -> Said {
    let mut topics: BTreeMap<&TopicName, Vec<i32>> = BTreeMap::new();
    partitions.iter().for_each(|(topic, partition)| topics.entry(topic).or_default().push(*partition));
    let topics = topics.into_iter();
    let topics = topics.map(|(t, p)| TopicPartitions::default().with_topic(name(t)).with_partitions(p));
    // The election type's default is that of preferred leaders, the only one before version 1.
    let request = ElectLeadersRequest::default()
        .with_timeout_ms(timeout(kafka))
        .with_topic_partitions(Some(topics.collect()));
    let answer = match send(kafka, "ElectLeaders", request).await {
        Ok(answer) => answer.value,
        Err(said) => return said,
    };
    let permission = KafkaPermission::Cluster(Operation::Alter);
    if answer.error_code != 0 {
        return one(permission, answer.error_code, None, String::new());
    }
    let mut said: Vec<Word<'_>> = (answer.replica_election_results.iter())
        .flat_map(|t| {
            t.partition_result.iter().map(|p| Word {
                of: (t.topic.as_str(), p.partition_id),
                code: p.error_code,
                message: p.error_message.as_deref(),
            })
        })
        .collect();
    let all = said.len();
    said.retain(|word| word.code != ELECTION_NOT_NEEDED);
    let taken = match all - said.len() {
        0 => format!("{} led by the preferred leader", count_are(partitions.len())),
        idle => format!(
            "{} led by the preferred leader, {idle} of them before already",
            count_are(partitions.len())
        ),
    };
    several(permission, said, partitions.len(), taken)
}

async fn create(
    kafka: &Kafka,
    topic: &TopicName,
    shape: CreatableTopic,
    configs: &[(String, String)],
    dry: bool,
) -> Said {
    let configs = configs.iter().map(|(name, value)| {
        CreatableTopicConfig::default().with_name(text(name)).with_value(Some(text(value)))
    });
    // −1 leaves it to the brokers' own default.
    let with = match usize::try_from(shape.num_partitions) {
        Ok(partitions) => format!(" with {}", count(partitions)),
        Err(_) => String::new(),
    };
    let taken = format!("topic {topic} is created{with}");
    let shape = shape.with_name(name(topic)).with_configs(configs.collect());
    let request = CreateTopicsRequest::default()
        .with_topics(vec![shape])
        .with_timeout_ms(timeout(kafka))
        .with_validate_only(dry);
    let heard = send(kafka, "CreateTopics", request).await;
    let heard = heard.map(|a| a.value.topics.into_iter().next().map(|t| (t.error_code, t.error_message)));
    of_topic(KafkaPermission::Cluster(Operation::Create), heard, would(taken, dry))
}

async fn add_partitions(kafka: &Kafka, topic: &TopicName, total: i32, dry: bool) -> Said {
    let wanted = CreatePartitionsTopic::default().with_name(name(topic)).with_count(total);
    let request = CreatePartitionsRequest::default()
        .with_topics(vec![wanted.with_assignments(None)])
        .with_timeout_ms(timeout(kafka))
        .with_validate_only(dry);
    let heard = send(kafka, "CreatePartitions", request).await;
    let heard = heard.map(|a| a.value.results.into_iter().next().map(|t| (t.error_code, t.error_message)));
    let taken = format!("topic {topic} has {total} partitions");
    of_topic(KafkaPermission::Topic(Operation::Alter), heard, would(taken, dry))
}

async fn alter(kafka: &Kafka, topic: &TopicName, configs: &[(String, Option<String>)], dry: bool) -> Said {
    let changes = configs.iter().map(|(name, value)| {
        let change = AlterableConfig::default().with_name(text(name));
        let change = change.with_config_operation(if value.is_some() { SET } else { DELETE });
        change.with_value(value.as_deref().map(text))
    });
    let resource = AlterConfigsResource::default()
        .with_resource_type(OF_TOPIC)
        .with_resource_name(text(topic))
        .with_configs(changes.collect());
    let request =
        IncrementalAlterConfigsRequest::default().with_resources(vec![resource]).with_validate_only(dry);
    let heard = send(kafka, "IncrementalAlterConfigs", request).await;
    let heard = heard.map(|a| a.value.responses.into_iter().next().map(|r| (r.error_code, r.error_message)));
    let taken = format!("the configuration of topic {topic} is altered");
    of_topic(KafkaPermission::Topic(Operation::AlterConfigs), heard, would(taken, dry))
}

/// By its id where it has one (KIP-516): one that was created anew under its name meanwhile stays.
async fn delete(kafka: &Kafka, topic: &TopicName, told: Option<&MetadataResponseTopic>) -> Said {
    let id = told.map(|told| told.topic_id).unwrap_or_default();
    let request = |version: i16| {
        let request = DeleteTopicsRequest::default().with_timeout_ms(timeout(kafka));
        if version >= 6 {
            let by_name = Some(name(topic)).filter(|_| id.is_nil());
            let state = DeleteTopicState::default().with_name(by_name).with_topic_id(id);
            request.with_topics(vec![state])
        } else {
            request.with_topic_names(vec![name(topic)])
        }
    };
    let heard = send_as(kafka, "DeleteTopics", request).await;
    let heard = heard.map(|a| a.value.responses.into_iter().next().map(|t| (t.error_code, t.error_message)));
    of_topic(KafkaPermission::Topic(Operation::Delete), heard, format!("topic {topic} is deleted"))
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
    kafka.client.ask_once(make).await.map_err(|error| {
        let why = error.about("the controller");
        match error {
            Error::Silent(_) | Error::Closed | Error::Garbled(_) => Said::Unheard(why),
            Error::Unsupported(_) => {
                Said::Refused(format!("this Kafka is too old: it does not know {request_name}").into())
            }
            _ => Said::Refused(format!("{why}; nothing was done").into()),
        }
    })
}

/// An answer about one topic.
fn of_topic(
    permission: KafkaPermission,
    heard: Result<Option<(i16, Option<StrBytes>)>, Said>,
    taken: String,
) -> Said {
    match heard {
        Ok(Some((code, message))) => one(permission, code, message.as_deref(), taken),
        Ok(None) => Said::Unheard("Kafka answers without a word about the topic".into()),
        Err(said) => said,
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
        code if NOT_ALLOWED.contains(&code) => {
            format!("Kafka does not allow this user {permission} ({})", words(code, None))
        }
        NOT_CONTROLLER => "the controller has moved: try again".into(),
        code => words(code, message).to_string(),
    }
}

fn would(taken: String, dry: bool) -> String {
    if dry { format!("Kafka would take it: {taken}") } else { taken }
}

fn count(partitions: usize) -> String {
    if partitions == 1 { "1 partition".into() } else { format!("{partitions} partitions") }
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
