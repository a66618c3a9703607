//! How the places of two shifts lie: the same, one in the other, crossed, beside each other,
//! apart, or not to be compared. Only places; when two begin, and what that means, is in `agree`.

use std::collections::BTreeSet;

use crate::detect::cube::cuboid::Leaf;
use crate::detect::cube::store::Cube;
use crate::detect::evidence::stat::{Tally, evidence};
use crate::detect::scan::shift::Shift;
use crate::domain::segment::{Dim, Scope};

/// How the places of two shifts lie, as far as both cuts can tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lie {
    Same,
    /// One holds the other.
    Nested,
    /// Each is narrower than the other in some dimension.
    Crossed,
    /// The cuts share no dimension that one of them fixes.
    Unknown,
    /// They differ in the values of one dimension.
    Beside,
    Apart,
}

/// Nats of harm outside a place, and its size against the harm at large, that show it to be no
/// harm of that place.
const SHOWN: f64 = 6.0;
const AS_BAD: f64 = 0.5;

/// What an shift fixes of a dimension. Of a step the template is the policy's word and not a
/// measurement; a cut that tells one page only is about that page.
fn fixed(e: &Shift, dim: Dim) -> Option<&BTreeSet<String>> {
    let place = if dim == Dim::Template { &e.place } else { &e.scope };
    place.dims.get(&dim)
}

/// How two places lie. Only dimensions that both cuts tell count.
pub fn lie(a: &Shift, b: &Shift) -> Lie {
    let shared: Vec<Dim> =
        a.cuboid.dims.iter().filter(|d| b.cuboid.dims.contains(d)).copied().collect();
    let unseen = |e: &Shift| e.scope.dims.keys().any(|d| !shared.contains(d));
    let (mut equal, mut same, mut disjoint) = (0, 0, 0);
    let mut narrower = (unseen(a), unseen(b));
    for dim in &shared {
        match (fixed(a, *dim), fixed(b, *dim)) {
            (None, None) => equal += 1,
            (Some(x), Some(y)) => {
                let (inter, nested) = (x.intersection(y).count(), x.is_subset(y) || y.is_subset(x));
                let alike =
                    2 * inter > if nested { x.len().max(y.len()) } else { x.len().min(y.len()) };
                if alike {
                    (equal, same) = (equal + 1, same + 1);
                } else if nested {
                    narrower = (narrower.0 || x.len() < y.len(), narrower.1 || x.len() > y.len());
                } else {
                    disjoint += 1;
                }
            }
            (x, _) => narrower = (narrower.0 || x.is_some(), narrower.1 || x.is_none()),
        }
    }
    match disjoint {
        0 if equal < shared.len() && narrower == (true, true) => Lie::Crossed,
        0 if equal < shared.len() => Lie::Nested,
        0 if shared.is_empty() || same == 0 && (unseen(a) || unseen(b)) => Lie::Unknown,
        0 => Lie::Same,
        1 if equal + 1 == shared.len() => Lie::Beside,
        _ => Lie::Apart,
    }
}

/// Each cut tells every dimension that the other place fixes.
pub fn told_by_both(a: &Shift, b: &Shift) -> bool {
    let told = |e: &Shift, by: &Shift| e.scope.dims.keys().all(|d| by.cuboid.dims.contains(d));
    told(a, b) && told(b, a)
}

/// A loss that is as bad outside the place of a trouble is not the trouble's doing: cuts of the
/// loss that tell the trouble's dimensions say so, whatever cut it was found in.
pub fn spreads(cube: &Cube, loss: &Shift, failing: &Shift) -> bool {
    let mut here = failing.scope.clone();
    here.dims.remove(&Dim::Template);
    if here.dims.is_empty() {
        return false;
    }
    let mut cuboids = cube.family(loss.cuboid.family);
    let Some(cuboid) = cuboids.find(|t| here.dims.keys().all(|d| t.key.dims.contains(d))) else {
        return false;
    };
    let mut hurt = loss.scope.clone();
    hurt.dims.retain(|d, _| cuboid.key.dims.contains(d));
    let over = |keep: &dyn Fn(&Leaf) -> bool| {
        let mut sum = Tally::default();
        for leaf in cuboid.leaves.iter().filter(|l| keep(l)) {
            sum.add(&cuboid.acc_over(leaf, loss.from(), loss.last_bad));
        }
        evidence(
            loss.likelihood,
            loss.sign,
            &sum,
            cuboid.dispersion(cuboid.mask_for(&dims(&hurt, &here))),
        )
    };
    let inside = over(&|l| hurt.contains(&l.seg) && here.contains(&l.seg));
    let outside = over(&|l| hurt.contains(&l.seg) && !here.contains(&l.seg));
    outside.nats >= SHOWN && outside.harm >= AS_BAD * inside.harm.max(0.0)
}

fn dims(a: &Scope, b: &Scope) -> Vec<Dim> {
    a.dims.keys().chain(b.dims.keys()).copied().collect()
}
