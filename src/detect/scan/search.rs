//! The best supported new effect of a family: a conjunction that passes the line alone, or a set of
//! its neighbours that passes it together while none does alone (two templates, three countries).

use super::localise::{Localised, refine};
use super::multiplicity::spared;
use super::scene::Scene;
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

/// Nats from which a conjunction may lead to a set of neighbours, how many are tried in a cut, and
/// what a set pays for the many sets there are.
const SEED: f64 = 6.0;
const SEEDS: usize = 3;
const PRICE_SET: f64 = 3.0;

/// A place does not grow over so many who hardly feel it that what is left of the harm is less
/// than this share of the least change that matters.
const FELT: f64 = 0.5;

/// Where to look, and the line there.
struct Search<'a> {
    scene: &'a Scene<'a>,
    family: Family,
    bucket: i64,
    nats: f64,
}

struct BestPlace {
    at: Localised,
    table: CuboidKey,
    nats: f64,
}

/// The best supported new effect of a family, with its place refined.
pub fn strongest(scene: &Scene<'_>, family: Family, bucket: i64, passed: &Passed) -> Option<Shift> {
    let policy = scene.policy();
    let nats = policy.detect.sensitivity.nats();
    let search = Search { scene, family, bucket, nats };
    let mut best: Option<BestPlace> = None;
    for table in scene.seen(family) {
        let Some(found) = search.in_table(table) else { continue };
        let taken = passed.iter().any(|(t, s)| *t == table.key && *s == found.at.scope);
        if !taken && best.as_ref().is_none_or(|b| found.at.score > b.at.score) {
            best = Some(found);
        }
    }
    let found = best?;
    let table = scene.store.tables.get(&found.table)?;
    let place = place::in_cut(policy, table, &found.at.scope);
    let mut effect = Shift::open(table, place, found.at, bucket);
    effect.nats = effect.nats.max(found.nats);
    Some(effect)
}

/// A new effect with its beginning told beside what is known to burn or to have burnt there.
pub fn dated(scene: &Scene<'_>, mut e: Shift, bucket: i64) -> Shift {
    let Some(table) = scene.store.tables.get(&e.table) else { return e };
    let others: Vec<Shift> = scene.known.iter().map(|e| (*e).clone()).collect();
    let known = e.known(scene.store, table, &others);
    if !known.is_empty() {
        e.measure_beside(table, bucket, &known);
    }
    e
}

