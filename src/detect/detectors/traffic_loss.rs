//! A fall of what the shop itself counts: visits, edge requests, orders. Two counts must fall at
//! one coarse place (or one while beacons or checks fail too), below the quietest past day too:
//! nights, ends of campaigns and quiet weekdays are no falls. Where beacons go on it is the
//! counting that fails.

use crate::detect::cube::cuboid::{Cuboid, Slice};
use crate::detect::cube::key::CuboidRole;
use crate::detect::cube::place;
use crate::detect::cube::store::Cube;
use crate::detect::evidence::stat::{Tally, evidence};
use crate::detect::learning::exclusions;
use crate::detect::scan::scene::SearchScene;
use crate::detect::scan::shift::Shift;
use crate::detect::scan::{localise, sweep};
use crate::domain::metric::Metric;
use crate::domain::segment::{Dim, Scope, Segment};
use crate::domain::time::{Span, Timestamp};
use crate::policy::guardrail::{Guardrail, JUDGED_COUNTS};
use crate::verdict::Judged;

/// Windows tried, in minutes.
const WINDOWS: [i64; 6] = [3, 5, 10, 15, 30, 60];
/// Events that must have been expected before their absence says anything.
const LEAST: f64 = 20.0;
/// Nats, and share of the least change, that the count which agrees must show.
const AGREES: f64 = 6.0;
const ALIKE: f64 = 0.6;
/// Share of the least change from which beacons count as gone too.
const GONE: f64 = 0.5;
/// Share that must be gone on an announced day, when few may come or many.
const ANNOUNCED: f64 = 0.85;
/// Days that must be known at this hour, and how many are looked at.
const DAYS: usize = 2;
const BACK: i32 = 14;

/// One count far below its usual at one place.
struct CountFall<'a> {
    cuboid: &'a Cuboid,
    seg: &'a Segment,
    /// Buckets, both ends in.
    span: (i64, i64),
    nats: f64,
    harm: f64,
}

/// Effects of the place that lost its visits, one per count that says so; empty on most days.
pub fn found(scene: &SearchScene<'_>, bucket: i64) -> Vec<Shift> {
    let Some(first) = first_judged(scene, bucket) else { return Vec::new() };
    let mut falls: Vec<CountFall<'_>> = Vec::new();
    for cuboid in counts(scene) {
        let coarse = cuboid.slice.iter().filter(|c| c.mask.count_ones() <= 1 && is_place(&c.seg));
        falls.extend(coarse.filter_map(|slice| fall(scene, cuboid, slice, (first, bucket))));
    }
    let line = scene.settings.policy.detect.sensitivity.nats();
    let sure = falls.iter().filter(|f| f.nats >= line && f.harm >= least(scene, f.cuboid, f.seg));
    let sure = sure.filter(|f| confirmed(scene, f, &falls) && !told_by_beacons(scene, f));
    // The shop before its parts, then what is surest.
    let lead = sure.max_by(|a, b| {
        let whole = |f: &CountFall<'_>| *f.seg == Segment::all();
        whole(a)
            .cmp(&whole(b))
            .then(a.nats.total_cmp(&b.nats))
            .then(b.cuboid.key.cmp(&a.cuboid.key))
    });
    let Some(lead) = lead else { return Vec::new() };
    let mut out = vec![shift(scene, lead, bucket)];
    let others = falls.iter().filter(|f| f.seg == lead.seg);
    for metric in JUDGED_COUNTS.iter().filter(|m| **m != lead.cuboid.key.family.0) {
        let same = others.clone().filter(|f| f.cuboid.key.family.0 == *metric);
        let best = same.max_by(|a, b| a.nats.total_cmp(&b.nats));
        out.extend(best.map(|f| shift(scene, f, bucket)));
    }
    out
}

/// Tables of the counts whose source tells something.
fn counts<'a>(scene: &SearchScene<'a>) -> impl Iterator<Item = &'a Cuboid> {
    let families = JUDGED_COUNTS.iter().flat_map(|m| scene.cube.family((*m, CuboidRole::Plain)));
    families.filter(|t| scene.sees(&t.key.source))
}

/// Places where visits go missing: not a page, a release or an arm, which come and go, and not a
/// kind of advertisement, which is bought.
fn is_place(seg: &Segment) -> bool {
    const NONE: [Dim; 4] = [Dim::Template, Dim::Release, Dim::Cohort, Dim::TrafficSource];
    seg.dims().all(|(d, _)| !NONE.contains(&d))
}

