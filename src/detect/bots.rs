//! Bots told from losses: more visits than usual that buy as much as usual. The rate falls, the
//! orders do not. Only steps over visits can be diluted this way.

use crate::domain::metric::Metric;
use crate::domain::segment::Scope;

use super::stat::{Acc, poisson};
use super::store::Store;
use super::table::{Role, TableKey};

/// Nats that must speak for fewer buyers than usual before a dilution counts as a loss.
const SOLD_LESS: f64 = 8.0;

/// A fall of `harm` (share of the rate) at a place over buckets: is it dilution by bots?
pub fn dilute(store: &Store, key: &TableKey, scope: &Scope, harm: f64, span: (i64, i64)) -> bool {
    let buyers = match key.family {
        (Metric::AddToCartRate, Role::Step) => Metric::AddToCart,
        (Metric::ConversionRate, Role::Step) => Metric::Orders,
        _ => return false,
    };
    let sum = |metric: Metric, scope: &Scope| {
        let key = TableKey { family: (metric, Role::Plain), ..key.clone() };
        let table = store.tables.get(&key)?;
        let mut sum = Acc::default();
        for leaf in table.leaves.iter().filter(|l| scope.contains(&l.seg)) {
            sum.add(&table.acc_over(leaf, span.0, span.1));
        }
        (sum.e > 0.0).then_some(sum)
    };
    let (Some(hits), Some(visits)) = (sum(buyers, scope), sum(Metric::Sessions, scope)) else {
        return false;
    };
    let lift = shop_lift(store, key, span);
    let (kept, more) = (hits.a / hits.e / lift, visits.a / visits.e / lift);
    let diluted = 1.0 / (1.0 - harm).max(0.02);
    let sold_less = kept < 1.0 - harm / 2.0 && poisson(hits.a, hits.e * lift) > SOLD_LESS;
    more > 1.0 + 0.5 * (diluted - 1.0) && !sold_less
}

/// How much livelier than usual the shop is as a whole: the middle one of its segments, because an
/// event lifts all of them and bots lift a few.
fn shop_lift(store: &Store, key: &TableKey, span: (i64, i64)) -> f64 {
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
