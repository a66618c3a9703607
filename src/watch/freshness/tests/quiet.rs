//! Sources that are quiet by nature, over hours: they must never be called silent; and what they
//! do when the quiet is no longer theirs.

use super::super::*;
use super::kit::START;
use crate::domain::check::{Check, CheckOutcome};
use crate::domain::observation::{Observation, Quality, Value, Window};
use crate::domain::segment::Segment;

const MINUTE: Span = Span::from_mins(1);

struct Dice(u64);

impl Dice {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        ((self.0 >> 33) as f64) / f64::from(u32::MAX >> 1)
    }

    fn events(&mut self, mean: f64) -> f64 {
        let (limit, mut n, mut p) = ((-mean).exp(), 0.0, self.next());
        while p > limit {
            n += 1.0;
            p *= self.next();
        }
        n
    }
}

fn count(metric: Metric, end: Timestamp, value: Value) -> Observation {
    Observation {
        source: "s".into(),
        metric,
        segment: Segment::all(),
        window: Window::ending(end, MINUTE),
        value,
        quality: Quality::GOOD,
    }
}

fn run(at: Timestamp) -> Check {
    Check {
        source: "s".into(),
        journey: "checkout".into(),
        location: String::new(),
        at,
        outcome: CheckOutcome::Pass,
        duration_ms: None,
        message: String::new(),
    }
}

/// Asks each quarter of a minute for `hours`, for what was told by then (a log of what becomes
/// visible when), looking back `back`; gives what was said and how often it was not live.
fn watch(
    log: &[(Timestamp, Observation)],
    checks: &[(Timestamp, Check)],
    (hours, back): (i64, Span),
) -> (usize, Vec<String>) {
    let every = Span::from_secs(15);
    let mut fresh = Freshness::new(every, true);
    let (mut off, mut said) = (0, Vec::new());
    for n in 0..hours * 240 {
        let at = START.plus(every.times(n));
        let back = if n == 0 { Span::from_hours(1) } else { back };
        let seen = |visible: Timestamp, of: Timestamp| visible <= at && of > at.minus(back);
        let mut batch = Batch::default();
        let rows = log.iter().filter(|(visible, o)| seen(*visible, o.window.end));
        batch.observations = rows.map(|(_, o)| o.clone()).collect();
        let rows = checks.iter().filter(|(visible, c)| seen(*visible, c.at));
        batch.checks = rows.map(|(_, c)| c.clone()).collect();
        fresh.take(&mut batch, at);
        if fresh.any_silent() || !fresh.good() {
            off += 1;
            said.extend(fresh.words().filter(|w| !said.contains(w)));
        }
    }
    (off, said)
}

/// Rows of windows from an hour before the start on; `None` is no row.
fn minutes(hours: i64, mut row: impl FnMut(i64) -> Option<Observation>) -> Vec<Observation> {
    (-60..hours * 60).filter_map(&mut row).collect()
}

fn end_of(minute: i64) -> Timestamp {
    START.plus(MINUTE.times(minute))
}

#[test]
fn a_small_shop_at_night_without_rows_for_minutes_stays_live() {
    let mut off = 0;
    for seed in 1..=6 {
        let mut dice = Dice(seed);
        // Four orders a minute in the evening, one in ten minutes at night; no row without any.
        let rows = minutes(8, |m| {
            let mean = 4.0 * (-(m as f64) / 60.0 * 0.5).exp() + 0.1;
            let n = dice.events(mean);
            (n > 0.0).then(|| count(Metric::Orders, end_of(m), Value::Count(n)))
        });
        let log: Vec<_> = rows.into_iter().map(|o| (o.window.end, o)).collect();
        let (n, said) = watch(&log, &[], (8, MINUTE.times(3)));
        assert!(n < 8 * 240 / 100, "seed {seed}: {n} answers of 1920 doubted: {said:?}");
        off += n;
    }
    assert!(off < 40, "{off} of 11520 answers were doubted");
}

#[test]
fn zeros_written_down_are_data_and_what_never_came_is_not_missed() {
    let rows = minutes(6, |m| Some(count(Metric::Orders, end_of(m), Value::Count(0.0))));
    let log: Vec<_> = rows.into_iter().map(|o| (o.window.end, o)).collect();
    assert_eq!(watch(&log, &[], (6, MINUTE.times(3))), (0, vec![]));
    // A counter of failures that appears with the first failure and is gone with the last.
    let rows = minutes(6, |m| {
        let some = m.rem_euclid(97) < 2;
        let failures = || count(Metric::PersonalData, end_of(m), Value::Count(1.0));
        some.then(failures)
    });
    let always = minutes(6, |m| {
        Some(count(Metric::Sessions, end_of(m), Value::Count(70.0 + (m % 7) as f64)))
    });
    let log: Vec<_> = rows.into_iter().chain(always).map(|o| (o.window.end, o)).collect();
    assert_eq!(watch(&log, &[], (6, MINUTE.times(3))), (0, vec![]));
}

#[test]
fn lag_of_minutes_slow_checks_and_hourly_figures_are_usual_where_they_are() {
    let mut dice = Dice(3);
    // Each window comes four to five minutes late.
    let late = minutes(6, |m| {
        Some(count(Metric::Sessions, end_of(m), Value::Count(80.0 + (m % 9) as f64)))
    });
    let lag = |dice: &mut Dice| Span::from_secs(240 + (dice.next() * 60.0) as i64);
    let log: Vec<_> = late.into_iter().map(|o| (o.window.end.plus(lag(&mut dice)), o)).collect();
    let (off, said) = watch(&log, &[], (6, MINUTE.times(10)));
    assert!(off <= 4, "a lag that jumps by a minute: {off} answers of 1440 doubted: {said:?}");
    // A run every five minutes, some seconds early or late.
    let checks: Vec<_> = (-12..72)
        .map(|n| START.plus(Span::from_secs(n * 300 + (dice.next() * 30.0) as i64)))
        .map(|at| (at, run(at)))
        .collect();
    assert_eq!(watch(&[], &checks, (6, MINUTE.times(2))), (0, vec![]), "checks");
    // The same figure all through an hour, told once when the hour is over, or always the last one.
    let hourly = |h: i64| count(Metric::CacPayback, end_of(h * 60), Value::Gauge(40.0 + h as f64));
    let log: Vec<_> = (-1..12).map(hourly).map(|o| (o.window.end, o)).collect();
    assert_eq!(watch(&log, &[], (12, MINUTE.times(3))), (0, vec![]), "told once");
    assert_eq!(watch(&log, &[], (12, Span::from_hours(24))), (0, vec![]), "the last ones");
}

#[test]
fn what_is_silent_beyond_its_own_past_is_said() {
    // Checks of five minutes that stop: said before the third one is missing.
    let checks: Vec<_> =
        (-12..24).map(|n| START.plus(Span::from_secs(n * 300))).map(|at| (at, run(at))).collect();
    let (off, said) = watch(&[], &checks, (3, MINUTE.times(2)));
    let silent_for = Span::from_secs(i64::try_from(off).expect("small") * 15);
    let stopped_for = Span::from_hours(3).minus_of(23 * 300);
    assert!(silent_for >= stopped_for.minus_of(600), "{silent_for} of {stopped_for}: {said:?}");
    assert_eq!(said.first().map(String::as_str), Some("no new runs of checkout since 13:55 UTC"));
}

trait Less {
    fn minus_of(self, secs: i64) -> Self;
}

impl Less for Span {
    fn minus_of(self, secs: i64) -> Self {
        Self::from_millis(self.millis() - secs * 1000)
    }
}
