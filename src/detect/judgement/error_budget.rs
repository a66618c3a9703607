//! Objectives beside what is measured: the value next to a row's target, what is left of an error
//! budget and until when, and the release policy once it is gone. Words only; nothing opens here.

use std::collections::BTreeMap;

use super::words::amount;
use crate::detect::cube::cuboid::Table;
use crate::detect::cube::histograms::percentile;
use crate::detect::cube::key::Role;
use crate::detect::cube::store::Store;
use crate::detect::engine::Engine;
use crate::detect::evidence::stat::Shape;
use crate::domain::histogram::Histogram;
use crate::domain::id::GuardrailId;
use crate::domain::metric::{Bad, Metric};
use crate::domain::segment::Scope;
use crate::domain::time::Span;
use crate::policy::guardrail::{Condition, Guardrail};

/// Hours of a budget: four weeks, as long as history is kept.
const HOURS: usize = 672;
/// A bucket is counted when late records have had so many buckets to come.
const LATE: i64 = 3;
/// Fewer trials, or days, than this tell nothing about a budget.
const ENOUGH: f64 = 1000.0;
const DAYS: f64 = 1.0;

/// Trials and failures of one burn row by hour.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Budget {
    hours: BTreeMap<i64, (f64, f64)>,
    counted: Option<i64>,
}

/// All burn rows.
pub type Budgets = BTreeMap<GuardrailId, Budget>;

/// Puts a bucket into the budgets; at the first one the past too.
pub fn tick(engine: &mut Engine, bucket: i64) {
    let upto = bucket - LATE;
    let Engine { settings, store, budgets, .. } = engine;
    for row in &settings.policy.guardrail {
        let Some((table, _)) = burnt(store, row) else { continue };
        let budget = budgets.entry(row.name.clone()).or_default();
        if budget.counted.is_none() {
            budget.past(table, &row.scope, store.start_of(upto).secs().div_euclid(3600));
        }
        let from = budget.counted.map_or(table.oldest(), |b| b + 1).max(table.oldest());
        for b in from..=upto {
            let (n, bad) = sums(table, &row.scope, (b, b));
            let hour = store.start_of(b).secs().div_euclid(3600);
            budget.count(hour, (n, bad));
        }
        budget.counted = Some(upto.max(budget.counted.unwrap_or(upto)));
        while budget.hours.len() > HOURS {
            budget.hours.pop_first();
        }
    }
}

impl Budget {
    /// Trials and failures of an hour since the epoch.
    pub fn count(&mut self, hour: i64, (n, bad): (f64, f64)) {
        let slot = self.hours.entry(hour).or_default();
        (slot.0, slot.1) = (slot.0 + n, slot.1 + bad);
    }

    /// Hours before the live ones, from history.
    fn past(&mut self, table: &Table, scope: &Scope, before: i64) {
        for leaf in table.leaves.iter().filter(|l| scope.contains(&l.seg)) {
            for h in leaf.hist.iter().filter(|h| i64::from(h.hour) < before) {
                let slot = self.hours.entry(i64::from(h.hour)).or_default();
                slot.0 += f64::from(h.raw.n);
                slot.1 += f64::from(h.raw.s);
            }
        }
    }

    /// Share of the budget that is left (below zero: overdrawn) and the days it stands for.
    pub fn left(&self, objective: f64) -> Option<(f64, f64)> {
        let (n, bad) = self.hours.values().fold((0.0, 0.0), |(n, b), h| (n + h.0, b + h.1));
        let first = *self.hours.keys().next()?;
        let last = *self.hours.keys().next_back()?;
        let allowed = n * (1.0 - objective);
        let days = (last - first + 1) as f64 / 24.0;
        (n >= ENOUGH && days >= DAYS && allowed > 0.0).then(|| (1.0 - bad / allowed, days))
    }

    /// Hours known of a budget that is too young to speak.
    fn young(&self) -> Option<usize> {
        let hours = self.hours.len();
        (hours > 0 && (hours as f64) < DAYS * 24.0).then_some(hours)
    }
}

/// The table and objective of a burn row: the cut that counts most of its place.
fn burnt<'a>(store: &'a Store, row: &Guardrail) -> Option<(&'a Table, f64)> {
    let Condition::Burn { objective, .. } = row.condition else { return None };
    let metric = *row.metric.first()?;
    let fits = |t: &&Table| {
        t.shape == Shape::Fault && row.scope.dims.keys().all(|d| t.key.dims.contains(d))
    };
    let tables = store.family((metric, Role::Plain)).filter(fits);
    Some((tables.min_by_key(|t| t.key.dims.len())?, objective))
}

