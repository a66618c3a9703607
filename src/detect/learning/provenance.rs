//! What a baseline rests on, counted: days of history and samples behind the usual value of a
//! place. Only counting; how a baseline is learnt lives in `profile` and `calibrate`.

use crate::detect::cube::cuboid::{Cuboid, Leaf, Slice};
use crate::detect::evidence::stat::Likelihood;
use crate::domain::segment::Scope;
use crate::verdict::Basis;

impl Basis {
    /// Of a place; nothing when nothing was learnt there.
    pub(in crate::detect) fn of_scope(cuboid: &Cuboid, scope: &Scope) -> Option<Self> {
        of(cuboid, cuboid.leaves.iter().filter(|l| scope.contains(&l.seg)))
    }

    pub(in crate::detect) fn of_conj(cuboid: &Cuboid, slice: &Slice) -> Option<Self> {
        of(cuboid, slice.leaves.iter().filter_map(|i| cuboid.leaves.get(*i as usize)))
    }
}

fn of<'a>(cuboid: &Cuboid, leaves: impl Iterator<Item = &'a Leaf>) -> Option<Basis> {
    let known = leaves.filter(|l| l.prof.known());
    let (mut some, mut samples, mut days) = (false, 0.0, 0.0_f32);
    for leaf in known {
        some = true;
        days = days.max(leaf.prof.days);
        samples += match cuboid.likelihood {
            Likelihood::Poisson if cuboid.timed() => leaf.prof.events(),
            _ => f64::from(leaf.prof.total),
        };
    }
    let days = (f64::from(days) * 10.0).round() / 10.0;
    some.then(|| Basis { days, samples: samples.round() })
}