/// The first bucket after the last announced work; `None` while work goes on.
fn first_judged(scene: &SearchScene<'_>, bucket: i64) -> Option<i64> {
    let cube = scene.cube;
    let (start, end) = (cube.start_of(bucket), cube.end_of(bucket));
    let tail = |t: Timestamp| t.plus(cube.bucket);
    let begun = || scene.settings.maintenance.iter().filter(|m| m.start < end);
    if begun().any(|m| start < tail(m.end)) {
        return None;
    }
    Some(begun().map(|m| cube.bucket_of(tail(m.end)) + 1).max().unwrap_or(i64::MIN))
}

fn least(scene: &SearchScene<'_>, cuboid: &Cuboid, seg: &Segment) -> f64 {
    let row = sweep::min_change(&scene.settings.policy, cuboid.key.family, seg);
    let now = scene.cube.start_of(cuboid.rolled);
    let at_least = exclusions::announced(scene.settings, now).map_or(0.0, |_| ANNOUNCED);
    row.map_or(f64::INFINITY, |row| row.max(at_least))
}

/// The window that says most, when it says enough to agree with another count.
fn fall<'a>(
    scene: &SearchScene<'_>,
    cuboid: &'a Cuboid,
    slice: &'a Slice,
    (first, bucket): (i64, i64),
) -> Option<CountFall<'a>> {
    let least = least(scene, cuboid, &slice.seg);
    let length = scene.cube.bucket.millis().max(1);
    let spans = WINDOWS.iter().map(|minutes| {
        let buckets = (Span::from_mins(*minutes).millis() / length).max(1);
        (bucket - buckets + 1, bucket)
    });
    let found = spans.filter(|span| span.0 >= first).filter_map(|span| {
        // What known falls explain is taken out: a case that ended is not opened again.
        let window = cuboid.lengths.iter().position(|l| *l == span.1 - span.0 + 1)?;
        let (acc, ev) = sweep::at(cuboid, &slice.seg, window)?;
        let enough = acc.expected >= LEAST && ev.nats >= AGREES && ev.harm >= ALIKE * least;
        enough.then_some((span, acc, ev))
    });
    let (span, acc, ev) = found.max_by(|a, b| a.2.nats.total_cmp(&b.2.nats))?;
    let told = (span.0..=span.1).filter(|b| cuboid.delivered(*b)).count();
    let minutes = told as f64 * scene.cube.bucket.as_mins_f64();
    let quiet = quietest(cuboid, slice, bucket)?;
    let below = minutes > 0.0 && acc.observed / minutes <= (1.0 - ALIKE * least) * quiet;
    below.then_some(CountFall { cuboid, seg: &slice.seg, span, nats: ev.nats, harm: ev.harm })
}

fn sum(cuboid: &Cuboid, slice: &Slice, span: (i64, i64)) -> Tally {
    let mut sum = Tally::default();
    for leaf in slice.leaves.iter().filter_map(|i| cuboid.leaves.get(*i as usize)) {
        sum.add(&cuboid.acc_over(leaf, span.0, span.1));
    }
    sum
}

/// Events a minute in the quietest past hour around this one of the day; `None` while too few days
/// are known.
fn quietest(cuboid: &Cuboid, slice: &Slice, bucket: i64) -> Option<f64> {
    let hour = i32::try_from(bucket.saturating_mul(cuboid.bucket_ms).div_euclid(3_600_000)).ok()?;
    let days = (1..=BACK).filter_map(|day| {
        let then = hour - 24 * day;
        let rates = (then - 1..=then + 1).filter_map(|h| rate(cuboid, slice, h));
        rates.reduce(f64::min)
    });
    let days: Vec<f64> = days.collect();
    (days.len() >= DAYS).then(|| days.into_iter().fold(f64::INFINITY, f64::min))
}

/// Events a minute in an hour of history, when half of it was told.
fn rate(cuboid: &Cuboid, slice: &Slice, hour: i32) -> Option<f64> {
    let minutes = cuboid.hours.get(&hour)?.count_ones();
    let leaves = slice.leaves.iter().filter_map(|i| cuboid.leaves.get(*i as usize));
    let events = leaves.flat_map(|l| l.hist.iter().filter(|h| h.hour == hour));
    let events: f64 = events.map(|h| f64::from(h.raw.sum)).sum();
    (minutes >= 30).then(|| events / f64::from(minutes))
}

