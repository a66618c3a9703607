//! The best supported new shift of a family: a slice that passes the line alone, or a set of
//! its neighbours that passes it together while none does alone (two templates, three countries).

use super::localise::{Localised, localise};
use super::multiplicity::credit;
use super::scene::SearchScene;
use super::shift::{SEEN, Shift};
use super::sweep::SliceHit;
use super::{bots, localise, sweep};
use crate::detect::cube::cuboid::Cuboid;
use crate::detect::cube::key::{CuboidKey, Family};
use crate::detect::cube::place;
use crate::detect::evidence::stat::{Dispersion, Tally, evidence, harm, lift};
use crate::domain::segment::{Dim, Scope, Segment};

/// Effects that were found in this bucket and turned out to be nothing new.
pub type Passed = Vec<(CuboidKey, Scope)>;

/// Nats from which a slice may lead to a set of neighbours, how many are tried in a cut, and
/// what a set pays for the many sets there are.
const SEED: f64 = 6.0;
const SEEDS: usize = 3;
const PRICE_SET: f64 = 3.0;

/// A place does not grow over so many who hardly feel it that what is left of the harm is less
/// than this share of the least change that matters.
const FELT: f64 = 0.5;

/// Where to look, and the line there.
struct Search<'a> {
    scene: &'a SearchScene<'a>,
    family: Family,
    bucket: i64,
    nats: f64,
}

struct BestPlace {
    at: Localised,
    cuboid: CuboidKey,
    nats: f64,
}

/// The best supported new shift of a family, with its place refined.
pub fn strongest(
    scene: &SearchScene<'_>,
    family: Family,
    bucket: i64,
    passed: &Passed,
) -> Option<Shift> {
    let policy = scene.policy();
    let nats = policy.detect.sensitivity.nats();
    let search = Search { scene, family, bucket, nats };
    let mut best: Option<BestPlace> = None;
    for cuboid in scene.seen(family) {
        let Some(found) = search.in_table(cuboid) else { continue };
        let taken = passed.iter().any(|(t, s)| *t == cuboid.key && *s == found.at.scope);
        if !taken && best.as_ref().is_none_or(|b| found.at.score > b.at.score) {
            best = Some(found);
        }
    }
    let found = best?;
    let cuboid = scene.cube.cuboids.get(&found.cuboid)?;
    let place = place::in_cut(policy, cuboid, &found.at.scope);
    let mut shift = Shift::open(cuboid, place, found.at, bucket);
    shift.nats = shift.nats.max(found.nats);
    Some(shift)
}

/// A new shift with its beginning told beside what is known to burn or to have burnt there.
pub fn dated(scene: &SearchScene<'_>, mut e: Shift, bucket: i64) -> Shift {
    let Some(cuboid) = scene.cube.cuboids.get(&e.cuboid) else { return e };
    let others: Vec<Shift> = scene.known.iter().map(|e| (*e).clone()).collect();
    let known = e.known(scene.cube, cuboid, &others);
    if !known.is_empty() {
        e.measure_beside(cuboid, bucket, &known);
    }
    e
}

