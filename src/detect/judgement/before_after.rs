//! What each release of the last day did: before and after per segment, against segments that it
//! did not touch. A view for people; blame has its own arithmetic.

use crate::detect::cases::open_case::OpenCase;
use crate::detect::cases::shift_words;
use crate::detect::cases::state::EngineState;
use crate::detect::cube::cuboid::Cuboid;
use crate::detect::cube::key::{CuboidRole, Family};
use crate::detect::evidence::level;
use crate::detect::evidence::stat::{Likelihood, Tally, evidence};
use crate::detect::scan::shift::Shift;
use crate::domain::change::Change;
use crate::domain::metric::Metric;
use crate::domain::segment::{Dim, DimValue, Scope, Segment};
use crate::domain::time::Span;
use crate::policy::services::same;
use crate::verdict::{Impact, Verdict};

/// Metrics compared, and how long before and after.
const METRICS: [Metric; 10] = [
    Metric::Lcp,
    Metric::Inp,
    Metric::JsErrorRate,
    Metric::AddToCartRate,
    Metric::CheckoutRate,
    Metric::PaymentRate,
    Metric::OrderRate,
    Metric::ConversionRate,
    Metric::ServiceErrorRate,
    Metric::ServiceLatency,
];
const SPAN: Span = Span::from_hours(1);

/// Impacts of the releases of the last day that the kept buckets can show, and of every change
/// that a case accuses, whatever its kind and age.
pub fn impacts(state: &EngineState, bucket: i64) -> Vec<Impact> {
    let now = state.cube.end_of(bucket);
    let recent = |c: &Change| {
        let age = now.since(c.effective_at());
        c.is_release() && age >= Span::ZERO && age <= Span::from_hours(24)
    };
    let mut out = Vec::new();
    for change in state.changes.values() {
        let proven = accused(state, change);
        if !recent(change) && proven.is_empty() {
            continue;
        }
        out.extend(proven.iter().flat_map(|e| harmed(state, change, e)));
        for metric in METRICS {
            let cuboid = state.cube.cuboids.values().find(|t| {
                t.key.family.0 == metric
                    && t.key.family.1 != CuboidRole::Reading
                    && t.slice.len() > 1
            });
            if let Some(cuboid) = cuboid {
                let told = |i: &Impact| {
                    let same = |o: &Impact| o.segment == i.segment && o.metric == i.metric;
                    out.iter().any(|o: &Impact| o.release == i.release && same(o))
                };
                let all = of(state, change, cuboid, bucket);
                let fresh: Vec<Impact> = all.into_iter().filter(|i| !told(i)).collect();
                out.extend(fresh);
            }
        }
    }
    out
}

fn of(state: &EngineState, change: &Change, cuboid: &Cuboid, bucket: i64) -> Vec<Impact> {
    let at = state.cube.bucket_of(change.effective_at());
    let len = (SPAN.millis() / state.cube.bucket.millis()).max(1);
    let before = (at - len, at - 1);
    // What comes after it was taken back is no doing of its.
    let back = change.rolled_back_at.map_or(bucket, |t| state.cube.bucket_of(t) - 1);
    let after = (at, bucket.min(at + len - 1).min(back));
    if before.0 < cuboid.oldest() || after.1 <= after.0 {
        return Vec::new();
    }
    let touched = |seg: &Segment| {
        if let DimValue::Value(service) = seg.get(Dim::Service) {
            return same(service, &change.service);
        }
        let t = seg.get(Dim::Template).as_str();
        change.templates.is_empty() || t == "(all)" || change.templates.contains(t)
    };
    let sum = |leaves: &dyn Fn(&Segment) -> bool, span: (i64, i64)| {
        let mut acc = Tally::default();
        for l in cuboid.leaves.iter().filter(|l| leaves(&l.seg)) {
            acc.add(&cuboid.acc_over(l, span.0, span.1));
        }
        acc
    };
    let control = (sum(&|s| !touched(s), before), sum(&|s| !touched(s), after));
    let control = ratio(cuboid.likelihood, &control.0, &control.1);
    let wanted = cuboid.slice.iter().filter(|c| c.mask.is_power_of_two() && c.mask & 0b11 != 0);
    wanted
        .filter(|c| touched(&c.seg))
        .filter_map(|c| {
            let inside = |s: &Segment| c.seg.covers(s);
            let (b, a) = (sum(&inside, before), sum(&inside, after));
            if b.units <= 0.0 || a.units <= 0.0 {
                return None;
            }
            let family = cuboid.key.family;
            let (verdict, why) =
                judged(state, change, (family, &c.seg), verdict(cuboid, c.mask, &b, &a));
            Some(Impact {
                release: change.id.clone(),
                metric: cuboid.key.family.0,
                segment: c.seg.clone(),
                before: value(cuboid, &b),
                after: value(cuboid, &a),
                control,
                n_before: b.units,
                n_after: a.units,
                verdict,
                why,
            })
        })
        .collect()
}

/// Likely enough to be one of those that may have done it.
const MAY: f64 = 0.1;

/// A case holds this change for its cause, alone or as one of a tie.
fn accuses(live: &OpenCase, change: &Change) -> bool {
    let tied = || {
        let share = live.suspect.share_of(&change.id);
        live.suspect.is_tie() && share.is_some_and(|share| share >= MAY)
    };
    live.suspect.release.as_ref() == Some(&change.id) || tied()
}

/// What is proven to be hurt in the cases that accuse this change.
fn accused<'a>(state: &'a EngineState, change: &Change) -> Vec<&'a Shift> {
    let lives = state.lives.iter().filter(|l| accuses(l, change));
    lives.flat_map(|l| &l.shifts).filter(|e| e.cuboid.family.1 != CuboidRole::Beacon).collect()
}

