//! Throughput and replication over the last quarter of an hour.

use super::{
    Block, Pane, World,
    chart::{By, Chart, Charts, Line, Unit},
};
use crate::domain::{
    human,
    kafka::BrokerId,
    object::Object,
    throughput::{HISTORY, Metric, Series, Subject},
};

pub static PANE: Pane = Pane {
    name: "charts",
    aliases: &["ch", "chart", "throughput"],
    about: "Bytes in and out, messages in, under-replicated and offline partitions over 15 minutes",
    blocks: &[Block::Charts(&Lines)],
};

struct Lines;

/// More lines than this cannot be told apart.
const MOST: usize = 6;

const CHARTS: [(Metric, &str, Unit); 5] = [
    (Metric::BytesIn, "Bytes in", Unit::BytesPerSecond),
    (Metric::BytesOut, "Bytes out", Unit::BytesPerSecond),
    (Metric::MessagesIn, "Messages in", Unit::MessagesPerSecond),
    (Metric::UnderReplicated, "Under-replicated", Unit::Count),
    (Metric::Offline, "Offline", Unit::Count),
];

impl Charts for Lines {
    fn charts(&self, world: &World<'_>, by: By, scope: Option<&Object>) -> Vec<Chart> {
        let all = CHARTS.into_iter().map(|(metric, title, unit)| Chart {
            title: title.into(),
            unit,
            lines: lines(world, metric, by, scope),
            state: world.snapshot.throughput.origin.state(world.now),
            lacks: if by == By::Broker { String::new() } else { lacks(world, metric) },
            from: world.now.minus(HISTORY),
            to: world.now,
        });
        // A topic has no partitions counted over time; the chart would always be empty.
        all.filter(|chart| by != By::Topic || chart.unit != Unit::Count).collect()
    }
}

/// Sums over brokers lack those that are not measured now.
fn lacks(world: &World<'_>, metric: Metric) -> String {
    let out = world.snapshot.throughput.left_out(world.now);
    // Partitions are counted from Kafka's metadata where nobody else counts them.
    if out.is_empty() || matches!(metric, Metric::UnderReplicated | Metric::Offline) {
        return String::new();
    }
    format!("without broker {}", human::list(out, 3))
}

fn lines(world: &World<'_>, metric: Metric, by: By, scope: Option<&Object>) -> Vec<Line> {
    let all = world.snapshot.throughput.series.iter();
    let wanted = all.filter(|((m, subject), _)| *m == metric && shown(subject, by, scope));
    let mut lines: Vec<(f64, Line)> = wanted
        .filter_map(|((_, subject), series)| {
            let last = Series::last(series)?.1;
            let state = world.snapshot.throughput.state(metric, subject, world.now);
            Some((last, Line { name: name(subject, scope), points: series.points().collect(), state }))
        })
        .collect();
    lines.sort_by(|(a, line), (b, other)| b.total_cmp(a).then_with(|| line.name.cmp(&other.name)));
    lines.truncate(MOST);
    lines.into_iter().map(|(_, line)| line).collect()
}

fn shown(subject: &Subject, by: By, scope: Option<&Object>) -> bool {
    match (scope, subject) {
        (Some(Object::Broker(id)), Subject::Broker(of)) => id == of,
        (Some(Object::Topic(name)), Subject::Topic(of)) => name == of,
        (Some(Object::Broker(_) | Object::Topic(_)), _) => false,
        (_, Subject::Cluster) => by == By::Cluster,
        (_, Subject::Broker(_)) => by == By::Broker,
        (_, Subject::Topic(_)) => by == By::Topic,
    }
}

/// Among brokers, which the title says they are, a number is enough.
fn name(subject: &Subject, scope: Option<&Object>) -> String {
    match subject {
        Subject::Cluster => "all brokers".into(),
        Subject::Broker(BrokerId(id)) if scope.is_none() => id.to_string(),
        Subject::Broker(BrokerId(id)) => format!("broker {id}"),
        Subject::Topic(name) => name.to_string(),
    }
}
