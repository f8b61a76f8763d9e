//! Configuration of topics and brokers: what holds, where it comes from, and how it is altered.

use super::{
    broker::{Advertised, Here, text},
    disks::LOG_DIR,
    topics::told,
};
use crate::{
    demo::world::kafka::{
        Code, Refused,
        config::{self, Change, Kind, Setting},
    },
    domain::Text,
};
use kafka_protocol::{
    messages::{
        AlterConfigsRequest, AlterConfigsResponse, DescribeConfigsRequest, DescribeConfigsResponse,
        IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
        alter_configs_response::AlterConfigsResourceResponse as Replaced,
        describe_configs_request::DescribeConfigsResource,
        describe_configs_response::{
            DescribeConfigsResourceResult as Entry, DescribeConfigsResult, DescribeConfigsSynonym as Synonym,
        },
        incremental_alter_configs_request::AlterableConfig,
        incremental_alter_configs_response::AlterConfigsResourceResponse as Altered,
    },
    protocol::StrBytes,
};
use std::collections::BTreeMap;

/// `ConfigResource.Type`.
const TOPIC: i8 = 2;
const BROKER: i8 = 4;

/// `DescribeConfigsResponse.ConfigSource`.
const ON_TOPIC: i8 = 1;
const ON_BROKER: i8 = 2;
const IN_FILE: i8 = 4;
const DEFAULT: i8 = 5;

