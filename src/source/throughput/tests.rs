//! The whole source against a server that is at once a Prometheus, an API server and two exporters.

use super::*;
use crate::{
    domain::{
        kafka::BrokerId,
        kubernetes::Key,
        reading::State,
        snapshot::{Delta, Snapshot},
        target::TargetPod,
        throughput::{Metric, Origin, Subject},
        time::Time,
    },
    source::now,
};
use axum::{
    Router,
    extract::{Path, Query, State as Shared},
    http::StatusCode,
    routing::get,
};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};
use tokio::sync::mpsc;

const TARGET: &str = "kafka_server_brokertopicmetrics_bytesin_total";

/// What the server does now.
#[derive(Clone)]
struct Behaviour {
    /// The newest sample is this old.
    age: Duration,
    /// Prometheus answers every request so.
    refusal: Option<(u16, &'static str)>,
    /// Queries with this in them fail.
    broken: &'static str,
    /// The newest sample of our first broker is older by this.
    ended: Duration,
    /// It has no rate.
    filling: bool,
    exporters: bool,
}

type Fake = Arc<Mutex<Behaviour>>;

fn set(fake: &Fake, change: impl FnOnce(&mut Behaviour)) {
    change(&mut fake.lock().unwrap());
}

async fn serve() -> (Fake, String) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let behaviour = Behaviour {
        age: Duration::ZERO,
        refusal: None,
        broken: "nothing",
        ended: Duration::ZERO,
        filling: false,
        exporters: true,
    };
    let fake: Fake = Arc::new(Mutex::new(behaviour));
    let proxy = "/api/v1/namespaces/monitoring/services/prometheus:9090/proxy";
    let app = Router::new()
        .route("/api/v1/query", get(instant))
        .route("/api/v1/query_range", get(range))
        .route(&format!("{proxy}/api/v1/query"), get(instant))
        .route(&format!("{proxy}/api/v1/query_range"), get(range))
        .route("/api/v1/namespaces/kafka/pods/{pod}/proxy/metrics", get(exporter))
        .with_state(fake.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (fake, url)
}

type Answer = (StatusCode, String);
type Params = Query<HashMap<String, String>>;

fn answer(fake: &Fake, query: &str, rows: Vec<Value>) -> Answer {
    let behaviour = fake.lock().unwrap().clone();
    if let Some((status, body)) = behaviour.refusal {
        return (StatusCode::from_u16(status).unwrap(), body.into());
    }
    if query.contains(behaviour.broken) {
        let error = json!({"status": "error", "errorType": "timeout", "error": "query timed out"});
        return (StatusCode::SERVICE_UNAVAILABLE, error.to_string());
    }
    (StatusCode::OK, json!({"status": "success", "data": {"resultType": "x", "result": rows}}).to_string())
}

/// Series of our two brokers and of another cluster's broker of the same name.
fn brokers() -> [Value; 3] {
    [("kafka", "kafka-0"), ("kafka", "kafka-1"), ("other", "kafka-0")]
        .map(|(ns, pod)| json!({"namespace": ns, "pod": pod, "instance": "10.0.0.1:9404"}))
}

fn newest(fake: &Fake) -> f64 {
    now().minus(fake.lock().unwrap().age).0 as f64 / 1000.0
}

async fn instant(Shared(fake): Shared<Fake>, Query(params): Params) -> Answer {
    let (query, newest) = (&params["query"], newest(&fake));
    let rows = match query {
        q if !q.contains(TARGET) => vec![],
        q if q.ends_with("[5m]") => {
            let samples: Vec<_> = (0..10).map(|i| json!([newest - 50.0 + 5.0 * f64::from(i), "1"])).collect();
            vec![json!({"metric": {}, "values": samples})]
        }
        _ => {
            let ended = newest - fake.lock().unwrap().ended.as_secs_f64();
            let value = |i, m| json!({"metric": m, "value": [newest, if i == 0 { ended } else { newest }.to_string()]});
            brokers().into_iter().enumerate().map(|(i, m)| value(i, m)).collect()
        }
    };
    answer(&fake, query, rows)
}

/// 100 a broker, 30 a topic, at every step asked for.
async fn range(Shared(fake): Shared<Fake>, Query(params): Params) -> Answer {
    let number = |name: &str| params[name].parse::<f64>().unwrap();
    let (start, end, step) = (number("start"), number("end"), number("step"));
    let steps = ((end - start) / step).round() as u32;
    let values = |v: &str| (0..=steps).map(|i| json!([start + step * f64::from(i), v])).collect::<Vec<_>>();
    let query = &params["query"];
    let rows = if query.contains("by (topic)") {
        ["orders", "audit"].map(|t| json!({"metric": {"topic": t}, "values": values("30")})).to_vec()
    } else {
        let lost = usize::from(fake.lock().unwrap().filling);
        brokers().into_iter().skip(lost).map(|m| json!({"metric": m, "values": values("100")})).collect()
    };
    answer(&fake, query, rows)
}

/// Counts 1,000 bytes a millisecond of the clock.
async fn exporter(Shared(fake): Shared<Fake>, Path(_pod): Path<String>) -> Answer {
    if !fake.lock().unwrap().exporters {
        return (StatusCode::BAD_GATEWAY, "connection refused".into());
    }
    let total = now().0 as f64 * 1000.0;
    (StatusCode::OK, format!("{TARGET} {total}\n{TARGET}{{topic=\"orders\",}} {total}\n"))
}

fn target(url: Option<String>) -> ThroughputTarget {
    let pod = |i: i32| TargetPod {
        pod: Key::new("kafka", &format!("kafka-{i}")),
        broker: Some(BrokerId(i)),
        exporter: Some(9404),
        ..TargetPod::default()
    };
    ThroughputTarget { url, namespace: "kafka".into(), pods: vec![pod(0), pod(1)], services: vec![] }
}

fn fast() -> Settings {
    let ms = Duration::from_millis;
    Settings { step: ms(500), look: ms(20), deadline: ms(20_000), grace: ms(60), retry: ms(50) }
}

fn gate(url: &str) -> Gate {
    Gate::new(kube::Client::try_from(kube::Config::new(url.parse().unwrap())).unwrap())
}

/// A running source and what its news make of a snapshot.
struct Watched {
    _running: Running,
    news: mpsc::Receiver<Delta>,
    snapshot: Snapshot,
}

impl Watched {
    fn start(target: ThroughputTarget, gate: Option<Gate>, settings: Settings) -> Self {
        let (send, news) = mpsc::channel(crate::source::CAPACITY);
        Watched { _running: gather(target, gate, settings, send), news, snapshot: Snapshot::default() }
    }

