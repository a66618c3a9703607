//! Over-collection (seed 001, F2): far more beacons than the visits explain, while nobody else
//! counts a crowd. What edge requests, sessions or orders count too is a crowd, not a surplus.

use std::collections::BTreeSet;

use crate::detect::cube::cuboid::{Cuboid, Slice, project};
use crate::detect::cube::key::CuboidRole;
use crate::detect::cube::place;
use crate::detect::cube::store::Cube;
use crate::detect::evidence::stat::{Likelihood, Tally, evidence};
use crate::detect::scan::localise;
use crate::detect::scan::scene::SearchScene;
use crate::detect::scan::shift::Shift;
use crate::domain::id::SourceId;
use crate::domain::metric::Metric;
use crate::domain::segment::{Dim, Segment};
use crate::domain::time::Span;
use crate::policy::guardrail::{Condition, Guardrail};

/// Windows tried, in minutes.
const WINDOWS: [i64; 3] = [5, 15, 60];
/// Dimensions of the places tried first; refining may add more.
const MAX_DIMS: u32 = 2;
/// Share of the rise that others may count too.
const ECHO: f64 = 0.4;
/// What a cut weighs less that cannot tell the place of a surplus.
const BLURRED: f64 = 8.0;
/// Who would count a real crowd.
const OTHERS: [Metric; 3] = [Metric::EdgeRequests, Metric::Sessions, Metric::Orders];

/// Effects of every row whose beacons are far beyond their visits now.
pub fn found(scene: &SearchScene<'_>, bucket: i64) -> Vec<Shift> {
    let mut out = Vec::new();
    for row in &scene.settings.policy.guardrail {
        let Condition::Surplus { rise } = row.condition else { continue };
        let cuboids = scene.cube.family((Metric::PageViews, CuboidRole::Beacon));
        let best = cuboids.filter_map(|t| strongest(scene, t, rise, bucket));
        let best = best.max_by(|a, b| a.nats.total_cmp(&b.nats));
        let new = best.map(|best| shift(scene, row, &best, bucket));
        out.extend(new.filter(|new| !arrears(scene, new)));
    }
    out
}

/// While beacons come twice, two samples say no more than one: what is measured by them weighs less
/// (the same by which they are too many), wherever the surplus is.
pub fn weigh(cube: &mut Cube, shifts: &[Shift]) {
    let surplus =
        |e: &&Shift| e.cuboid.family == (Metric::PageViews, CuboidRole::Beacon) && e.sign > 0.0;
    let known: Vec<&Shift> = shifts.iter().filter(surplus).collect();
    let views = cube.family((Metric::PageViews, CuboidRole::Plain));
    let sources: BTreeSet<SourceId> = views.map(|t| t.key.source.clone()).collect();
    let measured = |t: &Cuboid| {
        matches!(t.likelihood, Likelihood::LogNormal | Likelihood::Rare)
            && sources.contains(&t.key.source)
    };
    for cuboid in cube.cuboids.values_mut().filter(|t| measured(t)) {
        let copies = known.iter().map(|e| copies(cuboid, e)).fold(1.0, f64::max);
        cuboid.swept &= cuboid.copies.to_bits() == copies.to_bits();
        cuboid.copies = copies;
    }
}

/// Copies of a sample in a cut; one that cannot tell where the surplus is has another mix now.
fn copies(cuboid: &Cuboid, surplus: &Shift) -> f64 {
    let told = surplus.scope.dims.keys().all(|d| cuboid.key.dims.contains(d));
    (1.0 + surplus.harm) * if told { 1.0 } else { BLURRED }
}

/// Beacons were missing or late here a while ago: what comes now on top is what was missing then.
fn arrears(scene: &SearchScene<'_>, new: &Shift) -> bool {
    let late = |e: &Shift| e.cuboid.family.0 == Metric::BeaconLag;
    let missing = |e: &Shift| e.cuboid.family == new.cuboid.family && e.sign < 0.0;
    scene.known.iter().any(|e| (late(e) || missing(e)) && e.place.overlaps(&new.place))
}

struct CopiesFound<'a> {
    cuboid: &'a Cuboid,
    seg: Segment,
    /// Buckets, both ends in.
    span: (i64, i64),
    nats: f64,
    harm: f64,
}

