//! From one bad conjunction to the smallest set of segments that explains the loss: coordinate
//! ascent over subsets of each dimension's values (Neill's linear-time subset scan, 2012).

use std::collections::{BTreeMap, BTreeSet};

use super::onset::gain;
use crate::detect::cube::cuboid::Cuboid;
use crate::detect::cube::reach::Reach;
use crate::detect::evidence::stat::{Dispersion, Tally, evidence, harm};
use crate::domain::segment::{Dim, Scope};

/// Nats that a constrained dimension must pay for, and each value more in it: most troubles have
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
fn score(table: &Cuboid, scope: &Scope, acc: &Tally, calib: Dispersion) -> f64 {
    let price: f64 = scope.dims.iter().map(|(dim, v)| price(table, *dim, v.len())).sum();
    evidence(table.shape, table.sign, acc, calib).loc - price
}

fn price(table: &Cuboid, dim: Dim, values: usize) -> f64 {
    PRICE_DIM + (PRICE_VALUE + surcharge(table, dim)) * values.saturating_sub(1) as f64
}

/// What each value more costs on top where a dimension has many to choose from.
fn surcharge(table: &Cuboid, dim: Dim) -> f64 {
    let values = table.group(table.mask_for(&[dim])).len();
    ((values as f64 / FEW).ln() - PRICE_VALUE).max(0.0)
}

/// Nats that a set of places pays for having been chosen from very many.
pub fn picked(table: &Cuboid, scope: &Scope) -> f64 {
    let more = |(dim, v): (&Dim, &BTreeSet<String>)| {
        surcharge(table, *dim) * v.len().saturating_sub(1) as f64
    };
    scope.dims.iter().map(more).sum()
}

/// Sum over the leaves inside a scope.
pub fn total(table: &Cuboid, accs: &[Tally], scope: &Scope) -> Tally {
    let mut sum = Tally::default();
    for (leaf, acc) in table.leaves.iter().zip(accs) {
        if scope.contains(&leaf.seg) {
            sum.add(acc);
        }
    }
    sum
}

/// A place that names a release says so only while other releases serve the same pages; the pages
/// the release serves are named in any case.
fn plain(table: &Cuboid, accs: &[Tally], best: Localised, calib: Dispersion) -> Localised {
    if !best.scope.dims.contains_key(&Dim::Release) || !table.key.dims.contains(&Dim::Template) {
        return best;
    }
    let mut scope = best.scope.clone();
    let value =
        |l: &crate::detect::cube::cuboid::Leaf| l.seg.get(Dim::Template).as_str().to_owned();
    let pairs = || table.leaves.iter().zip(accs).filter(|(_, a)| a.n > 0.0);
    let all: BTreeSet<String> = pairs().map(|(l, _)| value(l)).collect();
    let inside = pairs().filter(|(l, _)| best.scope.contains(&l.seg));
    let here: BTreeSet<String> = inside.map(|(l, _)| value(l)).collect();
    if here.len() < all.len() && !here.is_empty() {
        scope.dims.entry(Dim::Template).or_insert(here);
    }
    let mut wide = scope.clone();
    wide.dims.remove(&Dim::Release);
    let (acc, all) = (total(table, accs, &scope), total(table, accs, &wide));
    let (scope, acc) = if acc.n >= 0.85 * all.n { (wide, all) } else { (scope, acc) };
    Localised { score: score(table, &scope, &acc, calib).max(best.score - 2.0), scope, acc }
}

/// The evidence for a place as it is.
pub fn stay(table: &Cuboid, accs: &[Tally], scope: &Scope) -> Localised {
    let acc = total(table, accs, scope);
    Localised { scope: scope.clone(), acc, score: score(table, scope, &acc, full(table)) }
}

fn full(table: &Cuboid) -> Dispersion {
    table.calib(table.mask_for(&table.key.dims))
}

/// Climbs from `start` to a best place. `accs` are the leaves' sums over the window in question;
/// it grows over all values of a dimension only while the harm in all of them can be `felt`.
pub fn refine(
    table: &Cuboid,
    accs: &[Tally],
    start: &Scope,
    felt: impl Fn(&Tally) -> bool,
) -> Localised {
    let calib = full(table);
    let acc = total(table, accs, start);
    let mut best = Localised { scope: start.clone(), acc, score: score(table, start, &acc, calib) };
    for _ in 0..6 {
        let before = best.score;
        for dim in &table.key.dims {
            let next = along(table, accs, &best.scope, *dim, calib);
            if next.score > best.score + 1e-9 && felt(&next.acc) {
                best = next;
            }
        }
        if best.score <= before + 1e-9 {
            break;
        }
    }
    honest(table, accs, plain(table, accs, best, calib))
}

