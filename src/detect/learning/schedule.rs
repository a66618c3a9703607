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
    pub shape: Likelihood,
    pub closed: Option<i64>,
}

/// What is learnt from, and what must be left out of it.
pub struct Lesson<'a> {
    pub store: &'a mut Cube,
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
    let per_hour = (3_600_000 / lesson.store.bucket.millis()).max(1);
    let hour = bucket.div_euclid(per_hour);
    let day = hour.div_euclid(24);
    mute(lesson);
    let mut changed = lesson.schedule.history_changed;
    for table in lesson.store.tables.values_mut() {
        changed |= table.settle();
    }
    if lesson.schedule.history_changed {
        exclusions::forget(lesson.store, lesson.settings, lesson.changes, lesson.unusual);
        derived::history(lesson.store);
        lesson.store.tables.values_mut().for_each(|t| {
            t.settle();
        });
    }
    if lesson.schedule.hour.is_some_and(|h| h < hour) {
        if lesson.schedule.hour.is_some_and(|h| h.div_euclid(24) < day) {
            changed |= evict(lesson, hour, bucket);
        }
        fold(lesson, hour - 1, per_hour);
        let hours = lesson.store.tables.values().map(|t| t.hours.len()).max().unwrap_or(0);
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
        lesson.store.tables.values_mut().for_each(dispersion::calibrate);
        lesson.schedule.day = Some(day);
    }
    if changed {
        let keys: Vec<_> = lesson.store.tables.keys().cloned().collect();
        for key in &keys {
            borrow_calibration(lesson.store, key);
        }
    }
    from_live(lesson, bucket);
    lesson.schedule.history_changed = false;
    lesson.schedule.hour = Some(hour);
}

/// Once a day: leaves that nobody was seen in for long go.
fn evict(lesson: &mut Lesson<'_>, hour: i64, bucket: i64) -> bool {
    let Ok(hour) = i32::try_from(hour) else { return false };
    lesson.store.hists.prune(bucket);
    lesson.store.tables.values_mut().filter_map(|t| t.evict(hour).then_some(())).count() > 0
}

/// A cut without history takes from its closest sibling how much it scatters.
fn borrow_calibration(
    store: &mut crate::detect::cube::store::Cube,
    key: &crate::detect::cube::key::CuboidKey,
) {
    let Some(table) = store.tables.get(key).filter(|t| t.calib.is_empty() || t.borrowed) else {
        return;
    };
    let siblings = store.family(key.family).filter(|t| !t.calib.is_empty() && !t.borrowed);
    let same = |t: &&Cuboid| t.key.source == key.source;
    let close = |t: &&Cuboid| t.key.dims.iter().filter(|d| key.dims.contains(d)).count();
    let Some(sibling) = siblings.max_by_key(|t| (same(t), close(t))) else { return };
    let strange = !same(&sibling);
    let full = sibling.mask_for(&sibling.key.dims);
    let calib = table.conj.iter().map(|c| {
        let dims: Vec<_> = c.seg.dims().map(|(d, _)| d).collect();
        let mask = sibling.mask_for(&dims);
        let found = sibling.calib.get(&mask).or_else(|| sibling.calib.get(&full));
        (c.mask, found.map(|c| if strange { c.doubted() } else { *c }))
    });
    let calib: Vec<_> = calib.filter_map(|(m, c)| Some((m, c?))).collect();
    if let Some(table) = store.tables.get_mut(key) {
        table.calib.extend(calib);
        table.borrowed = true;
    }
}

fn mute(lesson: &mut Lesson<'_>) {
    let bucket = lesson.store.bucket;
    let Lesson { store, settings, .. } = lesson;
    let ranges: Vec<(i64, i64, &Scope)> = settings
        .maintenance
        .iter()
        .map(|m| (store.bucket_of(m.start), store.bucket_of(m.end.plus(bucket)), &m.scope))
        .collect();
    if ranges.is_empty() && store.tables.values().all(|t| t.muted.is_empty()) {
        return;
    }
    for table in store.tables.values_mut() {
        let muted = ranges.iter().map(|(from, to, scope)| {
            let only = (!scope.dims.is_empty()).then(|| worked_on(table, &settings.policy, scope));
            Muted { from: *from, to: *to, only }
        });
        let muted: Vec<Muted> = muted.collect();
        if table.muted != muted {
            table.muted = muted;
            table.touched = true;
        }
    }
}

/// The leaves whose place lies inside the announced scope.
fn worked_on(table: &Cuboid, policy: &Policy, scope: &Scope) -> BTreeSet<Segment> {
    let place = |l: &Leaf| place::of_segment(policy, table.key.family, &l.seg);
    let leaves = table.leaves.iter().filter(|l| place::within(&place(l), scope));
    leaves.map(|l| l.seg.clone()).collect()
}

