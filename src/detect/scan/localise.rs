//! From one bad slice to the smallest set of segments that explains the loss: coordinate
//! ascent over subsets of each dimension's values (Neill's linear-time subset scan, 2012).

use std::collections::{BTreeMap, BTreeSet};

use super::onset::gain;
use crate::detect::cube::cuboid::Cuboid;
use crate::detect::cube::reach::Reach;
use crate::detect::evidence::stat::{Dispersion, Tally, evidence, harm};
use crate::domain::segment::{Dim, Scope};

/// Nats that a constrained dimension must pay for, and each value more in it: most failing_checks have
/// one value or all, and a small value that swings the bad way by chance must not come along.
const PRICE_DIM: f64 = 4.0;
const PRICE_VALUE: f64 = 1.5;
/// Among `n` values each further one costs `ln(n / FEW)`, where that is more: the worst of
/// thousands look bad by chance, and a set of the worst looks worse.
const FEW: f64 = 7.0;

/// A place with the evidence for just that place.
#[derive(Clone, PartialEq, Debug)]
pub struct Localised {
    pub scope: Scope,
    pub acc: Tally,
    pub score: f64,
}

/// Evidence for a place less the price of its description.
fn score(cuboid: &Cuboid, scope: &Scope, acc: &Tally, dispersion: Dispersion) -> f64 {
    let price: f64 = scope.dims.iter().map(|(dim, v)| price(cuboid, *dim, v.len())).sum();
    evidence(cuboid.likelihood, cuboid.sign, acc, dispersion).loc - price
}

fn price(cuboid: &Cuboid, dim: Dim, values: usize) -> f64 {
    PRICE_DIM + (PRICE_VALUE + surcharge(cuboid, dim)) * values.saturating_sub(1) as f64
}

/// What each value more costs on top where a dimension has many to choose from.
fn surcharge(cuboid: &Cuboid, dim: Dim) -> f64 {
    let values = cuboid.group(cuboid.mask_for(&[dim])).len();
    ((values as f64 / FEW).ln() - PRICE_VALUE).max(0.0)
}

/// Nats that a set of places pays for having been chosen from very many.
pub fn set_penalty(cuboid: &Cuboid, scope: &Scope) -> f64 {
    let more = |(dim, v): (&Dim, &BTreeSet<String>)| {
        surcharge(cuboid, *dim) * v.len().saturating_sub(1) as f64
    };
    scope.dims.iter().map(more).sum()
}

/// Sum over the leaves inside a scope.
pub fn total(cuboid: &Cuboid, accs: &[Tally], scope: &Scope) -> Tally {
    let mut sum = Tally::default();
    for (leaf, acc) in cuboid.leaves.iter().zip(accs) {
        if scope.contains(&leaf.seg) {
            sum.add(acc);
        }
    }
    sum
}

/// A place that names a release says so only while other releases serve the same pages; the pages
/// the release serves are named in any case.
fn plain(cuboid: &Cuboid, accs: &[Tally], best: Localised, dispersion: Dispersion) -> Localised {
    if !best.scope.dims.contains_key(&Dim::Release) || !cuboid.key.dims.contains(&Dim::Template) {
        return best;
    }
    let mut scope = best.scope.clone();
    let value =
        |l: &crate::detect::cube::cuboid::Leaf| l.seg.get(Dim::Template).as_str().to_owned();
    let pairs = || cuboid.leaves.iter().zip(accs).filter(|(_, a)| a.units > 0.0);
    let all: BTreeSet<String> = pairs().map(|(l, _)| value(l)).collect();
    let inside = pairs().filter(|(l, _)| best.scope.contains(&l.seg));
    let here: BTreeSet<String> = inside.map(|(l, _)| value(l)).collect();
    if here.len() < all.len() && !here.is_empty() {
        scope.dims.entry(Dim::Template).or_insert(here);
    }
    let mut wide = scope.clone();
    wide.dims.remove(&Dim::Release);
    let (acc, all) = (total(cuboid, accs, &scope), total(cuboid, accs, &wide));
    let (scope, acc) = if acc.units >= 0.85 * all.units { (wide, all) } else { (scope, acc) };
    Localised { score: score(cuboid, &scope, &acc, dispersion).max(best.score - 2.0), scope, acc }
}

/// The evidence for a place as it is.
pub fn stay(cuboid: &Cuboid, accs: &[Tally], scope: &Scope) -> Localised {
    let acc = total(cuboid, accs, scope);
    Localised { scope: scope.clone(), acc, score: score(cuboid, scope, &acc, full(cuboid)) }
}

fn full(cuboid: &Cuboid) -> Dispersion {
    cuboid.dispersion(cuboid.mask_for(&cuboid.key.dims))
}

/// Climbs from `start` to a best place. `accs` are the leaves' sums over the window in question;
/// it grows over all values of a dimension only while the harm in all of them can be `felt`.
pub fn localise(
    cuboid: &Cuboid,
    accs: &[Tally],
    start: &Scope,
    felt: impl Fn(&Tally) -> bool,
) -> Localised {
    let dispersion = full(cuboid);
    let acc = total(cuboid, accs, start);
    let mut best =
        Localised { scope: start.clone(), acc, score: score(cuboid, start, &acc, dispersion) };
    for _ in 0..6 {
        let before = best.score;
        for dim in &cuboid.key.dims {
            let next = along(cuboid, accs, &best.scope, *dim, dispersion);
            if next.score > best.score + 1e-9 && felt(&next.acc) {
                best = next;
            }
        }
        if best.score <= before + 1e-9 {
            break;
        }
    }
    honest(cuboid, accs, plain(cuboid, accs, best, dispersion))
}

