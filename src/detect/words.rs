//! Judgement in plain words with its numbers: headlines, findings, evidence for and against.
//! No drawing and no outside text beyond names that `domain::text` makes safe later.

use crate::detect::verdict::{Basis, Finding, Verdict};
use crate::domain::id::GuardrailId;
use crate::domain::metric::Metric;
use crate::domain::time::Span;
use crate::policy::guardrail::row_for;
use crate::policy::judging::Policy;

use super::budget;
use super::case::{Live, is_cause, is_visit_loss};
use super::effect::Effect;
use super::lines::{guardrail_of, z_of};
use super::severity::is_beacon;
use super::stat::{Acc, Shape};
use super::store::Store;
use super::surge;
use super::table::Table;

/// Samples from which a histogram's own percentile is told.
const SURE: f64 = 200.0;
/// More nats than this are told as this many: beyond doubt is beyond doubt.
const MOST_NATS: f64 = 9999.0;

/// Value now and usual value of an effect, in the metric's unit as people read it.
pub fn values(store: &Store, e: &Effect) -> (f64, f64) {
    let table = store.tables.get(&e.table);
    if let Some(read) = table.and_then(|t| measured(store, t, e)) {
        return read;
    }
    if let Some(worth) = surge::order_values(store, e) {
        return worth;
    }
    let inverted = table.is_some_and(|t| t.inverted);
    level(e.shape, inverted, e.quantile, &e.acc)
}

/// The same for any sum, for times at a quantile (0..=1).
pub fn level(shape: Shape, inverted: bool, quantile: f64, acc: &Acc) -> (f64, f64) {
    if acc.n <= 0.0 {
        return (0.0, 0.0);
    }
    let (now, base) = (acc.a / acc.n, acc.e / acc.n);
    match shape {
        // The mean of logs is the median of a log-normal; 0.67 standard deviations up is the p75.
        Shape::Mean => {
            let up = z_of(quantile) * (acc.v / acc.n).max(0.0).sqrt();
            ((now + up).exp(), (base + up).exp())
        }
        Shape::Fault if inverted => (1.0 - now, 1.0 - base),
        Shape::Fault | Shape::Step | Shape::Flow | Shape::Level => (now, base),
    }
}

/// The percentile of the histograms since onset, where they are still kept, and before the shift.
fn measured(store: &Store, table: &Table, e: &Effect) -> Option<(f64, f64)> {
    let span = (e.from(), e.last_bad);
    let kept = Span::from_hours(1).millis() / store.bucket.millis().max(1);
    if e.shape != Shape::Mean || span.1 - span.0 >= kept || span.1 < table.latest - kept / 2 {
        return None;
    }
    let (now, n) = budget::quantile(store, table, &e.scope, span, e.quantile)?;
    (n >= SURE).then(|| (now, now / (e.sign * e.harm).exp()))
}

/// A number in its unit, short.
pub fn amount(metric: Metric, x: f64) -> String {
    match metric.row().unit {
        "ratio" if x.abs() < 0.1 => format!("{:.1}%", x * 100.0),
        "ratio" => format!("{:.0}%", x * 100.0),
        "ms" if metric == Metric::BeaconLag && x >= 60_000.0 => {
            format!("{:.0} min", x / 60_000.0)
        }
        "ms" if metric == Metric::BeaconLag => format!("{:.1} s", x / 1000.0),
        "ms" => format!("{x:.0} ms"),
        "score" => format!("{x:.2}"),
        "days" => format!("{x:.0} days"),
        "bytes" => bytes(x),
        _ => format!("{x:.0}"),
    }
}

/// `350 MB`, `1.4 GB`.
fn bytes(x: f64) -> String {
    match x.abs() {
        a if a >= 1e9 => format!("{:.1} GB", x / 1e9),
        a if a >= 1e6 => format!("{:.0} MB", x / 1e6),
        _ => format!("{:.0} kB", x / 1e3),
    }
}

