//! A broker's log dirs and its replication throttles.

use super::Poller;
use crate::{
    domain::kafka::{Body, BrokerId, KafkaDelta, LogDir, LogDirs, ReplicaLog, Throttle},
    source::{
        kafka::{Error, Lane, Matter, check, words},
        now,
    },
};
use kafka_protocol::{
    messages::{
        DescribeConfigsRequest, DescribeConfigsResponse, DescribeLogDirsRequest, DescribeLogDirsResponse,
        describe_configs_request::DescribeConfigsResource, describe_log_dirs_response::DescribeLogDirsResult,
    },
    protocol::StrBytes,
};

const LEADER_RATE: &str = "leader.replication.throttled.rate";
const FOLLOWER_RATE: &str = "follower.replication.throttled.rate";
/// The type of a broker among configuration resources.
const BROKER: i8 = 4;

impl Poller {
    pub(super) async fn disks(&self, id: BrokerId) {
        let (mut seldom, mut often) = (self.cadence(5), self.cadence(2));
        let mut suspicion = self.shared.suspects.subscribe();
        loop {
            suspicion.mark_unchanged();
            // Replicas grow while they are moved.
            let suspect = !self.suspects().is_empty();
            let cadence = if suspect { &mut often } else { &mut seldom };
            let request = || DescribeLogDirsRequest::default().with_topics(None);
            let asked = self.client.ask(id, Lane::Slow, |_| request()).await;
            let answer = super::charge(asked, cadence)
                .and_then(|answer| take_log_dirs(answer, &self.shared.layout.borrow()))
                .map_err(|e| e.about(&self.client.name(id)));
            self.tell(KafkaDelta::LogDirs { broker: id, answer, at: now() }).await;
            tokio::select! {
                () = self.pause(&[Body::LogDirs], Some(id), cadence) => {}
                Ok(()) = suspicion.changed(), if !suspect => {}
            }
        }
    }

    pub(super) async fn throttle(&self, id: BrokerId) {
        let (mut seldom, mut often) = (self.cadence(5), self.cadence(2));
        let mut suspicion = self.shared.suspects.subscribe();
        let mut looks = self.client.written().looks(|matter| *matter == Matter::Broker(id));
        loop {
            suspicion.mark_unchanged();
            let mut suspect = !self.suspects().is_empty();
            let asked = self.client.ask(id, Lane::Quick, |_| rates_of(id)).await;
            let cadence = if suspect { &mut often } else { &mut seldom };
            let answer = super::charge(asked, cadence)
                .and_then(take_throttle)
                .map_err(|e| e.about(&self.client.name(id)));
            suspect |= answer.as_ref().is_ok_and(|rate| *rate != Throttle::default());
            self.tell(KafkaDelta::Throttle { broker: id, answer, at: now() }).await;
            let cadence = if suspect { &mut often } else { &mut seldom };
            tokio::select! {
                () = self.pause(&[], Some(id), cadence) => {}
                Ok(()) = suspicion.changed(), if !suspect => {}
                _ = looks.due() => {}
            }
        }
    }
}

fn take_log_dirs(answer: DescribeLogDirsResponse, layout: &super::Layout) -> Result<LogDirs, Error> {
    check(answer.error_code, None)?;
    let mut all = LogDirs::default();
    for result in &answer.results {
        let mut used = 0u64;
        for topic in &result.topics {
            let replicas = all.replicas.entry(layout.name(topic.name.as_str())).or_default();
            for p in &topic.partitions {
                let bytes = u64::try_from(p.partition_size).unwrap_or(0);
                used = used.saturating_add(bytes);
                replicas.push(ReplicaLog {
                    partition: p.partition_index,
                    bytes,
                    lag: p.offset_lag,
                    future: p.is_future_key,
                });
            }
        }
        all.dirs.push(log_dir(result, used));
    }
    all.replicas.values_mut().for_each(|logs| logs.sort_by_key(|log| (log.partition, log.future)));
    // A broker without the permission to tell answers with nothing (KAFKA-9435 gave it an error code).
    if all.dirs.is_empty() {
        return Err(Error::Refused("no log dirs; describing them needs DESCRIBE on the cluster".into()));
    }
    all.dirs.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(all)
}

fn log_dir(result: &DescribeLogDirsResult, used: u64) -> LogDir {
    LogDir {
        path: result.log_dir.as_str().into(),
        total: u64::try_from(result.total_bytes).ok(),
        usable: u64::try_from(result.usable_bytes).ok(),
        used,
        error: (result.error_code != 0).then(|| words(result.error_code, None)),
    }
}

fn rates_of(id: BrokerId) -> DescribeConfigsRequest {
    let keys = [LEADER_RATE, FOLLOWER_RATE].map(StrBytes::from_static_str).to_vec();
    let resource = DescribeConfigsResource::default()
        .with_resource_type(BROKER)
        .with_resource_name(StrBytes::from_string(id.to_string()))
        .with_configuration_keys(Some(keys));
    DescribeConfigsRequest::default().with_resources(vec![resource])
}

fn take_throttle(answer: DescribeConfigsResponse) -> Result<Throttle, Error> {
    let result = answer.results.first().ok_or_else(|| Error::Refused("no configuration".into()))?;
    check(result.error_code, result.error_message.as_deref())?;
    let rate = |name: &str| {
        let entry = result.configs.iter().find(|c| c.name.as_str() == name)?;
        // Not throttled is the largest long there is.
        entry.value.as_ref()?.parse().ok().filter(|rate| *rate != i64::MAX as u64)
    };
    Ok(Throttle { leader: rate(LEADER_RATE), follower: rate(FOLLOWER_RATE) })
}
