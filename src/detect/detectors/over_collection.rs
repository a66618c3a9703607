//! Over-collection (seed 001, F2): far more beacons than the visits explain, while nobody else
//! counts a crowd. What edge requests, sessions or orders count too is a crowd, not a surplus.

use std::collections::BTreeSet;

use crate::detect::cube::cuboid::{Cuboid, Slice, project};
use crate::detect::cube::key::Role;
use crate::detect::cube::place;
use crate::detect::cube::store::Cube;
use crate::detect::evidence::stat::{Likelihood, Tally, evidence};
use crate::detect::scan::localise;
use crate::detect::scan::scene::Scene;
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
pub fn found(scene: &Scene<'_>, bucket: i64) -> Vec<Shift> {
    let mut out = Vec::new();
    for row in &scene.settings.policy.guardrail {
        let Condition::Surplus { rise } = row.condition else { continue };
        let tables = scene.store.family((Metric::PageViews, Role::Beacon));
        let best = tables.filter_map(|t| strongest(scene, t, rise, bucket));
        let best = best.max_by(|a, b| a.nats.total_cmp(&b.nats));
        let new = best.map(|best| effect(scene, row, &best, bucket));
        out.extend(new.filter(|new| !arrears(scene, new)));
    }
    out
}

/// While beacons come twice, two samples say no more than one: what is measured by them weighs less
/// (the same by which they are too many), wherever the surplus is.
pub fn weigh(store: &mut Cube, effects: &[Shift]) {
    let surplus = |e: &&Shift| e.table.family == (Metric::PageViews, Role::Beacon) && e.sign > 0.0;
    let known: Vec<&Shift> = effects.iter().filter(surplus).collect();
    let views = store.family((Metric::PageViews, Role::Plain));
    let sources: BTreeSet<SourceId> = views.map(|t| t.key.source.clone()).collect();
    let measured = |t: &Cuboid| {
        matches!(t.shape, Likelihood::LogNormal | Likelihood::Rare)
            && sources.contains(&t.key.source)
    };
    for table in store.tables.values_mut().filter(|t| measured(t)) {
        let copies = known.iter().map(|e| copies(table, e)).fold(1.0, f64::max);
        table.swept &= table.copies.to_bits() == copies.to_bits();
        table.copies = copies;
    }
}

/// Copies of a sample in a cut; one that cannot tell where the surplus is has another mix now.
fn copies(table: &Cuboid, surplus: &Shift) -> f64 {
    let told = surplus.scope.dims.keys().all(|d| table.key.dims.contains(d));
    (1.0 + surplus.harm) * if told { 1.0 } else { BLURRED }
}

/// Beacons were missing or late here a while ago: what comes now on top is what was missing then.
fn arrears(scene: &Scene<'_>, new: &Shift) -> bool {
    let late = |e: &Shift| e.table.family.0 == Metric::BeaconLag;
    let missing = |e: &Shift| e.table.family == new.table.family && e.sign < 0.0;
    scene.known.iter().any(|e| (late(e) || missing(e)) && e.place.overlaps(&new.place))
}

struct CopiesFound<'a> {
    table: &'a Cuboid,
    seg: Segment,
    /// Buckets, both ends in.
    span: (i64, i64),
    nats: f64,
    harm: f64,
}

fn strongest<'a>(
    scene: &Scene<'_>,
    table: &'a Cuboid,
    rise: f64,
    bucket: i64,
) -> Option<CopiesFound<'a>> {
    let line = scene.settings.policy.detect.sensitivity.nats();
    let length = scene.store.bucket.millis().max(1);
    let mut best: Option<CopiesFound<'a>> = None;
    for minutes in WINDOWS {
        let buckets = (Span::from_mins(minutes).millis() / length).max(1);
        let span = (bucket - buckets + 1, bucket);
        for conj in table.conj.iter().filter(|c| c.mask.count_ones() <= MAX_DIMS) {
            let acc = sum(table, conj, span);
            let ev = evidence(Likelihood::Poisson, 1.0, &acc, table.calib(conj.mask));
            let better = best.as_ref().is_none_or(|b| ev.nats > b.nats);
            if ev.nats >= line && ev.harm >= rise && better && !crowd(scene.store, &conj.seg, span)
            {
                let seg = conj.seg.clone();
                best = Some(CopiesFound { table, seg, span, nats: ev.nats, harm: ev.harm });
            }
        }
    }
    best
}

fn sum(table: &Cuboid, conj: &Slice, span: (i64, i64)) -> Tally {
    let mut sum = Tally::default();
    for leaf in conj.leaves.iter().filter_map(|i| table.leaves.get(*i as usize)) {
        sum.add(&table.acc_over(leaf, span.0, span.1));
    }
    sum
}

/// Share by which a count is beyond its own usual at a place.
fn rise_of(store: &Cube, metric: Metric, seg: &Segment, span: (i64, i64)) -> Option<f64> {
    let of = |t: &Cuboid| {
        let acc = sum(t, t.conj_at(seg)?, span);
        (acc.e > 0.0).then(|| acc.a / acc.e - 1.0)
    };
    store.family((metric, Role::Plain)).find_map(of)
}

/// Page views are not beyond their usual at all, or somebody else counts the same crowd.
fn crowd(store: &Cube, seg: &Segment, span: (i64, i64)) -> bool {
    if rise_of(store, Metric::PageViews, seg, span).is_none_or(|rise| rise <= 0.0) {
        return true;
    }
    OTHERS.into_iter().any(|metric| {
        store.family((metric, Role::Plain)).any(|t| {
            let part = shared(seg, t);
            let theirs = rise_of(store, metric, &part, span);
            let mine = rise_of(store, Metric::PageViews, &part, span);
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

fn effect(scene: &Scene<'_>, row: &Guardrail, best: &CopiesFound<'_>, bucket: i64) -> Shift {
    // The cut is judged for losses everywhere else; here its other side is asked.
    let mut up = best.table.clone();
    up.sign = 1.0;
    let accs: Vec<Tally> =
        up.leaves.iter().map(|l| up.acc_over(l, best.span.0, best.span.1)).collect();
    let start = crate::domain::segment::Scope::of(&best.seg);
    let at = localise::refine(&up, &accs, &start, |_| true);
    let place = place::of_scope(&scene.settings.policy, up.key.family, &at.scope);
    let mut effect = Shift::open(&up, place, at, bucket);
    effect.nats = effect.nats.max(best.nats);
    effect.line = Some((row.name.clone(), words(best)));
    effect
}

fn words(best: &CopiesFound<'_>) -> String {
    format!(
        "{:.0}% more beacons than visits explain, beyond chance; edge requests, sessions and \
         orders count no such crowd",
        best.harm * 100.0
    )
}
