//! What a shorter retention frees, estimated before it is asked for.
//!
//! Kept of a partition is what is younger than `retention.ms` and within `retention.bytes`; how much is so young
//! follows from what is written to the topic now, else from the log being written evenly over the retention it had.
//! A log is deleted by whole segments, and not the one that is written to: a segment of each partition may stay.
//!
//! Source: Kafka `UnifiedLog.deleteOldSegments`.

use super::settings::Setting;
use crate::{
    action::{Known, Plan},
    domain::{
        human,
        kafka::{Topic, TopicConfig},
        throughput::{Metric, Subject},
    },
};

/// `log.segment.bytes`: the default.
const SEGMENT: u64 = 1 << 30;
/// Topics that are told of one by one.
const TOLD: usize = 20;

/// Bytes on all replicas together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Freed {
    pub least: u64,
    pub most: u64,
    /// Of so much.
    pub of: u64,
    /// By what is written now, and not by how old it may have become.
    measured: bool,
}

/// Says what each topic frees and all of them; nothing where no retention becomes shorter.
pub fn tell(known: &Known<'_>, plan: &mut Plan, topics: &[&Topic], wanted: &[Setting]) {
    let cut: Vec<(&Topic, Option<Freed>)> = topics
        .iter()
        .filter_map(|topic| {
            let config = topic.config.as_ref()?;
            let after = after(config, wanted);
            shortens(config, &after).then(|| (*topic, freed(known, topic, config, &after)))
        })
        .collect();
    let told: Vec<Freed> = cut.iter().filter_map(|(_, freed)| *freed).collect();
    for (topic, freed) in cut.iter().take(TOLD) {
        plan.amounts.push(match freed {
            Some(freed) => format!("{} frees {}", topic.name, freed.words()),
            None => {
                format!("what {} frees cannot be told: neither its size nor its age is known", topic.name)
            }
        });
    }
    if cut.len() > TOLD {
        plan.amounts.push(format!("and {} more", human::plural(cut.len() - TOLD, "topic")));
    }
    if told.len() > 1 {
        let sum = told.iter().fold(Freed { measured: true, ..Freed::default() }, |sum, one| Freed {
            least: sum.least + one.least,
            most: sum.most + one.most,
            of: sum.of + one.of,
            measured: sum.measured && one.measured,
        });
        plan.amounts.push(format!("all {} free {}", told.len(), sum.words()));
    }
    if !told.is_empty() {
        plan.amounts.push(
            "with all replicas; within minutes (log.retention.check.interval.ms), and by whole segments: the one \
             that is written to stays"
                .into(),
        );
    }
}

impl Freed {
    fn words(&self) -> String {
        let (least, most) = (human::bytes(self.least), human::bytes(self.most));
        let range = if least == most { format!("about {most}") } else { format!("{least} to {most}") };
        let by = if self.measured { "by what is written now" } else { "as if it was written evenly" };
        format!("{range} of {}, {by}", human::bytes(self.of))
    }
}

/// The retention as it will be; what falls back to a default that is not known stays as it is here.
fn after(config: &TopicConfig, wanted: &[Setting]) -> TopicConfig {
    let mut after = config.clone();
    for (name, value) in wanted {
        let number = value.as_ref().and_then(|value| value.parse::<i64>().ok());
        match (name.as_str(), number, value) {
            ("retention.ms", Some(ms), _) => after.retention_ms = ms,
            ("retention.bytes", Some(bytes), _) => after.retention_bytes = bytes,
            ("cleanup.policy", _, Some(policy)) => after.cleanup.clone_from(policy),
            _ => {}
        }
    }
    after
}

/// −1 keeps for ever.
fn endless(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

fn shortens(before: &TopicConfig, after: &TopicConfig) -> bool {
    let shorter = |of: fn(&TopicConfig) -> i64| endless(of(after)) < endless(of(before));
    after.cleanup.contains("delete") && (shorter(|c| c.retention_ms) || shorter(|c| c.retention_bytes))
}

/// None: the topic's size is not known, or nothing tells how old its messages are.
fn freed(known: &Known<'_>, topic: &Topic, before: &TopicConfig, after: &TopicConfig) -> Option<Freed> {
    let (kafka, now) = (&known.world.snapshot.kafka, known.world.now);
    let whole = kafka.sizes.whole(&topic.name).filter(|bytes| *bytes > 0)?;
    let (rate, state) =
        known.world.snapshot.throughput.rate(Metric::BytesIn, &Subject::Topic(topic.name.clone()), now);
    let rate = rate.filter(|_| state.is_live());
    let shorter = endless(after.retention_ms) < endless(before.retention_ms);
    let young = match (shorter, rate) {
        (false, _) => 1.0,
        (true, Some(rate)) => rate * endless(after.retention_ms) as f64 / 1000.0 / whole as f64,
        (true, None) if before.retention_ms < 0 => return None,
        (true, None) => after.retention_ms as f64 / before.retention_ms as f64,
    };
    let segment = before.overrides.iter().find(|(name, _)| name == "segment.bytes");
    let segment = segment.and_then(|(_, value)| value.parse().ok()).unwrap_or(SEGMENT);
    let mut sum = Freed { measured: !shorter || rate.is_some(), ..Freed::default() };
    for partition in &topic.partitions {
        let bytes = kafka.sizes.partition(&topic.name, partition.index).unwrap_or(0);
        let kept = (bytes as f64 * young.clamp(0.0, 1.0)) as u64;
        let gone = bytes - kept.min(bytes).min(endless(after.retention_bytes));
        let replicas = partition.replicas.len() as u64;
        sum.most += gone * replicas;
        sum.least += gone.saturating_sub(segment) * replicas;
        sum.of += bytes * replicas;
    }
    Some(sum)
}