/// A value of a place is healthy when its own numbers say less than so many nats for any harm, and
/// would say so many more were it hurt as the place is.
const HINT: f64 = 2.0;
const SHOWN: f64 = 4.0;

/// The place without values that are clearly healthy: a set may hold some whose numbers it hardly
/// feels. What the data cannot tell from the hurt stays.
pub fn honest(table: &Cuboid, accs: &[Tally], place: Localised) -> Localised {
    let calib = full(table);
    let size = harm(table.shape, table.sign, &place.acc);
    let mut scope = place.scope.clone();
    for (dim, values) in place.scope.dims.iter().filter(|(_, v)| v.len() > 1) {
        let well = |value: &&String| {
            let mut one = place.scope.clone();
            one.dims.insert(*dim, [(*value).clone()].into());
            let acc = total(table, accs, &one);
            let own = evidence(table.shape, table.sign, &acc, calib).loc;
            let usual = Tally { a: acc.e, ..acc };
            let shown = -gain(table.shape, table.sign, &usual, calib, size);
            let here = gain(table.shape, table.sign, &acc, calib, size);
            own < HINT && shown >= SHOWN && here < -HINT
        };
        let gone: Vec<&String> = values.iter().filter(well).collect();
        if let Some(kept) = scope.dims.get_mut(dim).filter(|_| gone.len() < values.len()) {
            kept.retain(|v| !gone.contains(&v));
        }
    }
    if scope == place.scope { place } else { stay(table, accs, &scope) }
}

/// The best set of values of one dimension, the others held.
fn along(table: &Cuboid, accs: &[Tally], scope: &Scope, dim: Dim, calib: Dispersion) -> Localised {
    let mut open = scope.clone();
    open.dims.remove(&dim);
    let mut values: BTreeMap<&str, Tally> = BTreeMap::new();
    for (leaf, acc) in table.leaves.iter().zip(accs) {
        if acc.n > 0.0 && open.contains(&leaf.seg) {
            values.entry(leaf.seg.get(dim).as_str()).or_default().add(acc);
        }
    }
    let mut all = Tally::default();
    for a in values.values() {
        all.add(a);
    }
    let mut best =
        Localised { score: score(table, &open, &all, calib), acc: all, scope: open.clone() };
    let mut order: Vec<(&str, Tally)> = values.into_iter().collect();
    let urgency = |a: &Tally| if a.v > 0.0 { table.sign * (a.a - a.e) / a.v } else { 0.0 };
    order.sort_by(|x, y| urgency(&y.1).total_cmp(&urgency(&x.1)).then(x.0.cmp(y.0)));
    let held: f64 = open.dims.iter().map(|(d, v)| price(table, *d, v.len())).sum();
    let (mut sum, mut most) = (Tally::default(), (best.score, 0, Tally::default()));
    let (base, each) = (held + price(table, dim, 1), PRICE_VALUE + surcharge(table, dim));
    for (i, (_, acc)) in order.iter().take(order.len().saturating_sub(1)).enumerate() {
        sum.add(acc);
        let loc = evidence(table.shape, table.sign, &sum, calib).loc;
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
pub fn reached(reach: &Reach, table: &Cuboid, accs: &[Tally], place: Localised) -> Localised {
    let names = [Dim::Release, Dim::Cohort].iter().any(|d| place.scope.dims.contains_key(d));
    if !names || !table.key.dims.contains(&Dim::Template) {
        return place;
    }
    let Some(declared) = reach.pages(&place.scope) else { return place };
    let inside = table.leaves.iter().filter(|l| place.scope.contains(&l.seg));
    let met = inside.map(|l| l.seg.get(Dim::Template).as_str().to_owned());
    let met: BTreeSet<String> = met.collect();
    let calib = table.calib(table.mask_for(&table.key.dims));
    let speaks = |page: &String| {
        let mut one = place.scope.clone();
        one.dims.insert(Dim::Template, [page.clone()].into());
        let acc = total(table, accs, &one);
        evidence(table.shape, table.sign, &acc, calib).loc >= TELLS
    };
    let kept = met.iter().filter(|page| declared.contains(*page) || speaks(page));
    let kept: BTreeSet<String> = kept.cloned().collect();
    if kept.is_disjoint(&declared) || kept.len() == met.len() {
        return place;
    }
    let mut scope = place.scope.clone();
    scope.dims.insert(Dim::Template, kept);
    stay(table, accs, &scope)
}
