//! Finance: what a paid customer costs, as a batch job tells it once an hour over the last day.
//! Derived from the same visits as everything else; nothing here is drawn.

use std::fmt::Write as _;

use super::dims::BizCut;
use super::effect::HarmKind;
use super::range::{RangeRefusal, RangeRequest, buckets, head};
use super::state::Shop;
use super::timeline::ShopTimeline;

/// Complete hours that one figure covers: fewer would swing with the orders of a night.
pub const HOURS: i64 = 24;
/// EUR of advertising per paid visit.
const CLICK: f64 = 0.32;
/// EUR that a customer brings in a day, costs of goods taken off.
const MARGIN_A_DAY: f64 = 0.45;

/// Days until a paid customer has earned what it cost to win, over the [`HOURS`] complete hours
/// before `hour` (counted from the epoch); none where nobody bought.
pub fn payback_days(shop: &Shop, timeline: &ShopTimeline, hour: i64) -> Option<f64> {
    let (mut spent, mut won) = (0.0, 0.0);
    for past in hour - HOURS..hour {
        let bucket = shop.history.hour(&shop.world, timeline, past);
        let cut = BizCut::Source;
        for (key, row) in bucket.business_rows(cut) {
            if cut.labels(key).contains(&"paid") {
                spent += f64::from(row.sessions) * CLICK * dearer(timeline, past);
                won += f64::from(row.orders);
            }
        }
    }
    (won > 0.0).then(|| spent / won / MARGIN_A_DAY)
}

/// Factor on the cost of a paid visit, mean of an hour.
fn dearer(timeline: &ShopTimeline, hour: i64) -> f64 {
    let factor = |minute: i64| {
        let effects = timeline.effects.iter().filter_map(|c| match c.effect.kind {
            HarmKind::AdCost(f) => Some(1.0 + (f - 1.0) * c.effect.strength(minute)),
            _ => None,
        });
        effects.product::<f64>()
    };
    (hour * 60..(hour + 1) * 60).map(factor).sum::<f64>() / 60.0
}

/// The figure that stood in each bucket; the same all through an hour.
pub fn finance(shop: &Shop, range: &RangeRequest) -> Result<String, RangeRefusal> {
    let now = shop.now();
    let wanted = buckets(shop, range, now)?;
    let timeline = shop.timeline();
    let mut out = head(now);
    out.push_str(",\"rows\":[");
    let (mut comma, mut last) = ("", (i64::MIN, None));
    for start in wanted.starts.into_iter().filter(|m| m / 60 - HOURS >= shop.history.first / 60) {
        let hour = start.div_euclid(60);
        if last.0 != hour {
            last = (hour, payback_days(shop, &timeline, hour));
        }
        if let Some(days) = last.1 {
            let t = start * 60;
            let _ = write!(out, "{comma}{{\"t\":{t},\"cac_payback_days\":{days:.1}}}");
            comma = ",\n";
        }
    }
    out.push_str("]}\n");
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Span;
    use crate::shop::tests::shop;
    use crate::shop::timeline::minute_of;

    #[test]
    fn dear_clicks_show_in_the_figures_of_the_hours_they_fill() {
        let (shop, clock) = shop("paid-efficiency", 30_000.0);
        let onset = shop.truth().incidents.first().expect("a truth").onset;
        let hour = minute_of(onset).div_euclid(60);
        let before = payback_days(&shop, &shop.timeline(), hour).expect("orders");
        clock.set(onset.plus(Span::from_hours(26)));
        let during = payback_days(&shop, &shop.timeline(), hour + 6).expect("orders");
        let after = payback_days(&shop, &shop.timeline(), hour + 25).expect("orders");
        assert!((15.0..60.0).contains(&before), "{before}");
        assert!(during > 1.2 * before && during < 0.8 * after, "{before} {during} {after}");
        assert!(after > 3.0 * before && after < 5.0 * before, "{before} {after}");
        let range = RangeRequest { step: Some(3600), from: Some(0.0), ..RangeRequest::default() };
        assert!(finance(&shop, &range).is_err(), "the range is bounded like all the others");
    }
}
