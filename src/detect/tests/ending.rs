//! When a case ends: soon after the fix, not before it, and once for trouble that comes and goes.
//! How it opens is elsewhere.

use super::made_up::{Shop, Wrong, firing};

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
    use super::made_up::{at, fact, seg};
    use crate::domain::metric::Metric;
    use crate::domain::observation::{Value, Window};
    use crate::domain::segment::Dim;
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
