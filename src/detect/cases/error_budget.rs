//! Error budgets of the burn rows: trials and failures by hour, for as long as history is kept, and
//! what is left of them. Sums only; words are made elsewhere.

use std::collections::BTreeMap;

use crate::detect::cube::cuboid::Cuboid;
use crate::detect::cube::key::CuboidRole;
use crate::detect::cube::store::Cube;
use crate::detect::evidence::stat::Likelihood;
use crate::domain::id::GuardrailId;
use crate::domain::segment::Scope;
use crate::policy::guardrail::{Condition, Guardrail};

/// Trials and failures of one burn row by hour.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ErrorBudget {
    hours: BTreeMap<i64, (f64, f64)>,
    counted: Option<i64>,
}

impl ErrorBudget {
    /// Trials and failures of an hour since the epoch.
    pub fn count(&mut self, hour: i64, (n, bad): (f64, f64)) {
        let slot = self.hours.entry(hour).or_default();
        (slot.0, slot.1) = (slot.0 + n, slot.1 + bad);
    }

    /// Hours before the live ones, from history.
    fn past(&mut self, cuboid: &Cuboid, scope: &Scope, before: i64) {
        for leaf in cuboid.leaves.iter().filter(|l| scope.contains(&l.seg)) {
            for h in leaf.hist.iter().filter(|h| i64::from(h.hour) < before) {
                let slot = self.hours.entry(i64::from(h.hour)).or_default();
                slot.0 += f64::from(h.raw.count);
                slot.1 += f64::from(h.raw.sum);
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
    pub fn young(&self) -> Option<usize> {
        let hours = self.hours.len();
        (hours > 0 && (hours as f64) < DAYS * 24.0).then_some(hours)
    }
}

/// All burn rows.
pub type ErrorBudgets = BTreeMap<GuardrailId, ErrorBudget>;

/// Puts a bucket into the budgets; at the first one the past too.
pub fn tick(budgets: &mut ErrorBudgets, rows: &[Guardrail], cube: &Cube, bucket: i64) {
    let upto = bucket - LATE;
    for row in rows {
        let Some((cuboid, _)) = burnt(cube, row) else { continue };
        let budget = budgets.entry(row.name.clone()).or_default();
        if budget.counted.is_none() {
            budget.past(cuboid, &row.scope, cube.start_of(upto).secs().div_euclid(3600));
        }
        let from = budget.counted.map_or(cuboid.oldest(), |b| b + 1).max(cuboid.oldest());
        for b in from..=upto {
            let (n, bad) = sums(cuboid, &row.scope, (b, b));
            let hour = cube.start_of(b).secs().div_euclid(3600);
            budget.count(hour, (n, bad));
        }
        budget.counted = Some(upto.max(budget.counted.unwrap_or(upto)));
        while budget.hours.len() > HOURS {
            budget.hours.pop_first();
        }
    }
}

/// The cuboid and objective of a burn row: the cut that counts most of its place.
pub fn burnt<'a>(cube: &'a Cube, row: &Guardrail) -> Option<(&'a Cuboid, f64)> {
    let Condition::Burn { objective, .. } = row.condition else { return None };
    let metric = *row.metric.first()?;
    let fits = |t: &&Cuboid| {
        t.likelihood == Likelihood::Rare && row.scope.dims.keys().all(|d| t.key.dims.contains(d))
    };
    let cuboids = cube.family((metric, CuboidRole::Plain)).filter(fits);
    Some((cuboids.min_by_key(|t| t.key.dims.len())?, objective))
}

/// Trials and hits of a scope in some buckets.
pub fn sums(t: &Cuboid, scope: &Scope, span: (i64, i64)) -> (f64, f64) {
    let inside = t.leaves.iter().filter(|l| scope.contains(&l.seg));
    let moments =
        inside.flat_map(|l| (span.0.max(t.oldest())..=span.1).filter_map(|b| t.raw(l, b)));
    moments.fold((0.0, 0.0), |(n, s), raw| (n + f64::from(raw.count), s + f64::from(raw.sum)))
}

/// Hours of a budget: four weeks, as long as history is kept.
pub const HOURS: usize = 672;

/// A bucket is counted when late records have had so many buckets to come.
pub const LATE: i64 = 3;

/// Fewer trials, or days, than this tell nothing about a budget.
pub const ENOUGH: f64 = 1000.0;

pub const DAYS: f64 = 1.0;
