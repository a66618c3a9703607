//! The last step of every poll: personal data is taken out of each field that may reach a screen
//! or the journal, and named by field, never by value. Clocks that are off are told too.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::change::Change;
use crate::domain::check::{Check, CheckOutcome};
use crate::domain::flaw::Flaw;
use crate::domain::histogram::Histogram;
use crate::domain::metric::Metric;
use crate::domain::observation::{Observation, Value, Window};
use crate::domain::segment::{Dim, DimValue, Segment};
use crate::domain::text::{Personal, redacted};

use super::harvest::Harvest;

/// What was found, by field.
type FoundPersonal = BTreeSet<(&'static str, Personal)>;

/// Redacts a harvest in place and writes down its flaws.
pub fn harvest(h: &mut Harvest) {
    let mut found = FoundPersonal::new();
    observations(&mut h.observations, &mut found);
    for check in &mut h.checks {
        clean_check(check, &mut found);
    }
    for change in &mut h.changes {
        clean_change(change, &mut found);
    }
    for note in &mut h.notes {
        text(note, "note of the source", &mut found);
    }
    let personal =
        |(field, what): (&'static str, Personal)| Flaw::Personal { field, what: what.words() };
    h.flaws.extend(found.into_iter().map(personal));
    h.flaws.extend(h.skew.map(Flaw::Clock));
}

fn text(value: &mut String, field: &'static str, found: &mut FoundPersonal) {
    if let Some((clean, kinds)) = redacted(value) {
        *value = clean;
        found.extend(kinds.into_iter().map(|kind| (field, kind)));
    }
}

fn clean_check(check: &mut Check, found: &mut FoundPersonal) {
    let mut journey = check.journey.as_str().to_owned();
    text(&mut journey, "journey of a check", found);
    if journey != check.journey.as_str() {
        check.journey = journey.as_str().into();
    }
    text(&mut check.location, "location of a check", found);
    text(&mut check.message, "message of a check", found);
    if let CheckOutcome::Fail(kind) = &mut check.outcome {
        text(kind, "failure of a check", found);
    }
}

/// The author stays: it is a colleague whom the on-call person may have to ask, not a shopper.
fn clean_change(change: &mut Change, found: &mut FoundPersonal) {
    let mut id = change.id.as_str().to_owned();
    text(&mut id, "name of a change", found);
    if id != change.id.as_str() {
        change.id = id.as_str().into();
    }
    if let Some((clean, _)) = change.previous.as_ref().and_then(|p| redacted(p.as_str())) {
        change.previous = Some(clean.as_str().into());
    }
    text(&mut change.version, "name of a change", found);
    text(&mut change.service, "service of a change", found);
    text(&mut change.environment, "environment of a change", found);
    text(&mut change.url, "address of a change", found);
    if change.templates.iter().any(|t| redacted(t).is_some()) {
        let clean = |mut t: String| {
            text(&mut t, "template", found);
            t
        };
        change.templates = std::mem::take(&mut change.templates).into_iter().map(clean).collect();
    }
}

/// Values of dimensions. Segments that become one by it are added up, so that nothing is lost.
fn observations(rows: &mut Vec<Observation>, found: &mut FoundPersonal) {
    let mut touched = false;
    for o in rows.iter_mut() {
        let hits = o.segment.dims().filter_map(|(dim, v)| Some((dim, redacted(v.as_str())?)));
        let hits: Vec<(Dim, (String, Vec<Personal>))> = hits.collect();
        for (dim, (clean, kinds)) in hits {
            o.segment.set(dim, DimValue::from_label(&clean));
            found.extend(kinds.into_iter().map(|kind| (dim.name(), kind)));
            touched = true;
        }
    }
    if touched {
        *rows = merged(std::mem::take(rows));
    }
}

fn merged(rows: Vec<Observation>) -> Vec<Observation> {
    let mut out: Vec<Observation> = Vec::with_capacity(rows.len());
    let mut at: BTreeMap<(Metric, Segment, Window), usize> = BTreeMap::new();
    for row in rows {
        let key = (row.metric, row.segment.clone(), row.window);
        if let Some(old) = at.get(&key).and_then(|i| out.get_mut(*i)) {
            old.value = together(&old.value, row.value);
            old.quality = old.quality.or(row.quality);
        } else {
            at.insert(key, out.len());
            out.push(row);
        }
    }
    out
}

fn together(old: &Value, new: Value) -> Value {
    match (old, new) {
        (Value::Count(a), Value::Count(b)) => Value::Count(a + b),
        (Value::Ratio { hits: a, trials: n }, Value::Ratio { hits: b, trials: m }) => {
            Value::Ratio { hits: a + b, trials: n + m }
        }
        (Value::Dist(a), Value::Dist(b)) if a.bounds == b.bounds => {
            let counts = a.counts.iter().zip(&b.counts).map(|(x, y)| x + y).collect();
            Value::Dist(Histogram::new(b.bounds, counts))
        }
        // Readings cannot be added; what has no number gives way.
        (Value::Gauge(_) | Value::Count(_) | Value::Ratio { .. }, Value::Missing(_)) => old.clone(),
        (_, new) => new,
    }
}

#[cfg(test)]
mod tests;
