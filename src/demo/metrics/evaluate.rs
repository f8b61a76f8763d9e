//! Evaluates a query at an instant.

use super::{
    database::{Database, Labels, Point},
    promql::{Aggregate, Expr, Function, Selector},
};
use crate::domain::time::Time;
use std::{collections::BTreeMap, time::Duration};

/// How long a series keeps its last value.
///
/// Source: Prometheus, `--query.lookback-delta`.
const LOOK_BACK: Duration = Duration::from_secs(5 * 60);

/// One series of a result: with its name only where nothing was done to it.
pub type Row = (Labels, f64);
type Rows = Result<Vec<Row>, String>;

/// The value of `expr` at `at`.
///
/// # Errors
/// Where the types do not fit, as Prometheus says it.
pub fn instant(data: &Database, expr: &Expr, at: Time) -> Rows {
    match expr {
        Expr::Selector(selector) => {
            Ok(last(data, selector, at).map(|(labels, (_, value))| (labels, value)).collect())
        }
        Expr::Range(..) => Err("invalid expression type \"range vector\" for instant query".into()),
        Expr::Call(Function::Timestamp, of) => timestamps(data, of, at),
        Expr::Call(function, of) => over_time(data, *function, of, at),
        Expr::Offset(of, before) => instant(data, of, at.minus(*before)),
        Expr::And(left, right) => joined(data, left, right, at, |mut left, right| {
            left.retain(|row| has(&right, row));
            left
        }),
        Expr::Or(left, right) => joined(data, left, right, at, |mut left, mut right| {
            right.retain(|row| !has(&left, row));
            left.extend(right);
            left
        }),
        Expr::Aggregate(aggregate, by, of) => Ok(aggregated(*aggregate, by, instant(data, of, at)?)),
        Expr::TopK(count, of) => {
            let mut rows = instant(data, of, at)?;
            rows.sort_by(|a, b| b.1.total_cmp(&a.1));
            rows.truncate(*count);
            Ok(rows)
        }
    }
}

fn joined(
    data: &Database,
    left: &Expr,
    right: &Expr,
    at: Time,
    join: impl FnOnce(Vec<Row>, Vec<Row>) -> Vec<Row>,
) -> Rows {
    Ok(join(instant(data, left, at)?, instant(data, right, at)?))
}

/// Series are the same by their labels, whatever their names.
fn has(rows: &[Row], (labels, _): &Row) -> bool {
    rows.iter().any(|(of, _)| of == labels)
}

/// The newest sample of each series, and when it was taken.
fn last<'a>(
    data: &'a Database,
    selector: &'a Selector,
    at: Time,
) -> impl Iterator<Item = (Labels, (Time, f64))> + 'a {
    data.select(selector).filter_map(move |series| {
        let newest = series.points.partition_point(|(when, _)| *when <= at);
        let (when, value) = series.points.get(newest.checked_sub(1)?)?;
        (at.since(*when) < LOOK_BACK).then_some((series.labels.clone(), (*when, (*value)?)))
    })
}

fn timestamps(data: &Database, of: &Expr, at: Time) -> Rows {
    let seconds = |time: Time| time.0 as f64 / 1000.0;
    match of {
        Expr::Selector(selector) => {
            Ok(last(data, selector, at).map(|(l, (when, _))| (l, seconds(when))).collect())
        }
        other => Ok(instant(data, other, at)?.into_iter().map(|(labels, _)| (labels, seconds(at))).collect()),
    }
}

fn over_time(data: &Database, function: Function, of: &Expr, at: Time) -> Rows {
    if let Expr::Offset(inner, before) = of {
        return over_time(data, function, inner, at.minus(*before));
    }
    let Expr::Range(inner, span, step) = of else {
        return Err("expected type range vector in call to a function over time".into());
    };
    let from = at.minus(*span);
    let rows = range(data, inner, from, at, *step)?.into_iter().filter_map(|(labels, points)| {
        let value = match function {
            Function::Rate => rate(&points, from, at)?,
            Function::Increase => rate(&points, from, at)? * span.as_secs_f64(),
            Function::CountOverTime if points.is_empty() => return None,
            Function::CountOverTime => points.len() as f64,
            _ => points.iter().map(|(_, value)| *value).reduce(f64::max)?,
        };
        Some((labels, value))
    });
    Ok(rows.collect())
}

