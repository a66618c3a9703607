//! Percentiles of a place over some buckets, read from histograms and never averaged. What is usual
//! is not known here.

use super::cuboid::Cuboid;
use super::histograms::percentile;
use super::store::Cube;
use crate::domain::histogram::Histogram;
use crate::domain::segment::Scope;

/// A quantile of a scope's histograms, with its samples; never an average of percentiles.
pub fn quantile(
    cube: &Cube,
    cuboid: &Cuboid,
    scope: &Scope,
    span: (i64, i64),
    q: f64,
) -> Option<(f64, f64)> {
    let cut = cube.histograms.cuts.get(&cuboid.key)?;
    let mut counts = Vec::new();
    for leaf in cuboid.leaves.iter().filter(|l| scope.contains(&l.seg)) {
        cut.add(&leaf.seg, span.0, span.1, &mut counts);
    }
    let h = Histogram::new(cut.bounds.clone(), counts);
    Some((percentile(&h, q, cuboid.dispersion(0).overdispersion)?.0, h.total()))
}
