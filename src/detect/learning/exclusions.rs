//! What is not usual is not learnt: announced work, events and campaigns, and the incidents the
//! journal remembers. Which hours go, and nothing else; what is learnt from the rest is in `learn`.

use std::collections::BTreeSet;

use crate::detect::cube::changes::Changes;
use crate::detect::cube::cuboid::Cuboid;
use crate::detect::cube::place;
use crate::detect::cube::settings::{Exclusion, Settings};
use crate::detect::cube::store::Cube;
use crate::detect::evidence::stat::{Likelihood, likelihood_of};
use crate::domain::change::ChangeKind;
use crate::domain::time::{Span, Timestamp};

/// What lasts longer than this is the new usual.
const NEW_USUAL: Span = Span::from_days(7);
const HOUR_MS: i64 = 3_600_000;

/// Takes unusual hours out of history, before anything is learnt from it.
pub fn forget(cube: &mut Cube, settings: &Settings, changes: &Changes, told: &[Exclusion]) {
    let planned: Vec<Exclusion> = planned(settings, changes).filter(short).collect();
    let wrong: Vec<Exclusion> = told.iter().filter(|u| short(u)).cloned().collect();
    if planned.is_empty() && wrong.is_empty() {
        return;
    }
    for cuboid in cube.cuboids.values_mut() {
        let gone = gone(cuboid, settings, &planned, &wrong);
        if !gone.is_empty() {
            cuboid.forget_hours(&gone);
        }
    }
}

/// A live hour of a cuboid that an event or a campaign makes unusual, when other days have taught
/// that hour already.
pub fn skips(settings: &Settings, planned: &[Exclusion], cuboid: &Cuboid, hour: i32) -> bool {
    let here = |u: &Exclusion| hours(u).contains(&hour) && short(u) && touches(settings, cuboid, u);
    let taught = || cuboid.hours.keys().any(|h| h.rem_euclid(24) == hour.rem_euclid(24));
    planned.iter().any(here) && taught()
}

/// Work, events and campaigns with a known end.
pub fn planned(settings: &Settings, changes: &Changes) -> impl Iterator<Item = Exclusion> {
    let work = settings.maintenance.iter().map(|m| Exclusion {
        start: m.start,
        end: m.end,
        metrics: Vec::new(),
        scope: m.scope.clone(),
    });
    let events = settings.events.iter().map(|e| Exclusion::everything(e.start, e.end));
    let campaigns = changes.values().filter(|c| c.kind == ChangeKind::Campaign);
    let campaigns = campaigns.filter_map(|c| {
        let (start, end) = (c.effective_at(), c.finished_at?);
        (end > start).then(|| Exclusion::everything(start, end))
    });
    work.chain(events).chain(campaigns)
}

/// The announced event that is on at an instant.
pub fn announced(settings: &Settings, at: Timestamp) -> Option<&str> {
    let on = settings.events.iter().find(|e| e.start <= at && at < e.end);
    on.map(|e| e.name.as_str())
}

fn short(u: &Exclusion) -> bool {
    u.end > u.start && u.end.since(u.start) <= NEW_USUAL
}

fn hours(u: &Exclusion) -> std::ops::RangeInclusive<i32> {
    let hour = |t: Timestamp| t.millis().div_euclid(HOUR_MS).clamp(0, i32::MAX.into()) as i32;
    hour(u.start)..=hour(u.end.minus(Span::from_millis(1)))
}

/// The cuboid's numbers are part of it. A step's trouble is in the counts that it is made of.
fn touches(settings: &Settings, cuboid: &Cuboid, u: &Exclusion) -> bool {
    let counted =
        |likelihood: Likelihood| matches!(likelihood, Likelihood::Conversion | Likelihood::Poisson);
    let metric = u.metrics.is_empty()
        || u.metrics.contains(&cuboid.key.family.0)
        || cuboid.timed() && u.metrics.iter().any(|m| counted(likelihood_of(*m).0));
    let here = |l: &crate::detect::cube::cuboid::Leaf| {
        let place = place::of_segment(&settings.policy, cuboid.key.family, &l.seg);
        place::within(&place, &u.scope)
    };
    metric && (u.scope.dims.is_empty() || cuboid.leaves.iter().any(here))
}

/// Planned hours stay where no other day has that hour; the hours of an incident never do.
fn gone(
    cuboid: &Cuboid,
    settings: &Settings,
    planned: &[Exclusion],
    wrong: &[Exclusion],
) -> BTreeSet<i32> {
    let of = |all: &[Exclusion]| {
        let mine = all.iter().filter(|u| touches(settings, cuboid, u));
        let hours = mine.flat_map(|u| cuboid.hours.range(hours(u)).map(|(hour, _)| *hour));
        hours.collect::<BTreeSet<i32>>()
    };
    let (mut out, wrong) = (of(planned), of(wrong));
    let kept = cuboid.hours.keys().filter(|h| !out.contains(h) && !wrong.contains(h));
    let known: BTreeSet<i32> = kept.map(|h| h.rem_euclid(24)).collect();
    out.retain(|h| known.contains(&h.rem_euclid(24)));
    out.extend(wrong);
    out
}
