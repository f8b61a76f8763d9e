//! Prometheus's HTTP API, as far as queries go.

use super::{
    database::{Database, Labels},
    evaluate, promql,
};
use crate::domain::time::Time;
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

/// Points of an answer for each series.
///
/// Source: Prometheus, "exceeded maximum resolution of 11,000 points per timeseries".
const POINTS: i64 = 11_000;

/// Answers GET of a path with its query: the HTTP status and the body.
pub fn answer(data: &Database, path: &str, query: &str, now: Time) -> (u16, String) {
    let params = params(query);
    let answered = match path {
        "/api/v1/query" => instant(data, &params, now),
        "/api/v1/query_range" => range(data, &params),
        "/-/ready" | "/-/healthy" => return (200, "Prometheus Server is Ready.\n".into()),
        _ => return (404, "404 page not found\n".into()),
    };
    match answered {
        Ok(result) => (200, json!({"status": "success", "data": result}).to_string()),
        Err(reason) => {
            (400, json!({"status": "error", "errorType": "bad_data", "error": reason}).to_string())
        }
    }
}

type Params = BTreeMap<String, String>;

fn params(query: &str) -> Params {
    reqwest::Url::parse(&format!("http://prometheus/?{query}"))
        .map(|url| url.query_pairs().map(|(k, v)| (k.into_owned(), v.into_owned())).collect())
        .unwrap_or_default()
}

fn instant(data: &Database, params: &Params, now: Time) -> Result<Value, String> {
    let expr = promql::parse(params.get("query").map_or("", |q| q))?;
    let at = params.get("time").map_or(Ok(now), |t| time(t, "time"))?;
    // A bare range is answered with its samples.
    if let promql::Expr::Range(inner, span, None) = &expr {
        let rows = evaluate::samples(data, inner, at.minus(*span), at)?;
        return Ok(matrix(rows));
    }
    let rows = evaluate::instant(data, &expr, at)?;
    let rows: Vec<_> = rows
        .into_iter()
        .map(|(labels, value)| json!({"metric": labels, "value": point(at, value)}))
        .collect();
    Ok(json!({"resultType": "vector", "result": rows}))
}

fn range(data: &Database, params: &Params) -> Result<Value, String> {
    let expr = promql::parse(params.get("query").map_or("", |q| q))?;
    let of = |name: &str| time(params.get(name).map_or("", |t| t), name);
    let (start, end) = (of("start")?, of("end")?);
    let step = params.get("step").and_then(|s| s.parse::<f64>().ok()).filter(|s| (0.001..1e9).contains(s));
    let step = Duration::from_secs_f64(step.ok_or("invalid parameter \"step\": zero or negative query resolution step widths are not accepted. Try a positive integer")?);
    let step = step.as_millis() as i64;
    if (end.0 - start.0) / step > POINTS {
        return Err("exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)".into());
    }
    let mut all: BTreeMap<Labels, Vec<(Time, f64)>> = BTreeMap::new();
    for at in (start.0..=end.0).step_by(step as usize).map(Time) {
        for (labels, value) in evaluate::instant(data, &expr, at)? {
            all.entry(labels).or_default().push((at, value));
        }
    }
    Ok(matrix(all.into_iter().collect()))
}

fn matrix(rows: Vec<(Labels, Vec<(Time, f64)>)>) -> Value {
    let row = |(labels, points): (Labels, Vec<(Time, f64)>)| {
        let values: Vec<_> = points.into_iter().map(|(at, value)| point(at, value)).collect();
        json!({"metric": labels, "values": values})
    };
    json!({"resultType": "matrix", "result": rows.into_iter().map(row).collect::<Vec<_>>()})
}

fn point(at: Time, value: f64) -> Value {
    json!([at.0 as f64 / 1000.0, value.to_string()])
}

fn time(text: &str, name: &str) -> Result<Time, String> {
    let seconds = text.parse::<f64>().ok().filter(|s| s.abs() < 1e12);
    seconds
        .map(|s| Time((s * 1000.0).round() as i64))
        .ok_or_else(|| format!("invalid parameter \"{name}\": cannot parse \"{text}\" to a valid timestamp"))
}
