//! What castellan asks of Prometheus, asked of this one.

use super::*;
use crate::{
    demo::world::kafka::{Broker, Cluster, Life},
    domain::{kubernetes::Key, time::Time},
};
use serde_json::Value;

const START: i64 = 1_795_230_000_000;

/// A broker that takes so many messages a second, scraped for a while.
struct Scene {
    cluster: Cluster,
    data: Database,
    now: Time,
}

impl Scene {
    fn new(brokers: i32) -> Self {
        let now = Time(START);
        let mut cluster = Cluster::new("kafka", "kafka", "kafka-headless", 9092, 1, now);
        for id in 0..brokers {
            let pod = Key::new("kafka", &format!("kafka-{id}"));
            cluster.brokers.insert(id, Broker::new(id, pod, None, 1 << 30, 0.0));
        }
        Scene { cluster, data: Database::default(), now }
    }

    fn run(&mut self, seconds: u32, rate: f64) {
        for _ in 0..seconds {
            self.now = Time(self.now.0 + 1000);
            for broker in self.cluster.brokers.values_mut().filter(|b| b.life == Life::Up) {
                broker.messages_in += rate;
            }
            let address = |pod: &Key| Some(format!("10.44.1.{}", &pod.name[6..]).into());
            self.data.scrape(std::slice::from_ref(&self.cluster), address, self.now);
        }
    }

    fn ask(&self, path: &str, params: &[(&str, &str)]) -> (u16, Value) {
        let url = reqwest::Url::parse_with_params("http://p", params).unwrap();
        let (status, body) = answer(&self.data, path, url.query().unwrap(), self.now);
        (status, serde_json::from_str(&body).unwrap())
    }

    /// The values of an instant query, by pod.
    fn values(&self, query: &str) -> Vec<(String, f64)> {
        let (status, body) = self.ask("/api/v1/query", &[("query", query)]);
        assert_eq!(status, 200, "{body}");
        let rows = body["data"]["result"].as_array().unwrap();
        let value = |v: &Value| v.as_str().unwrap().parse().unwrap();
        rows.iter()
            .map(|r| (r["metric"]["pod"].as_str().unwrap_or("").into(), value(&r["value"][1])))
            .collect()
    }
}

const RATE: &str = "sum by (namespace, pod, instance) \
    (rate(kafka_server_brokertopicmetrics_messagesin_total{topic=\"\",pod=~\"kafka-0|kafka-1\"}[60s]))";

#[test]
fn a_counter_that_grows_steadily_has_its_rate() {
    let mut scene = Scene::new(3);
    scene.run(600, 40.0);
    let rates = scene.values(RATE);
    assert_eq!(rates.len(), 2, "the third is not asked for: {rates:?}");
    assert!(rates.iter().all(|(_, rate)| (rate - 40.0).abs() < 0.5), "{rates:?}");
}

#[test]
fn a_restart_is_no_fall_and_a_broker_that_died_has_no_rate_and_an_old_sample() {
    let mut scene = Scene::new(2);
    scene.run(300, 10.0);
    scene.cluster.brokers.get_mut(&0).unwrap().messages_in = 0.0;
    scene.cluster.brokers.get_mut(&1).unwrap().life = Life::Down;
    let died = scene.now;
    scene.run(120, 10.0);
    let rates = scene.values(RATE);
    assert!(rates.len() == 1 && rates[0].0 == "kafka-0" && (rates[0].1 - 10.0).abs() < 0.5, "{rates:?}");
    let newest = scene.values(
        "max by (pod) (max_over_time(timestamp(kafka_server_brokertopicmetrics_bytesin_total{topic=\"\"})[900s:15s]))",
    );
    let of = |pod: &str| newest.iter().find(|(p, _)| p == pod).unwrap().1;
    assert!((of("kafka-1") * 1000.0 - died.0 as f64).abs() < 16_000.0, "{newest:?}");
    assert!((of("kafka-0") * 1000.0 - scene.now.0 as f64).abs() < 16_000.0, "{newest:?}");
}

#[test]
fn a_rate_can_be_asked_for_where_its_window_is_whole_only() {
    let mut scene = Scene::new(2);
    scene.run(300, 10.0);
    let total = "kafka_server_brokertopicmetrics_messagesin_total{topic=\"\"}";
    let whole = format!(
        "sum by (pod) (rate({total}[60000ms]) and count_over_time({total}[33750ms] offset 56250ms) \
         and count_over_time({total}[33750ms]))"
    );
    let pods = |scene: &Scene| scene.values(&whole).into_iter().map(|(pod, _)| pod).collect::<Vec<_>>();
    assert_eq!(pods(&scene), ["kafka-0", "kafka-1"]);
    scene.cluster.brokers.get_mut(&1).unwrap().life = Life::Down;
    scene.run(120, 10.0);
    assert_eq!(pods(&scene), ["kafka-0"]);
    scene.cluster.brokers.get_mut(&1).unwrap().life = Life::Up;
    scene.run(35, 10.0);
    assert_eq!(pods(&scene), ["kafka-0"], "it has been back for half a window");
    scene.run(60, 10.0);
    assert_eq!(pods(&scene), ["kafka-0", "kafka-1"]);
    let either = scene.values(&format!("max by (pod) ({total} or timestamp({total}))"));
    assert_eq!(either.len(), 2, "{either:?}");
}

#[test]
fn raw_samples_and_ranges_come_as_matrices() {
    let mut scene = Scene::new(1);
    scene.run(120, 1.0);
    let (_, raw) = scene
        .ask("/api/v1/query", &[("query", "kafka_server_brokertopicmetrics_bytesin_total{topic=\"\"}[60s]")]);
    assert_eq!(raw["data"]["resultType"], "matrix");
    assert_eq!(raw["data"]["result"][0]["values"].as_array().unwrap().len(), 4);
    let (end, start) = ((scene.now.0 / 1000).to_string(), (scene.now.0 / 1000 - 30).to_string());
    let (_, range) = scene
        .ask("/api/v1/query_range", &[("query", RATE), ("start", &start), ("end", &end), ("step", "15")]);
    assert_eq!(range["data"]["result"][0]["values"].as_array().unwrap().len(), 3);
}

#[test]
fn what_is_wrong_with_a_question_is_said_with_its_status() {
    let scene = Scene::new(1);
    for (path, params) in [
        ("/api/v1/query", &[("query", "rate(")][..]),
        ("/api/v1/query", &[]),
        ("/api/v1/query_range", &[("query", "up"), ("start", "1"), ("end", "2"), ("step", "0")]),
        ("/api/v1/query_range", &[("query", "up"), ("start", "0"), ("end", "99999"), ("step", "1")]),
    ] {
        let (status, body) = scene.ask(path, params);
        assert_eq!((status, &body["status"]), (400, &"error".into()), "{body}");
    }
}

#[test]
fn the_text_form_is_one_that_exporters_write() {
    let scene = Scene::new(1);
    let text = text(&scene.cluster, &scene.cluster.brokers[&0]);
    assert!(text.contains("# TYPE kafka_server_brokertopicmetrics_bytesin_total counter\n"), "{text}");
    assert!(text.lines().all(|l| l.starts_with('#') || l.split(' ').count() == 2), "{text}");
}
