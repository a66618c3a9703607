//! What must never matter: names of segments, more traffic, segments that are well, a restart.
//! Single faults are in the parent file.

use super::made_up::{Dice, NOON, Wrong, at, fact, firing, policy, window};
use crate::detect::cube::settings::Settings;
use crate::detect::engine::Engine;
use crate::detect::evidence::stat::{Dispersion, Likelihood, Tally, evidence};
use crate::domain::metric::Metric;
use crate::domain::observation::{Observation, Value};
use crate::domain::segment::{Dim, DimValue, Segment};
use crate::domain::time::Span;
use crate::verdict::{Case, Judgement};

const SLOW: f64 = 1.8;

/// 72 hours of history, ten calm minutes, then a slow page: every batch as the shop tells it.
fn story(minutes: i64) -> (Vec<Observation>, Vec<Vec<Observation>>) {
    let mut dice = Dice(7);
    let past = (1..=72).flat_map(|h| window(&mut dice, NOON - h * 3600, 60, Wrong::default()));
    let past: Vec<Observation> = past.collect();
    let live = (0..minutes).map(|m| {
        let slow = if m >= 10 { SLOW } else { 0.0 };
        let wrong = Wrong { mobile_pdp_slower: slow, ..Wrong::default() };
        window(&mut dice, NOON + m * 60, 1, wrong)
    });
    let live = live.collect();
    (past, live)
}

/// Judged minute by minute, each batch changed by `change`; all judgements.
fn judged(minutes: i64, change: impl Fn(&mut Vec<Observation>)) -> Vec<Judgement> {
    let (mut past, live) = story(minutes);
    let mut engine = Engine::new(Settings::new(Span::from_mins(1), policy()));
    change(&mut past);
    engine.history(&past);
    let live = (1..).zip(live);
    live.map(|(m, mut batch)| {
        change(&mut batch);
        engine.observe(&batch);
        engine.judge(at(NOON + m * 60))
    })
    .collect()
}

fn renamed(segment: &Segment, names: &[(&str, &str)]) -> Segment {
    segment.dims().fold(Segment::all(), |s, (dim, value)| {
        let new = names.iter().find(|(old, _)| *old == value.as_str());
        s.with(dim, new.map_or_else(|| value.clone(), |(_, n)| DimValue::Value((*n).into())))
    })
}

/// What a person would call the same verdict.
fn gist(c: &Case) -> String {
    let onset = c.onset_at;
    format!(
        "{} {:?} {} {} {onset} {:?}",
        c.key, c.severity, c.headline, c.firing, c.suspect.release
    )
}

#[test]
fn names_of_segments_change_nothing() {
    let names = [("mobile", "zebra"), ("desktop", "apple")];
    let plain = judged(30, |_| {});
    let other = judged(30, |batch| {
        for o in batch {
            o.segment = renamed(&o.segment, &names);
        }
    });
    for (a, b) in plain.iter().zip(&other) {
        let gists = |j: &Judgement| j.cases.iter().map(gist).collect::<Vec<_>>();
        assert_eq!(gists(a), gists(b));
    }
    let last = other.last().expect("minutes");
    assert_eq!(firing(last)[0].segments[0].to_string(), "pdp · zebra");
}

#[test]
fn ten_times_the_samples_never_weaken_evidence() {
    let mut dice = Dice(11);
    for likelihood in
        [Likelihood::LogNormal, Likelihood::Rare, Likelihood::Conversion, Likelihood::Poisson]
    {
        for _ in 0..2000 {
            let n = 5.0 + 500.0 * dice.next();
            let p = 0.02 + 0.9 * dice.next();
            let sign = if matches!(likelihood, Likelihood::LogNormal | Likelihood::Rare) {
                1.0
            } else {
                -1.0
            };
            let a = (n * p * (1.0 + sign * dice.next())).min(n);
            let v = if likelihood == Likelihood::Poisson { n * p } else { n * p * (1.0 - p) };
            let one = Tally { units: n, observed: a, expected: n * p, variance: v, explained: 0.0 };
            let ten = Tally {
                units: 10.0 * n,
                observed: 10.0 * a,
                expected: 10.0 * n * p,
                variance: 10.0 * v,
                explained: 0.0,
            };
            let dispersion =
                Dispersion { overdispersion: 1.0 + dice.next(), day_drift: 0.2 * dice.next() };
            let (few, many) = (
                evidence(likelihood, sign, &one, dispersion),
                evidence(likelihood, sign, &ten, dispersion),
            );
            assert!(many.nats >= few.nats * 0.999, "{likelihood:?} {one:?} {few:?} {many:?}");
        }
    }
}

