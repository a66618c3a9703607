//! Bots told from losses: more visits than usual that buy as much as usual. The rate falls, the
//! orders do not. Only steps over visits can be diluted this way.

use crate::detect::cube::cuboid::{Cuboid, Slice};
use crate::detect::cube::key::{CuboidKey, CuboidRole};
use crate::detect::cube::store::Cube;
use crate::detect::evidence::likelihood::Likelihood;
use crate::detect::evidence::llr::evidence;
use crate::detect::evidence::tally::Tally;
use crate::domain::metric::Metric;
use crate::domain::segment::{Scope, Segment};

/// Nats that must speak for fewer buyers than usual before a dilution counts as a loss too.
const SOLD_LESS: f64 = 12.0;
/// Share by which visits must exceed the usual before anybody thinks of bots.
const CROWD: f64 = 0.08;
/// Share beyond the usual that is a crowd whatever the rates do, the share of it that must buy
/// before it is called shoppers, and the nats that must speak for it.
const PLAIN_CROWD: f64 = 0.5;
const BUYING: f64 = 0.25;
const SEEN: f64 = 17.0;

/// A fall of `harm` (share of the rate) at a place over buckets: is it dilution by bots?
pub fn is_diluted(
    cube: &Cube,
    key: &CuboidKey,
    scope: &Scope,
    harm: f64,
    span: (i64, i64),
) -> bool {
    let buyers = match key.family {
        (Metric::AddToCartRate, CuboidRole::Step) => Metric::AddToCart,
        (Metric::ConversionRate, CuboidRole::Step) => Metric::Orders,
        _ => return false,
    };
    let lift = shop_lift(cube, key, span);
    let sum = |metric: Metric| {
        let key = CuboidKey { family: (metric, CuboidRole::Plain), ..key.clone() };
        let cuboid = cube.cuboids.get(&key)?;
        let mut sum = cuboid.scope_sum(scope, span);
        (sum.expected, sum.variance) = (sum.expected * lift, sum.variance * lift);
        let dims: Vec<_> = scope.dims.keys().copied().collect();
        (sum.expected > 0.0).then(|| (sum, cuboid.dispersion(cuboid.mask_for(&dims))))
    };
    let (Some((hits, spread)), Some((visits, crowd))) = (sum(buyers), sum(Metric::Sessions)) else {
        return false;
    };
    // Which is farther from the usual: too many visits, or too few buyers?
    let excess = evidence(Likelihood::Poisson, 1.0, &visits, crowd);
    let deficit = evidence(Likelihood::Poisson, -1.0, &hits, spread);
    let sold_less = deficit.nats > SOLD_LESS && deficit.harm > harm / 2.0;
    let crowded = excess.harm > CROWD && excess.nats > deficit.nats;
    !sold_less && (crowded || touched(cube, scope, span))
}

/// A crowd that buys nothing.
#[derive(Clone, PartialEq, Debug)]
pub struct VisitCrowd {
    pub seg: Segment,
    pub nats: f64,
    /// Visits as a multiple of the usual.
    pub times: f64,
}

/// Bots seen plainly anywhere in the shop reach into this place: another cut may hold them in one
/// cell where this one has them spread thin. Then a rate is no proof, buyers must be missing.
fn touched(cube: &Cube, scope: &Scope, span: (i64, i64)) -> bool {
    crowds(cube, span, SEEN).iter().any(|c| Scope::of(&c.seg).overlaps(scope))
}

/// Places of one or two dimensions with a crowd of visits that buy no more than usual.
pub fn crowds(cube: &Cube, span: (i64, i64), line: f64) -> Vec<VisitCrowd> {
    let cuboids = cube.family((Metric::Sessions, CuboidRole::Plain));
    cuboids.flat_map(|cuboid| crowds_in(cube, cuboid, span, line)).collect()
}

fn crowds_in(cube: &Cube, cuboid: &Cuboid, span: (i64, i64), line: f64) -> Vec<VisitCrowd> {
    let shop = shop_lift(cube, &cuboid.key, span);
    let visits = leaf_sums(cuboid, span, shop);
    let bought = [Metric::AddToCart, Metric::Orders].iter().find_map(|metric| {
        let key = CuboidKey { family: (*metric, CuboidRole::Plain), ..cuboid.key.clone() };
        let buyers = cube.cuboids.get(&key)?;
        let sums = leaf_sums(buyers, span, shop);
        sums.iter().any(|a| a.expected > 0.0).then_some((buyers, sums))
    });
    let Some((buyers, bought)) = bought else { return Vec::new() };
    let places = cuboid.slices.iter().filter(|c| (1..=2).contains(&c.mask.count_ones()));
    let crowd = |c: &Slice| {
        let came = total(&visits, c);
        let excess = evidence(Likelihood::Poisson, 1.0, &came, cuboid.dispersion(c.mask));
        if excess.nats < line || excess.harm < PLAIN_CROWD {
            return None;
        }
        let sold = total(&bought, buyers.slice_at(&c.seg)?);
        let more = (sold.expected > 0.0).then(|| sold.observed / sold.expected - 1.0)?;
        let times = came.observed / came.expected.max(1.0);
        (more < BUYING * excess.harm).then(|| VisitCrowd {
            seg: c.seg.clone(),
            nats: excess.nats,
            times,
        })
    };
    places.filter_map(crowd).collect()
}

fn leaf_sums(cuboid: &Cuboid, span: (i64, i64), shop: f64) -> Vec<Tally> {
    let sums = cuboid.leaves.iter().map(|l| cuboid.tally_over(l, span.0, span.1));
    sums.map(|a| Tally { expected: a.expected * shop, variance: a.variance * shop, ..a }).collect()
}

fn total(sums: &[Tally], slice: &Slice) -> Tally {
    let mut out = Tally::default();
    slice.leaves.iter().filter_map(|i| sums.get(*i as usize)).for_each(|a| out.add(a));
    out
}

/// How much livelier than usual the shop is as a whole: the middle one of its segments, because an
/// event lifts all of them and bots lift a few.
fn shop_lift(cube: &Cube, key: &CuboidKey, span: (i64, i64)) -> f64 {
    let key = CuboidKey { family: (Metric::Sessions, CuboidRole::Plain), ..key.clone() };
    let Some(cuboid) = cube.cuboids.get(&key) else { return 1.0 };
    let tallies = cuboid.leaves.iter().map(|l| cuboid.tally_over(l, span.0, span.1));
    let mut parts: Vec<(f64, f64)> = tallies
        .filter(|a| a.expected > 0.0)
        .map(|a| (a.observed / a.expected, a.expected))
        .collect();
    parts.sort_by(|x, y| x.0.total_cmp(&y.0));
    let half = parts.iter().map(|p| p.1).sum::<f64>() / 2.0;
    let mut seen = 0.0;
    for (ratio, weight) in parts {
        seen += weight;
        if seen >= half {
            return ratio.clamp(0.5, 3.0);
        }
    }
    1.0
}
