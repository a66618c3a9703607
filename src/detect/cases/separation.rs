//! Is a place one fault's? Parts of it that began apart are two faults: a place does not grow over
//! what began at another second, and what was found as one is parted once seconds are known. Which
//! shifts share a case is decided in `agree`, how a place is climbed to in `localise`.

use std::collections::BTreeSet;

use super::simultaneity::{AS_ONE, When, began, curve};
use crate::detect::cube::cuboid::Cuboid;
use crate::detect::cube::store::Cube;
use crate::detect::evidence::stat::{Tally, evidence};
use crate::detect::scan::onset::Onset;
use crate::detect::scan::shift::Shift;
use crate::domain::segment::{Dim, Scope};
use crate::domain::time::Span;

/// Buckets after it was found in which an shift is looked at for parts that began apart: then the
/// first bucket can be told from the next ones, and people have not settled on a place yet.
const YOUNG: std::ops::RangeInclusive<i64> = 1..=4;
/// A dimension with more values than this is not looked at value by value.
const MANY: usize = 12;
/// Nats by which two beginnings must be likelier than one: one fault that hits several values of a
/// dimension is so much more usual than two within minutes.
const SURELY: f64 = 4.0;
/// Nats that a part says by itself before its beginning is believed.
const TELLS: f64 = 6.0;

/// Longer buckets tell minutes at best: how harm grows in them looks like beginnings apart.
const TELLS_SECONDS: Span = Span::from_mins(1);

/// True when all that a move adds to the old place of an shift began when that did, as far as
/// anybody can tell.
pub fn grew_as_one(cube: &Cube, old: &Shift, new: &Shift) -> bool {
    let Some(cuboid) = cube.cuboids.get(&new.cuboid) else { return true };
    if cube.bucket > TELLS_SECONDS {
        return true;
    }
    cuboid.key.dims.iter().all(|dim| {
        let added = added(cuboid, old, new, *dim);
        if added.is_empty() {
            return true;
        }
        let mut place = new.scope.clone();
        place.dims.insert(*dim, added);
        // What began in the newest bucket may be anywhere in it: it joins when that is known.
        let one = |p: Shift| p.last_bad > p.onset.bucket && !are_apart(cube, old, &p);
        part(cube, new, place).is_none_or(one)
    })
}

/// Values of a dimension that the new place has and the old one had not.
fn added(cuboid: &Cuboid, old: &Shift, new: &Shift, dim: Dim) -> BTreeSet<String> {
    let Some(had) = old.scope.dims.get(&dim) else { return BTreeSet::new() };
    values(cuboid, &new.scope, dim).difference(had).cloned().collect()
}

/// The values of a dimension that are met in a place.
fn values(cuboid: &Cuboid, place: &Scope, dim: Dim) -> BTreeSet<String> {
    if let Some(named) = place.dims.get(&dim) {
        return named.clone();
    }
    let inside = cuboid.leaves.iter().filter(|l| place.contains(&l.seg));
    inside.map(|l| l.seg.get(dim).as_str().to_owned()).collect()
}

/// The same harm as an shift of its own in a part of its place; none where it says too little.
fn part(cube: &Cube, whole: &Shift, place: Scope) -> Option<Shift> {
    let cuboid = cube.cuboids.get(&whole.cuboid)?;
    let mut sum = Tally::default();
    for leaf in cuboid.leaves.iter().filter(|l| place.contains(&l.seg)) {
        sum.add(&cuboid.acc_over(leaf, whole.from(), whole.last_bad));
    }
    let ev = evidence(whole.likelihood, whole.sign, &sum, whole.dispersion(cuboid));
    if ev.nats < TELLS || ev.harm <= 0.0 {
        return None;
    }
    let mut part = Shift { scope: place, acc: sum, harm: ev.harm, nats: ev.nats, ..whole.clone() };
    for _ in 0..2 {
        part.onset = Onset::default();
        part.measure(cuboid, whole.last_bad);
    }
    Some(part)
}

/// Two parts of a place surely did not begin as one.
fn are_apart(cube: &Cube, a: &Shift, b: &Shift) -> bool {
    let (Some(x), Some(y)) = (curve(cube, a), curve(cube, b)) else { return false };
    let slow = a.onset.ramp || b.onset.ramp;
    !slow && x.apart(&y, AS_ONE) >= SURELY
}

/// The place of a young shift without what began at another time: the part that says most stays,
/// what else burns is found for itself.
pub fn parted(cube: &Cube, e: &Shift, bucket: i64) -> Option<Scope> {
    let seconds = cube.bucket <= TELLS_SECONDS;
    if !seconds
        || !YOUNG.contains(&(bucket - e.found))
        || e.until.is_some()
        || e.good_since.is_some()
    {
        return None;
    }
    let cuboid = cube.cuboids.get(&e.cuboid)?;
    cuboid.key.dims.iter().find_map(|dim| along(cube, cuboid, e, *dim))
}

fn along(cube: &Cube, cuboid: &Cuboid, e: &Shift, dim: Dim) -> Option<Scope> {
    let values = values(cuboid, &e.scope, dim);
    if !(2..=MANY).contains(&values.len()) {
        return None;
    }
    let of = |value: &String| {
        let mut place = e.scope.clone();
        place.dims.insert(dim, [value.clone()].into());
        part(cube, e, place).map(|p| (value.clone(), p))
    };
    let told: Vec<(String, Shift)> = values.iter().filter_map(of).collect();
    let strongest = told.iter().max_by(|a, b| a.1.nats.total_cmp(&b.1.nats))?;
    let other = |x: &&(String, Shift)| x.0 != strongest.0 && are_apart(cube, &strongest.1, &x.1);
    let apart: Vec<&(String, Shift)> = told.iter().filter(other).collect();
    let nearest = |t: When| {
        let gap = |x: &(String, Shift)| (began(cube, &x.1).at - t.at).abs();
        let mine = gap(strongest);
        apart.iter().all(|x| gap(x) >= mine)
    };
    if apart.is_empty() {
        return None;
    }
    let stays = |v: &&String| {
        let known = told.iter().find(|t| t.0 == **v);
        known.is_none_or(|t| nearest(began(cube, &t.1)))
    };
    let mut place = e.scope.clone();
    place.dims.insert(dim, values.iter().filter(stays).cloned().collect());
    Some(place)
}