fn profiles(lesson: &mut Lesson<'_>) {
    let families = lesson.store.families();
    learn_families(lesson, &families, true);
}

/// Places that came later than their cut are not judged until they have shown what is usual there:
/// that need not wait for the hour in which all is learnt anew.
fn newcomers(lesson: &mut Lesson<'_>) {
    let told = |t: &Cuboid, l: &Leaf| l.hist.last().is_some_and(|h| t.sampled(h.raw));
    let new = |t: &&Cuboid| t.leaves.iter().any(|l| l.prof.past == Past::None && told(t, l));
    let families: BTreeSet<_> =
        lesson.store.tables.values().filter(new).map(|t| t.key.family).collect();
    learn_families(lesson, &families, false);
}

fn learn_families<'a>(
    lesson: &mut Lesson<'_>,
    families: impl IntoIterator<Item = &'a Family>,
    all: bool,
) {
    for family in families {
        let family = *family;
        let tables: Vec<&Cuboid> = lesson.store.family(family).collect();
        let leant: Vec<_> =
            tables.iter().map(|t| (t.key.clone(), dispersion::ancestors(t, &tables))).collect();
        for (key, ancestors) in leant {
            if let Some(table) = lesson.store.tables.get_mut(&key) {
                dispersion::learn(table, &ancestors, all);
                table.touched = true;
            }
        }
    }
}

/// Tables without an hour of history learn a level from the live minutes, while nothing is wrong.
fn from_live(lesson: &mut Lesson<'_>, bucket: i64) {
    let minutes = |m: i64| m * 60_000 / lesson.store.bucket.millis();
    let (need, guard) = (minutes(LIVE_MINUTES).max(3), minutes(GUARD_MINUTES).max(1));
    let open = lesson.hurt.iter().filter(|h| h.closed.is_none());
    let families: Vec<_> = open.map(|h| h.family).collect();
    for table in lesson.store.tables.values_mut() {
        if taught(table) || families.contains(&table.key.family) {
            continue;
        }
        let seen = (table.oldest()..=bucket - guard).filter(|b| table.delivered(*b)).count();
        let least = usize::try_from(need - guard.min(need - 1)).unwrap_or(3).max(3);
        if seen >= least {
            let seen = bucket - guard - i64::try_from(least).unwrap_or(3) + 1;
            dispersion::learn_live(table, bucket - guard, seen);
            table.touched = true;
        }
    }
}

/// Adds a finished live hour to history, where nothing was wrong.
fn fold(lesson: &mut Lesson<'_>, hour: i64, per_hour: i64) {
    let Ok(hour32) = i32::try_from(hour) else { return };
    let hurt = lesson.hurt.iter().filter(|h| h.closed.is_none_or(|c| c >= hour * per_hour));
    let open: Vec<Hurt> = hurt.copied().collect();
    let counts_hurt =
        open.iter().any(|h| matches!(h.shape, Likelihood::Conversion | Likelihood::Poisson));
    let planned: Vec<_> = exclusions::planned(lesson.settings, lesson.changes).collect();
    let Lesson { store, settings, .. } = lesson;
    for table in store.tables.values_mut() {
        let hurt = open.iter().any(|h| h.family == table.key.family);
        let event = exclusions::skips(settings, &planned, table, hour32);
        if hurt || event || counts_hurt && table.timed() {
            continue;
        }
        let (rows, minutes) = hour_rows(table, hour * per_hour, per_hour);
        if minutes != 0 {
            for (seg, raw) in rows {
                table.put_hour(&seg, hour32, minutes, raw);
            }
        }
    }
}

fn hour_rows(table: &Cuboid, first: i64, per_hour: i64) -> (Vec<(Segment, Moments)>, u64) {
    let muted =
        |b: i64| !table.muted.is_empty() && table.leaves.iter().any(|l| table.is_muted(l, b));
    let usable = |b: &i64| table.delivered(*b) && !muted(*b);
    let mut minutes = 0_u64;
    for bucket in (first..first + per_hour).filter(usable) {
        let width = (60 / per_hour.clamp(1, 60)).max(1);
        let from = ((bucket - first) * 60 / per_hour).clamp(0, 59);
        minutes |= (((1_u64 << width.min(60)) - 1) << from) & ((1 << 60) - 1);
    }
    let rows = table.leaves.iter().map(|leaf| {
        let mut sum = Moments::default();
        for raw in (first..first + per_hour).filter(usable).filter_map(|b| table.raw(leaf, b)) {
            sum.n += raw.n;
            sum.s += raw.s;
            sum.q += raw.q;
        }
        (leaf.seg.clone(), sum)
    });
    (rows.collect(), minutes)
}