/// Rows that one shift fills at most: its place may be many values of a dimension.
const PARTS: usize = 6;

/// The harm that a case proves, where it is: before the change or as usual, and since the onset. A
/// place of several values is told value by value.
fn harmed(state: &EngineState, change: &Change, e: &Shift) -> Vec<Impact> {
    let cube = &state.cube;
    let Some(cuboid) = cube.cuboids.get(&e.cuboid) else { return Vec::new() };
    let at = cube.bucket_of(change.effective_at());
    let len = (SPAN.millis() / cube.bucket.millis()).max(1);
    let sum = |inside: &dyn Fn(&Segment) -> bool, span: (i64, i64)| {
        let mut acc = Tally::default();
        for l in cuboid.leaves.iter().filter(|l| inside(&l.seg)) {
            acc.add(&cuboid.acc_over(l, span.0, span.1));
        }
        acc
    };
    let (before, since) = ((at - len, at - 1), (e.from(), e.last_bad));
    let outside = |s: &Segment| !e.scope.contains(s);
    let control = ratio(cuboid.likelihood, &sum(&outside, before), &sum(&outside, since));
    let kept = before.0 >= cuboid.oldest();
    let parts = parts(&e.place);
    let alone = parts.len() == 1;
    let row = |segment: Segment| {
        let told = |(dim, value): (Dim, &DimValue), s: &Segment| {
            !cuboid.key.dims.contains(&dim) || s.get(dim) == value
        };
        let here = |s: &Segment| e.scope.contains(s) && segment.dims().all(|part| told(part, s));
        let acc = sum(&here, since);
        let (now, usual) = if alone {
            shift_words::values(cube, e)
        } else {
            level::level(e.likelihood, cuboid.inverted, e.quantile, &acc)
        };
        let n_after = if alone { e.acc.units } else { acc.units };
        let n_before = if kept { sum(&here, before).units } else { 0.0 };
        (n_after > 0.0).then(|| Impact {
            release: change.id.clone(),
            metric: e.cuboid.family.0,
            before: Some(usual),
            after: Some(now),
            control,
            n_before,
            n_after,
            verdict: Verdict::Breach,
            why: "its own harm, as the incident tells it".to_owned(),
            segment: segment.clone(),
        })
    };
    parts.into_iter().filter_map(row).collect()
}

/// A place as segments of one value each.
fn parts(place: &Scope) -> Vec<Segment> {
    let mut all = vec![Segment::all()];
    for (dim, values) in &place.dims {
        let with = |seg: &Segment| {
            let one = |v: &String| seg.clone().with(*dim, DimValue::Value(v.as_str().into()));
            values.iter().map(one).collect::<Vec<_>>()
        };
        all = all.iter().flat_map(with).take(PARTS).collect();
    }
    all
}

/// What is worse after a change is its doing only where a case says so: elsewhere it is not sure,
/// and why it was cleared is said.
fn judged(
    state: &EngineState,
    change: &Change,
    (family, segment): (Family, &Segment),
    by_numbers: Verdict,
) -> (Verdict, String) {
    if by_numbers != Verdict::Breach {
        return (by_numbers, String::new());
    }
    let place = Scope::of(segment);
    let here = |l: &&OpenCase| {
        l.shifts.iter().any(|e| e.cuboid.family.0 == family.0 && e.place.overlaps(&place))
    };
    let mut about = state.lives.iter().filter(here).peekable();
    let Some(first) = about.peek().copied() else {
        return (Verdict::Unsure, "worse, and no incident says so".to_owned());
    };
    if about.any(|l| accuses(l, change)) {
        return (Verdict::Breach, "its own harm".to_owned());
    }
    let why = first.suspect.considered.iter().find(|c| c.release == change.id);
    let why = why.map_or_else(|| "not what the incident blames".to_owned(), |c| c.why.clone());
    (Verdict::Unsure, format!("cleared: {why}"))
}

fn value(cuboid: &Cuboid, acc: &Tally) -> Option<f64> {
    let mean = (acc.units > 0.0).then(|| acc.observed / acc.units)?;
    Some(match cuboid.likelihood {
        Likelihood::LogNormal => (mean + 0.674 * (acc.variance / acc.units).max(0.0).sqrt()).exp(),
        Likelihood::Rare if cuboid.inverted => 1.0 - mean,
        Likelihood::Rare | Likelihood::Conversion | Likelihood::Poisson | Likelihood::Gauge => mean,
    })
}

/// After over before, the season taken out.
fn ratio(likelihood: Likelihood, before: &Tally, after: &Tally) -> Option<f64> {
    if before.units <= 0.0 || after.units <= 0.0 {
        return None;
    }
    match likelihood {
        Likelihood::LogNormal => {
            let shift = |a: &Tally| (a.observed - a.expected) / a.units;
            Some((shift(after) - shift(before)).exp())
        }
        _ if before.observed > 0.0 && after.expected > 0.0 => {
            Some((after.observed / after.expected) / (before.observed / before.expected.max(1e-9)))
        }
        _ => None,
    }
}

/// Worse than usual after, and not already before.
fn verdict(cuboid: &Cuboid, mask: u16, before: &Tally, after: &Tally) -> Verdict {
    let ev = |a: &Tally| evidence(cuboid.likelihood, cuboid.sign, a, cuboid.dispersion(mask));
    let (b, a) = (ev(before), ev(after));
    if a.nats >= 12.0 && a.harm > 2.0 * b.harm.max(0.0) && a.harm > 0.05 {
        Verdict::Breach
    } else if after.units < 100.0 || before.units < 100.0 {
        Verdict::Unsure
    } else {
        Verdict::Ok
    }
}
