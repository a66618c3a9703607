//! A `drift` row over one number: against what it usually was, by the row's share, hold and clear.
//! A number that repeats itself counts by its changes. No clock; the detector lives elsewhere.

use std::collections::VecDeque;

use crate::domain::metric::Bad;
use crate::domain::time::{Span, Timestamp};
use crate::policy::guardrail::{Condition, GuardClass, Guardrail};
use crate::policy::sensitivity::Sensitivity;

/// Values kept to know what is usual: two weeks of hours, or so many changes.
const KEPT: usize = 336;
/// A number that moves all the time is kept once in this time.
const EVERY: Span = Span::from_hours(1);
/// Fewer known values than this say little about chance: then twice the row's share is asked.
const FEW: usize = 4;
/// A new level that lasts so long is the usual one.
const LONGEST: Span = Span::from_hours(14 * 24);
/// A normal deviation in units of the median absolute one.
const MAD_TO_SD: f64 = 1.4826;

/// What a `drift` row asks.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct DriftRule {
    /// Share of the usual value.
    pub min_change: f64,
    pub hold: Span,
    pub clear: Span,
    /// Fewer paid visits explain it (payback and its like).
    pub demand: bool,
}

impl DriftRule {
    /// How a row judges; `None` where its condition is another.
    pub fn of(row: &Guardrail) -> Option<Self> {
        let Condition::Drift { min_change } = row.condition else { return None };
        let demand = row.class == GuardClass::Efficiency;
        Some(Self { min_change, hold: row.hold, clear: row.clear, demand })
    }
}

/// What a row of values did.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum DriftTurn {
    Stay,
    /// Beyond for the hold time; since when, and what was usual then.
    Opened {
        since: Timestamp,
        usual: f64,
        line: f64,
    },
    Closed,
}

/// One number under one row.
#[derive(Clone, Debug)]
pub struct Drift {
    pub rule: DriftRule,
    bad: Bad,
    deviations: f64,
    kept: VecDeque<f64>,
    kept_at: Timestamp,
    beyond: Option<Timestamp>,
    open: Option<DriftOpen>,
}

#[derive(Clone, Copy, Debug)]
struct DriftOpen {
    since: Timestamp,
    usual: f64,
    good: Option<Timestamp>,
}

impl Drift {
    pub fn new(rule: DriftRule, sensitivity: Sensitivity, bad: Bad) -> Self {
        let deviations = match sensitivity {
            Sensitivity::Low => 5.0,
            Sensitivity::Normal => 4.0,
            Sensitivity::High => 3.0,
        };
        Self {
            rule,
            bad,
            deviations,
            kept: VecDeque::new(),
            kept_at: Timestamp::from_millis(i64::MIN),
            beyond: None,
            open: None,
        }
    }

    /// The usual value and the smallest change that counts, as a share of it; none at first.
    pub fn usual(&self) -> Option<(f64, f64)> {
        let usual = median(self.kept.iter().copied().collect())?;
        if usual.abs() <= f64::EPSILON {
            return None;
        }
        let away = median(self.kept.iter().map(|x| (x - usual).abs()).collect())?;
        let chance = self.deviations * MAD_TO_SD * away / usual.abs();
        let few = if self.kept.len() < FEW { 2.0 } else { 1.0 };
        Some((usual, chance.max(self.rule.min_change * few)))
    }

    /// Change toward the bad side as a share of `usual`.
    fn worse(&self, x: f64, usual: f64) -> f64 {
        let change = (x - usual) / usual.abs();
        match self.bad {
            Bad::Up => change,
            Bad::Down => -change,
            Bad::Both => change.abs(),
        }
    }

    /// Takes a finite value of the window `at..end`.
    pub fn step(&mut self, at: Timestamp, end: Timestamp, x: f64) -> DriftTurn {
        if let Some(open) = self.open {
            return self.while_open(open, at, end, x);
        }
        let Some((usual, line)) = self.usual() else {
            self.keep(at, x);
            return DriftTurn::Stay;
        };
        if self.worse(x, usual) < line {
            self.beyond = None;
            self.keep(at, x);
            return DriftTurn::Stay;
        }
        let since = *self.beyond.get_or_insert(at);
        if end.since(since) < self.rule.hold {
            return DriftTurn::Stay;
        }
        self.beyond = None;
        self.open = Some(DriftOpen { since, usual, good: None });
        DriftTurn::Opened { since, usual, line }
    }

    /// Half the row's share is where it is good again; that must last for the clear time.
    fn while_open(
        &mut self,
        mut open: DriftOpen,
        at: Timestamp,
        end: Timestamp,
        x: f64,
    ) -> DriftTurn {
        let good = self.worse(x, open.usual) < self.rule.min_change / 2.0;
        open.good = good.then(|| open.good.unwrap_or(at));
        let cleared = open.good.is_some_and(|since| end.since(since) >= self.rule.clear);
        let aged = end.since(open.since) >= LONGEST;
        if aged {
            self.kept.clear();
        }
        self.open = Some(open).filter(|_| !cleared && !aged);
        if cleared || aged {
            self.keep(at, x);
            return DriftTurn::Closed;
        }
        DriftTurn::Stay
    }

    /// A value that repeats itself is known already.
    fn keep(&mut self, at: Timestamp, x: f64) {
        let changed = self.kept.back() != Some(&x);
        let due = self.kept.is_empty() || at.since(self.kept_at) >= EVERY;
        if changed && due {
            self.kept_at = at;
            self.kept.push_back(x);
            if self.kept.len() > KEPT {
                self.kept.pop_front();
            }
        }
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let (low, high) = (values.len().checked_sub(1)? / 2, values.len() / 2);
    Some((values.get(low)? + values.get(high)?) / 2.0)
}

#[cfg(test)]
mod tests;
