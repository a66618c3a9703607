//! Whose past judges what: a source without a past beside one that has it, new values of known
//! cuts, releases that are new by nature. A made-up shop whose every value has a level of its own.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::made_up::{Dice, NOON, Shop, at, fact, firing, seg};
use crate::detect::cube::settings::Settings;
use crate::detect::engine::Engine;
use crate::domain::histogram::Histogram;
use crate::domain::id::ReleaseId;
use crate::domain::metric::Metric;
use crate::domain::observation::{Observation, Value, Window};
use crate::domain::segment::{Dim, Segment};
use crate::domain::severity::Severity;
use crate::domain::time::Span;
use crate::verdict::{Judgement, Verdict};

type CuboidHistograms = &'static [Dim];

const CUTS: [CuboidHistograms; 6] = [
    &[Dim::Template, Dim::Device],
    &[Dim::Template, Dim::Device, Dim::Network],
    &[Dim::Template, Dim::Device, Dim::Browser],
    &[Dim::Template, Dim::Region],
    &[Dim::Device, Dim::Network],
    &[Dim::TrafficSource],
];

/// The values of a dimension: name, share of the traffic, how many times slower and more failing
/// than the first one they usually are.
fn values(dim: Dim) -> Vec<(&'static str, f64, f64, f64)> {
    match dim {
        Dim::Template => vec![("listing", 0.6, 1.0, 1.0), ("basket", 0.4, 1.2, 1.5)],
        Dim::Device => vec![("phone", 0.7, 1.0, 1.0), ("desk", 0.3, 0.7, 0.6)],
        Dim::Network => vec![("4g", 0.8, 1.0, 1.0), ("slow", 0.2, 2.1, 4.0)],
        Dim::Browser => vec![("blink", 0.7, 1.0, 1.0), ("gecko", 0.3, 1.3, 2.5)],
        Dim::Region => vec![("north", 0.7, 1.0, 1.0), ("south", 0.3, 1.5, 3.0)],
        _ => vec![("direct", 0.6, 1.0, 1.0), ("paid", 0.4, 1.4, 2.0)],
    }
}

/// A minute or more of a source's cut.
struct Told {
    source: &'static str,
    cut: CuboidHistograms,
    /// A value that joins those of its dimension: the dimension, its name, what it does to times
    /// and failures.
    newcomer: Option<(Dim, &'static str, f64, f64)>,
    /// Page views a minute.
    busy: f64,
    /// Times so many times slower on all of the shop.
    slower: f64,
}

impl Told {
    const fn of(source: &'static str, cut: CuboidHistograms) -> Self {
        Self { source, cut, newcomer: None, busy: 400.0, slower: 1.0 }
    }

