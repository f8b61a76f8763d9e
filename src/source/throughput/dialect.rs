//! The names under which the same facts are exported. Source: the rule files of the JMX exporter's
//! example for Kafka, of Confluent's, Bitnami's and Yolean's images, and Strimzi's Metrics Reporter.

use crate::domain::throughput::Metric;

/// How a fact is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Grows; its rate is what we want.
    Counter,
    /// A rate already, per second, over the last minute.
    Rate,
    /// A count as it is now.
    Gauge,
}

/// The series that carry one metric of brokers.
#[derive(Debug, PartialEq)]
pub struct Fact {
    pub metric: Metric,
    pub kind: Kind,
    pub name: &'static str,
    /// A label that the series must have, where several facts share the name.
    pub label: Option<(&'static str, &'static str)>,
    /// The name of the total over all topics, where it is not the series of `name` without a `topic`.
    pub total: Option<&'static str>,
}

impl Fact {
    /// Whether it is also told by topic. Counts of partitions are the broker's alone.
    pub fn by_topic(&self) -> bool {
        self.kind != Kind::Gauge
    }

    pub fn total_name(&self) -> &'static str {
        self.total.unwrap_or(self.name)
    }
}

#[derive(Debug, PartialEq)]
pub struct Dialect {
    pub name: &'static str,
    pub facts: [Fact; 5],
    /// What its numbers cannot say, in words.
    pub lacks: &'static [&'static str],
}

impl Dialect {
    pub fn fact(&self, metric: Metric) -> &Fact {
        &self.facts[metric as usize]
    }

    /// The fact by which the dialect is recognised: its name is this dialect's alone, and its total is
    /// there as soon as a broker runs, before any topic is.
    pub fn mark(&self) -> &Fact {
        self.fact(Metric::BytesIn)
    }
}

const fn fact(metric: Metric, kind: Kind, name: &'static str) -> Fact {
    Fact { metric, kind, name, label: None, total: None }
}

const fn named(metric: Metric, kind: Kind, name: &'static str, bean: &'static str) -> Fact {
    Fact { metric, kind, name, label: Some(("name", bean)), total: None }
}

const fn totalled(metric: Metric, name: &'static str, total: &'static str) -> Fact {
    Fact { metric, kind: Kind::Counter, name, label: None, total: Some(total) }
}

/// Every dialect, the most usual first.
pub static DIALECTS: [Dialect; 5] = {
    use Kind::{Counter, Gauge, Rate};
    use Metric::{BytesIn, BytesOut, MessagesIn, Offline, UnderReplicated};
    [
        Dialect {
            name: "Strimzi JMX exporter",
            facts: [
                fact(BytesIn, Counter, "kafka_server_brokertopicmetrics_bytesin_total"),
                fact(BytesOut, Counter, "kafka_server_brokertopicmetrics_bytesout_total"),
                fact(MessagesIn, Counter, "kafka_server_brokertopicmetrics_messagesin_total"),
                fact(UnderReplicated, Gauge, "kafka_server_replicamanager_underreplicatedpartitions"),
                fact(Offline, Gauge, "kafka_controller_kafkacontroller_offlinepartitionscount"),
            ],
            lacks: &[],
        },
        Dialect {
            name: "Confluent",
            facts: [
                fact(BytesIn, Counter, "kafka_server_brokertopicmetrics_bytesinpersec"),
                fact(BytesOut, Counter, "kafka_server_brokertopicmetrics_bytesoutpersec"),
                fact(MessagesIn, Counter, "kafka_server_brokertopicmetrics_messagesinpersec"),
                fact(UnderReplicated, Gauge, "kafka_server_replicamanager_underreplicatedpartitions"),
                fact(Offline, Gauge, "kafka_controller_kafkacontroller_offlinepartitionscount"),
            ],
            lacks: &[],
        },
        Dialect {
            name: "Bitnami",
            facts: [
                totalled(
                    BytesIn,
                    "kafka_server_brokertopicmetrics_bytesinpersec_count",
                    "kafka_server_brokertopicmetrics_total_bytesinpersec_count",
                ),
                totalled(
                    BytesOut,
                    "kafka_server_brokertopicmetrics_bytesoutpersec_count",
                    "kafka_server_brokertopicmetrics_total_bytesoutpersec_count",
                ),
                totalled(
                    MessagesIn,
                    "kafka_server_brokertopicmetrics_messagesinpersec_count",
                    "kafka_server_brokertopicmetrics_total_messagesinpersec_count",
                ),
                fact(
                    UnderReplicated,
                    Gauge,
                    "kafka_server_replicamanager_total_underreplicatedpartitions_value",
                ),
                fact(Offline, Gauge, "kafka_controller_kafkacontroller_offlinepartitionscount_value"),
            ],
            lacks: &[],
        },
        Dialect {
            name: "Strimzi Metrics Reporter",
            facts: [
                fact(BytesIn, Counter, "kafka_server_brokertopicmetrics_bytesinpersec_total"),
                fact(BytesOut, Counter, "kafka_server_brokertopicmetrics_bytesoutpersec_total"),
                fact(MessagesIn, Counter, "kafka_server_brokertopicmetrics_messagesinpersec_total"),
                fact(UnderReplicated, Gauge, "kafka_server_replicamanager_underreplicatedpartitions"),
                fact(Offline, Gauge, "kafka_controller_kafkacontroller_offlinepartitionscount"),
            ],
            lacks: &[],
        },
        Dialect {
            name: "Yolean",
            facts: [
                named(BytesIn, Rate, "kafka_server_brokertopicmetrics_oneminuterate", "BytesInPerSec"),
                named(BytesOut, Rate, "kafka_server_brokertopicmetrics_oneminuterate", "BytesOutPerSec"),
                named(MessagesIn, Rate, "kafka_server_brokertopicmetrics_oneminuterate", "MessagesInPerSec"),
                named(
                    UnderReplicated,
                    Gauge,
                    "kafka_server_replicamanager_value",
                    "UnderReplicatedPartitions",
                ),
                named(Offline, Gauge, "kafka_controller_kafkacontroller_value", "OfflinePartitionsCount"),
            ],
            lacks: &["rates are the broker's own means over a minute: they follow a change slowly"],
        },
    ]
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialect_is_told_by_its_mark() {
        for (i, a) in DIALECTS.iter().enumerate() {
            for b in &DIALECTS[i + 1..] {
                assert_ne!(a.mark().total_name(), b.mark().total_name());
            }
        }
    }

    #[test]
    fn facts_lie_where_their_metric_looks_for_them() {
        for dialect in &DIALECTS {
            for (i, fact) in dialect.facts.iter().enumerate() {
                assert_eq!(fact.metric as usize, i, "{}: {}", dialect.name, fact.name);
            }
        }
    }
}
