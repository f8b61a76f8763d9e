//! Settings of topics and brokers.

use super::{count_of, reason, text, why, would};
use crate::{
    action::{
        Said,
        write::{ConfigChange, ConfigHow, ConfigOf},
    },
    domain::{
        access::{KafkaPermission, Operation},
        human,
    },
    source::{
        asking::Kafka,
        kafka::{Answer, Error},
    },
};
use futures::future::join_all;
use kafka_protocol::messages::{
    IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
    incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig},
};
use std::collections::BTreeMap;

/// `ConfigResource.Type`.
const TOPIC: i8 = 2;
const BROKER: i8 = 4;
/// Code of Kafka's `Errors.java`.
const UNKNOWN_TOPIC: i16 = 3;
/// Topics that one request tells of.
const CHUNK: usize = 200;
/// Brokers that are written to at once.
const AT_ONCE: usize = 8;
/// Of a list that an answer names.
const NAMED: usize = 3;
const REQUEST: &str = "IncrementalAlterConfigs";

/// The changes of one topic or broker.
struct Resource<'a> {
    of: &'a ConfigOf,
    changes: Vec<&'a ConfigChange>,
}

/// What became of them, in a sentence that names whom it is about.
enum Fate {
    Taken,
    Refused(String),
    Unheard(String),
}

type Fates<'a> = Vec<(&'a ConfigOf, Fate)>;

/// Topics are told to the controller, many a request; a broker takes its own settings from nobody else.
///
/// Source: Kafka `ConfigAdminManager`.
pub async fn configure(kafka: &Kafka, changes: &[ConfigChange], dry: bool) -> Said {
    let (topics, brokers) = match resources(changes) {
        Ok(all) => all.into_iter().partition::<Vec<_>, _>(|r| matches!(r.of, ConfigOf::Topic(_))),
        Err(said) => return said,
    };
    let mut fates = of_topics(kafka, &topics, dry).await;
    for chunk in brokers.chunks(AT_ONCE) {
        let of_brokers: Vec<_> = chunk.iter().map(|resource| of_broker(kafka, resource, dry)).collect();
        fates.extend(join_all(of_brokers).await);
    }
    sum(fates, dry)
}

fn resources(changes: &[ConfigChange]) -> Result<Vec<Resource<'_>>, Said> {
    let mut all: BTreeMap<&ConfigOf, Vec<&ConfigChange>> = BTreeMap::new();
    for change in changes {
        let of = all.entry(&change.of).or_default();
        if of.iter().any(|other| other.name == change.name) {
            let why = format!("{} of {} is changed twice at once; nothing was done", change.name, change.of);
            return Err(Said::Refused(why.into()));
        }
        of.push(change);
    }
    Ok(all.into_iter().map(|(of, changes)| Resource { of, changes }).collect())
}

/// After a request that nobody answers no other is sent.
async fn of_topics<'a>(kafka: &Kafka, topics: &[Resource<'a>], dry: bool) -> Fates<'a> {
    let mut fates = Fates::new();
    for chunk in topics.chunks(CHUNK) {
        let asked = kafka.client.ask_once(|_| request(chunk, dry)).await;
        let silent = asked.is_err();
        fates.extend(take(chunk, asked, "the controller"));
        if silent {
            break;
        }
    }
    let unsent =
        topics.iter().skip(fates.len()).map(|r| (r.of, Fate::Refused("the rest was not sent".into())));
    fates.extend(unsent.collect::<Vec<_>>());
    fates
}

async fn of_broker<'a>(kafka: &Kafka, resource: &Resource<'a>, dry: bool) -> (&'a ConfigOf, Fate) {
    let ConfigOf::Broker(id) = resource.of else { return (resource.of, Fate::Taken) };
    let request = request(std::slice::from_ref(resource), dry);
    let asked = kafka.client.ask_broker_once(*id, |_| request).await;
    let fate = take(std::slice::from_ref(resource), asked, &resource.of.to_string()).pop();
    fate.unwrap_or_else(|| (resource.of, silence(resource.of)))
}

fn request(resources: &[Resource<'_>], dry: bool) -> IncrementalAlterConfigsRequest {
    let resource = |resource: &Resource<'_>| {
        let (kind, name) = address(resource.of);
        AlterConfigsResource::default()
            .with_resource_type(kind)
            .with_resource_name(text(&name))
            .with_configs(resource.changes.iter().map(|change| alterable(change)).collect())
    };
    IncrementalAlterConfigsRequest::default()
        .with_resources(resources.iter().map(resource).collect())
        .with_validate_only(dry)
}

fn address(of: &ConfigOf) -> (i8, String) {
    match of {
        ConfigOf::Topic(topic) => (TOPIC, topic.to_string()),
        ConfigOf::Broker(id) => (BROKER, id.to_string()),
    }
}

