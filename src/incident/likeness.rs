//! Which incident a case is about. A watcher knows the keys of its own cases; what another one
//! opened before it is known by onset, place, signs and suspect, each with its best counterpart.
//! Compares only; what follows from it is `reconcile`.

use super::fold::Incident;
use super::tick::{Tick, claimed, keep};
use crate::domain::id::ReleaseId;
use crate::domain::segment::Scope;
use crate::domain::time::Span;
use crate::policy::response::ResponsePolicy;
use crate::verdict::{Case, Class, Confidence, Judgement};

/// From this on two are taken for one.
const LIKE: i32 = 2;
/// Onsets of one harm, found twice, lie so close; or far apart where the later one remembers less.
const ONSET: Span = Span::from_mins(2);
const NEAR: Span = Span::from_mins(10);
const FAR: Span = Span::from_hours(1);

/// For each case the incident that it is about, if there is one.
pub(super) fn pairs<'a>(
    incidents: &'a [Incident],
    judgement: &Judgement,
    policy: &ResponsePolicy,
    tick: Tick,
) -> Vec<Option<&'a Incident>> {
    let own = |case: &Case| {
        let mine = |i: &&Incident| i.case.key == case.key && claimed(i, tick);
        let newest = incidents.iter().filter(mine);
        newest.filter(|i| goes_on(i, case)).max_by_key(|i| (i.is_live(), i.opened_at, &i.id))
    };
    let mut out: Vec<Option<&Incident>> = judgement.cases.iter().map(own).collect();
    let mut scored: Vec<(i32, usize, &Incident)> = Vec::new();
    for (at, case) in judgement.cases.iter().enumerate() {
        if out.get(at).is_some_and(Option::is_some) {
            continue;
        }
        let before = incidents.iter().filter(|i| !claimed(i, tick) && may(i, case, policy, tick));
        scored.extend(before.filter_map(|i| Some((likeness(&i.case, case)?, at, i))));
    }
    scored.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.id.cmp(&b.2.id)));
    for (score, at, incident) in scored {
        let taken = out.iter().flatten().any(|i| i.id == incident.id);
        if let Some(slot @ None) = out.get_mut(at)
            && score >= LIKE
            && !taken
        {
            *slot = Some(incident);
        }
    }
    out
}

/// The case of its key is still the one it is about: one that began after the end is another.
fn goes_on(incident: &Incident, case: &Case) -> bool {
    let ended = incident.cleared_at.filter(|_| !incident.firing && case.firing);
    case.class == Class::Telemetry || ended.is_none_or(|end| case.onset_at <= end)
}

/// An incident of a watcher before this one that a case may be about. A new watcher takes on what
/// fires under any name while it settles, and later by the key alone.
fn may(incident: &Incident, case: &Case, policy: &ResponsePolicy, tick: Tick) -> bool {
    let settled = tick.now.since(tick.watching_since) >= policy.timing.settle;
    let key = incident.case.key == case.key;
    if incident.firing || !case.firing {
        return key || case.firing && incident.is_live() && !settled;
    }
    (key || !settled) && keep(incident, policy, tick.now)
}

/// How alike two cases are; none when they cannot be one.
pub(super) fn likeness(old: &Case, new: &Case) -> Option<i32> {
    let key = old.key == new.key;
    if old.class == Class::Telemetry || new.class == Class::Telemetry {
        let named = |c: &Case| !c.segments.is_empty();
        let here = named(old) && named(new) && place(old, new).is_some();
        return (old.class == new.class && (key || here)).then_some(LIKE + i32::from(key));
    }
    let place = place(old, new)?;
    if !akin(old.class, new.class) || !key && old.journey != new.journey {
        return None;
    }
    let apart = old.onset_at.since(new.onset_at).millis().abs();
    let onset = match apart {
        x if x <= ONSET.millis() => 3,
        x if x <= NEAR.millis() => 2,
        x if x <= FAR.millis() => 1,
        _ => 0,
    };
    let cause = match (likely(old), likely(new)) {
        (Some(a), Some(b)) if a == b => 2,
        (Some(_), Some(_)) => -4,
        (Some(_) | None, None) | (None, Some(_)) => 0,
    };
    let signs = old.findings.iter().any(|f| new.findings.iter().any(|g| f.metric == g.metric));
    Some(place + onset + cause + i32::from(signs) + i32::from(key))
}

/// The suspect, when it is more than a guess.
fn likely(case: &Case) -> Option<&ReleaseId> {
    let sure = matches!(case.suspect.confidence, Confidence::High | Confidence::Medium);
    case.suspect.release.as_ref().filter(|_| sure)
}

/// Equal, one in the other, or touching; everywhere holds all. None where they lie apart.
fn place(old: &Case, new: &Case) -> Option<i32> {
    if old.segments.is_empty() || new.segments.is_empty() {
        return Some(1);
    }
    let pairs = old.segments.iter().flat_map(|a| new.segments.iter().map(move |b| (a, b)));
    pairs.filter_map(|(a, b)| lie(a, b)).max()
}

fn lie(a: &Scope, b: &Scope) -> Option<i32> {
    if !a.overlaps(b) {
        return None;
    }
    let nested = a.is_within(b) || b.is_within(a);
    Some(if a == b { 3 } else { 1 + i32::from(nested) })
}

/// Harm to shoppers may be told by any of its signs first.
fn akin(a: Class, b: Class) -> bool {
    let harm = |class| match class {
        Class::Regression | Class::Availability | Class::Conversion => true,
        Class::Telemetry | Class::Efficiency | Class::Surge => false,
    };
    a == b || harm(a) && harm(b)
}