fn strongest<'a>(
    scene: &SearchScene<'_>,
    cuboid: &'a Cuboid,
    rise: f64,
    bucket: i64,
) -> Option<CopiesFound<'a>> {
    let line = scene.settings.policy.detect.sensitivity.nats();
    let length = scene.cube.bucket.millis().max(1);
    let mut best: Option<CopiesFound<'a>> = None;
    for minutes in WINDOWS {
        let buckets = (Span::from_mins(minutes).millis() / length).max(1);
        let span = (bucket - buckets + 1, bucket);
        for slice in cuboid.slice.iter().filter(|c| c.mask.count_ones() <= MAX_DIMS) {
            let acc = sum(cuboid, slice, span);
            let ev = evidence(Likelihood::Poisson, 1.0, &acc, cuboid.dispersion(slice.mask));
            let better = best.as_ref().is_none_or(|b| ev.nats > b.nats);
            if ev.nats >= line && ev.harm >= rise && better && !crowd(scene.cube, &slice.seg, span)
            {
                let seg = slice.seg.clone();
                best = Some(CopiesFound { cuboid, seg, span, nats: ev.nats, harm: ev.harm });
            }
        }
    }
    best
}

fn sum(cuboid: &Cuboid, slice: &Slice, span: (i64, i64)) -> Tally {
    let mut sum = Tally::default();
    for leaf in slice.leaves.iter().filter_map(|i| cuboid.leaves.get(*i as usize)) {
        sum.add(&cuboid.acc_over(leaf, span.0, span.1));
    }
    sum
}

/// Share by which a count is beyond its own usual at a place.
fn rise_of(cube: &Cube, metric: Metric, seg: &Segment, span: (i64, i64)) -> Option<f64> {
    let of = |t: &Cuboid| {
        let acc = sum(t, t.slice_at(seg)?, span);
        (acc.expected > 0.0).then(|| acc.observed / acc.expected - 1.0)
    };
    cube.family((metric, CuboidRole::Plain)).find_map(of)
}

/// Page views are not beyond their usual at all, or somebody else counts the same crowd.
fn crowd(cube: &Cube, seg: &Segment, span: (i64, i64)) -> bool {
    if rise_of(cube, Metric::PageViews, seg, span).is_none_or(|rise| rise <= 0.0) {
        return true;
    }
    OTHERS.into_iter().any(|metric| {
        cube.family((metric, CuboidRole::Plain)).any(|t| {
            let part = shared(seg, t);
            let theirs = rise_of(cube, metric, &part, span);
            let mine = rise_of(cube, Metric::PageViews, &part, span);
            mine.zip(theirs).is_some_and(|(mine, theirs)| theirs >= ECHO * mine)
        })
    })
}

/// The part of a place that another cut can express.
fn shared(seg: &Segment, other: &Cuboid) -> Segment {
    let dims: Vec<Dim> = seg.dims().map(|(d, _)| d).collect();
    let dims: Vec<Dim> = dims.into_iter().filter(|d| other.key.dims.contains(d)).collect();
    project(seg, &dims, (1 << dims.len().min(9)) - 1)
}

fn shift(scene: &SearchScene<'_>, row: &Guardrail, best: &CopiesFound<'_>, bucket: i64) -> Shift {
    // The cut is judged for losses everywhere else; here its other side is asked.
    let mut up = best.cuboid.clone();
    up.sign = 1.0;
    let accs: Vec<Tally> =
        up.leaves.iter().map(|l| up.acc_over(l, best.span.0, best.span.1)).collect();
    let start = crate::domain::segment::Scope::of(&best.seg);
    let at = localise::localise(&up, &accs, &start, |_| true);
    let place = place::of_scope(&scene.settings.policy, up.key.family, &at.scope);
    let mut shift = Shift::open(&up, place, at, bucket);
    shift.nats = shift.nats.max(best.nats);
    shift.line = Some((row.name.clone(), words(best)));
    shift
}

fn words(best: &CopiesFound<'_>) -> String {
    format!(
        "{:.0}% more beacons than visits explain, beyond chance; edge requests, sessions and \
         orders count no such crowd",
        best.harm * 100.0
    )
}
