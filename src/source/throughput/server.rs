//! A Prometheus server: its HTTP API, over a URL or the API server's service proxy.

use super::identity::Labels;
use crate::{
    domain::{Text, kubernetes::Key, time::Time},
    source::gate::Gate,
};
use reqwest::Url;
use serde::Deserialize;
use std::time::Duration;

/// No answer is read further than this.
const LIMIT: usize = 64 << 20;

/// Where a Prometheus answers.
#[derive(Clone)]
pub struct Server {
    place: Place,
    deadline: Duration,
}

#[derive(Clone)]
enum Place {
    Url(reqwest::Client, Url),
    Service { gate: Gate, service: Key, port: u16, https: bool },
}

/// A series of an answer; an instant answer has one point.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub labels: Labels,
    pub points: Vec<(Time, f64)>,
}

impl Server {
    /// The server at `url` (`http://host:9090/prefix`; without a scheme, http).
    pub fn at(url: &str, deadline: Duration) -> Result<Self, Text> {
        let full = if url.contains("://") { url.to_string() } else { format!("http://{url}") };
        let url = Url::parse(&full).map_err(|e| Text::from(format!("“{url}” is not a URL: {e}")))?;
        let agent = concat!("castellan/", env!("CARGO_PKG_VERSION"));
        let client = reqwest::Client::builder().user_agent(agent).build();
        let client = client.map_err(|e| Text::from(words(&e)))?;
        Ok(Server { place: Place::Url(client, url), deadline })
    }

    /// A Service of the cluster, through the API server.
    pub fn behind(gate: Gate, service: Key, port: u16, https: bool, deadline: Duration) -> Self {
        Server { place: Place::Service { gate, service, port, https }, deadline }
    }

    /// Where it is, without credentials: `http://host:9090`, `monitoring/prometheus-k8s:9090 by service proxy`.
    pub fn place(&self) -> Text {
        match &self.place {
            Place::Url(_, url) => {
                let mut shown = url.clone();
                let _ = shown.set_username("");
                let _ = shown.set_password(None);
                shown.set_query(None);
                shown.as_str().trim_end_matches('/').into()
            }
            Place::Service { service, port, .. } => format!("{service}:{port} by service proxy").into(),
        }
    }

    pub fn is_behind_api(&self) -> bool {
        matches!(self.place, Place::Service { .. })
    }

    /// The query's value now, or at an instant.
    pub async fn instant(&self, query: &str, at: Option<Time>) -> Result<Vec<Row>, Text> {
        let mut params = vec![("query", query.to_string())];
        params.extend(at.map(|at| ("time", seconds(at))));
        self.ask("/api/v1/query", &params).await
    }

    /// The query's values from one instant to another, `step` apart.
    pub async fn range(&self, query: &str, from: Time, to: Time, step: Duration) -> Result<Vec<Row>, Text> {
        let params = [
            ("query", query.to_string()),
            ("start", seconds(from)),
            ("end", seconds(to)),
            ("step", step.as_secs_f64().to_string()),
        ];
        self.ask("/api/v1/query_range", &params).await
    }

    async fn ask(&self, path: &str, params: &[(&str, String)]) -> Result<Vec<Row>, Text> {
        let late = || Text::from(format!("no answer within {} s", self.deadline.as_secs()));
        let (status, body) =
            tokio::time::timeout(self.deadline, self.get(path, params)).await.map_err(|_| late())??;
        rows(status, &body)
    }

    async fn get(&self, path: &str, params: &[(&str, String)]) -> Result<(u16, String), Text> {
        match &self.place {
            Place::Url(client, base) => {
                let mut url = base.clone();
                url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
                url.query_pairs_mut().extend_pairs(params);
                let mut answer = client.get(url).send().await.map_err(|e| Text::from(words(&e)))?;
                let (status, mut body) = (answer.status().as_u16(), Vec::new());
                while let Some(part) = answer.chunk().await.map_err(|e| Text::from(words(&e)))? {
                    body.extend_from_slice(&part);
                    if body.len() > LIMIT {
                        return Err(format!("the answer is larger than {} MiB", LIMIT >> 20).into());
                    }
                }
                Ok((status, String::from_utf8_lossy(&body).into_owned()))
            }
            Place::Service { gate, service, port, https } => {
                let query = Url::parse_with_params("http://proxy", params);
                let query = query.map_err(|e| Text::from(e.to_string()))?;
                let path = format!("{path}?{}", query.query().unwrap_or_default());
                gate.ask_service(service, *port, *https, &path, LIMIT).await
            }
        }
    }
}

/// Prometheus takes seconds since the epoch, with a fraction.
fn seconds(at: Time) -> String {
    format!("{}.{:03}", at.0.div_euclid(1000), at.0.rem_euclid(1000))
}

/// An HTTP client's error and its causes, without the URL, which may hold a password.
fn words(error: &reqwest::Error) -> String {
    let mut cause = std::error::Error::source(error);
    let mut last = if error.is_timeout() { "timed out".into() } else { String::new() };
    while let Some(inner) = cause {
        last = inner.to_string();
        cause = inner.source();
    }
    let what = if error.is_connect() { "cannot connect" } else { "the request failed" };
    if last.is_empty() { what.into() } else { format!("{what}: {last}") }
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    error: String,
    data: Option<Data>,
}