    /// Takes in news until the snapshot is as expected.
    async fn until(&mut self, what: &str, expected: impl Fn(&Snapshot) -> bool) {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
        while !expected(&self.snapshot) {
            let delta = tokio::time::timeout_at(deadline, self.news.recv()).await;
            let delta = delta.unwrap_or_else(|_| panic!("never {what}: {:?}", self.snapshot.throughput));
            self.snapshot.apply(delta.unwrap());
        }
    }

    fn last(&self, metric: Metric, subject: Subject) -> Option<f64> {
        self.snapshot.throughput.series(metric, subject)?.last().map(|p| p.1)
    }
}

fn by_prometheus(s: &Snapshot) -> bool {
    matches!(s.throughput.origin.last(), Some(Origin::Prometheus { .. }))
        && s.throughput.origin.state(now()).is_live()
}

fn by_exporters(s: &Snapshot) -> bool {
    matches!(s.throughput.origin.last(), Some(Origin::Exporters { .. }))
}

fn measured(s: &Snapshot) -> bool {
    s.throughput.series(Metric::BytesIn, Subject::Cluster).is_some()
}

#[tokio::test]
async fn prometheus_brings_a_quarter_of_an_hour_of_our_cluster_alone() {
    let (_fake, url) = serve().await;
    let settings = Settings { step: Duration::from_secs(15), ..fast() };
    let mut w = Watched::start(target(Some(url.clone())), None, settings);
    w.until("measured", measured).await;
    let throughput = &w.snapshot.throughput;
    assert_eq!(
        throughput.origin.last().map(Origin::words),
        Some(format!("Prometheus {url} (Strimzi JMX exporter)"))
    );
    for metric in [Metric::BytesIn, Metric::BytesOut, Metric::MessagesIn] {
        let points = throughput.series(metric, Subject::Cluster).unwrap().points().len();
        assert_eq!(points, 61, "15 minutes in steps of 15 seconds");
        assert_eq!(w.last(metric, Subject::Cluster), Some(200.0), "the other namespace's broker is not ours");
        assert_eq!(w.last(metric, Subject::Broker(BrokerId(1))), Some(100.0));
        assert_eq!(w.last(metric, Subject::Topic("orders".into())), Some(30.0));
    }
    assert_eq!(
        w.last(Metric::Offline, Subject::Cluster),
        Some(100.0),
        "counted once, not by each controller"
    );
    assert!(throughput.lacks.is_empty(), "{:?}", throughput.lacks);
}

#[tokio::test]
async fn a_query_that_fails_costs_only_its_own_metric() {
    let (fake, url) = serve().await;
    set(&fake, |b| b.broken = "by (topic) (rate(kafka_server_brokertopicmetrics_messagesin_total");
    let mut w = Watched::start(target(Some(url)), None, fast());
    w.until("measured", measured).await;
    assert_eq!(w.last(Metric::BytesIn, Subject::Topic("orders".into())), Some(30.0));
    assert_eq!(w.last(Metric::MessagesIn, Subject::Topic("orders".into())), None);
    let lacks: Vec<&str> = w.snapshot.throughput.lacks.iter().map(|l| &**l).collect();
    assert_eq!(lacks, ["messages in by topic: the query failed: query timed out"]);
}

#[tokio::test]
async fn samples_that_stopped_are_stale_with_their_age_not_live_and_not_gone() {
    let (fake, url) = serve().await;
    set(&fake, |b| b.age = Duration::from_secs(300));
    let mut w = Watched::start(target(Some(url.clone())), None, fast());
    w.until("measured", measured).await;
    let stale = |s: &Snapshot| {
        let state = s.throughput.state(Metric::BytesIn, &Subject::Cluster, now());
        let State::Stale { age } = state else { panic!("{state:?}") };
        assert!(age >= Duration::from_secs(299), "{age:?}");
    };
    stale(&w.snapshot);
    w.until("offsets", |s| s.throughput.origin.last() == Some(&Origin::Offsets)).await;
    stale(&w.snapshot);
    let why = format!("Prometheus {url}: it answers but does not scrape these brokers now");
    assert_eq!(&*w.snapshot.throughput.tried[0], why);
    set(&fake, |b| b.age = Duration::ZERO);
    w.until("live again", by_prometheus).await;
}

#[tokio::test]
async fn while_only_the_scraping_stops_the_exporters_are_asked_and_prometheus_again_after_it() {
    let (fake, url) = serve().await;
    let mut w = Watched::start(target(Some(url.clone())), Some(gate(&url)), fast());
    w.until("measured by Prometheus", by_prometheus).await;
    set(&fake, |b| b.age = Duration::from_secs(300));
    w.until("scraped", by_exporters).await;
    let why = format!("Prometheus {url}: it answers but does not scrape these brokers now");
    assert_eq!(w.snapshot.throughput.without_prometheus().map(|t| &**t), Some(&*why));
    set(&fake, |b| b.exporters = false);
    w.until("offsets", |s| s.throughput.origin.last() == Some(&Origin::Offsets)).await;
    set(&fake, |b| b.exporters = true);
    w.until("exporters again", by_exporters).await;
    assert_eq!(w.snapshot.throughput.without_prometheus().map(|t| &**t), Some(&*why));
    set(&fake, |b| b.age = Duration::ZERO);
    w.until("back at Prometheus", by_prometheus).await;
}

#[tokio::test]
async fn a_broker_whose_samples_end_is_stale_and_after_its_return_pending_until_it_has_a_rate() {
    let (fake, url) = serve().await;
    let mut w = Watched::start(target(Some(url)), None, fast());
    let of = |s: &Snapshot, id| s.throughput.state(Metric::BytesIn, &Subject::Broker(BrokerId(id)), now());
    let state = |s: &Snapshot| of(s, 0);
    w.until("live", |s| measured(s) && state(s).is_live()).await;
    let cluster =
        |s: &Snapshot| s.throughput.series(Metric::BytesIn, Subject::Cluster).and_then(|s| s.last());
    set(&fake, |b| (b.ended, b.filling) = (Duration::from_secs(40), true));
    w.until("stale", |s| matches!(state(s), State::Stale { age } if age >= Duration::from_secs(39))).await;
    assert_eq!(of(&w.snapshot, 1), State::Live, "the other broker is as it was");
    w.until("a sum without it", |s| cluster(s).is_some_and(|(_, sum)| sum == 100.0)).await;
    assert_eq!(w.snapshot.throughput.left_out(now()), [BrokerId(0)]);
    let lacks = |s: &Snapshot, words: &str| s.throughput.lacks.iter().any(|l| l.contains(words));
    assert!(lacks(&w.snapshot, "broker 0: Prometheus has no samples of it now"));
    set(&fake, |b| b.ended = Duration::ZERO);
    w.until("pending", |s| state(s) == State::Pending(None)).await;
    assert!(lacks(&w.snapshot, "broker 0: no rate until"), "{:?}", w.snapshot.throughput.lacks);
    set(&fake, |b| b.filling = false);
    w.until("live again", |s| state(s).is_live() && s.throughput.left_out(now()).is_empty()).await;
}

#[tokio::test]
async fn a_stopped_prometheus_is_failed_then_replaced_by_exporters_until_it_is_back() {
    let (fake, url) = serve().await;
    let mut w = Watched::start(target(Some(url.clone())), Some(gate(&url)), fast());
    w.until("measured by Prometheus", by_prometheus).await;
    set(&fake, |b| b.refusal = Some((502, "<html>Bad gateway</html>")));
    w.until("failed", |s| s.throughput.origin.feed.failure().is_some()).await;
    let State::Failed { reason, .. } = w.snapshot.throughput.origin.state(now()) else { panic!() };
    assert_eq!(&*reason, format!("Prometheus {url}: HTTP 502"));
    w.until("scraped", by_exporters).await;
    assert_eq!(
        w.snapshot.throughput.origin.last().map(Origin::words),
        Some("exporters by pod proxy (Strimzi JMX exporter)".into())
    );
    assert_eq!(&*w.snapshot.throughput.tried[0], format!("Prometheus {url}: HTTP 502"));
    let since = now();
    let newer = move |s: &Snapshot| {
        let series = s.throughput.series(Metric::BytesIn, Subject::Cluster);
        series.and_then(|s| s.last()).is_some_and(|(at, rate)| at > since && rate > 1e6)
    };
    w.until("rates by exporters", newer).await;
    // Two brokers at a million bytes a second each.
    let rate = w.last(Metric::BytesIn, Subject::Cluster).unwrap();
    assert!((1.5e6..2.5e6).contains(&rate), "{rate}");
    set(&fake, |b| b.refusal = None);
    w.until("back at Prometheus", by_prometheus).await;
    assert!(w.snapshot.throughput.tried.is_empty());
}

#[tokio::test]
async fn a_service_is_asked_through_the_api_server() {
    let (_fake, url) = serve().await;
    let service = (Key::new("monitoring", "prometheus"), 9090, false);
    let target = ThroughputTarget { services: vec![service], ..target(None) };
    let mut w = Watched::start(target, Some(gate(&url)), fast());
    w.until("measured", measured).await;
    assert_eq!(
        w.snapshot.throughput.origin.last().map(Origin::words),
        Some("Prometheus monitoring/prometheus:9090 by service proxy (Strimzi JMX exporter)".into())
    );
}

#[tokio::test]
async fn with_nothing_else_offsets_measure_and_it_says_what_was_tried() {
    let (fake, url) = serve().await;
    set(&fake, |b| {
        b.refusal = Some((200, "<!doctype html>Sign in"));
        b.exporters = false;
    });
    let mut w = Watched::start(target(Some(url.clone())), Some(gate(&url)), fast());
    w.until("offsets", |s| s.throughput.origin.last() == Some(&Origin::Offsets)).await;
    let tried = &w.snapshot.throughput.tried;
    assert!(tried[0].contains("a web page answered"), "{tried:?}");
    assert!(tried[1].starts_with("exporters: pod proxy: HTTP 502: connection refused"), "{tried:?}");
}

#[tokio::test]
async fn a_prometheus_of_other_clusters_is_left() {
    let (_fake, url) = serve().await;
    let stranger = ThroughputTarget { namespace: "elsewhere".into(), pods: vec![], ..target(Some(url)) };
    let mut w = Watched::start(stranger, None, fast());
    w.until("offsets", |s| s.throughput.origin.last() == Some(&Origin::Offsets)).await;
    assert!(w.snapshot.throughput.tried[0].contains("no sample of these brokers"));
    assert!(w.snapshot.throughput.series.is_empty());
}

#[tokio::test]
async fn time_never_runs_backwards_in_a_series() {
    let (_fake, url) = serve().await;
    let mut w = Watched::start(target(Some(url)), None, fast());
    w.until("measured", measured).await;
    let newest = |s: &Snapshot| {
        s.throughput.series(Metric::BytesIn, Subject::Cluster).and_then(|s| s.last()).map(|(at, _)| at)
    };
    let first = newest(&w.snapshot).unwrap();
    w.until("read on", |s| newest(s) >= Some(first.plus(fast().step * 3))).await;
    let series = w.snapshot.throughput.series(Metric::BytesIn, Subject::Cluster).unwrap();
    let times: Vec<Time> = series.points().map(|p| p.0).collect();
    assert!(times.windows(2).all(|w| w[0] < w[1]));
}
