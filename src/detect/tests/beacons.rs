//! Beacons that stop coming just when the watcher starts: the past knows how many a visit sends, so
//! the first minute is enough, in every cut and at every place.

use super::made_up::{Dice, NOON, at, fact, firing, policy, seg};
use crate::detect::cube::settings::Settings;
use crate::detect::engine::Engine;
use crate::domain::metric::Metric;
use crate::domain::observation::{Observation, Value, Window};
use crate::domain::segment::Dim;
use crate::domain::severity::Severity;
use crate::domain::time::Span;
use crate::verdict::{Case, Class};

/// Values of a dimension: share of the visits, page views a visit sends there.
fn values(dim: Dim) -> [(&'static str, f64, f64); 3] {
    match dim {
        Dim::Device => [("phone", 0.6, 1.0), ("desk", 0.3, 1.4), ("slate", 0.1, 1.2)],
        Dim::Browser => [("blink", 0.6, 1.0), ("gecko", 0.25, 0.8), ("kit", 0.15, 0.5)],
        _ => [("north", 0.5, 1.0), ("south", 0.3, 0.6), ("east", 0.2, 1.1)],
    }
}

const CUTS: [&[Dim]; 4] =
    [&[Dim::Device], &[Dim::Device, Dim::Browser], &[Dim::Device, Dim::Region], &[Dim::Region]];

#[derive(Clone, Copy)]
struct Lost {
    dim: Dim,
    value: &'static str,
    kept: f64,
}

impl Lost {
    fn at(&self, dims: &[(Dim, &str)]) -> f64 {
        let whole = self.value.is_empty();
        if whole || dims.contains(&(self.dim, self.value)) { self.kept } else { 1.0 }
    }
}

/// Dimensions with their values, the share of visits there, and how much a visit sends.
type Place<'a> = (Vec<(Dim, &'a str)>, f64, f64);

const FINE: Lost = Lost { dim: Dim::Device, value: "", kept: 1.0 };

/// A cut of a count: `per` events a minute, spread over the values' shares.
fn told(
    dice: &mut Dice,
    (source, metric, cut): (&str, Metric, &[Dim]),
    (start, minutes): (i64, i64),
    per: f64,
    lost: Lost,
) -> Vec<Observation> {
    let w = Window { start: at(start), end: at(start + minutes * 60) };
    let beacons = metric == Metric::PageViews;
    // What a visit sends is another number at night, and another one each day.
    let hour = (start.rem_euclid(86_400) / 3600) as f64;
    let day = start.div_euclid(86_400) as f64;
    let ratio = 1.0 + 0.1 * (hour / 3.8).sin() + 0.04 * (day * 1.7).sin();
    let mut places: Vec<Place> = vec![(Vec::new(), 1.0, ratio)];
    for dim in cut {
        let all = values(*dim);
        places = places
            .iter()
            .flat_map(|(dims, share, sends)| {
                all.map(|v| {
                    let mut dims = dims.clone();
                    dims.push((*dim, v.0));
                    (dims, share * v.1, sends * v.2)
                })
            })
            .collect();
    }
    let one = |(dims, share, sends): &(Vec<(Dim, &str)>, f64, f64)| {
        let mean = per * minutes as f64 * share * if beacons { sends * lost.at(dims) } else { 1.0 };
        fact(source, metric, seg(dims), w, Value::Count(dice.count(mean)))
    };
    places.iter().map(one).collect()
}

/// Who tells what, and for how many days already.
#[derive(Clone, Copy)]
struct Teller {
    source: &'static str,
    metric: Metric,
    cut: &'static [Dim],
    per: f64,
    days: i64,
}

const fn views(cut: &'static [Dim]) -> Teller {
    Teller { source: "rum", metric: Metric::PageViews, cut, per: 9000.0, days: 21 }
}

const fn visits(cut: &'static [Dim]) -> Teller {
    Teller { source: "shop", metric: Metric::Sessions, cut, per: 2500.0, days: 21 }
}

