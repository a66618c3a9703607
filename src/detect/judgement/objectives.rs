//! Objectives beside what is measured: the value next to a row's target, what is left of an error
//! budget and until when, and the release policy once it is gone. Words only; nothing opens here.

use crate::detect::cases::error_budget::{DAYS, burnt, sums};
use crate::detect::cases::state::EngineState;
use crate::detect::cube::cuboid::Cuboid;
use crate::detect::cube::percentiles::quantile;
use crate::detect::evidence::stat::Likelihood;
use crate::detect::evidence::units::amount;
use crate::domain::metric::{Bad, Metric};
use crate::domain::time::Span;
use crate::policy::guardrail::{Condition, Guardrail};

/// What there is to say, with the row's objective after it.
pub fn after(detail: String, state: &EngineState, row: &Guardrail, bucket: i64) -> String {
    match beside(state, row, bucket) {
        Some(beside) => format!("{detail}; {beside}"),
        None => detail,
    }
}

/// A row's objective and how the last hour stands to it; nothing for rows without one.
fn beside(state: &EngineState, row: &Guardrail, bucket: i64) -> Option<String> {
    if let Condition::Burn { long, .. } = row.condition {
        return left(state, row, buckets(state, long), bucket);
    }
    let (target, metric) = (row.target?, *row.metric.first()?);
    let aim = format!("target {}", amount(metric, target));
    let Some((value, word)) = value(state, row, bucket) else { return Some(aim) };
    let missed = if misses(metric, value, target) { ", missed" } else { "" };
    Some(format!("{word} {} in the last hour, {aim}{missed}", amount(metric, value)))
}

fn misses(metric: Metric, value: f64, target: f64) -> bool {
    match metric.row().bad {
        Bad::Down => value < target,
        Bad::Up | Bad::Both => value > target,
    }
}

/// A row that is a bare target, and the last hour misses it: no verdict of `ok`, and no case.
pub fn missed(state: &EngineState, row: &Guardrail, bucket: i64) -> bool {
    let (Condition::Target {}, Some(target)) = (&row.condition, row.target) else { return false };
    let metric = row.metric.first().copied();
    metric.zip(value(state, row, bucket)).is_some_and(|(m, (v, _))| misses(m, v, target))
}

fn buckets(state: &EngineState, span: Span) -> i64 {
    (span.millis() / state.cube.bucket.millis().max(1)).max(1)
}

fn left(state: &EngineState, row: &Guardrail, long: i64, bucket: i64) -> Option<String> {
    let (cuboid, objective) = burnt(&state.cube, row)?;
    let budget = state.budgets.get(&row.name)?;
    if let Some(hours) = budget.young() {
        return Some(format!("budget: {hours} of the {:.0} hours it needs to speak", DAYS * 24.0));
    }
    let (share, days) = budget.left(objective)?;
    let (n, bad) = sums(cuboid, &row.scope, (bucket - long + 1, bucket));
    let burn = if n > 0.0 { bad / n / (1.0 - objective) } else { 0.0 };
    let words = format!("budget of {days:.0} days {:.0}% left", share.max(0.0) * 100.0);
    Some(if share <= 0.0 {
        format!("{words}: used up, releases should stop")
    } else if burn > 1.0 {
        let minutes = share * days * 1440.0 / burn;
        format!("{words}, empty in {} at {burn:.1}x", length(minutes))
    } else {
        format!("{words}, burns {burn:.1}x")
    })
}

/// `3 h 10 min`, `4 days`.
fn length(minutes: f64) -> String {
    match minutes {
        m if m < 60.0 => format!("{m:.0} min"),
        m if m < 2880.0 => format!("{:.0} h {:.0} min", (m / 60.0).floor(), (m % 60.0).floor()),
        m => format!("{:.0} days", m / 1440.0),
    }
}

/// The value of the last hour in the metric's unit, and what it is: `p95`, `rate`.
fn value(state: &EngineState, row: &Guardrail, bucket: i64) -> Option<(f64, String)> {
    let metric = *row.metric.first()?;
    let span = (bucket - buckets(state, Span::from_hours(1)) + 1, bucket);
    let fits = |t: &&Cuboid| row.scope.dims.keys().all(|d| t.key.dims.contains(d));
    let cuboids = state.cube.cuboids.values().filter(|t| t.key.family.0 == metric).filter(fits);
    let cuboid = cuboids.min_by_key(|t| t.key.dims.len())?;
    if cuboid.likelihood == Likelihood::LogNormal {
        let q = row.percentile();
        let found = quantile(&state.cube, cuboid, &row.scope, span, q / 100.0)?;
        return Some((found.0, format!("p{q:.0}")));
    }
    let (n, s) = sums(cuboid, &row.scope, span);
    let mean = (n > 0.0).then(|| s / n)?;
    Some((if cuboid.inverted { 1.0 - mean } else { mean }, "rate".to_owned()))
}

/// The error budget policy in words, one line for each budget that is used up.
pub fn freezes(state: &EngineState) -> Vec<String> {
    let rows = state.settings.policy.guardrail.iter();
    rows.filter_map(|row| {
        let (_, objective) = burnt(&state.cube, row)?;
        let (share, _) = state.budgets.get(&row.name)?.left(objective)?;
        let who = &row.owner;
        (share <= 0.0).then(|| {
            format!("error budget of {} is used up: releases should stop ({who})", row.name)
        })
    })
    .collect()
}
