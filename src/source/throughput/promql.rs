//! The questions put to Prometheus.

use super::{
    TOPICS,
    dialect::{Dialect, Fact, Kind},
    identity::identity_labels,
};
use crate::domain::throughput::HISTORY;
use std::time::Duration;

/// Steps at which old samples are looked for.
const LOOK_BACK_STEP: Duration = Duration::from_secs(15);

/// Four scrapes make a rate that survives a lost one.
fn window(interval: Duration) -> Duration {
    (interval * 4).clamp(Duration::from_secs(20), Duration::from_secs(600))
}

/// When each broker's newest sample was taken, in seconds since the epoch. It looks back over the whole
/// history, past Prometheus's own five minutes and its marks of staleness, so that brokers whose
/// scraping stopped are still found, with their age.
pub fn newest_samples(dialect: &Dialect, matchers: &str) -> String {
    let (of, by) = (total(dialect.mark(), matchers), identity_labels());
    let (back, step) = (HISTORY.as_secs(), LOOK_BACK_STEP.as_secs());
    format!("max by ({by}) (timestamp({of}) or max_over_time(timestamp({of})[{back}s:{step}s]))")
}

/// The raw samples of the last minutes: how often brokers are scraped.
pub fn raw_samples(dialect: &Dialect, matchers: &str) -> String {
    format!("{}[5m]", total(dialect.mark(), matchers))
}

/// One series a broker. Totals are the series without a topic: with the topics', all would count twice.
pub fn by_broker(fact: &Fact, matchers: &str, interval: Duration) -> String {
    let series = match fact.kind {
        Kind::Gauge => format!("{}{{{}}}", fact.name, matchers_of(fact, matchers)),
        Kind::Rate => total(fact, matchers),
        Kind::Counter => whole_rate(&total(fact, matchers), interval),
    };
    format!("sum by ({}) ({series})", identity_labels())
}

/// The rate where samples reach from one end of the window to the other, give or take a lost scrape. Before
/// and after a pause `rate` would tell of half a window as if it were a whole one.
fn whole_rate(counter: &str, interval: Duration) -> String {
    let (window, slack) = (window(interval), interval / 4);
    let (whole, end, before) =
        (window.as_millis(), (interval * 2 + slack).as_millis(), window.saturating_sub(slack).as_millis());
    format!(
        "rate({counter}[{whole}ms]) and count_over_time({counter}[{end}ms] offset {before}ms) \
         and count_over_time({counter}[{end}ms])"
    )
}

/// One series a topic, of the busiest topics.
pub fn by_topic(fact: &Fact, matchers: &str, interval: Duration) -> String {
    let series = format!("{}{{topic!=\"\"{}}}", fact.name, label(fact, matchers));
    let rate = match fact.kind {
        Kind::Counter => format!("rate({series}[{}ms])", window(interval).as_millis()),
        Kind::Rate | Kind::Gauge => series,
    };
    format!("topk({TOPICS}, sum by (topic) ({rate}))")
}

fn total(fact: &Fact, matchers: &str) -> String {
    format!("{}{{topic=\"\"{}}}", fact.total_name(), label(fact, matchers))
}

/// The fact's own label, then the matchers, each after a comma.
fn label(fact: &Fact, matchers: &str) -> String {
    fact.label.map_or(String::new(), |(name, value)| format!(",{name}=\"{value}\"")) + matchers
}

fn matchers_of(fact: &Fact, matchers: &str) -> String {
    label(fact, matchers).trim_start_matches(',').to_string()
}

#[cfg(test)]
mod tests {
    use super::{super::dialect::DIALECTS, *};
    use crate::domain::throughput::Metric;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn no_rate_counts_a_topic_and_the_total() {
        for dialect in &DIALECTS {
            for fact in dialect.facts.iter().filter(|f| f.by_topic()) {
                assert!(by_broker(fact, "", MINUTE).contains("{topic=\"\""), "{}", dialect.name);
                assert!(by_topic(fact, "", MINUTE).contains("{topic!=\"\""), "{}", dialect.name);
            }
        }
    }

    #[test]
    fn questions_as_asked() {
        let of = |i: usize, m| by_broker(DIALECTS[i].fact(m), ",pod=~\"k\"", Duration::from_secs(20));
        let by = "sum by (namespace, kubernetes_namespace, exported_namespace, pod, kubernetes_pod_name, \
                  pod_name, exported_pod, instance)";
        // Tried with promtool on a series that pauses: from its return on there is no rate until the window
        // of four scrapes is filled, and a single lost scrape changes nothing.
        let whole = |name| {
            let total = format!("{name}{{topic=\"\",pod=~\"k\"}}");
            format!(
                "{by} (rate({total}[80000ms]) and count_over_time({total}[45000ms] offset 75000ms) \
                 and count_over_time({total}[45000ms]))"
            )
        };
        assert_eq!(of(0, Metric::BytesIn), whole("kafka_server_brokertopicmetrics_bytesin_total"));
        assert_eq!(
            of(2, Metric::BytesIn),
            whole("kafka_server_brokertopicmetrics_total_bytesinpersec_count")
        );
        assert_eq!(
            of(4, Metric::BytesIn),
            format!(
                "{by} (kafka_server_brokertopicmetrics_oneminuterate\
                 {{topic=\"\",name=\"BytesInPerSec\",pod=~\"k\"}})"
            )
        );
        assert_eq!(
            of(0, Metric::UnderReplicated),
            format!("{by} (kafka_server_replicamanager_underreplicatedpartitions{{pod=~\"k\"}})")
        );
    }
}
