//! When learning happens: at the start, at each full hour, when history arrives; never from hours
//! in which an incident is open or work was announced.

use std::collections::BTreeSet;

use super::dispersion::taught;
use super::{dispersion, exclusions};
use crate::detect::baseline::profile::Past;
use crate::detect::cube::changes::Changes;
use crate::detect::cube::cuboid::{Cuboid, Leaf, Muted};
use crate::detect::cube::key::Family;
use crate::detect::cube::settings::{Exclusion, Settings};
use crate::detect::cube::store::Cube;
use crate::detect::cube::{derived, place};
use crate::detect::evidence::stat::{Likelihood, Moments};
use crate::domain::segment::{Scope, Segment};
use crate::policy::judging::Policy;

/// What was learnt when.
#[derive(Clone, Debug, Default)]
pub struct Schedule {
    pub history_changed: bool,
    hour: Option<i64>,
    day: Option<i64>,
}

/// A family that something is or was wrong with, and the bucket at which that case closed.
#[derive(Clone, Copy, Debug)]
pub struct Hurt {
    pub family: Family,
    pub likelihood: Likelihood,
    pub closed: Option<i64>,
}

/// What is learnt from, and what must be left out of it.
pub struct Lesson<'a> {
    pub cube: &'a mut Cube,
    pub schedule: &'a mut Schedule,
    pub settings: &'a Settings,
    pub changes: &'a Changes,
    /// Incidents that the journal remembers.
    pub unusual: &'a [Exclusion],
    pub hurt: Vec<Hurt>,
}

/// Until so many hours are known profiles are learnt anew each hour, later every few hours.
const YOUNG_HOURS: usize = 72;
const RELEARN_HOURS: i64 = 6;

/// Live minutes that must have passed before a level is learnt from them, and the newest ones
/// left out because something may just be going wrong.
const LIVE_MINUTES: i64 = 20;
const GUARD_MINUTES: i64 = 10;

/// Brings profiles and calibrations up to date for judging `bucket`.
pub fn step(lesson: &mut Lesson<'_>, bucket: i64) {
    let per_hour = (3_600_000 / lesson.cube.bucket.millis()).max(1);
    let hour = bucket.div_euclid(per_hour);
    let day = hour.div_euclid(24);
    mute(lesson);
    let mut changed = lesson.schedule.history_changed;
    for cuboid in lesson.cube.cuboids.values_mut() {
        changed |= cuboid.settle();
    }
    if lesson.schedule.history_changed {
        exclusions::forget(lesson.cube, lesson.settings, lesson.changes, lesson.unusual);
        derived::history(lesson.cube);
        lesson.cube.cuboids.values_mut().for_each(|t| {
            t.settle();
        });
    }
    if lesson.schedule.hour.is_some_and(|h| h < hour) {
        if lesson.schedule.hour.is_some_and(|h| h.div_euclid(24) < day) {
            changed |= evict(lesson, hour, bucket);
        }
        fold(lesson, hour - 1, per_hour);
        let hours = lesson.cube.cuboids.values().map(|t| t.hours.len()).max().unwrap_or(0);
        changed |= hours < YOUNG_HOURS || hour % RELEARN_HOURS == 0;
        if !changed {
            newcomers(lesson);
        }
    }
    if changed {
        profiles(lesson);
    }
    // a past that comes in pieces is learnt from again with each: the first may be a day alone
    if changed && (lesson.schedule.history_changed || lesson.schedule.day != Some(day)) {
        lesson.cube.cuboids.values_mut().for_each(dispersion::calibrate);
        lesson.schedule.day = Some(day);
    }
    if changed {
        let keys: Vec<_> = lesson.cube.cuboids.keys().cloned().collect();
        for key in &keys {
            borrow_calibration(lesson.cube, key);
        }
    }
    from_live(lesson, bucket);
    lesson.schedule.history_changed = false;
    lesson.schedule.hour = Some(hour);
}

