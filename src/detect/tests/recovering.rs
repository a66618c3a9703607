//! What is told while a case heals and after: was, now and usual, money now and in total, checks in
//! the past tense, cells that still hold bad minutes, releases that are cleared or not.
//! When a case ends is in `ending`.

use super::made_up::{Shop, Wrong, at, change, firing};
use crate::domain::change::Change;
use crate::domain::id::ReleaseId;
use crate::domain::metric::Metric;
use crate::domain::segment::{Dim, Segment};
use crate::verdict::{Case, Cell, Judgement, Verdict};

const DOWN: Wrong = Wrong {
    mobile_pdp_slower: 0.0,
    orders_fail: true,
    beacons_lost: false,
    visits: 0.0,
    errors: 0.0,
    quality: crate::domain::observation::Quality::GOOD,
};
const SLOW: Wrong = Wrong { mobile_pdp_slower: 1.8, orders_fail: false, ..DOWN };

fn calm() -> Wrong {
    Wrong::default()
}

fn only(j: &Judgement) -> &Case {
    let all = firing(j);
    assert_eq!(all.len(), 1, "{:?}", j.cases);
    all[0]
}

#[test]
fn while_it_heals_each_finding_says_was_now_and_usual_and_a_minute_costs_less() {
    let mut shop = Shop::warm();
    shop.run(10, calm());
    let burning = shop.run(15, DOWN);
    let case = only(&burning);
    assert!(case.burned_per_minute.is_none());
    assert!(case.risk_per_minute.is_some_and(|r| r.high > 0.0), "{case:?}");
    let (headline, lost) = (case.headline.clone(), case.lost.expect("counted"));
    let healing = shop.run(4, calm());
    let case = only(&healing);
    assert_eq!(case.headline, headline, "the headline of the worst moment is kept");
    let step = case.findings.iter().find(|f| f.metric == Metric::OrderRate).expect("a step");
    assert_eq!(step.verdict, Verdict::Unsure, "{step:?}");
    let (was, now, usual) =
        (step.value.expect("was"), step.now.expect("now"), step.baseline.expect("usual"));
    assert!(was < 0.4 && now > 0.8 && usual > 0.8, "{step:?}");
    assert!(step.text.starts_with("was ") && step.text.ends_with(" now"), "{}", step.text);
    let (left, burned) = (case.risk_per_minute.expect("now"), case.burned_per_minute.expect("was"));
    assert!(left.high < 0.2 * burned.high, "{left:?} {burned:?}");
    assert!(case.lost.expect("counted").low >= lost.low, "it never shrinks");
    let row = healing.guardrails.iter().find(|g| g.guardrail == step.guardrail).expect("a row");
    assert_eq!(row.verdict, Verdict::Unsure, "not proven to be over: {row:?}");
}

#[test]
fn checks_that_pass_again_are_told_in_the_past_tense_and_business_harm_is_not_denied() {
    let mut shop = Shop::warm();
    shop.run(10, calm());
    shop.run(10, DOWN);
    for _ in 0..12 {
        let j = shop.run(1, calm());
        for case in &j.cases {
            let words: Vec<&String> = case
                .findings
                .iter()
                .map(|f| &f.text)
                .chain(&case.evidence_for)
                .chain(&case.evidence_against)
                .collect();
            for text in words {
                assert!(!text.contains("0 of ") && !text.contains("()"), "{text}");
                assert!(!text.contains("business unharmed"), "{text}");
            }
        }
    }
    let j = shop.run(1, calm());
    assert!(firing(&j).is_empty(), "{:?}", j.cases);
}

fn cell<'a>(j: &'a Judgement, metric: Metric, place: &[(Dim, &str)]) -> &'a Cell {
    let segment: Segment = super::made_up::seg(place);
    j.cells.iter().find(|c| c.metric == metric && c.segment == segment).expect("a cell")
}

#[test]
fn a_cell_is_judged_by_its_own_window_and_says_when_that_still_holds_harm() {
    let place = [(Dim::Template, "pdp"), (Dim::Device, "mobile")];
    let mut shop = Shop::warm();
    shop.run(10, calm());
    let j = shop.run(15, SLOW);
    assert_eq!(cell(&j, Metric::Inp, &place).verdict, Verdict::Breach);
    let elsewhere = [(Dim::Template, "cart"), (Dim::Device, "desktop")];
    assert_ne!(cell(&j, Metric::Inp, &elsewhere).verdict, Verdict::Breach);
    let (mut held, mut well) = (0, 0);
    for _ in 0..30 {
        let j = shop.run(1, calm());
        let c = cell(&j, Metric::Inp, &place);
        let (value, usual) = (c.value.expect("seen"), c.baseline.expect("learnt"));
        assert!(c.minutes > 0.0, "its window is told");
        if c.verdict == Verdict::Ok {
            well += 1;
            assert!(value < 1.3 * usual, "{c:?}");
        }
        held += usize::from(c.holds_bad);
    }
    assert!(held > 0, "at first its window holds bad minutes");
    assert!(well > 10, "in the end it is well");
}

/// The rows of a release as (metric, verdict, why).
fn rows(j: &Judgement, release: &str) -> Vec<(Metric, Verdict, String)> {
    let mine = j.impacts.iter().filter(|i| i.release.as_str() == release);
    mine.map(|i| (i.metric, i.verdict, i.why.clone())).collect()
}

#[test]
fn the_accused_release_shows_its_harm_and_another_says_what_clears_it() {
    let mut shop = Shop::warm();
    shop.run(70, calm());
    let onset = shop.now;
    shop.release("guilty", onset - 30, &["pdp"]);
    shop.release("innocent", onset - 40 * 60, &["pdp"]);
    let j = shop.run(25, SLOW);
    let case = only(&j);
    assert_eq!(case.suspect.release.as_ref().map(ReleaseId::as_str), Some("guilty"), "{case:?}");
    let guilty = rows(&j, "guilty");
    assert!(guilty.iter().any(|r| r.0 == Metric::Inp && r.1 == Verdict::Breach), "{guilty:?}");
    let innocent = rows(&j, "innocent");
    assert!(innocent.iter().all(|r| r.1 != Verdict::Breach), "{innocent:?}");
    let worse = innocent.iter().filter(|r| !r.2.is_empty());
    assert!(worse.clone().all(|r| r.2.starts_with("cleared: ")), "{innocent:?}");
}

#[test]
fn what_comes_after_a_release_was_taken_back_is_not_in_its_rows() {
    let mut shop = Shop::warm();
    shop.run(70, calm());
    let (live, back) = (at(shop.now), at(shop.now + 20 * 60));
    let release = Change { rolled_back_at: Some(back), ..change("gone", live) };
    shop.engine.observe_changes(std::slice::from_ref(&release));
    let seen = |j: &Judgement| -> f64 {
        let mine = j.impacts.iter().filter(|i| i.release == release.id);
        mine.filter(|i| i.metric == Metric::Inp).map(|i| i.n_after).sum()
    };
    let at_the_end = seen(&shop.run(21, calm()));
    let later = seen(&shop.run(15, calm()));
    assert!(at_the_end > 0.0);
    assert!((later - at_the_end).abs() < 0.06 * at_the_end, "{later} {at_the_end}");
}