impl Search<'_> {
    fn min_change(&self, seg: &Segment) -> Option<f64> {
        sweep::min_change(&self.scene.settings.policy, self.family, seg)
    }

    fn in_table(&self, cuboid: &Cuboid) -> Option<BestPlace> {
        let min = |seg: &Segment| self.min_change(seg);
        let mut seeds = sweep::scan(cuboid, SEED, min);
        seeds.sort_by(|a, b| b.ev.loc.total_cmp(&a.ev.loc).then(a.seg.cmp(&b.seg)));
        self.alone(cuboid, &seeds).or_else(|| self.together(cuboid, &seeds))
    }

    fn span(&self, c: &SliceHit) -> (i64, i64) {
        (self.bucket - c.length + 1, self.bucket)
    }

    fn diluted(&self, c: &SliceHit, scope: &Scope, harm: f64) -> bool {
        bots::dilute(self.scene.cube, &c.cuboid, scope, harm, self.span(c))
    }

    /// A slice that passes the line by itself, with its place refined.
    fn alone(&self, cuboid: &Cuboid, seeds: &[SliceHit]) -> Option<BestPlace> {
        let cube = self.scene.cube;
        let line = |c: &SliceHit| {
            self.nats - credit(self.scene, cuboid, &Scope::of(&c.seg), c.length, c.ev)
        };
        let hits = seeds.iter().filter(|c| c.ev.nats >= line(c));
        let c = hits.filter_map(|c| sweep::unmixed(cube, c)).find(|c| {
            let min = self.min_change(&c.seg).unwrap_or(f64::INFINITY);
            c.ev.nats >= line(c)
                && sweep::matters(cuboid.likelihood, &c.acc, c.ev.harm, min)
                && !self.diluted(c, &Scope::of(&c.seg), c.ev.harm)
        })?;
        let accs = sums(cuboid, c.window);
        let min = FELT * self.min_change(&c.seg).unwrap_or(f64::INFINITY);
        let size = |acc: &Tally| harm(cuboid.likelihood, cuboid.sign, acc);
        let felt = |acc: &Tally| sweep::matters(cuboid.likelihood, acc, size(acc), min);
        let mut at = localise(cuboid, &accs, &Scope::of(&c.seg), felt);
        if self.diluted(&c, &at.scope, size(&at.acc)) {
            at = localise::stay(cuboid, &accs, &Scope::of(&c.seg));
        }
        let at = localise::reached(&cube.reach, cuboid, &accs, at);
        Some(BestPlace { at, cuboid: c.cuboid, nats: c.ev.nats })
    }

    /// A set of neighbours that passes it together.
    fn together(&self, cuboid: &Cuboid, seeds: &[SliceHit]) -> Option<BestPlace> {
        let found = seeds.iter().take(SEEDS).filter_map(|c| self.set(cuboid, c));
        found.max_by(|a, b| a.at.score.total_cmp(&b.at.score).then(b.at.scope.cmp(&a.at.scope)))
    }

    fn set(&self, cuboid: &Cuboid, c: &SliceHit) -> Option<BestPlace> {
        let accs = sums(cuboid, c.window);
        let at = localise(cuboid, &accs, &Scope::of(&c.seg), |_| true);
        let at = localise::reached(&self.scene.cube.reach, cuboid, &accs, at);
        let several = at.scope.dims.values().any(|v| v.len() > 1);
        let mut acc = at.acc;
        // What other cuts show to be a mere shift of the mix at the seed is one in the set too.
        let mix = sweep::mixed(self.scene.cube, cuboid, c);
        acc.observed -= lift(cuboid.likelihood, cuboid.sign, mix, &acc);
        let ev = evidence(cuboid.likelihood, cuboid.sign, &acc, overdispersed(cuboid, &at.scope));
        let min = self.min_change(&c.seg).unwrap_or(f64::INFINITY);
        let passes = several
            && ev.nats - PRICE_SET - localise::set_penalty(cuboid, &at.scope)
                >= self.nats - credit(self.scene, cuboid, &at.scope, c.length, ev)
            && sweep::matters(cuboid.likelihood, &acc, ev.harm, min)
            && !self.diluted(c, &at.scope, ev.harm);
        passes.then(|| BestPlace { at, cuboid: cuboid.key.clone(), nats: ev.nats })
    }
}

/// Several values of a dimension lie between one and all of them: the pages of one visit are alike,
/// so cart and checkout together say less than two places that nobody visits both.
fn overdispersed(cuboid: &Cuboid, scope: &Scope) -> Dispersion {
    let dims: Vec<Dim> = scope.dims.keys().copied().collect();
    let one = cuboid.dispersion(cuboid.mask_for(&dims));
    let several = scope.dims.iter().filter(|(_, values)| values.len() > 1);
    let all = several.map(|(several, _)| {
        let others: Vec<Dim> = dims.iter().copied().filter(|d| d != several).collect();
        cuboid.dispersion(cuboid.mask_for(&others)).overdispersion
    });
    Dispersion { overdispersion: all.fold(one.overdispersion, f64::max), ..one }
}

/// Every leaf's sum over a window, known incidents taken out.
fn sums(cuboid: &Cuboid, window: usize) -> Vec<Tally> {
    let length = cuboid.lengths.get(window).copied().unwrap_or(1);
    let accs = cuboid.leaves.iter().map(|l| {
        let mut a = l.sums.get(window).copied().unwrap_or_default();
        a.explain(l.expl.get(window).copied().unwrap_or_default());
        cuboid.open_ends(&mut a, length);
        a
    });
    accs.collect()
}

/// A place of a release or an arm that hardly anybody met in the newest `quiet` buckets.
pub fn unmet(cuboid: &Cuboid, e: &Shift, bucket: i64, quiet: i64) -> bool {
    let passing = [Dim::Release, Dim::Cohort].iter().any(|d| e.scope.dims.contains_key(d));
    let usual = e.acc.units / (e.last_bad - e.from() + 1).max(1) as f64;
    let met = |b: i64| {
        let inside = cuboid.leaves.iter().filter(|l| e.scope.contains(&l.seg));
        let moments = inside.filter_map(|l| cuboid.raw(l, b));
        moments.map(|raw| f64::from(raw.count)).sum::<f64>() >= SEEN * usual
    };
    passing && quiet > 0 && !(bucket - quiet + 1..=bucket).any(met)
}