type Points = Vec<(Time, f64)>;

/// The raw samples of a selector after `from` up to `to`; series without one are left out.
///
/// # Errors
/// Where it is no selector.
pub fn samples(data: &Database, of: &Expr, from: Time, to: Time) -> Result<Vec<(Labels, Points)>, String> {
    let mut rows = range(data, of, from, to, None)?;
    rows.retain(|(_, points)| !points.is_empty());
    Ok(rows)
}

/// The samples after `from` up to `to`; with a step, the expression's values at its multiples.
fn range(
    data: &Database,
    expr: &Expr,
    from: Time,
    to: Time,
    step: Option<Duration>,
) -> Result<Vec<(Labels, Points)>, String> {
    match (expr, step) {
        (Expr::Selector(selector), None) => Ok(data
            .select(selector)
            .map(|series| {
                let within =
                    |(at, value): &Point| Some((*at, (*value)?)).filter(|(at, _)| from < *at && *at <= to);
                (series.labels.clone(), series.points.iter().filter_map(within).collect())
            })
            .collect()),
        (_, None) => Err("ranges only allowed for vector selectors".into()),
        (expr, Some(step)) => {
            let step = (step.as_millis() as i64).max(1);
            let mut all: BTreeMap<Labels, Points> = BTreeMap::new();
            let first = from.0.div_euclid(step) + 1;
            for at in (first..=to.0.div_euclid(step)).map(|n| Time(n * step)) {
                for (labels, value) in instant(data, expr, at)? {
                    all.entry(labels).or_default().push((at, value));
                }
            }
            Ok(all.into_iter().collect())
        }
    }
}

/// A counter's growth per second, its resets undone, and reaching to the ends of the window where the
/// samples come near them.
///
/// Source: Prometheus, `extrapolatedRate` in promql/functions.go.
fn rate(points: &[(Time, f64)], from: Time, to: Time) -> Option<f64> {
    let (&(first, start), &(last, _)) = (points.first()?, points.last()?);
    let sampled = last.since(first).as_secs_f64();
    if points.len() < 2 || sampled <= 0.0 {
        return None;
    }
    let grown: f64 = points.windows(2).map(|w| if w[1].1 < w[0].1 { w[1].1 } else { w[1].1 - w[0].1 }).sum();
    let between = sampled / (points.len() - 1) as f64;
    let near = between * 1.1;
    let reach = |gap: f64| if gap < near { gap } else { between / 2.0 };
    let mut before = reach(first.since(from).as_secs_f64());
    // A counter begins at zero: it cannot have grown from less.
    if grown > 0.0 && start >= 0.0 {
        before = before.min(sampled * (start / grown));
    }
    let span = before + sampled + reach(to.since(last).as_secs_f64());
    Some(grown * (span / sampled) / to.since(from).as_secs_f64())
}

fn aggregated(aggregate: Aggregate, by: &[String], rows: Vec<Row>) -> Vec<Row> {
    let mut groups: BTreeMap<Labels, f64> = BTreeMap::new();
    for (labels, value) in rows {
        let key = labels.into_iter().filter(|(label, _)| by.iter().any(|b| b == label)).collect();
        let joined = match (groups.get(&key), aggregate) {
            (None, Aggregate::Count) => 1.0,
            (None, _) => value,
            (Some(n), Aggregate::Count) => n + 1.0,
            (Some(sum), Aggregate::Sum) => sum + value,
            (Some(max), Aggregate::Max) => max.max(value),
            (Some(min), Aggregate::Min) => min.min(value),
        };
        groups.insert(key, joined);
    }
    groups.into_iter().collect()
}