impl Search<'_> {
    fn min_change(&self, seg: &Segment) -> Option<f64> {
        sweep::min_change(&self.scene.settings.policy, self.family, seg)
    }

    fn in_table(&self, table: &Cuboid) -> Option<BestPlace> {
        let min = |seg: &Segment| self.min_change(seg);
        let mut seeds = sweep::scan(table, SEED, min);
        seeds.sort_by(|a, b| b.ev.loc.total_cmp(&a.ev.loc).then(a.seg.cmp(&b.seg)));
        self.alone(table, &seeds).or_else(|| self.together(table, &seeds))
    }

    fn span(&self, c: &SliceHit) -> (i64, i64) {
        (self.bucket - c.length + 1, self.bucket)
    }

    fn diluted(&self, c: &SliceHit, scope: &Scope, harm: f64) -> bool {
        bots::dilute(self.scene.store, &c.table, scope, harm, self.span(c))
    }

    /// A conjunction that passes the line by itself, with its place refined.
    fn alone(&self, table: &Cuboid, seeds: &[SliceHit]) -> Option<BestPlace> {
        let store = self.scene.store;
        let line = |c: &SliceHit| {
            self.nats - spared(self.scene, table, &Scope::of(&c.seg), c.length, c.ev)
        };
        let loud = seeds.iter().filter(|c| c.ev.nats >= line(c));
        let c = loud.filter_map(|c| sweep::unmixed(store, c)).find(|c| {
            let min = self.min_change(&c.seg).unwrap_or(f64::INFINITY);
            c.ev.nats >= line(c)
                && sweep::matters(table.shape, &c.acc, c.ev.harm, min)
                && !self.diluted(c, &Scope::of(&c.seg), c.ev.harm)
        })?;
        let accs = sums(table, c.window);
        let min = FELT * self.min_change(&c.seg).unwrap_or(f64::INFINITY);
        let size = |acc: &Tally| harm(table.shape, table.sign, acc);
        let felt = |acc: &Tally| sweep::matters(table.shape, acc, size(acc), min);
        let mut at = refine(table, &accs, &Scope::of(&c.seg), felt);
        if self.diluted(&c, &at.scope, size(&at.acc)) {
            at = localise::stay(table, &accs, &Scope::of(&c.seg));
        }
        let at = localise::reached(&store.reach, table, &accs, at);
        Some(BestPlace { at, table: c.table, nats: c.ev.nats })
    }

    /// A set of neighbours that passes it together.
    fn together(&self, table: &Cuboid, seeds: &[SliceHit]) -> Option<BestPlace> {
        let found = seeds.iter().take(SEEDS).filter_map(|c| self.set(table, c));
        found.max_by(|a, b| a.at.score.total_cmp(&b.at.score).then(b.at.scope.cmp(&a.at.scope)))
    }

    fn set(&self, table: &Cuboid, c: &SliceHit) -> Option<BestPlace> {
        let accs = sums(table, c.window);
        let at = refine(table, &accs, &Scope::of(&c.seg), |_| true);
        let at = localise::reached(&self.scene.store.reach, table, &accs, at);
        let several = at.scope.dims.values().any(|v| v.len() > 1);
        let mut acc = at.acc;
        // What other cuts show to be a mere shift of the mix at the seed is one in the set too.
        let mix = sweep::mixed(self.scene.store, table, c);
        acc.a -= lift(table.shape, table.sign, mix, &acc);
        let ev = evidence(table.shape, table.sign, &acc, overdispersed(table, &at.scope));
        let min = self.min_change(&c.seg).unwrap_or(f64::INFINITY);
        let passes = several
            && ev.nats - PRICE_SET - localise::picked(table, &at.scope)
                >= self.nats - spared(self.scene, table, &at.scope, c.length, ev)
            && sweep::matters(table.shape, &acc, ev.harm, min)
            && !self.diluted(c, &at.scope, ev.harm);
        passes.then(|| BestPlace { at, table: table.key.clone(), nats: ev.nats })
    }
}

/// Several values of a dimension lie between one and all of them: the pages of one visit are alike,
/// so cart and checkout together say less than two places that nobody visits both.
fn overdispersed(table: &Cuboid, scope: &Scope) -> Dispersion {
    let dims: Vec<Dim> = scope.dims.keys().copied().collect();
    let one = table.calib(table.mask_for(&dims));
    let several = scope.dims.iter().filter(|(_, values)| values.len() > 1);
    let all = several.map(|(several, _)| {
        let others: Vec<Dim> = dims.iter().copied().filter(|d| d != several).collect();
        table.calib(table.mask_for(&others)).phi
    });
    Dispersion { phi: all.fold(one.phi, f64::max), ..one }
}

/// Every leaf's sum over a window, known incidents taken out.
fn sums(table: &Cuboid, window: usize) -> Vec<Tally> {
    let length = table.lengths.get(window).copied().unwrap_or(1);
    let accs = table.leaves.iter().map(|l| {
        let mut a = l.sums.get(window).copied().unwrap_or_default();
        a.explain(l.expl.get(window).copied().unwrap_or_default());
        table.open_ends(&mut a, length);
        a
    });
    accs.collect()
}

/// A place of a release or an arm that hardly anybody met in the newest `quiet` buckets.
pub fn unmet(table: &Cuboid, e: &Shift, bucket: i64, quiet: i64) -> bool {
    let passing = [Dim::Release, Dim::Cohort].iter().any(|d| e.scope.dims.contains_key(d));
    let usual = e.acc.n / (e.last_bad - e.from() + 1).max(1) as f64;
    let met = |b: i64| {
        let inside = table.leaves.iter().filter(|l| e.scope.contains(&l.seg));
        let raws = inside.filter_map(|l| table.raw(l, b));
        raws.map(|raw| f64::from(raw.n)).sum::<f64>() >= SEEN * usual
    };
    passing && quiet > 0 && !(bucket - quiet + 1..=bucket).any(met)
}
