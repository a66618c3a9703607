//! Bots told from losses: more visits than usual that buy as much as usual. The rate falls, the
//! orders do not. Only steps over visits can be diluted this way.

use crate::detect::cube::cuboid::{Cuboid, Slice};
use crate::detect::cube::key::{CuboidKey, Role};
use crate::detect::cube::store::Cube;
use crate::detect::evidence::stat::{Likelihood, Tally, evidence};
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
pub fn dilute(store: &Cube, key: &CuboidKey, scope: &Scope, harm: f64, span: (i64, i64)) -> bool {
    let buyers = match key.family {
        (Metric::AddToCartRate, Role::Step) => Metric::AddToCart,
        (Metric::ConversionRate, Role::Step) => Metric::Orders,
        _ => return false,
    };
    let lift = shop_lift(store, key, span);
    let sum = |metric: Metric| {
        let key = CuboidKey { family: (metric, Role::Plain), ..key.clone() };
        let table = store.tables.get(&key)?;
        let mut sum = Tally::default();
        for leaf in table.leaves.iter().filter(|l| scope.contains(&l.seg)) {
            sum.add(&table.acc_over(leaf, span.0, span.1));
        }
        (sum.e, sum.v) = (sum.e * lift, sum.v * lift);
        let dims: Vec<_> = scope.dims.keys().copied().collect();
        (sum.e > 0.0).then(|| (sum, table.calib(table.mask_for(&dims))))
    };
    let (Some((hits, spread)), Some((visits, crowd))) = (sum(buyers), sum(Metric::Sessions)) else {
        return false;
    };
    // Which is farther from the usual: too many visits, or too few buyers?
    let excess = evidence(Likelihood::Poisson, 1.0, &visits, crowd);
    let deficit = evidence(Likelihood::Poisson, -1.0, &hits, spread);
    let sold_less = deficit.nats > SOLD_LESS && deficit.harm > harm / 2.0;
    let crowded = excess.harm > CROWD && excess.nats > deficit.nats;
    !sold_less && (crowded || touched(store, scope, span))
}

/// A crowd that buys nothing.
#[derive(Clone, PartialEq, Debug)]
pub struct Crowd {
    pub seg: Segment,
    pub nats: f64,
    /// Visits as a multiple of the usual.
    pub times: f64,
}

/// Bots seen plainly anywhere in the shop reach into this place: another cut may hold them in one
/// cell where this one has them spread thin. Then a rate is no proof, buyers must be missing.
fn touched(store: &Cube, scope: &Scope, span: (i64, i64)) -> bool {
    crowds(store, span, SEEN).iter().any(|c| Scope::of(&c.seg).overlaps(scope))
}

/// Places of one or two dimensions with a crowd of visits that buy no more than usual.
pub fn crowds(store: &Cube, span: (i64, i64), line: f64) -> Vec<Crowd> {
    let tables = store.family((Metric::Sessions, Role::Plain));
    tables.flat_map(|table| crowds_in(store, table, span, line)).collect()
}

fn crowds_in(store: &Cube, table: &Cuboid, span: (i64, i64), line: f64) -> Vec<Crowd> {
    let shop = shop_lift(store, &table.key, span);
    let visits = leaf_sums(table, span, shop);
    let bought = [Metric::AddToCart, Metric::Orders].iter().find_map(|metric| {
        let key = CuboidKey { family: (*metric, Role::Plain), ..table.key.clone() };
        let buyers = store.tables.get(&key)?;
        let sums = leaf_sums(buyers, span, shop);
        sums.iter().any(|a| a.e > 0.0).then_some((buyers, sums))
    });
    let Some((buyers, bought)) = bought else { return Vec::new() };
    let places = table.conj.iter().filter(|c| (1..=2).contains(&c.mask.count_ones()));
    let crowd = |c: &Slice| {
        let came = total(&visits, c);
        let excess = evidence(Likelihood::Poisson, 1.0, &came, table.calib(c.mask));
        if excess.nats < line || excess.harm < PLAIN_CROWD {
            return None;
        }
        let sold = total(&bought, buyers.conj_at(&c.seg)?);
        let more = (sold.e > 0.0).then(|| sold.a / sold.e - 1.0)?;
        let times = came.a / came.e.max(1.0);
        (more < BUYING * excess.harm).then(|| Crowd {
            seg: c.seg.clone(),
            nats: excess.nats,
            times,
        })
    };
    places.filter_map(crowd).collect()
}

fn leaf_sums(table: &Cuboid, span: (i64, i64), shop: f64) -> Vec<Tally> {
    let sums = table.leaves.iter().map(|l| table.acc_over(l, span.0, span.1));
    sums.map(|a| Tally { e: a.e * shop, v: a.v * shop, ..a }).collect()
}

fn total(sums: &[Tally], conj: &Slice) -> Tally {
    let mut out = Tally::default();
    conj.leaves.iter().filter_map(|i| sums.get(*i as usize)).for_each(|a| out.add(a));
    out
}

/// How much livelier than usual the shop is as a whole: the middle one of its segments, because an
/// event lifts all of them and bots lift a few.
pub fn shop_lift(store: &Cube, key: &CuboidKey, span: (i64, i64)) -> f64 {
    let key = CuboidKey { family: (Metric::Sessions, Role::Plain), ..key.clone() };
    let Some(table) = store.tables.get(&key) else { return 1.0 };
    let accs = table.leaves.iter().map(|l| table.acc_over(l, span.0, span.1));
    let mut parts: Vec<(f64, f64)> = accs.filter(|a| a.e > 0.0).map(|a| (a.a / a.e, a.e)).collect();
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
