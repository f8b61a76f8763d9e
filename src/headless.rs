//! The console without a terminal: reads until every source has answered, prints the state, ends.

use crate::{
    app::{Model, Msg, update},
    cli::{Form, Settings},
    domain::{kafka::Kafka, kubernetes::Kubernetes, reading::Feed},
    once,
    opening::model,
    perform::{Performer, journals},
    source::{kubernetes::Connection, now},
    sources::Sources,
};
use anyhow::Result;
use std::time::Duration;
use tokio::{
    sync::mpsc,
    time::{Instant, timeout},
};

/// A source that failed may yet come round: for so long it is not taken for an answer.
const SECOND_CHANCE: Duration = Duration::from_secs(6);
/// How often it is looked whether everything is there.
const LOOK: Duration = Duration::from_millis(100);

/// Prints the state once: the report in its form, and the exit code.
pub async fn print(
    settings: Settings,
    connection: Option<Connection>,
    form: Form,
    limit: Duration,
) -> Result<(String, u8)> {
    let mut model = model(&settings, connection.as_ref(), &[])?;
    // Nobody acts: what one might do need not be asked.
    model.session.read_only = true;
    let sources = Sources::new(connection, settings.namespace.clone(), settings.refresh);
    Ok(run(model, sources, form, limit).await)
}

/// Reads for at most `limit`; returns the report in its form and the exit code. What did not answer in
/// time is reported as such.
async fn run(model: Model, sources: Sources, form: Form, limit: Duration) -> (String, u8) {
    let (model, _) = settle(model, sources, limit).await;
    let (world, session) = (model.world(), session(&model));
    let text = match form {
        Form::Text => once::text(&once::report(&world, session)),
        Form::Markdown => once::markdown(&once::report(&world, session)),
        Form::Json => once::json(&world, &session),
    };
    (text, once::exit_code(model.derived.verdict.severity))
}

/// Reads until every source has answered, at most for `limit`. The sources go on until they are dropped.
pub async fn settle(mut model: Model, sources: Sources, limit: Duration) -> (Model, Performer) {
    let start = Instant::now();
    // Nobody asks for anything but the sources' targets, and nothing is written.
    let (answers, say) = (mpsc::channel(1).0, mpsc::unbounded_channel().0);
    let mut performer = Performer::read_only(journals(), sources, answers, say);
    loop {
        take(&mut model, &mut performer.sources).await;
        model.now = now();
        let effects = update(&mut model, Msg::Derive);
        for effect in effects {
            if let Some(delta) = performer.perform(effect) {
                update(&mut model, Msg::Delta(delta));
            }
        }
        let patient = start.elapsed() < SECOND_CHANCE;
        let complete = !choose(&mut model) && answered(&model, patient);
        if complete || start.elapsed() >= limit {
            break;
        }
    }
    (model, performer)
}

/// What a report of the model is of.
pub fn session(model: &Model) -> once::Session {
    once::Session {
        context: model.session.context.to_string(),
        cluster: model.kafka_name().map(|name| name.to_string()),
        version: env!("CARGO_PKG_VERSION"),
    }
}

/// There is nobody to choose among several Kafka clusters: takes the largest. Whether it just did.
fn choose(model: &mut Model) -> bool {
    let given = !model.wishes.bootstrap.is_empty();
    let choosing = !given && model.cluster.is_none() && model.derived.cluster.is_some();
    if choosing {
        model.cluster.clone_from(&model.derived.cluster);
    }
    choosing
}

/// Takes in what comes until the next look.
async fn take(model: &mut Model, sources: &mut Sources) {
    let until = Instant::now() + LOOK;
    while let Ok(delta) = timeout(until.saturating_duration_since(Instant::now()), sources.next()).await {
        update(model, Msg::Delta(delta));
    }
}

/// Every source that there is has answered, or, where patience is over, has said why it cannot.
fn answered(model: &Model, patient: bool) -> bool {
    let there = |feed: &Feed| feed.heard().is_some() || (!patient && feed.failure().is_some());
    let snapshot = &model.snapshot;
    let reached = snapshot.kafka.route.is_some() || !patient;
    let kafka = !model.targets.aimed() || (reached && feeds_of_kafka(&snapshot.kafka).into_iter().all(there));
    let throughput = !model.targets.aimed() || there(&snapshot.throughput.origin.feed);
    feeds_of_kubernetes(&snapshot.kubernetes).into_iter().all(there) && kafka && throughput
}

fn feeds_of_kubernetes(kubernetes: &Kubernetes) -> Vec<&Feed> {
    vec![
        &kubernetes.server.feed,
        &kubernetes.pods.feed,
        &kubernetes.stateful_sets.feed,
        &kubernetes.deployments.feed,
        &kubernetes.nodes.feed,
        &kubernetes.claims.feed,
        &kubernetes.events.feed,
        &kubernetes.services.feed,
    ]
}

fn feeds_of_kafka(kafka: &Kafka) -> Vec<&Feed> {
    let bodies = [&kafka.cluster_feed, &kafka.topics_feed, &kafka.ends_feed, &kafka.groups_feed];
    let offsets = kafka.groups.values().map(|g| &g.offsets.feed);
    let disks = kafka.brokers.values().filter(|b| b.registered).map(|b| &b.log_dirs.feed);
    bodies.into_iter().chain(offsets).chain(disks).collect()
}
