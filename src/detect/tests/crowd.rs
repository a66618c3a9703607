//! Many segments: what does not fit into a cut is told apart no more but counted, what left goes,
//! and thousands of chances make no finding. Single faults are in the parent file.

use super::made_up::{Dice, NOON, at, fact, firing, policy, seg};
use crate::detect::cube::settings::Settings;
use crate::detect::engine::Engine;
use crate::domain::metric::Metric;
use crate::domain::observation::{Observation, Value, Window};
use crate::domain::segment::{Dim, DimValue, Segment};
use crate::domain::time::Span;
use crate::verdict::Judgement;

fn engine(minutes: i64) -> Engine {
    Engine::new(Settings::new(Span::from_mins(minutes), policy()))
}

/// Failed page views of so many regions, busier ones first; `bad` of the last ones fail more.
fn regions(dice: &mut Dice, many: usize, start: i64, minutes: i64, bad: usize) -> Vec<Observation> {
    let w = Window { start: at(start), end: at(start + minutes * 60) };
    let one = |n: usize| {
        let trials = (8000.0 / (20 + n) as f64).ceil().max(4.0) * minutes as f64;
        let share = if n + bad >= many { 0.4 } else { 0.01 };
        let hits = dice.count(trials * share).min(trials);
        let s = seg(&[(Dim::Region, format!("region-{n}").as_str())]);
        fact("rum", Metric::JsErrorRate, s, w, Value::Ratio { hits, trials })
    };
    (0..many).map(one).collect()
}

/// Two days of hours and some minutes of 5,000 regions, each batch changed before it is told.
fn judged(bad: usize, change: impl Fn(&mut Vec<Observation>)) -> (Engine, Judgement) {
    let (mut engine, mut dice) = (engine(1), Dice(5));
    for hour in 1..=48 {
        let mut batch = regions(&mut dice, 5000, NOON - hour * 3600, 60, 0);
        change(&mut batch);
        engine.history(&batch);
    }
    let mut last = Judgement::default();
    for minute in 0..10 {
        let bad = if minute < 3 { 0 } else { bad };
        let mut batch = regions(&mut dice, 5000, NOON + minute * 60, 1, bad);
        change(&mut batch);
        engine.observe(&batch);
        last = engine.judge(at(NOON + minute * 60 + 60));
    }
    (engine, last)
}

#[test]
fn five_thousand_segments_in_two_orders_are_judged_alike() {
    let (held, a) = judged(1000, |_| {});
    let (_, b) = judged(1000, |batch| batch.reverse());
    assert_eq!(a.cells, b.cells);
    assert_eq!(a.cases, b.cases);
    // The thousand quietest are one segment, and their fault is seen there.
    assert_eq!(held.footprint().segments, 4001);
    let rest = Segment::all().with(Dim::Region, DimValue::Other);
    let rest = a.cells.iter().find(|c| c.segment == rest).expect("a cell of the rest");
    assert!(rest.n >= 5.0 * 4000.0 && rest.value.is_some_and(|v| v > 0.2), "{rest:?}");
    assert_eq!(firing(&a).len(), 1, "{:?}", a.cases);
    let (_, calm) = judged(0, |_| {});
    assert!(firing(&calm).is_empty(), "{:?}", calm.cases);
    let said = calm.guardrails.iter().find(|g| g.detail.contains("in (other)")).expect("words");
    assert!(said.detail.contains("1,000 of 5,000 segments by region"), "{}", said.detail);
}

#[test]
fn releases_that_are_gone_leave_room() {
    let (mut engine, mut dice) = (engine(60), Dice(3));
    let mut held = Vec::new();
    for hour in 0..30 * 24 {
        let start = NOON + hour * 3600;
        let w = Window { start: at(start), end: at(start + 3600) };
        let release = format!("r{}", hour / 24);
        let batch = ["pdp", "cart"].map(|template| {
            let s = seg(&[(Dim::Template, template), (Dim::Release, &release)]);
            let hits = dice.count(20.0);
            fact("rum", Metric::JsErrorRate, s, w, Value::Ratio { hits, trials: 2000.0 })
        });
        engine.observe(&batch);
        let j = engine.judge(at(start + 3600));
        assert!(firing(&j).is_empty(), "hour {hour}: {:?}", j.cases);
        held.push(engine.footprint());
    }
    let most = |days: std::ops::Range<usize>| {
        held[days.start * 24..days.end * 24].iter().map(|f| f.segments).max().expect("hours")
    };
    // Two templates with the releases of the last days, and what the others taught.
    assert!(most(10..30) <= most(5..10) && most(5..30) <= 16, "{} {}", most(5..10), most(10..30));
    let cuboid = engine.state.cube.cuboids.values().next().expect("a cut");
    let old = seg(&[(Dim::Template, "pdp")]).with(Dim::Release, DimValue::Other);
    let old = cuboid.leaves.iter().find(|l| l.seg == old).expect("what old releases taught");
    assert!(old.prof.total > 20.0 * 24.0 * 2000.0 && old.prof.known());
}

#[test]
fn what_is_held_is_counted_and_given_back() {
    let mut engine = engine(1);
    let empty = engine.footprint().bytes;
    let mut dice = Dice(9);
    let dist = |dice: &mut Dice, n: usize, minute: i64| {
        let w = Window { start: at(NOON + minute * 60), end: at(NOON + minute * 60 + 60) };
        let s = seg(&[(Dim::Region, format!("region-{n}").as_str())]);
        fact("rum", Metric::Inp, s, w, super::made_up::dist(dice, 20.0, 120.0))
    };
    let mut told = |engine: &mut Engine, many: usize, minute: i64| {
        let batch: Vec<_> = (0..many).map(|n| dist(&mut dice, n, minute)).collect();
        engine.observe(&batch);
        engine.judge(at(NOON + minute * 60 + 60));
    };
    told(&mut engine, 300, 0);
    let full = engine.footprint();
    assert_eq!(full.segments, 300);
    assert!(full.bytes > empty + 300 * 400, "{full:?}");
    let histograms = engine.state.cube.histograms.bytes();
    assert!(histograms > 300 * 100, "{histograms}");
    // Eight days of one region: the others are gone, in rings, histories and histograms.
    for day in 1..=9 {
        for minute in 0..5 {
            told(&mut engine, 1, day * 1440 + minute);
        }
    }
    assert_eq!(engine.footprint().segments, 1);
    assert!(engine.state.cube.histograms.bytes() < histograms / 100);
    assert!(engine.footprint().bytes < full.bytes / 4, "{:?}", engine.footprint());
}

#[test]
fn thousands_of_chances_make_no_finding() {
    for seed in [1, 2] {
        let (mut engine, mut dice) = (engine(1), Dice(seed));
        for hour in 1..=48 {
            engine.history(&regions(&mut dice, 3000, NOON - hour * 3600, 60, 0));
        }
        for minute in 0..60 {
            engine.observe(&regions(&mut dice, 3000, NOON + minute * 60, 1, 0));
            let j = engine.judge(at(NOON + minute * 60 + 60));
            assert!(firing(&j).is_empty(), "seed {seed}, minute {minute}: {:?}", j.cases);
        }
    }
}

#[test]
fn a_kind_of_many_places_has_a_higher_line() {
    let scarcity_credit = crate::detect::scan::sweep::scarcity_credit;
    assert!(scarcity_credit(5) > 1.9 && scarcity_credit(500).abs() < 1e-9);
    assert!((scarcity_credit(5000) + 10.0_f64.ln()).abs() < 1e-9);
    assert!((1..5000).all(|n| scarcity_credit(n) >= scarcity_credit(n + 1)));
}
