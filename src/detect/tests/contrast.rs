//! Red beside green: the two named findings, and that neither is told where both sides are red.
//! What they rest on is tested in the parent file.

use super::made_up::*;
use crate::verdict::{Class, Finding, Judgement, Verdict};

fn named<'a>(judgement: &'a Judgement, name: &str) -> Option<&'a Finding> {
    let mut all = firing(judgement).into_iter().flat_map(|c| &c.findings);
    all.find(|f| f.guardrail.as_str() == name)
}

const RED_BUSINESS: &str = "green-tech-red-business";
const RED_TECH: &str = "red-tech-business-unharmed";

#[test]
fn checks_and_speed_fine_and_buying_not_is_named() {
    let mut shop = Shop::warm();
    shop.run(10, Wrong::default());
    let mut last = Judgement::default();
    for _ in 0..8 {
        let wrong = Wrong { orders_fail: true, ..Wrong::default() };
        let batch = window(&mut shop.dice, shop.now, 1, wrong);
        shop.engine.observe(&batch);
        shop.check(true, &["eu", "us"]);
        shop.now += 60;
        last = shop.engine.judge(at(shop.now));
    }
    let case = firing(&last)[0].clone();
    assert_eq!(case.class, Class::Conversion, "{case:#?}");
    let finding = named(&last, RED_BUSINESS).expect("named");
    assert_eq!(finding.verdict, Verdict::Breach);
    assert!(
        finding.text.starts_with("green tech, red business: checks and speed are fine, buying is"),
        "{}",
        finding.text
    );
    assert!(named(&last, RED_TECH).is_none());
    let row = last.guardrails.iter().find(|g| g.detail.contains("red business"));
    assert_eq!(row.map(|g| g.verdict), Some(Verdict::Breach), "{:?}", last.guardrails);
}

#[test]
fn slow_pages_that_cost_no_shopper_are_named_the_other_way_round() {
    let mut shop = Shop::warm();
    shop.run(10, Wrong::default());
    let judgement = shop.run(20, Wrong { mobile_pdp_slower: 1.8, ..Wrong::default() });
    let finding = named(&judgement, RED_TECH).expect("named");
    assert_eq!(finding.verdict, Verdict::Ok);
    assert!(finding.text.contains("funnel-progression"), "{}", finding.text);
    assert!(named(&judgement, RED_BUSINESS).is_none());
}

#[test]
fn where_both_are_red_neither_is_told() {
    let mut shop = Shop::warm();
    shop.run(10, Wrong::default());
    let judgement = shop.run(8, Wrong { orders_fail: true, ..Wrong::default() });
    assert!(named(&judgement, RED_BUSINESS).is_none() && named(&judgement, RED_TECH).is_none());
}
