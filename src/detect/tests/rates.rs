//! Metrics that the made-up shop does not tell by itself: failing calls, crashes, users with
//! errors and first bytes by region; and what would raise a severity.

use std::collections::BTreeSet;

use super::made_up::{Dice, NOON, Shop, Wrong, at, dist, fact, firing, policy, seg};
use crate::detect::cases::severity;
use crate::domain::metric::Metric;
use crate::domain::observation::{Observation, Value, Window};
use crate::domain::segment::Dim;
use crate::domain::severity::Severity;
use crate::policy::severity_rule::Fact;
use crate::verdict::{Class, Judgement};

const REGIONS: [&str; 2] = ["eu", "us"];

/// One window of a metric by region; `bad` hurts the second region.
fn told(dice: &mut Dice, metric: Metric, start: i64, minutes: i64, bad: f64) -> Vec<Observation> {
    let w = Window { start: at(start), end: at(start + minutes * 60) };
    let of = |(i, region): (usize, &&str)| {
        let hurt = if i == 1 { bad } else { 0.0 };
        let n = dice.count(200.0 * minutes as f64);
        let value = match metric {
            Metric::Ttfb => dist(dice, n.min(300.0), 110.0 * (1.0 + hurt * 4.0)),
            Metric::ApiSuccess => {
                Value::Ratio { hits: n - dice.count(n * (0.005 + hurt)).min(n), trials: n }
            }
            _ => Value::Ratio { hits: dice.count(n * (0.005 + hurt)).min(n), trials: n },
        };
        fact("app", metric, seg(&[(Dim::Region, region)]), w, value)
    };
    REGIONS.iter().enumerate().map(of).collect()
}

fn judged(metric: Metric, bad: f64) -> Judgement {
    let mut shop = Shop::warm();
    let mut dice = Dice(11);
    for hour in 1..=72 {
        shop.engine.history(&told(&mut dice, metric, NOON - hour * 3600, 60, 0.0));
    }
    let mut last = Judgement::default();
    for minute in 0..60 {
        let hurt = if minute < 30 { 0.0 } else { bad };
        shop.engine.observe(&told(&mut dice, metric, shop.now, 1, hurt));
        last = shop.run(1, Wrong::default());
    }
    last
}

#[test]
fn calls_crashes_users_and_first_bytes_are_judged_by_region() {
    let rows = [Metric::ApiSuccess, Metric::CrashRate, Metric::UserErrorRate, Metric::Ttfb];
    for metric in rows {
        assert!(firing(&judged(metric, 0.0)).is_empty(), "{metric}: calm");
        let j = judged(metric, 0.1);
        let cases = firing(&j);
        assert_eq!(cases.len(), 1, "{metric}: {cases:#?}");
        assert_eq!(cases[0].class, Class::Regression, "{metric}");
        let place = cases[0].segments[0].to_string();
        assert!(place.contains("us") && !place.contains("eu"), "{metric}: {place}");
    }
}

#[test]
fn what_would_raise_it_is_one_fact_away() {
    let rules = policy().severity_rule;
    let facts: BTreeSet<Fact> = [Fact::CheckFail, Fact::CheckoutCheckFail].into();
    let ranked = severity::rank(&rules, &facts);
    assert_eq!(ranked.level, Severity::Sev2);
    assert_eq!(ranked.raise, "Sev 1 if orders collapse");
    let alone = severity::rank(&rules, &[Fact::CheckoutUnusable].into());
    assert_eq!((alone.level, alone.raise.as_str()), (Severity::Sev1, ""));
}