    fn window(&self, dice: &mut Dice, start: i64, minutes: i64) -> Vec<Observation> {
        let w = Window { start: at(start), end: at(start + minutes * 60) };
        let mut places = vec![(Vec::<(Dim, &'static str)>::new(), 1.0, self.slower, 0.01)];
        for dim in self.cut {
            let mut all = values(*dim);
            let new = self.newcomer.filter(|n| n.0 == *dim);
            all.extend(new.map(|(_, name, slower, failing)| (name, 0.25, slower, failing)));
            let of = |(dims, share, time, fails): &(Vec<(Dim, &'static str)>, f64, f64, f64)| {
                let one = |v: &(&'static str, f64, f64, f64)| {
                    let mut dims = dims.clone();
                    dims.push((*dim, v.0));
                    (dims, share * v.1, time * v.2, (fails * v.3).min(0.5))
                };
                all.iter().map(one).collect::<Vec<_>>()
            };
            places = places.iter().flat_map(of).collect();
        }
        let mut out = Vec::new();
        for (dims, share, slower, fails) in places {
            let n = dice.count(self.busy * minutes as f64 * share);
            let hits = dice.count(n * fails).min(n);
            let s = seg(&dims);
            out.push(fact(self.source, Metric::Lcp, s.clone(), w, times(dice, n, 1500.0 * slower)));
            out.push(fact(
                self.source,
                Metric::JsErrorRate,
                s,
                w,
                Value::Ratio { hits, trials: n },
            ));
        }
        out
    }
}

/// `n` log-normal times around a median, by their shares of coarse buckets.
fn times(dice: &mut Dice, n: f64, median: f64) -> Value {
    let bounds: Arc<[f64]> =
        [400.0, 700.0, 1000.0, 1400.0, 2000.0, 2800.0, 4000.0, 6000.0, 9000.0, f64::INFINITY]
            .into_iter()
            .collect();
    let below = |x: f64| 1.0 / (1.0 + (-1.702 * (x / median).ln() / 0.6).exp());
    let mut last = 0.0;
    let counts = bounds.iter().map(|b| {
        let share = below(*b) - last;
        last += share;
        dice.count(n * share)
    });
    let counts: Vec<f64> = counts.collect();
    Value::Dist(Histogram::new(bounds, counts))
}

struct World {
    engine: Engine,
    dice: Dice,
    now: i64,
}

impl World {
    fn new(seed: u64) -> Self {
        let settings = Settings::new(Span::from_mins(1), super::made_up::policy());
        Self { engine: Engine::new(settings), dice: Dice(seed), now: NOON }
    }

    fn past(&mut self, told: &Told, hours: i64) {
        for hour in 1..=hours {
            let batch = told.window(&mut self.dice, NOON - hour * 3600, 60);
            self.engine.history(&batch);
        }
    }

    fn minute(&mut self, told: &[&Told]) -> Judgement {
        for t in told {
            let batch = t.window(&mut self.dice, self.now, 1);
            self.engine.observe(&batch);
        }
        self.now += 60;
        self.engine.judge(at(self.now))
    }
}

fn verdicts(j: &Judgement, inside: impl Fn(&Segment) -> bool) -> BTreeSet<Verdict> {
    j.cells.iter().filter(|c| inside(&c.segment)).map(|c| c.verdict).collect()
}

fn only(verdict: Verdict) -> BTreeSet<Verdict> {
    [verdict].into()
}

/// Nothing is found, and what only the source without a past tells is unsure until it is learnt.
fn beside(
    seed: u64,
    old: CuboidHistograms,
    new: CuboidHistograms,
    order: [&'static str; 2],
    hours: i64,
    minutes: i64,
) {
    let (old, new) = (Told::of(order[0], old), Told::of(order[1], new));
    let mut world = World::new(seed);
    world.past(&old, hours);
    let name = format!("{:?} beside {:?} {order:?} {seed}", new.cut, old.cut);
    for minute in 1..=minutes {
        let j = world.minute(&[&old, &new]);
        assert!(firing(&j).is_empty(), "{name}: {:#?}", j.cases);
        let dims = |s: &Segment| s.dims().map(|(d, _)| d).collect::<Vec<_>>();
        let theirs = |s: &Segment| !dims(s).iter().all(|d| old.cut.contains(d));
        let both = |s: &Segment| dims(s).iter().all(|d| old.cut.contains(d));
        if minute < 20 {
            let seen = verdicts(&j, theirs);
            assert!(seen.is_subset(&only(Verdict::Unsure)), "{name}, {minute}: {seen:?}");
        }
        if minute == 15 {
            let seen = verdicts(&j, |s| both(s) && *s == Segment::all());
            assert_eq!(seen, only(Verdict::Ok), "{name}: the past of one source is believed");
        }
    }
}

#[test]
fn a_source_without_a_past_beside_one_that_has_it_says_nothing_until_it_has_learnt() {
    for (i, old) in CUTS.iter().enumerate() {
        for (k, new) in CUTS.iter().enumerate() {
            let order = if (i + k) % 2 == 0 { ["a", "z"] } else { ["z", "a"] };
            beside(1 + (7 * i + k) as u64, old, new, order, 48, 25);
        }
    }
}

/// Every pair of cuts in both orders, 28 days beside none, two hours.
#[test]
#[ignore = "minutes of work: a figure for people"]
fn every_pair_of_cuts_in_both_orders() {
    for seed in 100..103 {
        for old in CUTS {
            for new in CUTS {
                for order in [["a", "z"], ["z", "a"]] {
                    beside(seed, old, new, order, 672, 120);
                }
            }
        }
    }
}

/// What joins a known cut: a browser, a country, a page, a class of device; twice as slow and six
/// times as failing as its neighbours, as it always will be.
const NEWCOMERS: [(CuboidHistograms, Dim); 4] = [
    (CUTS[2], Dim::Browser),
    (CUTS[3], Dim::Region),
    (CUTS[0], Dim::Template),
    (CUTS[1], Dim::Device),
];

fn newcomer(cut: CuboidHistograms, dim: Dim) -> Told {
    Told { newcomer: Some((dim, "new", 2.0, 6.0)), ..Told::of("rum", cut) }
}

fn is_new(dim: Dim) -> impl Fn(&Segment) -> bool {
    move |s: &Segment| s.get(dim).as_str() == "new"
}

#[test]
fn a_new_value_of_a_known_cut_is_unsure_until_it_has_a_past() {
    for (seed, (cut, dim)) in (20..).zip(NEWCOMERS) {
        let mut world = World::new(seed);
        world.past(&Told::of("rum", cut), 96);
        let told = newcomer(cut, dim);
        let mut last = Judgement::default();
        for minute in 1..=130 {
            last = world.minute(&[&told]);
            assert!(firing(&last).is_empty(), "{dim:?}: {:#?}", last.cases);
            if minute < 55 {
                assert_eq!(verdicts(&last, is_new(dim)), only(Verdict::Unsure), "{dim:?} {minute}");
            }
        }
        let later = verdicts(&last, |s| is_new(dim)(s) && s.dims().count() == 1);
        assert!(later.contains(&Verdict::Ok), "{dim:?}: learnt by now");
    }
}

#[test]
fn harm_that_hits_old_and_new_alike_is_found_at_the_old_ones() {
    for (seed, (cut, dim)) in (40..).zip(NEWCOMERS) {
        let mut world = World::new(seed);
        world.past(&Told::of("rum", cut), 96);
        let calm = newcomer(cut, dim);
        for _ in 0..15 {
            world.minute(&[&calm]);
        }
        let slow = Told { slower: 1.5, ..newcomer(cut, dim) };
        let mut last = Judgement::default();
        for _ in 0..6 {
            last = world.minute(&[&slow]);
        }
        let cases = firing(&last);
        assert_eq!(cases.len(), 1, "{dim:?}: {:#?}", last.cases);
        let old = values(dim)[0].0;
        let hit = cases[0].segments.iter().any(|s| s.contains(&seg(&[(dim, old)])));
        assert!(hit || cases[0].segments.iter().all(|s| !s.dims.contains_key(&dim)), "{cases:#?}");
    }
}

#[test]
fn a_release_is_held_against_what_its_place_is_without_it() {
    let cut: CuboidHistograms = &[Dim::Template, Dim::Device, Dim::Release];
    let told = |id: &'static str, share: f64, slower: f64| {
        move |dice: &mut Dice, start: i64, minutes: i64| {
            let one = Told { busy: 400.0 * share, slower, ..Told::of("rum", &cut[..2]) };
            let mut batch = one.window(dice, start, minutes);
            for o in &mut batch {
                let value = crate::domain::segment::DimValue::Value(id.into());
                o.segment = o.segment.clone().with(Dim::Release, value);
            }
            batch
        }
    };
    let mut world = World::new(77);
    for hour in 1..=96 {
        let batch = told("r1", 1.0, 1.0)(&mut world.dice, NOON - hour * 3600, 60);
        world.engine.history(&batch);
    }
    let mut shop = Shop { engine: world.engine, dice: world.dice, now: NOON };
    let mut found = None;
    for minute in 1..=20 {
        let bad = minute > 5;
        if minute == 6 {
            shop.release("r2", shop.now, &[]);
        }
        let share = if bad { 0.4 } else { 0.0 };
        let mut batch = told("r1", 1.0 - share, 1.0)(&mut shop.dice, shop.now, 1);
        if bad {
            batch.extend(told("r2", share, 2.0)(&mut shop.dice, shop.now, 1));
        }
        shop.engine.observe(&batch);
        shop.now += 60;
        let j = shop.engine.judge(at(shop.now));
        if found.is_none() && !firing(&j).is_empty() {
            found = Some((minute, firing(&j)[0].clone()));
        }
    }
    let (minute, case) = found.expect("a case");
    assert!(minute <= 9, "found in minute {minute}");
    assert_eq!(case.suspect.release, Some(ReleaseId::new("r2")));
    assert_eq!(case.severity, Severity::Sev2, "two fifths of all views are no small cohort");
    let basis = case.findings[0].basis.expect("what it was held against");
    assert!((3.9..=4.1).contains(&basis.days), "{basis:?}");
}
