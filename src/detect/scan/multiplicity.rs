//! Where the line is lower: places of a kind that are few, places that name what just came, places
//! that a change has just touched. Each is a share of all the chances to be fooled, in nats.

use super::scene::SearchScene;
use super::sweep;
use crate::detect::cube::cuboid::Cuboid;
use crate::detect::cube::place;
use crate::detect::evidence::stat::HarmEvidence;
use crate::domain::change::{Change, ChangeKind, ChangeStatus};
use crate::domain::segment::{Dim, Scope};
use crate::domain::time::{Span, Timestamp};
use crate::policy::services::same;

/// Nats that a place which names a release or an experiment's arm is spared: something just changed
/// there.
const NEWCOMER: f64 = 4.0;
/// Nats that a window which begins with a change is spared where the change reaches: of all windows
/// of a day about one in a hundred does.
const CHANGED: f64 = 4.0;
/// The same where nobody tells what the change reaches: it may be anywhere.
const SOMEWHERE: f64 = 2.0;
/// Changes a day up to which this holds; more of them are more windows.
const USUAL: f64 = 3.0;
/// Harm begins this long after a change at most.
const DELAY: Span = Span::from_mins(15);

/// Nats that a place is spared of the line.
pub fn credit(
    scene: &SearchScene<'_>,
    cuboid: &Cuboid,
    found: &Scope,
    length: i64,
    ev: HarmEvidence,
) -> f64 {
    let dims: Vec<Dim> = found.dims.keys().copied().collect();
    let few = sweep::scarcity_credit(cuboid.group(cuboid.mask_for(&dims)).len());
    let came = [Dim::Release, Dim::Cohort].iter().any(|d| found.dims.contains_key(d));
    let place = place::of_scope(&scene.settings.policy, cuboid.key.family, found);
    let changed = changed(scene, cuboid, &place, cuboid.rolled.saturating_sub(length - 1));
    let new = if came { changed.max(NEWCOMER) } else { changed };
    few.max(new * by_chance(ev))
}

/// The share of the evidence in which chance is to be ruled out, not drift from day to day.
fn by_chance(ev: HarmEvidence) -> f64 {
    if ev.loc > 0.0 { (ev.nats / ev.loc).min(1.0) } else { 0.0 }
}

/// What a place is spared because a change reached it just when the window begins.
fn changed(scene: &SearchScene<'_>, cuboid: &Cuboid, place: &Scope, first: i64) -> f64 {
    let cube = scene.cube;
    let (start, now) = (cube.start_of(first), cube.end_of(cuboid.rolled));
    let day = now.minus(Span::from_hours(24));
    let mut count = 0.0;
    let mut most: f64 = 0.0;
    for change in scene.changes.values().filter(|c| counts(c)) {
        for at in begins(change).filter(|at| *at > day && *at <= now) {
            count += 1.0;
            let slack = Span::from_millis((now.since(at).millis() / 4).max(DELAY.millis()));
            let near = start >= at.minus(cube.bucket) && start <= at.plus(slack);
            if near && change.share_at(now) > 0.0 {
                most = most.max(reach(cuboid, place, change));
            }
        }
    }
    (most - (count / USUAL).max(1.0).ln()).max(0.0)
}

fn counts(c: &Change) -> bool {
    let live =
        !matches!(c.status, ChangeStatus::Queued | ChangeStatus::Failed | ChangeStatus::Cancelled);
    live && !c.ran_before
        && !matches!(c.kind, ChangeKind::Campaign | ChangeKind::Rollback | ChangeKind::Provider)
}

/// The instants at which a change reached more shoppers.
fn begins(c: &Change) -> impl Iterator<Item = Timestamp> {
    let whole = c.stages.is_empty().then(|| c.effective_at());
    c.stages.iter().map(|s| s.at).chain(whole)
}

/// Does a change reach a place? A cut without templates cannot say; one of services can.
fn reach(cuboid: &Cuboid, place: &Scope, change: &Change) -> f64 {
    if let Some(services) = place.dims.get(&Dim::Service) {
        let own = services.iter().all(|s| same(s, &change.service));
        return if own { CHANGED } else { 0.0 };
    }
    if change.templates.is_empty() {
        return SOMEWHERE;
    }
    match place::templates(place) {
        Some(mut t) => {
            if t.all(|t| change.templates.contains(t)) {
                CHANGED
            } else {
                0.0
            }
        }
        None if cuboid.key.dims.contains(&Dim::Template) => 0.0,
        None => SOMEWHERE,
    }
}