#[derive(Deserialize)]
struct Data {
    result: Vec<Series>,
}

#[derive(Deserialize)]
struct Series {
    #[serde(default)]
    metric: Labels,
    value: Option<(f64, String)>,
    #[serde(default)]
    values: Vec<(f64, String)>,
}

/// Reads an answer: a vector, a matrix, or what went wrong in one sentence.
pub fn rows(status: u16, body: &str) -> Result<Vec<Row>, Text> {
    match serde_json::from_str::<Envelope>(body) {
        Ok(Envelope { data: Some(data), .. }) => Ok(data.result.into_iter().map(row).collect()),
        Ok(Envelope { error, .. }) if !error.is_empty() => {
            Err(format!("the query failed: {}", first_line(&error)).into())
        }
        _ => Err(refusal(status, body).into()),
    }
}

/// What an answer that is not of Prometheus's API says.
pub fn refusal(status: u16, body: &str) -> String {
    // A proxy's or the API server's own refusal is a Status object with a message.
    let message = serde_json::from_str::<serde_json::Value>(body)
        .ok()
        .and_then(|v| v.get("message")?.as_str().map(|m| first_line(m).to_string()));
    let page = body.trim_start().starts_with('<');
    match (status, message) {
        (_, Some(message)) => format!("HTTP {status}: {message}"),
        (401 | 403, _) => format!("HTTP {status}: it wants a login that castellan does not have"),
        (200..300, _) if page => {
            "a web page answered, not Prometheus: is there a login before it, or a path missing in the URL?"
                .into()
        }
        (200..300, _) => "the answer is not Prometheus's JSON: is it the right port?".into(),
        _ if page || body.trim().is_empty() => format!("HTTP {status}"),
        _ => format!("HTTP {status}: {}", first_line(body)),
    }
}

fn first_line(text: &str) -> &str {
    let line = text.trim().lines().next().unwrap_or("no reason given");
    line.char_indices().nth(200).map_or(line, |(i, _)| &line[..i])
}

fn row(series: Series) -> Row {
    let point = |(at, value): (f64, String)| Some((Time((at * 1000.0).round() as i64), value.parse().ok()?));
    let points = series.values.into_iter().chain(series.value).filter_map(point).collect();
    Row { labels: series.metric, points }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_and_matrices_are_read() {
        let vector = r#"{"status":"success","data":{"resultType":"vector","result":[
            {"metric":{"pod":"kafka-0"},"value":[1700000000.5,"12.5"]},
            {"metric":{},"value":[1700000000,"NaN"]}]}}"#;
        let read = rows(200, vector).unwrap();
        assert_eq!(read[0].labels["pod"], "kafka-0");
        assert_eq!(read[0].points, [(Time(1_700_000_000_500), 12.5)]);
        assert!(read[1].points[0].1.is_nan());
        let matrix = r#"{"status":"success","data":{"resultType":"matrix","result":[
            {"metric":{"topic":"orders"},"values":[[1,"1e3"],[16,"+Inf"]]}]}}"#;
        let read = rows(200, matrix).unwrap();
        assert_eq!(read[0].points, [(Time(1_000), 1000.0), (Time(16_000), f64::INFINITY)]);
    }

    #[test]
    fn every_refusal_is_one_sentence() {
        let cases = [
            (
                200,
                "<!doctype html><title>Sign in</title>",
                "a web page answered, not Prometheus: is there a login before it, or a path missing in the URL?",
            ),
            (200, "hello", "the answer is not Prometheus's JSON: is it the right port?"),
            (200, r#"{"a":1}"#, "the answer is not Prometheus's JSON: is it the right port?"),
            (401, "", "HTTP 401: it wants a login that castellan does not have"),
            (502, "<html>Bad gateway</html>", "HTTP 502"),
            (503, "Service Unavailable\n", "HTTP 503: Service Unavailable"),
            (
                503,
                r#"{"kind":"Status","status":"Failure","message":"no endpoints available for service \"prom\""}"#,
                "HTTP 503: no endpoints available for service \"prom\"",
            ),
            (
                422,
                r#"{"status":"error","errorType":"execution","error":"query processing would load too many samples"}"#,
                "the query failed: query processing would load too many samples",
            ),
        ];
        for (status, body, words) in cases {
            assert_eq!(&*rows(status, body).unwrap_err(), words, "{body}");
        }
    }

    #[test]
    fn a_place_never_shows_a_password() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let place = |url| Server::at(url, Duration::from_secs(1)).unwrap().place();
        assert_eq!(&*place("https://user:secret@prom.example/p/"), "https://prom.example/p");
        assert_eq!(&*place("localhost:9090"), "http://localhost:9090");
        assert!(Server::at("http://", Duration::from_secs(1)).is_err());
    }

    #[test]
    fn instants_are_sent_in_seconds() {
        assert_eq!(seconds(Time(1_700_000_000_042)), "1700000000.042");
    }
}