fn from_to(metric: Metric, base: f64, now: f64) -> String {
    let (a, b) = (amount(metric, base), amount(metric, now));
    let bare = a.strip_suffix(" ms").unwrap_or(&a);
    if b.ends_with(" ms") { format!("{bare} -> {b}") } else { format!("{a} -> {b}") }
}

fn label(e: &Effect) -> String {
    let label = e.table.family.0.row().label;
    let mut chars = label.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let label = format!("{first}{}", chars.as_str());
    if e.shape == Shape::Mean { format!("{label} {}", stat(e)) } else { label }
}

/// `INP p75 in pdp`.
pub fn label_in(e: &Effect) -> String {
    format!("{} in {}", label(e), e.place)
}

fn stat(e: &Effect) -> String {
    match e.shape {
        Shape::Mean => format!("p{:.0}", e.quantile * 100.0),
        Shape::Fault | Shape::Step | Shape::Flow | Shape::Level => "rate".to_owned(),
    }
}

/// One line for an effect: `Payment step 61% -> 18%`.
pub fn line(store: &Store, e: &Effect) -> String {
    let metric = e.table.family.0;
    let (now, base) = values(store, e);
    if is_beacon(e) {
        let percent = e.harm * 100.0;
        return if e.sign > 0.0 {
            format!("Beacons up {percent:.0}%, visits are not: collected more than once")
        } else {
            format!("Beacons down {percent:.0}%, visits are not")
        };
    }
    if e.shape == Shape::Flow && !surge::is_surge(e) {
        return format!("{} down {:.0}%", label(e), e.harm * 100.0);
    }
    format!("{} {}", label(e), from_to(metric, base, now))
}

/// The effect that says most: an outage's lost orders before anything, else the strongest.
pub fn lead(live: &Live) -> Option<&Effect> {
    let present = live.present();
    let weight = |e: &Effect| {
        let loss = if e.shape == Shape::Step { e.harm } else { 0.0 };
        let big = u8::from(loss > 0.3);
        (big, u8::from(is_cause(e)), e.nats)
    };
    present.into_iter().max_by(|a, b| {
        let (x, y) = (weight(a), weight(b));
        x.0.cmp(&y.0).then(x.1.cmp(&y.1)).then(x.2.total_cmp(&y.2)).then(b.table.cmp(&a.table))
    })
}

/// One line for a case.
pub fn headline(policy: &Policy, store: &Store, live: &Live) -> String {
    if let Some(b) = &live.blind {
        let what = if b.checkout { "; checkout is blind" } else { "" };
        return format!("No data from {}{what}", b.names());
    }
    if let Some(f) = &live.flaw {
        return capital(&f.text);
    }
    if let Some(surge) = surge::headline(policy, store, live) {
        return surge;
    }
    let down = live.troubles.iter().find(|t| !t.over).or(live.troubles.first());
    let effect = lead(live).map(|e| line(store, e));
    match (down, effect) {
        (Some(t), Some(e)) => format!("{e}; {} checks fail", t.journey),
        (Some(t), None) => format!("{} checks fail: {}", capital(t.journey.as_str()), t.text),
        (None, Some(e)) => e,
        (None, None) => "Trouble".to_owned(),
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_uppercase().collect::<String>() + chars.as_str()).unwrap_or_default()
}

/// Findings of a case, one per effect and one per failing journey.
pub fn findings(policy: &Policy, store: &Store, live: &Live) -> Vec<Finding> {
    let mut out: Vec<Finding> = live.effects.iter().map(|e| finding(policy, store, e)).collect();
    out.extend(live.flaw.iter().map(|f| super::flaws::finding(&policy.guardrail, f)));
    for t in &live.troubles {
        let row = row_for(
            &policy.guardrail,
            Metric::CheckSuccess,
            &crate::domain::segment::Scope::everything(),
        );
        out.push(Finding {
            guardrail: row.map_or_else(|| GuardrailId::new("availability"), |r| r.name.clone()),
            verdict: if t.over { Verdict::Ok } else { Verdict::Breach },
            metric: Metric::CheckSuccess,
            stat: "state".to_owned(),
            segment: super::case::trouble_place(policy, &t.journey).unwrap_or_default(),
            value: Some(if t.over { 1.0 } else { 0.0 }),
            unit: "ratio".to_owned(),
            n: 0.0,
            baseline: Some(1.0),
            basis: None,
            test: "failures in a row, locations voting".to_owned(),
            text: format!("{} checks: {}", t.journey, t.text),
        });
    }
    out
}