/// Source: Kafka `AlterConfigOp.OpType`.
fn alterable(change: &ConfigChange) -> AlterableConfig {
    let (operation, value) = match &change.how {
        ConfigHow::Set(value) => (0, Some(value)),
        ConfigHow::Remove => (1, None),
        ConfigHow::Append(entries) => (2, Some(entries)),
        ConfigHow::Subtract(entries) => (3, Some(entries)),
    };
    let config = AlterableConfig::default().with_name(text(&change.name)).with_config_operation(operation);
    config.with_value(value.map(|value| text(value)))
}

fn take<'a>(
    asked: &[Resource<'a>],
    heard: Result<Answer<IncrementalAlterConfigsResponse>, Error>,
    peer: &str,
) -> Fates<'a> {
    let answer = match heard {
        Ok(answer) => answer.value,
        Err(error) => {
            let (sent, why) = why(&error, peer, REQUEST);
            let fate = || if sent { Fate::Unheard(why.to_string()) } else { Fate::Refused(why.to_string()) };
            return asked.iter().map(|resource| (resource.of, fate())).collect();
        }
    };
    let of = |resource: &Resource<'a>| {
        let (kind, name) = address(resource.of);
        let said = answer.responses.iter();
        let mut said = said.filter(|r| r.resource_type == kind && *r.resource_name.as_str() == *name);
        let fate = said.next().map(|r| fate(resource, r.error_code, r.error_message.as_deref()));
        (resource.of, fate.unwrap_or_else(|| silence(resource.of)))
    };
    asked.iter().map(of).collect()
}

fn silence(of: &ConfigOf) -> Fate {
    Fate::Unheard(format!("Kafka answers without a word about {of}"))
}

/// With a topic went what was to be taken away from it.
fn fate(resource: &Resource<'_>, code: i16, message: Option<&str>) -> Fate {
    let permission = match resource.of {
        ConfigOf::Topic(_) => KafkaPermission::Topic(Operation::AlterConfigs),
        ConfigOf::Broker(_) => KafkaPermission::Cluster(Operation::AlterConfigs),
    };
    match code {
        0 => Fate::Taken,
        UNKNOWN_TOPIC if resource.changes.iter().all(|change| change.how.takes_away()) => Fate::Taken,
        super::TIMED_OUT => Fate::Unheard(format!("{}: Kafka did not do it in time", resource.of)),
        code => Fate::Refused(format!("{}: {}", resource.of, reason(permission, code, message))),
    }
}

fn sum(fates: Fates<'_>, dry: bool) -> Said {
    let (mut taken, mut refused, mut unheard) = (Vec::new(), Reasons::default(), Reasons::default());
    for (of, fate) in &fates {
        match fate {
            Fate::Taken => taken.push(*of),
            Fate::Refused(why) => refused.add(why),
            Fate::Unheard(why) => unheard.add(why),
        }
    }
    if taken.len() == fates.len() {
        return Said::Taken(would(format!("the settings of {} are changed", names(&taken)), dry).into());
    }
    let mut parts = Vec::new();
    if refused.of > 0 {
        parts.push(format!("{}{}", refused.share(fates.len()), human::list(&refused.distinct, NAMED)));
    }
    if unheard.of > 0 {
        parts.push(human::list(&unheard.distinct, NAMED));
    }
    match taken.len() {
        0 if unheard.of == 0 => parts.push("nothing was done".into()),
        0 => {}
        _ => parts.push(format!("done for {}", names(&taken))),
    }
    let words = parts.join("; ").into();
    if refused.of > 0 { Said::Refused(words) } else { Said::Unheard(words) }
}

/// Why several were not done; one request's silence is told once.
#[derive(Default)]
struct Reasons<'a> {
    of: usize,
    distinct: Vec<&'a str>,
}

impl<'a> Reasons<'a> {
    fn add(&mut self, why: &'a str) {
        self.of += 1;
        if self.distinct.last() != Some(&why) {
            self.distinct.push(why);
        }
    }

    fn share(&self, all: usize) -> String {
        if all == 1 { String::new() } else { format!("{} of {all} not done: ", self.of) }
    }
}

/// `topics a, b and brokers 1, 2`
fn names(all: &[&ConfigOf]) -> String {
    let topics = all.iter().filter_map(|of| of.topic()).map(ToString::to_string);
    let brokers = all.iter().filter_map(|of| of.broker()).map(|id| id.to_string());
    let named = [count_of("topic", topics.collect()), count_of("broker", brokers.collect())];
    named.into_iter().flatten().collect::<Vec<_>>().join(" and ")
}