/// A value of a place is healthy when its own numbers say less than so many nats for any harm, and
/// would say so many more were it hurt as the place is.
const HINT: f64 = 2.0;
const SHOWN: f64 = 4.0;

/// The place without values that are clearly healthy: a set may hold some whose numbers it hardly
/// feels. What the data cannot tell from the hurt stays.
pub fn honest(cuboid: &Cuboid, accs: &[Tally], place: Localised) -> Localised {
    let dispersion = full(cuboid);
    let size = harm(cuboid.likelihood, cuboid.sign, &place.acc);
    let mut scope = place.scope.clone();
    for (dim, values) in place.scope.dims.iter().filter(|(_, v)| v.len() > 1) {
        let well = |value: &&String| {
            let mut one = place.scope.clone();
            one.dims.insert(*dim, [(*value).clone()].into());
            let acc = total(cuboid, accs, &one);
            let own = evidence(cuboid.likelihood, cuboid.sign, &acc, dispersion).loc;
            let usual = Tally { observed: acc.expected, ..acc };
            let shown = -gain(cuboid.likelihood, cuboid.sign, &usual, dispersion, size);
            let here = gain(cuboid.likelihood, cuboid.sign, &acc, dispersion, size);
            own < HINT && shown >= SHOWN && here < -HINT
        };
        let gone: Vec<&String> = values.iter().filter(well).collect();
        if let Some(kept) = scope.dims.get_mut(dim).filter(|_| gone.len() < values.len()) {
            kept.retain(|v| !gone.contains(&v));
        }
    }
    if scope == place.scope { place } else { stay(cuboid, accs, &scope) }
}

/// The best set of values of one dimension, the others held.
fn along(
    cuboid: &Cuboid,
    accs: &[Tally],
    scope: &Scope,
    dim: Dim,
    dispersion: Dispersion,
) -> Localised {
    let mut open = scope.clone();
    open.dims.remove(&dim);
    let mut values: BTreeMap<&str, Tally> = BTreeMap::new();
    for (leaf, acc) in cuboid.leaves.iter().zip(accs) {
        if acc.units > 0.0 && open.contains(&leaf.seg) {
            values.entry(leaf.seg.get(dim).as_str()).or_default().add(acc);
        }
    }
    let mut all = Tally::default();
    for a in values.values() {
        all.add(a);
    }
    let mut best =
        Localised { score: score(cuboid, &open, &all, dispersion), acc: all, scope: open.clone() };
    let mut order: Vec<(&str, Tally)> = values.into_iter().collect();
    let urgency = |a: &Tally| {
        if a.variance > 0.0 { cuboid.sign * (a.observed - a.expected) / a.variance } else { 0.0 }
    };
    order.sort_by(|x, y| urgency(&y.1).total_cmp(&urgency(&x.1)).then(x.0.cmp(y.0)));
    let held: f64 = open.dims.iter().map(|(d, v)| price(cuboid, *d, v.len())).sum();
    let (mut sum, mut most) = (Tally::default(), (best.score, 0, Tally::default()));
    let (base, each) = (held + price(cuboid, dim, 1), PRICE_VALUE + surcharge(cuboid, dim));
    for (i, (_, acc)) in order.iter().take(order.len().saturating_sub(1)).enumerate() {
        sum.add(acc);
        let loc = evidence(cuboid.likelihood, cuboid.sign, &sum, dispersion).loc;
        let score = loc - base - each * i as f64;
        if score > most.0 {
            most = (score, i + 1, sum);
        }
    }
    if most.1 > 0 {
        let chosen = order.iter().take(most.1).map(|(value, _)| (*value).to_owned());
        open.dims.insert(dim, chosen.collect());
        best = Localised { scope: open, acc: most.2, score: most.0 };
    }
    best
}

/// Nats with which a page that was not declared must be hurt by its own numbers to stay.
const TELLS: f64 = 6.0;

/// The place without pages that what it names does not reach and that do not speak for
/// themselves. `accs` are the leaves' sums over the window in question.
pub fn reached(reach: &Reach, cuboid: &Cuboid, accs: &[Tally], place: Localised) -> Localised {
    let names = [Dim::Release, Dim::Cohort].iter().any(|d| place.scope.dims.contains_key(d));
    if !names || !cuboid.key.dims.contains(&Dim::Template) {
        return place;
    }
    let Some(declared) = reach.pages(&place.scope) else { return place };
    let inside = cuboid.leaves.iter().filter(|l| place.scope.contains(&l.seg));
    let met = inside.map(|l| l.seg.get(Dim::Template).as_str().to_owned());
    let met: BTreeSet<String> = met.collect();
    let dispersion = cuboid.dispersion(cuboid.mask_for(&cuboid.key.dims));
    let speaks = |page: &String| {
        let mut one = place.scope.clone();
        one.dims.insert(Dim::Template, [page.clone()].into());
        let acc = total(cuboid, accs, &one);
        evidence(cuboid.likelihood, cuboid.sign, &acc, dispersion).loc >= TELLS
    };
    let kept = met.iter().filter(|page| declared.contains(*page) || speaks(page));
    let kept: BTreeSet<String> = kept.cloned().collect();
    if kept.is_disjoint(&declared) || kept.len() == met.len() {
        return place;
    }
    let mut scope = place.scope.clone();
    scope.dims.insert(Dim::Template, kept);
    stay(cuboid, accs, &scope)
}