fn finding(policy: &Policy, store: &Store, e: &Effect) -> Finding {
    let table = store.tables.get(&e.table);
    let (now, base) = values(store, e);
    let minutes = (e.last_bad - e.from() + 1).max(1) as f64 * store.bucket.as_mins_f64();
    let name = guardrail_of(policy, e).map_or_else(|| GuardrailId::new(""), |g| g.name.clone());
    let line_nats = policy.detect.sensitivity.nats();
    let nats = e.nats.min(MOST_NATS);
    let by_change = format!("LLR {nats:.1} nats over {minutes:.0} min, line {line_nats:.0}");
    Finding {
        guardrail: name,
        verdict: if e.until.is_some() { Verdict::Ok } else { Verdict::Breach },
        metric: e.table.family.0,
        stat: stat(e),
        segment: e.place.clone(),
        value: Some(now),
        unit: e.table.family.0.row().unit.to_owned(),
        n: e.acc.n.round(),
        baseline: Some(base),
        basis: table.and_then(|t| Basis::of_scope(t, &e.scope)),
        test: e.line.as_ref().map_or(by_change, |(_, test)| test.clone()),
        text: format!("{} in {}{}", line(store, e), e.place, samples(e)),
    }
}

/// What speaks for the case.
pub fn evidence_for(store: &Store, live: &Live) -> Vec<String> {
    let mut out: Vec<String> = live
        .effects
        .iter()
        .filter(|e| e.until.is_none())
        .map(|e| {
            let n = if e.acc.n >= 1.0 && !is_visit_loss(e) {
                format!(", {:.0} samples", e.acc.n)
            } else {
                String::new()
            };
            format!("{} in {}{n}, {:.0} nats", line(store, e), e.place, e.nats.min(MOST_NATS))
        })
        .collect();
    for t in &live.troubles {
        out.push(format!("{} checks: {}", t.journey, t.text));
    }
    out.extend(live.joins.iter().map(|why| format!("belongs to it: {why}")));
    if let Some(b) = &live.blind {
        out.extend(b.sources.iter().map(|(name, at)| format!("{name} tells nothing since {at}")));
    }
    out.extend(live.flaw.iter().map(|f| format!("{}, first at {}", f.text, f.since)));
    out
}

/// What speaks against it, or for a smaller one.
pub fn evidence_against(store: &Store, live: &Live) -> Vec<String> {
    let mut out = Vec::new();
    for e in live.effects.iter().filter(|e| e.until.is_some()) {
        out.push(format!("{} in {} is over", line(store, e), e.place));
    }
    for e in live.effects.iter().filter(|e| e.until.is_none() && e.good > 1.0) {
        out.push(format!("the last minutes of {} in {} look normal", label(e), e.place));
    }
    for e in &live.effects {
        let marks = store.marks.get(&e.table).map(|m| m.any.names());
        if let Some(names) = marks.filter(|n| !n.is_empty()) {
            let names = names.join(", ").replace('_', " ");
            out.push(format!("{} rests on doubtful records: {names}", label(e)));
        }
    }
    if live.troubles.iter().any(|t| t.over) {
        out.push("checks pass again".to_owned());
    }
    out
}

/// ` (1240 samples)`; counts of events have none.
fn samples(e: &Effect) -> String {
    let counted = e.acc.n > 0.0 && !is_visit_loss(e);
    if counted { format!(" ({:.0} samples)", e.acc.n) } else { String::new() }
}