#[test]
fn a_shop_ten_times_as_busy_is_judged_no_later_and_no_milder() {
    let times = |factor: f64| {
        move |batch: &mut Vec<Observation>| {
            for o in batch {
                match &mut o.value {
                    Value::Count(n) => *n *= factor,
                    Value::Ratio { hits, trials } => {
                        (*hits, *trials) = (*hits * factor, *trials * factor);
                    }
                    Value::Dist(h) => {
                        for c in &mut h.counts {
                            *c *= factor;
                        }
                    }
                    Value::Gauge(_) | Value::Missing(_) => {}
                }
            }
        }
    };
    let (one, ten) = (judged(30, times(1.0)), judged(30, times(10.0)));
    let opened = |all: &[Judgement]| all.iter().position(|j| !firing(j).is_empty());
    let (few, many) = (opened(&one).expect("found"), opened(&ten).expect("found"));
    assert!(many <= few, "minute {many} against {few}");
    let worst = |all: &[Judgement]| firing(all.last().expect("minutes"))[0].severity;
    assert!(worst(&ten) <= worst(&one));
}

#[test]
fn a_segment_that_is_well_changes_no_verdict() {
    let with_tablets = judged(30, |batch| {
        let desk = |o: &&Observation| o.segment.get(Dim::Device).as_str() == "desktop";
        let more: Vec<Observation> = batch
            .iter()
            .filter(desk)
            .map(|o| {
                let segment = renamed(&o.segment, &[("desktop", "tablet")]);
                fact(o.source.as_str(), o.metric, segment, o.window, o.value.clone())
            })
            .collect();
        batch.extend(more);
    });
    let plain = judged(30, |_| {});
    let opened = |all: &[Judgement]| all.iter().position(|j| !firing(j).is_empty());
    assert!(opened(&plain).is_some());
    assert!(opened(&with_tablets) >= opened(&plain).map(|m| m.saturating_sub(1)));
    assert!(opened(&with_tablets) <= opened(&plain).map(|m| m + 1));
    let (a, b) = (plain.last().expect("minutes"), with_tablets.last().expect("minutes"));
    let said = |j: &Judgement| {
        let cases = firing(j);
        let cases = cases.iter().map(|c| (c.key.clone(), c.severity, c.segments.clone()));
        cases.collect::<Vec<_>>()
    };
    assert_eq!(said(a), said(b));
}

#[test]
fn two_hundred_segments_that_are_well_change_no_verdict() {
    let with_more = judged(20, |batch| {
        let (Some(w), mut dice) = (batch.first().map(|o| o.window), Dice(23)) else { return };
        let minutes = w.length().as_mins_f64();
        batch.extend((0..200).map(|n| {
            let name = DimValue::Value(format!("region-{n}").as_str().into());
            let hits = dice.count(0.4 * minutes);
            let value = Value::Ratio { hits, trials: 40.0 * minutes };
            fact("rum", Metric::JsErrorRate, Segment::all().with(Dim::Region, name), w, value)
        }));
    });
    let plain = judged(20, |_| {});
    let gists = |j: &Judgement| firing(j).iter().map(|c| gist(c)).collect::<Vec<_>>();
    assert!(plain.iter().any(|j| !firing(j).is_empty()));
    for (a, b) in plain.iter().zip(&with_more) {
        assert_eq!(gists(a), gists(b));
    }
}

#[test]
fn a_restart_in_the_middle_of_an_incident_says_the_same() {
    let (past, live) = story(40);
    let through = judged(40, |_| {});
    // The new process reads the source's history and its last half hour, all at once.
    let mut engine = Engine::new(Settings::new(Span::from_mins(1), policy()));
    engine.history(&past);
    let recent: Vec<Observation> = live.iter().rev().flatten().cloned().collect();
    engine.observe(&recent);
    let after = engine.judge(at(NOON + 40 * 60));
    let before = through.last().expect("minutes");
    let (a, b) = (firing(before), firing(&after));
    assert_eq!(a.len(), 1);
    assert_eq!(b.len(), 1, "{:?}", after.cases);
    assert_eq!((&a[0].key, a[0].severity), (&b[0].key, b[0].severity));
    assert_eq!((&a[0].segments, a[0].class), (&b[0].segments, b[0].class));
    let apart = a[0].onset_at.since(b[0].onset_at).millis().abs();
    assert!(apart <= Span::from_mins(2).millis(), "onsets {apart} ms apart");
    let verdicts = |j: &Judgement| {
        let inp = j.cells.iter().filter(|c| c.metric == Metric::Inp);
        inp.map(|c| (c.segment.clone(), c.verdict)).collect::<Vec<_>>()
    };
    assert_eq!(verdicts(before), verdicts(&after));
}
