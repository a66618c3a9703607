//! What known shifts explain of every leaf's windows, written beside their sums. What is left over
//! is looked at by the sweep.

use std::collections::HashMap;

use super::shift::Shift;
use crate::detect::cube::cuboid::Cuboid;
use crate::detect::cube::key::CuboidKey;
use crate::detect::cube::store::Cube;
use crate::detect::evidence::stat::Explained;

/// Writes into every leaf's windows what the shifts explain of them.
pub fn explain(cube: &mut Cube, shifts: &[Shift], lengths: &[i64], bucket: i64) {
    let mut found: HashMap<CuboidKey, Vec<Vec<Explained>>> = HashMap::new();
    for cuboid in cube.cuboids.values() {
        let relevant: Vec<&Shift> =
            shifts.iter().filter(|e| e.cuboid.family == cuboid.key.family).collect();
        if relevant.is_empty() {
            continue;
        }
        found.insert(cuboid.key.clone(), rows(cube, cuboid, &relevant, lengths, bucket));
    }
    for (key, cuboid) in &mut cube.cuboids {
        let rows = found.remove(key);
        if rows.is_some() || cuboid.explained {
            cuboid.explained = rows.is_some();
            for (i, leaf) in cuboid.leaves.iter_mut().enumerate() {
                leaf.explained_sums.clear();
                match rows.as_ref().and_then(|r| r.get(i)) {
                    Some(row) => leaf.explained_sums.extend(row),
                    None => leaf.explained_sums.resize(lengths.len(), Explained::default()),
                }
            }
            cuboid.swept = false;
        }
    }
}

/// Explained part of each leaf and window.
pub fn rows(
    cube: &Cube,
    cuboid: &Cuboid,
    shifts: &[&Shift],
    lengths: &[i64],
    bucket: i64,
) -> Vec<Vec<Explained>> {
    let mut out = vec![vec![Explained::default(); lengths.len()]; cuboid.leaves.len()];
    for e in shifts {
        let to = bucket.min(e.until.unwrap_or(i64::MAX));
        let shares = e.shares(cube, cuboid);
        for ((row, leaf), share) in out.iter_mut().zip(&cuboid.leaves).zip(shares) {
            if share <= 0.0 {
                continue;
            }
            let (mut sum, mut back) = (Explained::default(), 0);
            for (slot, length) in row.iter_mut().zip(lengths) {
                while back < *length {
                    let b = bucket - back;
                    if b >= e.from() && b <= to {
                        sum.add(&e.part(&cuboid.tally(leaf, b), share));
                    }
                    back += 1;
                }
                slot.add(&sum);
            }
        }
    }
    out
}
