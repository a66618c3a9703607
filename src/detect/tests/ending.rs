//! When a case ends: soon after the fix, not before it, and once for trouble that comes and goes.
//! How it opens is elsewhere.

use super::made_up::{Dice, NOON, Shop, Wrong, at, fact, firing, policy, seg};
use crate::detect::cube::settings::Settings;
use crate::detect::engine::Engine;
use crate::domain::metric::Metric;
use crate::domain::observation::{Value, Window};
use crate::domain::segment::Dim;
use crate::domain::time::Span;

const SLOW: Wrong = Wrong { mobile_pdp_slower: 1.8, ..CALM };
const DOWN: Wrong = Wrong { orders_fail: true, ..CALM };
const CALM: Wrong = Wrong {
    mobile_pdp_slower: 0.0,
    orders_fail: false,
    beacons_lost: false,
    visits: 0.0,
    errors: 0.0,
    quality: crate::domain::observation::Quality::GOOD,
};

/// Minutes from the fix until nothing fires any more.
fn minutes_to_clear(wrong: Wrong, lasted: i64) -> i64 {
    let mut shop = Shop::warm();
    shop.run(10, CALM);
    let j = shop.run(lasted, wrong);
    assert_eq!(firing(&j).len(), 1, "{:?}", j.cases);
    (1..60).find(|_| firing(&shop.run(1, CALM)).is_empty()).unwrap_or(60)
}

#[test]
fn a_fix_clears_within_the_clear_time_and_two_buckets() {
    for (wrong, lasted) in [(SLOW, 15), (SLOW, 90), (DOWN, 10), (DOWN, 40)] {
        let minutes = minutes_to_clear(wrong, lasted);
        assert!((5..=7).contains(&minutes), "after {lasted} min it cleared in {minutes} min");
    }
}

#[test]
fn half_a_fix_clears_nothing() {
    let mut shop = Shop::warm();
    shop.run(10, CALM);
    shop.run(20, SLOW);
    let better = Wrong { mobile_pdp_slower: 1.45, ..CALM };
    let j = shop.run(30, better);
    assert_eq!(firing(&j).len(), 1, "{:?}", j.cases);
}

#[test]
fn what_comes_and_goes_is_one_case() {
    let mut shop = Shop::warm();
    shop.run(10, CALM);
    let mut keys = std::collections::BTreeSet::new();
    for _ in 0..4 {
        for wrong in [DOWN, CALM] {
            for _ in 0..8 {
                let j = shop.run(1, wrong);
                keys.extend(firing(&j).iter().map(|c| c.key.clone()));
            }
        }
    }
    assert_eq!(keys.len(), 1, "{keys:?}");
}

#[test]
fn a_release_that_nobody_meets_any_more_ends_its_case() {
    let mut shop = Shop::warm();
    let row = |shop: &mut Shop, version: &str, start: i64, mins: i64, share: f64, bad: f64| {
        let trials = 100.0 * share * mins as f64;
        let hits = shop.dice.count(trials * bad).min(trials);
        let w = Window { start: at(start), end: at(start + mins * 60) };
        let s = seg(&[(Dim::Release, version)]);
        fact("arms", Metric::JsErrorRate, s, w, Value::Ratio { hits, trials })
    };
    let past: Vec<_> = (1..=72)
        .map(|h| {
            let start = shop.now - h * 3600;
            row(&mut shop, "r1", start, 60, 1.0, 0.01)
        })
        .collect();
    shop.engine.history(&past);
    let mut fired = Vec::new();
    for minute in 0..60 {
        let now = shop.now;
        let (old, new) = if (10..30).contains(&minute) { (0.7, 0.3) } else { (1.0, 0.0) };
        let mut batch = vec![row(&mut shop, "r1", now, 1, old, 0.01)];
        if new > 0.0 {
            batch.push(row(&mut shop, "r2", now, 1, new, 0.4));
        }
        shop.engine.observe(&batch);
        fired.push(!firing(&shop.run(1, CALM)).is_empty());
    }
    assert!(fired.get(20..30).is_some_and(|f| f.iter().all(|x| *x)), "{fired:?}");
    assert_eq!(fired.last(), Some(&false), "{fired:?}");
}

#[test]
fn errors_of_a_version_that_nobody_meets_any_more_open_nothing_in_a_watcher_that_starts_later() {
    let engine_at = |quiet: i64| {
        let mut engine = Engine::new(Settings::new(Span::from_mins(1), policy()));
        let mut dice = Dice(7);
        let views = |dice: &mut Dice, version: &str, start: i64, minutes: i64, share: f64| {
            let s = seg(&[(Dim::Template, "checkout"), (Dim::Release, version)]);
            let w = Window { start: at(start), end: at(start + minutes * 60) };
            let trials = dice.count(40.0 * minutes as f64);
            let value = Value::Ratio { hits: dice.of(trials, share), trials };
            fact("rum", Metric::JsErrorRate, s, w, value)
        };
        for hour in 1..=72 {
            engine.history(&[views(&mut dice, "r1", NOON - hour * 3600, 60, 0.01)]);
        }
        for minute in 0..12 + quiet {
            // r2 served for twelve minutes and was taken back
            let (version, share) = if minute < 12 { ("r2", 0.4) } else { ("r1", 0.01) };
            engine.observe(&[views(&mut dice, version, NOON + minute * 60, 1, share)]);
        }
        let judgement = engine.judge(at(NOON + (12 + quiet) * 60));
        firing(&judgement).len()
    };
    assert_eq!((engine_at(0), engine_at(15)), (1, 0));
}
