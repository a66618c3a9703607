//! What checks that see nothing may not say: no green row, no counter-evidence, no "green tech".
//! How failures open cases is in the parent file.

use super::made_up::*;
use crate::domain::id::SourceId;
use crate::domain::time::Span;
use crate::verdict::{Judgement, Verdict};

const SLOW: f64 = 1.8;

fn availability(judgement: &Judgement) -> (Verdict, String) {
    let row = judgement.guardrails.iter().find(|g| g.guardrail.as_str() == "availability");
    row.map(|g| (g.verdict, g.detail.clone())).expect("a row")
}

/// Minutes of a shop whose checks do not run; `wrong` is with the shop.
fn unprobed(shop: &mut Shop, minutes: i64, wrong: Wrong) -> Judgement {
    let mut last = Judgement::default();
    for _ in 0..minutes {
        let batch = window(&mut shop.dice, shop.now, 1, wrong);
        shop.engine.observe(&batch);
        shop.now += 60;
        last = shop.engine.judge(at(shop.now));
    }
    last
}

fn against(judgement: &Judgement) -> Vec<String> {
    firing(judgement).iter().flat_map(|c| c.evidence_against.clone()).collect()
}

#[test]
fn the_row_on_checks_is_green_only_while_they_run() {
    let mut shop = Shop::warm();
    assert_eq!(availability(&shop.run(5, Wrong::default())).0, Verdict::Ok);
    assert_eq!(availability(&unprobed(&mut shop, 14, Wrong::default())).0, Verdict::Ok);
    let stale = availability(&unprobed(&mut shop, 2, Wrong::default()));
    assert_eq!(stale, (Verdict::Unsure, "last check 17 min ago".to_owned()));
    assert_eq!(availability(&shop.run(1, Wrong::default())).0, Verdict::Ok);
    shop.engine.source_blind(&SourceId::new("probes"), true, at(shop.now));
    let blind = availability(&unprobed(&mut shop, 1, Wrong::default()));
    assert_eq!(blind, (Verdict::Blind, "probes is blind since 12:22 UTC".to_owned()));
}

#[test]
fn a_round_of_failing_checks_takes_the_ok_away_before_the_next_one_opens_a_case() {
    let mut shop = Shop::warm();
    shop.run(5, Wrong::default());
    shop.check(false, &["eu", "us"]);
    let once = unprobed(&mut shop, 1, Wrong::default());
    let (verdict, words) = availability(&once);
    assert!(firing(&once).is_empty(), "one round may be chance");
    assert_eq!(verdict, Verdict::Unsure);
    assert_eq!(words, "checkout: the newest checks fail; one more round tells");
    shop.check(true, &["eu"]);
    let one = availability(&unprobed(&mut shop, 1, Wrong::default()));
    assert_eq!(one.0, Verdict::Ok, "one location of two: {}", one.1);
}

#[test]
fn a_location_that_no_longer_checks_shows_its_age() {
    let mut shop = Shop::warm();
    shop.run(5, Wrong::default());
    let mut last = Judgement::default();
    for _ in 0..20 {
        shop.check(true, &["eu"]);
        last = unprobed(&mut shop, 1, Wrong::default());
    }
    let row = last.journeys.iter().find(|j| j.journey.as_str() == "checkout").expect("a row");
    assert_eq!(row.checks, ["eu: pass", "us: pass, 21 min ago"]);
}

#[test]
fn runs_are_missed_by_the_cadence_of_the_journey_or_of_the_runs() {
    let every = |every: Option<Span>| {
        let mut shop = Shop::told(
            |s| {
                let row = s.policy.journey.iter_mut().find(|j| j.name.as_str() == "checkout");
                row.expect("a journey").every = every;
            },
            1.0,
        );
        shop.run(5, Wrong::default());
        (1..60)
            .find(|_| availability(&unprobed(&mut shop, 1, Wrong::default())).0 != Verdict::Ok)
            .unwrap_or(60)
    };
    assert_eq!((every(None), every(Some(Span::from_mins(10)))), (3, 30));
}

#[test]
fn a_shop_without_checks_is_never_told_that_they_pass() {
    let mut shop = Shop::warm();
    unprobed(&mut shop, 10, Wrong::default());
    let judgement = unprobed(&mut shop, 12, Wrong { orders_fail: true, ..Wrong::default() });
    assert_eq!(availability(&judgement), (Verdict::Unsure, "nothing measures it".to_owned()));
    assert_eq!(firing(&judgement).len(), 1);
    assert_eq!(against(&judgement), ["no check can see it: checkout has none"]);
    let green = firing(&judgement)[0].evidence_for.iter().any(|l| l.contains("green tech"));
    assert!(!green, "{:?}", firing(&judgement)[0].evidence_for);
}

#[test]
fn blind_checks_are_no_counter_evidence_and_no_green_tech() {
    let run = |blind: bool| {
        let mut shop = Shop::warm();
        shop.run(10, Wrong::default());
        let mut last = Judgement::default();
        if blind {
            shop.engine.source_blind(&SourceId::new("probes"), true, at(shop.now));
        }
        for _ in 0..12 {
            shop.check(true, &["eu", "us"]);
            last = unprobed(&mut shop, 1, Wrong { orders_fail: true, ..Wrong::default() });
        }
        let cases = firing(&last).into_iter().filter(|c| c.key.starts_with("conversion"));
        let cases: Vec<_> = cases.cloned().collect();
        assert_eq!(cases.len(), 1, "{:?}", last.cases);
        let green = cases[0].findings.iter().any(|f| f.guardrail.as_str().starts_with("green"));
        (cases[0].evidence_against.clone(), green)
    };
    assert_eq!(run(false), (vec!["synthetic checks see nothing".to_owned()], true));
    let word = "no check can see it: probes is blind since 12:10 UTC".to_owned();
    assert_eq!(run(true), (vec![word], false));
}

#[test]
fn checks_that_run_as_desktop_are_no_counter_evidence_for_phones() {
    let mut shop = Shop::told(
        |s| {
            for row in &mut s.policy.journey {
                row.device = vec!["desktop".to_owned()];
                row.checks.push("checkout".to_owned());
            }
        },
        1.0,
    );
    shop.run(10, Wrong::default());
    let judgement = shop.run(20, Wrong { mobile_pdp_slower: SLOW, ..Wrong::default() });
    let case = firing(&judgement)[0];
    let line = case.evidence_for.iter().find(|l| l.contains("cannot see this"));
    let line = line.unwrap_or_else(|| panic!("{case:#?}"));
    assert!(
        line.starts_with("checks run as desktop, ") && line.contains("pdp views are mobile"),
        "{line}"
    );
    assert!(!against(&judgement).iter().any(|l| l.contains("checks")), "{case:#?}");
}