/// Sources of a value, the strongest first: what it is called there, its value, the source.
type Layers = Vec<(&'static str, Option<Text>, i8)>;

pub fn describe_configs(request: DescribeConfigsRequest, here: &mut Here<'_>) -> DescribeConfigsResponse {
    let results = request.resources.iter().map(|resource| {
        let answer = DescribeConfigsResult::default()
            .with_resource_type(resource.resource_type)
            .with_resource_name(resource.resource_name.clone());
        match entries(resource, here) {
            Ok(mut entries) => {
                let wanted = resource.configuration_keys.as_ref();
                entries.retain(|e| wanted.is_none_or(|keys| keys.contains(&e.name)));
                for entry in &mut entries {
                    trim(entry, request.include_synonyms, here.version);
                }
                answer.with_configs(entries)
            }
            Err(refused) => {
                let (code, words) = told(&refused);
                answer.with_error_code(code).with_error_message(words)
            }
        }
    });
    DescribeConfigsResponse::default().with_results(results.collect())
}

fn trim(entry: &mut Entry, synonyms: bool, version: i16) {
    if !synonyms {
        entry.synonyms.clear();
    }
    if version < 3 {
        entry.config_type = 0;
    }
}

fn entries(resource: &DescribeConfigsResource, here: &Here<'_>) -> Result<Vec<Entry>, Refused> {
    match resource.resource_type {
        TOPIC => {
            let (_, topic) = here.named(&resource.resource_name).ok_or(Code::UnknownTopicOrPartition)?;
            Ok(of_topic(&topic.configs, here))
        }
        // The default of all brokers, of which nothing is set.
        BROKER if resource.resource_name.is_empty() => Ok(Vec::new()),
        BROKER => own(&resource.resource_name, here).map(|_| of_broker(here)),
        other => Err(unsupported(other)),
    }
}

fn unsupported(kind: i8) -> Refused {
    Refused::because(Code::InvalidRequest, format!("Unsupported resource type: {kind}"))
}

/// A broker tells and takes no other's configuration.
///
/// Source: Apache Kafka `ConfigHelper`, `ConfigAdminManager.validateResourceNameIsCurrentNodeId`.
fn own(name: &str, here: &Here<'_>) -> Result<i32, Refused> {
    let words = match name.parse::<i32>() {
        Ok(id) if id == here.id => return Ok(id),
        Ok(id) => format!("Unexpected broker id, expected {}, but received {id}", here.id),
        Err(_) => format!("Broker id must be an integer, but it is: {name}"),
    };
    Err(Refused::because(Code::InvalidRequest, words))
}

/// A topic's configuration, of which this much is set on it.
pub fn of_topic(set: &BTreeMap<Text, Text>, here: &Here<'_>) -> Vec<Entry> {
    let broker = here.cluster.brokers.get(&here.id).map(|b| &b.configs);
    let entry = |setting: &Setting| {
        let mut layers = Layers::new();
        if let Some(value) = set.get(setting.name) {
            layers.push((setting.name, Some(value.clone()), ON_TOPIC));
        }
        let below = setting.broker.unwrap_or(setting.name);
        if let Some(value) = broker.and_then(|b| b.get(below)).filter(|_| setting.broker.is_some()) {
            layers.push((below, Some(value.clone()), ON_BROKER));
        }
        layers.push((below, setting.default.map(Text::from), DEFAULT));
        of_layers(setting.name, setting.kind, &layers)
    };
    config::TOPIC.iter().map(entry).collect()
}

fn of_broker(here: &Here<'_>) -> Vec<Entry> {
    let set = here.cluster.brokers.get(&here.id).map(|b| &b.configs);
    let dynamic = config::BROKER.iter().map(|setting| {
        let mut layers = Layers::new();
        if let Some(value) = set.and_then(|s| s.get(setting.name)) {
            layers.push((setting.name, Some(value.clone()), ON_BROKER));
        }
        layers.push((setting.name, setting.default.map(Text::from), DEFAULT));
        of_layers(setting.name, setting.kind, &layers)
    });
    let fixed = of_file(here).into_iter().map(|(name, kind, value, source)| {
        of_layers(name, kind, &vec![(name, Some(value), source)]).with_read_only(true)
    });
    dynamic.chain(fixed).collect()
}

/// What a broker was started with, as far as an operator asks for it.
fn of_file(here: &Here<'_>) -> Vec<(&'static str, Kind, Text, i8)> {
    let cluster = &here.cluster;
    let Some(broker) = cluster.brokers.get(&here.id) else { return Vec::new() };
    let (host, port) = here.address(broker);
    let listener = if matches!(here.advertised, Advertised::Pods) { "INTERNAL" } else { "OUTSIDE" };
    let id = Text::from(here.id.to_string());
    let voter = cluster.voters.contains(&here.id);
    let mut all = vec![
        ("advertised.listeners", Kind::String, format!("{listener}://{host}:{port}").into(), IN_FILE),
        ("auto.create.topics.enable", Kind::Boolean, "false".into(), IN_FILE),
        ("auto.leader.rebalance.enable", Kind::Boolean, "false".into(), IN_FILE),
        ("broker.id", Kind::Int, id.clone(), IN_FILE),
        ("controlled.shutdown.enable", Kind::Boolean, "true".into(), DEFAULT),
        ("default.replication.factor", Kind::Int, "1".into(), DEFAULT),
        ("log.dirs", Kind::String, LOG_DIR.into(), IN_FILE),
        ("node.id", Kind::Int, id, IN_FILE),
        ("num.partitions", Kind::Int, "1".into(), DEFAULT),
        ("process.roles", Kind::List, if voter { "broker,controller" } else { "broker" }.into(), IN_FILE),
        ("replica.lag.time.max.ms", Kind::Long, "30000".into(), DEFAULT),
    ];
    all.extend(broker.rack.iter().map(|rack| ("broker.rack", Kind::String, rack.clone(), IN_FILE)));
    all
}

fn of_layers(name: &'static str, kind: Kind, layers: &Layers) -> Entry {
    let secret = kind == Kind::Password;
    let shown = |value: &Option<Text>| value.as_deref().filter(|_| !secret).map(text);
    let synonym = |(name, value, source): &(&'static str, Option<Text>, i8)| {
        Synonym::default()
            .with_name(StrBytes::from_static_str(name))
            .with_value(shown(value))
            .with_source(*source)
    };
    let (value, source) =
        layers.first().map_or((None, DEFAULT), |(_, value, source)| (shown(value), *source));
    Entry::default()
        .with_name(StrBytes::from_static_str(name))
        .with_value(value)
        .with_config_source(source)
        .with_is_sensitive(secret)
        .with_synonyms(layers.iter().filter(|(_, value, _)| value.is_some()).map(synonym).collect())
        .with_config_type(code(kind))
}

/// `DescribeConfigsResponse.ConfigType`.
fn code(kind: Kind) -> i8 {
    match kind {
        Kind::Boolean => 1,
        Kind::String => 2,
        Kind::Int => 3,
        Kind::Long => 5,
        Kind::Double => 6,
        Kind::List => 7,
        Kind::Password => 9,
    }
}

pub fn incremental_alter_configs(
    request: IncrementalAlterConfigsRequest,
    here: &mut Here<'_>,
) -> IncrementalAlterConfigsResponse {
    let responses = request.resources.iter().map(|resource| {
        let changes: Result<Vec<_>, _> = resource.configs.iter().map(change).collect();
        let (kind, name) = (resource.resource_type, &resource.resource_name);
        let altered = changes.and_then(|changes| alter(kind, name, &changes, request.validate_only, here));
        let (code, words) = altered.map_or_else(|refused| told(&refused), |()| (0, None));
        Altered::default()
            .with_resource_type(kind)
            .with_resource_name(name.clone())
            .with_error_code(code)
            .with_error_message(words)
    });
    IncrementalAlterConfigsResponse::default().with_responses(responses.collect())
}

/// Source: Apache Kafka `AlterConfigOp.OpType`.
fn change(asked: &AlterableConfig) -> Result<(Text, Change), Refused> {
    let name = Text::from(asked.name.as_str());
    let value = asked.value.as_ref().map(|v| Text::from(v.as_str()));
    let change = match (asked.config_operation, value) {
        (1, _) => Change::Delete,
        (0, Some(value)) => Change::Set(value),
        (2, Some(value)) => Change::Append(value),
        (3, Some(value)) => Change::Subtract(value),
        (0 | 2 | 3, None) => {
            let words = format!("Null value not supported for : {name}");
            return Err(Refused::because(Code::InvalidRequest, words));
        }
        (other, _) => {
            let words = format!("Unknown operation type {other} for {name}");
            return Err(Refused::because(Code::InvalidRequest, words));
        }
    };
    Ok((name, change))
}

fn alter(
    kind: i8,
    name: &str,
    changes: &[(Text, Change)],
    validate: bool,
    here: &mut Here<'_>,
) -> Result<(), Refused> {
    match kind {
        TOPIC => here.cluster.alter_topic(name, changes, validate),
        BROKER if name.is_empty() => {
            let words = "this cluster has no defaults for all brokers: name one";
            Err(Refused::because(Code::InvalidRequest, words))
        }
        BROKER => here.cluster.alter_broker(own(name, here)?, changes, validate),
        other => Err(unsupported(other)),
    }
}

/// The older way: what is not named goes back to its default.
pub fn alter_configs(request: AlterConfigsRequest, here: &mut Here<'_>) -> AlterConfigsResponse {
    let responses = request.resources.iter().map(|resource| {
        let (kind, name) = (resource.resource_type, &resource.resource_name);
        let named = |key: &str| resource.configs.iter().any(|c| c.name.as_str() == key);
        let set = match kind {
            TOPIC => here.named(name).map(|(_, topic)| &topic.configs),
            _ => name.parse().ok().and_then(|id: i32| here.cluster.brokers.get(&id)).map(|b| &b.configs),
        };
        let gone = set.into_iter().flat_map(BTreeMap::keys).filter(|key| !named(key));
        let gone = gone.map(|key| (key.clone(), Change::Delete));
        let new = resource.configs.iter().map(|c| {
            let change = c.value.as_ref().map_or(Change::Delete, |v| Change::Set(v.as_str().into()));
            (Text::from(c.name.as_str()), change)
        });
        let changes: Vec<_> = gone.chain(new).collect();
        let altered = alter(kind, name, &changes, request.validate_only, here);
        let (code, words) = altered.map_or_else(|refused| told(&refused), |()| (0, None));
        Replaced::default()
            .with_resource_type(kind)
            .with_resource_name(name.clone())
            .with_error_code(code)
            .with_error_message(words)
    });
    AlterConfigsResponse::default().with_responses(responses.collect())
}
