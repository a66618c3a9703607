//! What a baseline rests on, counted: days of history and samples behind the usual value of a
//! place. Only counting; how a baseline is learnt lives in `profile` and `calibrate`.

use crate::detect::cube::cuboid::{Conj, Leaf, Table};
use crate::detect::evidence::stat::Shape;
use crate::domain::segment::Scope;
use crate::verdict::Basis;

impl Basis {
    /// Of a place; nothing when nothing was learnt there.
    pub(in crate::detect) fn of_scope(table: &Table, scope: &Scope) -> Option<Self> {
        of(table, table.leaves.iter().filter(|l| scope.contains(&l.seg)))
    }

    pub(in crate::detect) fn of_conj(table: &Table, conj: &Conj) -> Option<Self> {
        of(table, conj.leaves.iter().filter_map(|i| table.leaves.get(*i as usize)))
    }
}

fn of<'a>(table: &Table, leaves: impl Iterator<Item = &'a Leaf>) -> Option<Basis> {
    let known = leaves.filter(|l| l.prof.known());
    let (mut some, mut samples, mut days) = (false, 0.0, 0.0_f32);
    for leaf in known {
        some = true;
        days = days.max(leaf.prof.days);
        samples += match table.shape {
            Shape::Flow if table.timed() => leaf.prof.events(),
            _ => f64::from(leaf.prof.total),
        };
    }
    let days = (f64::from(days) * 10.0).round() / 10.0;
    some.then(|| Basis { days, samples: samples.round() })
}
