//! The topics' effective configuration.

use super::{Poller, cadence::Cadence};
use crate::{
    domain::kafka::{Body, KafkaDelta, TopicConfig, TopicName},
    source::{
        kafka::{Error, Lane, Matter, check},
        now,
    },
};
use kafka_protocol::{
    messages::{
        DescribeConfigsRequest, DescribeConfigsResponse,
        describe_configs_request::DescribeConfigsResource,
        describe_configs_response::{DescribeConfigsResourceResult, DescribeConfigsResult},
    },
    protocol::StrBytes,
};
use std::{
    collections::{BTreeSet, HashMap},
    hash::{DefaultHasher, Hash, Hasher},
};
use tokio::time::Instant;

/// Topics a request: an answer of about half a megabyte.
const CHUNK: usize = 250;
/// Refreshes between two readings of all topics: of few, which are one request, and of many.
const OFTEN: u32 = 4;
const SELDOM: u32 = 20;
/// The type of a topic among configuration resources, and that of a value set on the topic itself.
const TOPIC: i8 = 2;
const SET_ON_TOPIC: i8 = 1;

/// Prints of the configurations that were told.
type Told = HashMap<TopicName, u64>;

impl Poller {
    /// Reads every topic's configuration seldom where there are many, a new topic's and what was written just
    /// now at once, and that of topics which are or were being moved or throttled often.
    pub(super) async fn configs(self) {
        let mut cadence = self.cadence(OFTEN);
        let mut layouts = self.shared.layout.subscribe();
        let mut told = Told::new();
        let mut suspicion = self.shared.suspects.subscribe();
        let mut looks = self.client.written().looks(|matter| matches!(matter, Matter::Topic(_)));
        let mut written = BTreeSet::new();
        let (mut next_full, mut next_look) = (Instant::now(), Instant::now());
        loop {
            let layout = layouts.borrow_and_update().clone();
            told.retain(|name, _| layout.topics.contains_key(name));
            suspicion.mark_unchanged();
            let suspects = self.suspects();
            let (full, look) = (Instant::now() >= next_full, Instant::now() >= next_look);
            let was_written = |name: &TopicName| written.contains(&Matter::Topic(name.clone()));
            let due = |name: &&TopicName| {
                full || !told.contains_key(*name) || look && suspects.contains(*name) || was_written(name)
            };
            let names: Vec<_> = layout.topics.keys().filter(due).cloned().collect();
            cadence.spread_over(self.shared.brokers.borrow().len());
            let read = self.read_configs(&names, &mut told, &mut cadence).await;
            let failed = read.is_err();
            match read {
                Ok(()) if full => self.tell(KafkaDelta::Heard { body: Body::Configs, at: now() }).await,
                Ok(()) => {}
                Err(error) => self.fail(Body::Configs, error.about("the brokers' configurations")).await,
            }
            // After a failure all is read again, at the pace of the other bodies.
            let again = Instant::now() + self.settings.refresh * 2;
            if failed {
                next_full = again;
            } else if full && !layout.topics.is_empty() {
                let refreshes = if layout.topics.len() > CHUNK { SELDOM } else { OFTEN };
                cadence.rebase(self.settings.refresh * refreshes);
                next_full = Instant::now() + self.pace(&[Body::Configs], None, &mut cadence).await;
            }
            if full || look {
                next_look = again;
            }
            written.clear();
            let wake = if suspects.is_empty() { next_full } else { next_full.min(next_look) };
            tokio::select! {
                changed = layouts.changed() => if changed.is_err() { return },
                changed = suspicion.changed(), if suspects.is_empty() => if changed.is_err() { return },
                now = looks.due() => written = now,
                () = tokio::time::sleep_until(wake), if !layout.topics.is_empty() => {}
            }
        }
    }

    async fn read_configs(
        &self,
        names: &[TopicName],
        told: &mut Told,
        cadence: &mut Cadence,
    ) -> Result<(), Error> {
        for chunk in names.chunks(CHUNK) {
            let asked = self.client.ask_any(Lane::Slow, |_| describe(chunk)).await;
            let configs = take_configs(super::charge(asked, cadence)?, &self.shared.layout.borrow())?;
            self.suspect(
                configs.iter().filter(|(_, config)| is_throttled(config)).map(|(name, _)| name.clone()),
            );
            let changed: Vec<_> = configs.into_iter().filter(|c| is_news(told, c)).collect();
            if !changed.is_empty() {
                self.tell(KafkaDelta::Configs { configs: changed, at: now() }).await;
            }
        }
        Ok(())
    }
}

/// Source: KIP-73.
fn is_throttled(config: &TopicConfig) -> bool {
    config.overrides.iter().any(|(name, value)| name.ends_with("throttled.replicas") && !value.is_empty())
}

fn is_news(told: &mut Told, (name, config): &(TopicName, TopicConfig)) -> bool {
    let mut hasher = DefaultHasher::new();
    config.hash(&mut hasher);
    let print = hasher.finish();
    told.insert(name.clone(), print) != Some(print)
}

fn describe(names: &[TopicName]) -> DescribeConfigsRequest {
    let resource = |name: &TopicName| {
        DescribeConfigsResource::default()
            .with_resource_type(TOPIC)
            .with_resource_name(StrBytes::from_string(name.to_string()))
            .with_configuration_keys(None)
    };
    DescribeConfigsRequest::default().with_resources(names.iter().map(resource).collect())
}

/// A topic deleted meanwhile is left out; if nothing at all could be read, the first error tells why.
fn take_configs(
    answer: DescribeConfigsResponse,
    layout: &super::Layout,
) -> Result<Vec<(TopicName, TopicConfig)>, Error> {
    let read: Vec<_> = answer.results.iter().filter(|r| r.error_code == 0).collect();
    if let (true, Some(first)) = (read.is_empty(), answer.results.first()) {
        check(first.error_code, first.error_message.as_deref())?;
    }
    Ok(read.into_iter().map(|r| (layout.name(r.resource_name.as_str()), take_config(r))).collect())
}

fn take_config(result: &DescribeConfigsResult) -> TopicConfig {
    let value = |name: &str| value_of(result.configs.iter().find(|c| c.name.as_str() == name)?);
    let number = |name: &str, unknown: i64| value(name).and_then(|v| v.parse().ok()).unwrap_or(unknown);
    let overrides = result.configs.iter().filter(|c| c.config_source == SET_ON_TOPIC);
    TopicConfig {
        min_insync: u16::try_from(number("min.insync.replicas", 1)).unwrap_or(1),
        retention_ms: number("retention.ms", -1),
        retention_bytes: number("retention.bytes", -1),
        cleanup: value("cleanup.policy").unwrap_or("delete").to_owned(),
        overrides: overrides.map(|c| (c.name.to_string(), value_of(c).unwrap_or("").to_owned())).collect(),
    }
}

fn value_of(entry: &DescribeConfigsResourceResult) -> Option<&str> {
    entry.value.as_ref().map(|v| v.as_str())
}
