//! Bots told from losses: more visits than usual that buy as much as usual. The rate falls, the
//! orders do not. Only steps over visits can be diluted this way.

use crate::domain::metric::Metric;
use crate::domain::segment::Scope;

use super::stat::{Acc, Shape, evidence};
use super::store::Store;
use super::table::{Role, TableKey};

/// Nats that must speak for fewer buyers than usual before a dilution counts as a loss too.
const SOLD_LESS: f64 = 12.0;
/// Share by which visits must exceed the usual before anybody thinks of bots.
const CROWD: f64 = 0.08;

/// A fall of `harm` (share of the rate) at a place over buckets: is it dilution by bots?
pub fn dilute(store: &Store, key: &TableKey, scope: &Scope, harm: f64, span: (i64, i64)) -> bool {
    let buyers = match key.family {
        (Metric::AddToCartRate, Role::Step) => Metric::AddToCart,
        (Metric::ConversionRate, Role::Step) => Metric::Orders,
        _ => return false,
    };
    let lift = shop_lift(store, key, span);
    let sum = |metric: Metric| {
        let key = TableKey { family: (metric, Role::Plain), ..key.clone() };
        let table = store.tables.get(&key)?;
        let mut sum = Acc::default();
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
    let excess = evidence(Shape::Flow, 1.0, &visits, crowd);
    let deficit = evidence(Shape::Flow, -1.0, &hits, spread);
    let sold_less = deficit.nats > SOLD_LESS && deficit.harm > harm / 2.0;
    excess.harm > CROWD && excess.nats > deficit.nats && !sold_less
}

/// How much livelier than usual the shop is as a whole: the middle one of its segments, because an
/// event lifts all of them and bots lift a few.
pub fn shop_lift(store: &Store, key: &TableKey, span: (i64, i64)) -> f64 {
    let key = TableKey { family: (Metric::Sessions, Role::Plain), ..key.clone() };
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