/// Another count falls at the same place, or beacons do, or checks fail while visits do.
fn confirmed(scene: &SearchScene<'_>, fall: &CountFall<'_>, all: &[CountFall<'_>]) -> bool {
    let metric = fall.cuboid.key.family.0;
    let another = all.iter().any(|o| o.seg == fall.seg && o.cuboid.key.family.0 != metric);
    let visits = metric != Metric::Orders;
    another || visits && (scene.checks_fail || beacons_fall(scene, fall))
}

/// Page views, told by somebody else, fall at the same place.
fn beacons_fall(scene: &SearchScene<'_>, fall: &CountFall<'_>) -> bool {
    let least = ALIKE * least(scene, fall.cuboid, fall.seg);
    let views = scene.cube.family((Metric::PageViews, CuboidRole::Plain));
    let own = |t: &&Cuboid| t.key.source != fall.cuboid.key.source;
    views.filter(own).filter(|t| scene.sees(&t.key.source)).any(|t| {
        let Some(slice) = t.slice_at(fall.seg) else { return false };
        let acc = sum(t, slice, fall.span);
        let ev = evidence(t.likelihood, t.sign, &acc, t.dispersion(slice.mask));
        acc.expected >= LEAST && ev.nats >= AGREES && ev.harm >= least
    })
}

/// Pages are still viewed there: then visits are not told, and nobody is missing.
fn told_by_beacons(scene: &SearchScene<'_>, fall: &CountFall<'_>) -> bool {
    let least = least(scene, fall.cuboid, fall.seg);
    let views = scene.cube.family((Metric::PageViews, CuboidRole::Plain));
    views.filter(|t| scene.sees(&t.key.source)).any(|t| {
        let acc = t.slice_at(fall.seg).map(|slice| sum(t, slice, fall.span)).unwrap_or_default();
        acc.expected >= LEAST && 1.0 - acc.observed / acc.expected < GONE * least
    })
}

fn shift(scene: &SearchScene<'_>, fall: &CountFall<'_>, bucket: i64) -> Shift {
    let cuboid = fall.cuboid;
    let over = |l| cuboid.acc_over(l, fall.span.0, fall.span.1);
    let accs: Vec<Tally> = cuboid.leaves.iter().map(over).collect();
    let start = Scope::of(fall.seg);
    let narrow = localise::localise(cuboid, &accs, &start, |_| true);
    let coarse = narrow.scope.dims.len() <= 1;
    let at = if coarse { narrow } else { localise::stay(cuboid, &accs, &start) };
    let place = place::of_scope(&scene.settings.policy, cuboid.key.family, &at.scope);
    let mut shift = Shift::open(cuboid, place, at, bucket);
    shift.nats = shift.nats.max(fall.nats);
    shift
}

/// What there is to say of a row on counts while they cannot be judged.
pub fn unjudged(scene: &SearchScene<'_>, row: &Guardrail, bucket: i64) -> Option<(Judged, String)> {
    let banded = row.condition.min_change().is_some();
    let mine = |t: &&Cuboid| banded && row.metric.contains(&t.key.family.0);
    let cuboids: Vec<&Cuboid> = counts(scene).filter(mine).collect();
    let first = cuboids.first()?;
    let known =
        |t: &&Cuboid| t.slice_at(&Segment::all()).is_some_and(|c| quietest(t, c, bucket).is_some());
    let several = cuboids.iter().any(|t| t.key.family.0 != first.key.family.0);
    if first_judged(scene, bucket).is_none() {
        Some((Judged::Excused, "announced work: not judged".to_owned()))
    } else if !cuboids.iter().any(known) {
        Some((
            Judged::Learning,
            "needs two days of past to know a quiet hour from a fall".to_owned(),
        ))
    } else if !several {
        let only = first.key.family.0.row().label;
        Some((Judged::Excused, format!("{only} alone: judged only while checks fail too")))
    } else {
        None
    }
}

/// Lower bound of the share of the whole shop's visits or orders that such shifts lost.
pub fn shop_wide(cube: &Cube, e: &Shift) -> f64 {
    let Some(cuboid) = cube.cuboids.get(&e.cuboid) else { return 0.0 };
    let mut sum = Tally::default();
    for leaf in &cuboid.leaves {
        sum.add(&cuboid.acc_over(leaf, e.from(), e.last_bad));
    }
    let dispersion = cuboid.dispersion(0);
    let most = sum.observed + 2.0 + 2.0 * ((sum.observed + 1.0) * dispersion.overdispersion).sqrt();
    let usual = sum.expected * (1.0 - 2.0 * dispersion.day_drift).max(0.5);
    if sum.expected >= LEAST { (1.0 - most / usual).max(0.0) } else { 0.0 }
}
