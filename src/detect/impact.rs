//! What each release of the last day did: before and after per segment, against segments that it
//! did not touch. A view for people; blame has its own arithmetic.

use crate::detect::verdict::{Impact, Verdict};
use crate::domain::change::Change;
use crate::domain::metric::Metric;
use crate::domain::segment::{Dim, DimValue, Segment};
use crate::domain::time::Span;
use crate::policy::services::same;

use super::engine::Engine;
use super::stat::{Acc, Shape, evidence};
use super::table::{Role, Table};

/// Metrics compared, and how long before and after.
const METRICS: [Metric; 8] = [
    Metric::Lcp,
    Metric::Inp,
    Metric::JsErrorRate,
    Metric::AddToCartRate,
    Metric::CheckoutRate,
    Metric::PaymentRate,
    Metric::ServiceErrorRate,
    Metric::ServiceLatency,
];
const SPAN: Span = Span::from_hours(1);

/// Impacts of the releases of the last day that the kept buckets can show.
pub fn impacts(engine: &Engine, bucket: i64) -> Vec<Impact> {
    let now = engine.store.end_of(bucket);
    let recent = |c: &&Change| {
        let age = now.since(c.effective_at());
        c.is_release() && age >= Span::ZERO && age <= Span::from_hours(24)
    };
    let mut out = Vec::new();
    for change in engine.changes.values().filter(recent) {
        for metric in METRICS {
            let table = engine.store.tables.values().find(|t| {
                t.key.family.0 == metric && t.key.family.1 != Role::Reading && t.conj.len() > 1
            });
            if let Some(table) = table {
                out.extend(of(engine, change, table, bucket));
            }
        }
    }
    out
}

fn of(engine: &Engine, change: &Change, table: &Table, bucket: i64) -> Vec<Impact> {
    let at = engine.store.bucket_of(change.effective_at());
    let len = (SPAN.millis() / engine.store.bucket.millis()).max(1);
    let before = (at - len, at - 1);
    let after = (at, bucket.min(at + len - 1));
    if before.0 < table.oldest() || after.1 <= after.0 {
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
        let mut acc = Acc::default();
        for l in table.leaves.iter().filter(|l| leaves(&l.seg)) {
            acc.add(&table.acc_over(l, span.0, span.1));
        }
        acc
    };
    let control = (sum(&|s| !touched(s), before), sum(&|s| !touched(s), after));
    let control = ratio(table.shape, &control.0, &control.1);
    let wanted = table.conj.iter().filter(|c| c.mask.is_power_of_two() && c.mask & 0b11 != 0);
    wanted
        .filter(|c| touched(&c.seg))
        .filter_map(|c| {
            let inside = |s: &Segment| c.seg.covers(s);
            let (b, a) = (sum(&inside, before), sum(&inside, after));
            (b.n > 0.0 && a.n > 0.0).then(|| Impact {
                release: change.id.clone(),
                metric: table.key.family.0,
                segment: c.seg.clone(),
                before: value(table, &b),
                after: value(table, &a),
                control,
                n_before: b.n,
                n_after: a.n,
                verdict: verdict(table, c.mask, &b, &a),
            })
        })
        .collect()
}

fn value(table: &Table, acc: &Acc) -> Option<f64> {
    let mean = (acc.n > 0.0).then(|| acc.a / acc.n)?;
    Some(match table.shape {
        Shape::Mean => (mean + 0.674 * (acc.v / acc.n).max(0.0).sqrt()).exp(),
        Shape::Fault if table.inverted => 1.0 - mean,
        Shape::Fault | Shape::Step | Shape::Flow | Shape::Level => mean,
    })
}

/// After over before, the season taken out.
fn ratio(shape: Shape, before: &Acc, after: &Acc) -> Option<f64> {
    if before.n <= 0.0 || after.n <= 0.0 {
        return None;
    }
    match shape {
        Shape::Mean => {
            let shift = |a: &Acc| (a.a - a.e) / a.n;
            Some((shift(after) - shift(before)).exp())
        }
        _ if before.a > 0.0 && after.e > 0.0 => {
            Some((after.a / after.e) / (before.a / before.e.max(1e-9)))
        }
        _ => None,
    }
}

/// Worse than usual after, and not already before.
fn verdict(table: &Table, mask: u16, before: &Acc, after: &Acc) -> Verdict {
    let ev = |a: &Acc| evidence(table.shape, table.sign, a, table.calib(mask));
    let (b, a) = (ev(before), ev(after));
    if a.nats >= 12.0 && a.harm > 2.0 * b.harm.max(0.0) && a.harm > 0.05 {
        Verdict::Breach
    } else if after.n < 100.0 || before.n < 100.0 {
        Verdict::Unsure
    } else {
        Verdict::Ok
    }
}
