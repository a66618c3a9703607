//! Demand: the paid visits of late against their usual number, for numbers that fall with demand.
//! One comparison in words; it opens nothing and judges nothing by itself.

use crate::detect::cube::key::CuboidRole;
use crate::detect::cube::store::Cube;
use crate::detect::evidence::stat::Tally;
use crate::domain::metric::Metric;
use crate::domain::segment::Dim;

/// Visits that are expected at least before a comparison says anything.
const ENOUGH: f64 = 100.0;
/// Values of the traffic source that cost money: `paid`, `paid_search`, `cpc` and the like.
const PAID: [&str; 3] = ["paid", "cpc", "ads"];

/// Visits that cost money, of late against usual.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Demand {
    /// `-0.3` is 30 % fewer.
    pub change: f64,
    /// The window in hours.
    pub hours: f64,
}

/// Paid visits over the longest standing window against usual; none when nobody counts them.
pub fn paid(cube: &Cube) -> Option<Demand> {
    let cuboids = cube.family((Metric::Sessions, CuboidRole::Plain));
    let cuboid = cuboids.into_iter().find(|t| t.key.dims.contains(&Dim::TrafficSource))?;
    let mut sum = Tally::default();
    for leaf in &cuboid.leaves {
        let value = leaf.seg.get(Dim::TrafficSource).as_str();
        if PAID.iter().any(|p| value.starts_with(p)) {
            sum.add(leaf.sums.last()?);
        }
    }
    let hours = *cuboid.lengths.last()? as f64 * cuboid.bucket_ms as f64 / 3_600_000.0;
    (sum.expected >= ENOUGH).then(|| Demand { change: sum.observed / sum.expected - 1.0, hours })
}