/// Once a day: leaves that nobody was seen in for long go.
fn evict(lesson: &mut Lesson<'_>, hour: i64, bucket: i64) -> bool {
    let Ok(hour) = i32::try_from(hour) else { return false };
    lesson.cube.histograms.prune(bucket);
    lesson.cube.cuboids.values_mut().filter_map(|t| t.evict(hour).then_some(())).count() > 0
}

/// A cut without history takes from its closest sibling how much it scatters.
fn borrow_calibration(
    cube: &mut crate::detect::cube::store::Cube,
    key: &crate::detect::cube::key::CuboidKey,
) {
    let Some(cuboid) = cube.cuboids.get(key).filter(|t| t.dispersion.is_empty() || t.borrowed)
    else {
        return;
    };
    let siblings = cube.family(key.family).filter(|t| !t.dispersion.is_empty() && !t.borrowed);
    let same = |t: &&Cuboid| t.key.source == key.source;
    let close = |t: &&Cuboid| t.key.dims.iter().filter(|d| key.dims.contains(d)).count();
    let Some(sibling) = siblings.max_by_key(|t| (same(t), close(t))) else { return };
    let strange = !same(&sibling);
    let full = sibling.mask_for(&sibling.key.dims);
    let dispersion = cuboid.slice.iter().map(|c| {
        let dims: Vec<_> = c.seg.dims().map(|(d, _)| d).collect();
        let mask = sibling.mask_for(&dims);
        let found = sibling.dispersion.get(&mask).or_else(|| sibling.dispersion.get(&full));
        (c.mask, found.map(|c| if strange { c.doubted() } else { *c }))
    });
    let dispersion: Vec<_> = dispersion.filter_map(|(m, c)| Some((m, c?))).collect();
    if let Some(cuboid) = cube.cuboids.get_mut(key) {
        cuboid.dispersion.extend(dispersion);
        cuboid.borrowed = true;
    }
}

fn mute(lesson: &mut Lesson<'_>) {
    let bucket = lesson.cube.bucket;
    let Lesson { cube, settings, .. } = lesson;
    let ranges: Vec<(i64, i64, &Scope)> = settings
        .maintenance
        .iter()
        .map(|m| (cube.bucket_of(m.start), cube.bucket_of(m.end.plus(bucket)), &m.scope))
        .collect();
    if ranges.is_empty() && cube.cuboids.values().all(|t| t.muted.is_empty()) {
        return;
    }
    for cuboid in cube.cuboids.values_mut() {
        let muted = ranges.iter().map(|(from, to, scope)| {
            let only = (!scope.dims.is_empty()).then(|| worked_on(cuboid, &settings.policy, scope));
            Muted { from: *from, to: *to, only }
        });
        let muted: Vec<Muted> = muted.collect();
        if cuboid.muted != muted {
            cuboid.muted = muted;
            cuboid.touched = true;
        }
    }
}

/// The leaves whose place lies inside the announced scope.
fn worked_on(cuboid: &Cuboid, policy: &Policy, scope: &Scope) -> BTreeSet<Segment> {
    let place = |l: &Leaf| place::of_segment(policy, cuboid.key.family, &l.seg);
    let leaves = cuboid.leaves.iter().filter(|l| place::within(&place(l), scope));
    leaves.map(|l| l.seg.clone()).collect()
}

fn profiles(lesson: &mut Lesson<'_>) {
    let families = lesson.cube.families();
    learn_families(lesson, &families, true);
}

/// Places that came later than their cut are not judged until they have shown what is usual there:
/// that need not wait for the hour in which all is learnt anew.
fn newcomers(lesson: &mut Lesson<'_>) {
    let told = |t: &Cuboid, l: &Leaf| l.hist.last().is_some_and(|h| t.sampled(h.raw));
    let new = |t: &&Cuboid| t.leaves.iter().any(|l| l.prof.past == Past::None && told(t, l));
    let families: BTreeSet<_> =
        lesson.cube.cuboids.values().filter(new).map(|t| t.key.family).collect();
    learn_families(lesson, &families, false);
}