/// The first case in so many live minutes of an engine that knows the past.
fn first(tellers: &[Teller], lost: Lost, minutes: i64, seed: u64) -> Option<(i64, Case)> {
    let mut engine = Engine::new(Settings::new(Span::from_mins(1), policy()));
    let mut dice = Dice(seed);
    for t in tellers {
        for hour in 1..=24 * t.days {
            let span = (NOON - hour * 3600, 60);
            engine.history(&told(&mut dice, (t.source, t.metric, t.cut), span, t.per, FINE));
        }
    }
    (0..minutes).find_map(|minute| {
        for t in tellers {
            let span = (NOON + minute * 60, 1);
            engine.observe(&told(&mut dice, (t.source, t.metric, t.cut), span, t.per, lost));
        }
        let j = engine.judge(at(NOON + (minute + 1) * 60));
        firing(&j).first().map(|c| (minute + 1, (*c).clone()))
    })
}

fn seen_at_once(name: &str, tellers: &[Teller], lost: Lost, seed: u64) {
    let found = first(tellers, lost, 3, seed);
    let (minute, case) = found.unwrap_or_else(|| panic!("{name}: not seen"));
    assert!(minute <= 2, "{name}: seen in minute {minute}");
    assert_eq!((case.class, case.severity), (Class::Telemetry, Severity::Sev4), "{name}");
    let place = case.segments.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let whole = lost.value.is_empty();
    let right = if whole { case.segments[0].dims.is_empty() } else { place == lost.value };
    assert!(right, "{name}: {place}");
}

#[test]
fn a_fall_to_a_fifth_in_the_first_minute_is_seen_in_every_cut_and_place() {
    for (seed, cut) in (1..).zip(CUTS) {
        let tellers = [views(cut), visits(cut)];
        assert!(first(&tellers, FINE, 6, seed).is_none(), "{cut:?}: calm");
        seen_at_once(&format!("{cut:?} all"), &tellers, Lost { kept: 0.19, ..FINE }, seed);
        for dim in cut {
            for (value, ..) in values(*dim) {
                let lost = Lost { dim: *dim, value, kept: 0.2 };
                seen_at_once(&format!("{cut:?} {value}"), &tellers, lost, seed);
            }
        }
    }
}

#[test]
fn cuts_that_differ_are_held_against_each_other_by_what_both_know() {
    for views_cut in CUTS {
        for visits_cut in CUTS {
            let tellers = [views(views_cut), visits(visits_cut)];
            let lost = Lost { kept: 0.19, ..FINE };
            let name = format!("{views_cut:?} {visits_cut:?}");
            seen_at_once(&name, &tellers, lost, 3);
        }
    }
}

#[test]
fn a_shorter_past_of_one_count_does_not_thin_the_ratio() {
    let lost = Lost { kept: 0.35, ..FINE };
    for days in [2, 5] {
        let tellers = [Teller { days, ..views(CUTS[0]) }, visits(CUTS[0])];
        seen_at_once(&format!("beacons {days} days"), &tellers, lost, 5);
        let tellers = [views(CUTS[0]), Teller { days, ..visits(CUTS[0]) }];
        seen_at_once(&format!("visits {days} days"), &tellers, lost, 5);
    }
}

#[test]
fn a_source_without_a_past_does_not_stand_before_one_that_has_it() {
    let lost = Lost { kept: 0.2, ..FINE };
    for source in ["a-rum", "z-rum"] {
        let young = Teller { source, days: 0, ..views(CUTS[1]) };
        seen_at_once(source, &[young, views(CUTS[0]), visits(CUTS[1])], lost, 7);
        let young = Teller { source, days: 0, ..visits(CUTS[1]) };
        seen_at_once(source, &[views(CUTS[0]), young, visits(CUTS[0])], lost, 7);
    }
    // The best count of visits is new; the edge knows the past.
    let young = Teller { days: 0, ..visits(CUTS[0]) };
    let edge =
        Teller { source: "edge", metric: Metric::EdgeRequests, per: 30_000.0, ..visits(CUTS[0]) };
    seen_at_once("edge", &[views(CUTS[0]), young, edge], lost, 7);
}
