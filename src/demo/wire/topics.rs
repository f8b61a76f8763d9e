//! Topics that are made, grown and deleted.

use super::{
    broker::{Here, text, uuid},
    configs,
    log::Fault,
};
use crate::{
    demo::world::kafka::{NewTopic, Refused},
    domain::Text,
};
use kafka_protocol::{
    messages::{
        BrokerId, CreatePartitionsRequest, CreatePartitionsResponse, CreateTopicsRequest,
        CreateTopicsResponse, DeleteTopicsRequest, DeleteTopicsResponse, TopicName,
        create_partitions_request::CreatePartitionsTopic,
        create_partitions_response::CreatePartitionsTopicResult,
        create_topics_request::CreatableTopic,
        create_topics_response::{CreatableTopicConfigs, CreatableTopicResult},
        delete_topics_request::DeleteTopicState,
        delete_topics_response::DeletableTopicResult,
    },
    protocol::StrBytes,
};

/// The code of a refusal and its sentence.
pub fn told(refused: &Refused) -> (i16, Option<StrBytes>) {
    (refused.code.code(), refused.message.as_ref().map(text))
}

fn brokers(ids: &[BrokerId]) -> Vec<i32> {
    ids.iter().map(|id| id.0).collect()
}

pub fn create_topics(request: CreateTopicsRequest, here: &mut Here<'_>) -> CreateTopicsResponse {
    let topics = request.topics.iter().map(|topic| create(topic, request.validate_only, here));
    CreateTopicsResponse::default().with_topics(topics.collect())
}

fn create(asked: &CreatableTopic, validate: bool, here: &mut Here<'_>) -> CreatableTopicResult {
    let mut assignments: Vec<_> = asked.assignments.iter().collect();
    assignments.sort_by_key(|a| a.partition_index);
    let configs = asked.configs.iter().filter_map(|c| {
        let value = c.value.as_ref()?;
        Some((Text::from(c.name.as_str()), Text::from(value.as_str())))
    });
    let new = NewTopic {
        partitions: asked.num_partitions,
        replication: asked.replication_factor,
        assignments: assignments.iter().map(|a| brokers(&a.broker_ids)).collect(),
        configs: configs.collect(),
    };
    let answer = CreatableTopicResult::default().with_name(asked.name.clone());
    if let Err(refused) = here.cluster.create_topic(&asked.name, &new, validate, here.random) {
        let (code, words) = told(&refused);
        return answer.with_error_code(code).with_error_message(words);
    }
    let made = here.named(&asked.name).map(|(_, topic)| topic);
    let answer = match made.filter(|_| here.version >= 7) {
        Some(topic) => answer.with_topic_id(uuid(topic.id)),
        None => answer,
    };
    if here.version < 5 {
        return answer;
    }
    // What is only tried is told as it would be.
    let of_assignments =
        |shape: i32, assigned: usize| if assigned > 0 { assigned as i32 } else { shape.max(1) };
    let replicas = new.assignments.first().map_or(0, Vec::len);
    let set = new.configs.iter().cloned().collect();
    let entries = configs::of_topic(&set, here).into_iter().map(|entry| {
        CreatableTopicConfigs::default()
            .with_name(entry.name)
            .with_value(entry.value)
            .with_config_source(entry.config_source)
    });
    answer
        .with_num_partitions(of_assignments(new.partitions, new.assignments.len()))
        .with_replication_factor(of_assignments(i32::from(new.replication), replicas) as i16)
        .with_configs(Some(entries.collect()))
}

pub fn create_partitions(request: CreatePartitionsRequest, here: &mut Here<'_>) -> CreatePartitionsResponse {
    let results = request.topics.iter().map(|topic| grow(topic, request.validate_only, here));
    CreatePartitionsResponse::default().with_results(results.collect())
}

fn grow(asked: &CreatePartitionsTopic, validate: bool, here: &mut Here<'_>) -> CreatePartitionsTopicResult {
    let assignments: Vec<_> =
        asked.assignments.iter().flatten().map(|assignment| brokers(&assignment.broker_ids)).collect();
    let grown = here.cluster.add_partitions(&asked.name, asked.count, &assignments, validate, here.random);
    let answer = CreatePartitionsTopicResult::default().with_name(asked.name.clone());
    match grown {
        Ok(()) => answer,
        Err(refused) => {
            let (code, words) = told(&refused);
            answer.with_error_code(code).with_error_message(words)
        }
    }
}

pub fn delete_topics(request: DeleteTopicsRequest, here: &mut Here<'_>) -> DeleteTopicsResponse {
    // Up to version 5 they are only named.
    let by_name = request.topic_names.into_iter();
    let named = by_name.map(|name| DeleteTopicState::default().with_name(Some(name)));
    let all: Vec<_> = request.topics.into_iter().chain(named).collect();
    let responses = all.iter().map(|topic| delete(topic, here));
    DeleteTopicsResponse::default().with_responses(responses.collect())
}

fn delete(asked: &DeleteTopicState, here: &mut Here<'_>) -> DeletableTopicResult {
    let name = asked.name.as_ref().map_or("", |name| name.as_str());
    let found = here.either(name, asked.topic_id).map(|(name, topic)| (name.clone(), topic.id));
    let (name, id) = match found {
        Ok(found) => found,
        Err(Fault(code)) => return answer_to(asked, here.version).with_error_code(code),
    };
    let answer = answer_to(asked, here.version).with_name(Some(TopicName(text(&*name))));
    let answer = if here.version >= 6 { answer.with_topic_id(uuid(id)) } else { answer };
    match here.cluster.delete_topic(&name) {
        Ok(()) => answer,
        Err(refused) => {
            let (code, words) = told(&refused);
            answer.with_error_code(code).with_error_message(words.filter(|_| here.version >= 5))
        }
    }
}

fn answer_to(asked: &DeleteTopicState, version: i16) -> DeletableTopicResult {
    let answer = DeletableTopicResult::default().with_name(asked.name.clone());
    if version >= 6 { answer.with_topic_id(asked.topic_id) } else { answer }
}