fn learn_families<'a>(
    lesson: &mut Lesson<'_>,
    families: impl IntoIterator<Item = &'a Family>,
    all: bool,
) {
    for family in families {
        let family = *family;
        let cuboids: Vec<&Cuboid> = lesson.cube.family(family).collect();
        let leant: Vec<_> =
            cuboids.iter().map(|t| (t.key.clone(), dispersion::ancestors(t, &cuboids))).collect();
        for (key, ancestors) in leant {
            if let Some(cuboid) = lesson.cube.cuboids.get_mut(&key) {
                dispersion::learn(cuboid, &ancestors, all);
                cuboid.touched = true;
            }
        }
    }
}

/// Tables without an hour of history learn a level from the live minutes, while nothing is wrong.
fn from_live(lesson: &mut Lesson<'_>, bucket: i64) {
    let minutes = |m: i64| m * 60_000 / lesson.cube.bucket.millis();
    let (need, guard) = (minutes(LIVE_MINUTES).max(3), minutes(GUARD_MINUTES).max(1));
    let open = lesson.hurt.iter().filter(|h| h.closed.is_none());
    let families: Vec<_> = open.map(|h| h.family).collect();
    for cuboid in lesson.cube.cuboids.values_mut() {
        if taught(cuboid) || families.contains(&cuboid.key.family) {
            continue;
        }
        let seen = (cuboid.oldest()..=bucket - guard).filter(|b| cuboid.delivered(*b)).count();
        let least = usize::try_from(need - guard.min(need - 1)).unwrap_or(3).max(3);
        if seen >= least {
            let seen = bucket - guard - i64::try_from(least).unwrap_or(3) + 1;
            dispersion::learn_live(cuboid, bucket - guard, seen);
            cuboid.touched = true;
        }
    }
}

/// Adds a finished live hour to history, where nothing was wrong.
fn fold(lesson: &mut Lesson<'_>, hour: i64, per_hour: i64) {
    let Ok(hour32) = i32::try_from(hour) else { return };
    let hurt = lesson.hurt.iter().filter(|h| h.closed.is_none_or(|c| c >= hour * per_hour));
    let open: Vec<Hurt> = hurt.copied().collect();
    let counts_hurt =
        open.iter().any(|h| matches!(h.likelihood, Likelihood::Conversion | Likelihood::Poisson));
    let planned: Vec<_> = exclusions::planned(lesson.settings, lesson.changes).collect();
    let Lesson { cube, settings, .. } = lesson;
    for cuboid in cube.cuboids.values_mut() {
        let hurt = open.iter().any(|h| h.family == cuboid.key.family);
        let event = exclusions::skips(settings, &planned, cuboid, hour32);
        if hurt || event || counts_hurt && cuboid.timed() {
            continue;
        }
        let (rows, minutes) = hour_rows(cuboid, hour * per_hour, per_hour);
        if minutes != 0 {
            for (seg, raw) in rows {
                cuboid.put_hour(&seg, hour32, minutes, raw);
            }
        }
    }
}

fn hour_rows(cuboid: &Cuboid, first: i64, per_hour: i64) -> (Vec<(Segment, Moments)>, u64) {
    let muted =
        |b: i64| !cuboid.muted.is_empty() && cuboid.leaves.iter().any(|l| cuboid.is_muted(l, b));
    let usable = |b: &i64| cuboid.delivered(*b) && !muted(*b);
    let mut minutes = 0_u64;
    for bucket in (first..first + per_hour).filter(usable) {
        let width = (60 / per_hour.clamp(1, 60)).max(1);
        let from = ((bucket - first) * 60 / per_hour).clamp(0, 59);
        minutes |= (((1_u64 << width.min(60)) - 1) << from) & ((1 << 60) - 1);
    }
    let rows = cuboid.leaves.iter().map(|leaf| {
        let mut sum = Moments::default();
        for raw in (first..first + per_hour).filter(usable).filter_map(|b| cuboid.raw(leaf, b)) {
            sum.count += raw.count;
            sum.sum += raw.sum;
            sum.sum_sq += raw.sum_sq;
        }
        (leaf.seg.clone(), sum)
    });
    (rows.collect(), minutes)
}