/// Trials and hits of a scope in some buckets.
fn sums(t: &Table, scope: &Scope, span: (i64, i64)) -> (f64, f64) {
    let inside = t.leaves.iter().filter(|l| scope.contains(&l.seg));
    let raws = inside.flat_map(|l| (span.0.max(t.oldest())..=span.1).filter_map(|b| t.raw(l, b)));
    raws.fold((0.0, 0.0), |(n, s), raw| (n + f64::from(raw.n), s + f64::from(raw.s)))
}

/// What there is to say, with the row's objective after it.
pub fn after(detail: String, engine: &Engine, row: &Guardrail, bucket: i64) -> String {
    match beside(engine, row, bucket) {
        Some(beside) => format!("{detail}; {beside}"),
        None => detail,
    }
}

/// A row's objective and how the last hour stands to it; nothing for rows without one.
fn beside(engine: &Engine, row: &Guardrail, bucket: i64) -> Option<String> {
    if let Condition::Burn { long, .. } = row.condition {
        return left(engine, row, buckets(engine, long), bucket);
    }
    let (target, metric) = (row.target?, *row.metric.first()?);
    let aim = format!("target {}", amount(metric, target));
    let Some((value, word)) = value(engine, row, bucket) else { return Some(aim) };
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
pub fn missed(engine: &Engine, row: &Guardrail, bucket: i64) -> bool {
    let (Condition::Target {}, Some(target)) = (&row.condition, row.target) else { return false };
    let metric = row.metric.first().copied();
    metric.zip(value(engine, row, bucket)).is_some_and(|(m, (v, _))| misses(m, v, target))
}

fn buckets(engine: &Engine, span: Span) -> i64 {
    (span.millis() / engine.store.bucket.millis().max(1)).max(1)
}

fn left(engine: &Engine, row: &Guardrail, long: i64, bucket: i64) -> Option<String> {
    let (table, objective) = burnt(&engine.store, row)?;
    let budget = engine.budgets.get(&row.name)?;
    if let Some(hours) = budget.young() {
        return Some(format!("budget: {hours} of the {:.0} hours it needs to speak", DAYS * 24.0));
    }
    let (share, days) = budget.left(objective)?;
    let (n, bad) = sums(table, &row.scope, (bucket - long + 1, bucket));
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
fn value(engine: &Engine, row: &Guardrail, bucket: i64) -> Option<(f64, String)> {
    let metric = *row.metric.first()?;
    let span = (bucket - buckets(engine, Span::from_hours(1)) + 1, bucket);
    let fits = |t: &&Table| row.scope.dims.keys().all(|d| t.key.dims.contains(d));
    let tables = engine.store.tables.values().filter(|t| t.key.family.0 == metric).filter(fits);
    let table = tables.min_by_key(|t| t.key.dims.len())?;
    if table.shape == Shape::Mean {
        let q = row.percentile();
        let found = quantile(&engine.store, table, &row.scope, span, q / 100.0)?;
        return Some((found.0, format!("p{q:.0}")));
    }
    let (n, s) = sums(table, &row.scope, span);
    let mean = (n > 0.0).then(|| s / n)?;
    Some((if table.inverted { 1.0 - mean } else { mean }, "rate".to_owned()))
}

/// A quantile of a scope's histograms, with its samples; never an average of percentiles.
pub fn quantile(
    store: &Store,
    table: &Table,
    scope: &Scope,
    span: (i64, i64),
    q: f64,
) -> Option<(f64, f64)> {
    let cut = store.hists.cuts.get(&table.key)?;
    let mut counts = Vec::new();
    for leaf in table.leaves.iter().filter(|l| scope.contains(&l.seg)) {
        cut.add(&leaf.seg, span.0, span.1, &mut counts);
    }
    let h = Histogram::new(cut.bounds.clone(), counts);
    Some((percentile(&h, q, table.calib(0).phi)?.0, h.total()))
}

impl Engine {
    /// The error budget policy in words, one line for each budget that is used up.
    pub fn freezes(&self) -> Vec<String> {
        let rows = self.settings.policy.guardrail.iter();
        rows.filter_map(|row| {
            let (_, objective) = burnt(&self.store, row)?;
            let (share, _) = self.budgets.get(&row.name)?.left(objective)?;
            let who = &row.owner;
            (share <= 0.0).then(|| {
                format!("error budget of {} is used up: releases should stop ({who})", row.name)
            })
        })
        .collect()
    }
}
