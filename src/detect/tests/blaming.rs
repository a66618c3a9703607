//! What blame says of changes it cannot know, of campaigns, of two versions side by side, and of a
//! change that was taken back. Whom it names on a plain day is in the parent file.

use super::made_up::*;
use crate::domain::change::{Change, ChangeKind};
use crate::domain::id::{ReleaseId, SourceId};
use crate::domain::metric::Metric;
use crate::domain::observation::{Value, Window};
use crate::domain::segment::Dim;
use crate::verdict::{Confidence, Judgement, Suspect};

const SLOW: Wrong = Wrong {
    mobile_pdp_slower: 1.8,
    orders_fail: false,
    beacons_lost: false,
    visits: 0.0,
    errors: 0.0,
    quality: crate::domain::observation::Quality::GOOD,
};

fn suspect(judgement: &Judgement) -> Suspect {
    let cases = firing(judgement);
    let business = cases.iter().find(|c| !c.key.starts_with("telemetry"));
    business.map_or_else(|| panic!("{:?}", judgement.cases), |c| c.suspect.clone())
}

#[test]
fn what_no_feed_tells_is_unknown_and_not_absent() {
    let slow = |ready: fn(&mut Shop)| {
        let mut shop = Shop::warm();
        ready(&mut shop);
        shop.run(10, Wrong::default());
        suspect(&shop.run(20, SLOW))
    };
    let absent = slow(|_| {});
    assert_eq!(absent.reasons, ["releases unknown: no source tells of changes"]);
    let known = slow(|shop| shop.release("old", NOON - 40 * 3600, &["pdp"]));
    assert_eq!(known.reasons, ["no release explains this: none went live in the day before"]);
    let blind = slow(|shop| {
        shop.release("old", NOON - 40 * 3600, &["pdp"]);
        shop.engine.source_blind(&SourceId::new("git"), true, at(NOON + 120));
    });
    assert_eq!(blind.reasons, ["releases unknown: git is blind since 12:02 UTC"]);
    for suspect in [absent, known, blind] {
        assert_eq!((suspect.release, suspect.confidence), (None, Confidence::None));
    }
}

#[test]
fn checks_that_fail_while_the_feed_is_blind_say_so_too() {
    let mut shop = Shop::warm();
    shop.release("old", NOON - 40 * 3600, &["checkout"]);
    shop.run(10, Wrong::default());
    shop.engine.source_blind(&SourceId::new("git"), true, at(shop.now));
    let mut last = Judgement::default();
    for _ in 0..4 {
        let batch = window(&mut shop.dice, shop.now, 1, Wrong::default());
        shop.engine.observe(&batch);
        shop.check(false, &["eu", "us"]);
        shop.now += 60;
        last = shop.engine.judge(at(shop.now));
    }
    assert_eq!(suspect(&last).reasons, ["releases unknown: git is blind since 12:10 UTC"]);
}

fn campaign(shop: &mut Shop) {
    shop.release("spring", shop.now, &[]);
    let change = shop.engine.state.changes.values().find(|c| c.id.as_str() == "spring").cloned();
    let change = Change { kind: ChangeKind::Campaign, ..change.expect("told") };
    shop.engine.observe_changes(&[change]);
}

#[test]
fn a_campaign_is_considered_and_cleared() {
    let mut shop = Shop::warm();
    shop.run(10, Wrong::default());
    campaign(&mut shop);
    let suspect = suspect(&shop.run(20, SLOW));
    assert_eq!(suspect.release, None, "{suspect:#?}");
    let why = suspect.considered.iter().find(|c| c.release.as_str() == "spring");
    let why = why.unwrap_or_else(|| panic!("{suspect:#?}"));
    assert!(why.why.starts_with("cleared: a campaign"), "{}", why.why);
}

/// Two versions share the product pages, the new one since a release; bad shares of each.
fn side_by_side(old: f64, new: f64) -> (Suspect, Vec<String>) {
    versions("pdp", (old, new), Wrong::default())
}

/// The same with the old version on any page, and what else is wrong meanwhile.
fn versions(page: &str, (old, new): (f64, f64), wrong: Wrong) -> (Suspect, Vec<String>) {
    let mut shop = Shop::warm();
    let row = |shop: &mut Shop, version: &str, start: i64, mins: i64, bad: f64| {
        let page = if version == "r1" { page } else { "pdp" };
        let trials = 120.0 * mins as f64;
        let hits = shop.dice.count(trials * bad).min(trials);
        let w = Window { start: at(start), end: at(start + mins * 60) };
        let s = seg(&[(Dim::Template, page), (Dim::Release, version)]);
        fact("arms", Metric::JsErrorRate, s, w, Value::Ratio { hits, trials })
    };
    for hour in 1..=72 {
        let start = NOON - hour * 3600;
        let rows = [row(&mut shop, "r1", start, 60, 0.01), row(&mut shop, "r2", start, 60, 0.01)];
        shop.engine.history(&rows);
    }
    shop.run(10, Wrong::default());
    shop.release("r2", shop.now - 300, &["pdp"]);
    let mut last = Judgement::default();
    for _ in 0..15 {
        let now = shop.now;
        let rows = [row(&mut shop, "r1", now, 1, old), row(&mut shop, "r2", now, 1, new)];
        shop.engine.observe(&rows);
        last = shop.run(1, wrong);
    }
    let told = suspect(&last);
    let why = told.considered.iter().map(|c| &c.why);
    let lines = told.reasons.iter().chain(&told.against).chain(why).cloned().collect();
    (told, lines)
}

#[test]
fn two_versions_side_by_side_are_told_with_their_numbers() {
    let (told, lines) = side_by_side(0.01, 0.2);
    assert_eq!(told.release, Some(ReleaseId::new("r2")), "{lines:#?}");
    let line = lines.iter().find(|l| l.contains(": new ")).unwrap_or_else(|| panic!("{lines:#?}"));
    assert!(line.contains("% against 1.") && line.matches("(n 1").count() == 2, "{line}");
    let (_, lines) = side_by_side(0.2, 0.2);
    let line = lines.iter().find(|l| l.contains("suffer alike: new "));
    let line = line.unwrap_or_else(|| panic!("{lines:#?}"));
    assert!(line.matches("% against 1.").count() == 2, "{line}");
}

#[test]
fn times_of_two_versions_are_the_ones_that_their_cells_show() {
    let mut shop = Shop::warm();
    let row = |shop: &mut Shop, version: &str, start: i64, mins: i64, median: f64| {
        let w = Window { start: at(start), end: at(start + mins * 60) };
        let s = seg(&[(Dim::Template, "pdp"), (Dim::Release, version)]);
        let value = dist(&mut shop.dice, 60.0 * mins.min(10) as f64, median);
        fact("arms", Metric::Inp, s, w, value)
    };
    for hour in 1..=72 {
        let start = NOON - hour * 3600;
        let rows = [row(&mut shop, "r1", start, 60, 120.0), row(&mut shop, "r2", start, 60, 120.0)];
        shop.engine.history(&rows);
    }
    shop.run(10, Wrong::default());
    shop.release("r2", shop.now - 300, &["pdp"]);
    let mut last = Judgement::default();
    for _ in 0..15 {
        let now = shop.now;
        let rows = [row(&mut shop, "r1", now, 1, 120.0), row(&mut shop, "r2", now, 1, 220.0)];
        shop.engine.observe(&rows);
        last = shop.run(1, SLOW);
    }
    let told = suspect(&last);
    let why = told.considered.iter().map(|c| &c.why);
    let mut lines = told.reasons.iter().chain(&told.against).chain(why);
    let line = lines.find(|l| l.contains(": new ")).unwrap_or_else(|| panic!("{told:#?}"));
    let numbers = line.split(": new ").nth(1).expect("numbers");
    let ms = |arm: &str| -> f64 {
        let text = if arm == "old" { numbers.split("old ").nth(1) } else { Some(numbers) };
        let digits = text.and_then(|t| t.split(' ').next()).expect("a number");
        digits.parse().unwrap_or_else(|_| panic!("{line}"))
    };
    for (arm, version) in [("old", "r1"), ("new", "r2")] {
        let s = seg(&[(Dim::Template, "pdp"), (Dim::Release, version)]);
        let cell = last.cells.iter().find(|c| c.metric == Metric::Inp && c.segment == s);
        let shown = cell.and_then(|c| c.value).expect("a cell");
        assert!((ms(arm) / shown - 1.0).abs() < 0.15, "{arm}: {line}, the cell says {shown}");
    }
}

#[test]
fn versions_that_serve_other_pages_are_not_held_against_each_other() {
    let everywhere = Wrong { errors: 0.2, ..Wrong::default() };
    let (_, lines) = versions("cart", (0.01, 0.2), everywhere);
    assert!(lines.iter().all(|l| !l.contains(": new ")), "{lines:#?}");
}

#[test]
fn the_suspect_stays_once_it_was_taken_back_and_the_harm_heals() {
    let mut shop = Shop::warm();
    shop.run(10, Wrong::default());
    shop.release("guilty", shop.now, &["pdp"]);
    let before = suspect(&shop.run(15, SLOW));
    assert_eq!(before.release, Some(ReleaseId::new("guilty")));
    let mut change = shop.engine.state.changes.values().next().cloned().expect("told");
    change.rolled_back_at = Some(at(shop.now));
    shop.engine.observe_changes(&[change]);
    let healing = suspect(&shop.run(2, SLOW));
    assert_eq!(healing.release, Some(ReleaseId::new("guilty")));
    assert_eq!(
        healing.reasons.last().map(String::as_str),
        Some("taken back 12:25 UTC, not recovered yet")
    );
    let mut last = healing;
    for _ in 0..10 {
        let judgement = shop.run(1, Wrong::default());
        let Some(case) = judgement.cases.first() else { break };
        last = case.suspect.clone();
        assert_eq!(
            (last.release.clone(), last.confidence),
            (before.release.clone(), before.confidence)
        );
    }
    assert_eq!(
        last.reasons.last().map(String::as_str),
        Some("taken back 12:25 UTC, recovered 2 min later")
    );
}

#[test]
fn a_change_that_was_taken_back_without_help_is_weighed_again() {
    let mut shop = Shop::warm();
    shop.run(10, Wrong::default());
    shop.release("guilty", shop.now, &["pdp"]);
    shop.run(15, SLOW);
    let mut change = shop.engine.state.changes.values().next().cloned().expect("told");
    change.rolled_back_at = Some(at(shop.now));
    shop.engine.observe_changes(&[change]);
    let after = suspect(&shop.run(25, SLOW));
    assert!(!after.reasons.iter().any(|r| r.starts_with("taken back")), "{after:#?}");
    let words = after.considered.iter().find(|c| c.release.as_str() == "guilty");
    let words = words.map(|c| c.why.clone()).unwrap_or_default();
    assert!(words.contains("taken back, no better 25 min later"), "{after:#?}");
}

/// A slow shop since `NOON + 600 s + onset`, with changes at so many seconds after that.
fn beside(onset: i64, changes: &[(&str, i64)]) -> Suspect {
    let mut shop = Shop::warm();
    shop.run(10, Wrong::default());
    for (id, secs) in changes {
        shop.release(id, NOON + 600 + onset + secs, &[]);
    }
    shop.run(onset / 60, Wrong::default());
    suspect(&shop.run(12, SLOW))
}

#[test]
fn two_changes_within_a_minute_are_a_tie_that_names_both() {
    let told = beside(600, &[("a", -50), ("b", -10)]);
    assert!(told.is_tie() && told.release.is_none(), "{told:#?}");
    let (a, b) = (told.share_of(&"a".into()), told.share_of(&"b".into()));
    assert!(a > Some(0.25) && b > Some(0.25), "{told:#?}");
    assert!(told.reasons[0].starts_with("one of "), "{told:#?}");
    assert_eq!(told.confidence, Confidence::None);
}

#[test]
fn the_minute_in_which_the_harm_begins_is_early_enough() {
    for secs in [-20, 15, 30] {
        let told = beside(600, &[("a", secs), ("old", -9000)]);
        assert_eq!(told.release, Some(ReleaseId::new("a")), "{secs} s: {told:#?}");
        assert_ne!(told.confidence, Confidence::High, "its time alone");
        assert!(told.share_of(&"a".into()) <= Some(0.91), "what came with it: {told:#?}");
    }
    let late = beside(600, &[("a", 400), ("old", -9000)]);
    assert_ne!(late.release, Some(ReleaseId::new("a")), "{late:#?}");
}

#[test]
fn a_version_that_ran_at_the_first_sight_is_nobodys_cause() {
    let mut shop = Shop::warm();
    shop.run(10, Wrong::default());
    let start = Change { ran_before: true, ..change("start", at(NOON + 1200 - 130)) };
    shop.engine.observe_changes(&[start]);
    shop.release("new", NOON + 1200 - 10, &[]);
    shop.run(10, Wrong::default());
    let told = suspect(&shop.run(12, SLOW));
    assert_eq!(told.release, Some(ReleaseId::new("new")), "{told:#?}");
    assert_eq!(told.share_of(&"start".into()), None, "{told:#?}");
}

#[test]
fn what_was_taken_back_before_the_harm_is_no_suspect() {
    for gone in [7, 40] {
        let mut shop = Shop::warm();
        shop.run(10, Wrong::default());
        let back = Some(at(NOON + 1200 - gone * 60));
        let early = change("gone", at(NOON + 1200 - gone * 60 - 900));
        shop.engine.observe_changes(&[Change { rolled_back_at: back, ..early }]);
        shop.run(10, Wrong::default());
        let told = suspect(&shop.run(12, SLOW));
        assert_eq!(told.release, None, "{gone} min: {told:#?}");
        let words = told.considered.first().map(|c| c.why.clone()).unwrap_or_default();
        let said = words.contains("taken back ") && words.contains(" min before the harm began");
        assert!(said, "{gone} min: {words}");
    }
}

#[test]
fn none_is_said_only_where_none_is_likelier_than_all_of_them() {
    let told = beside(600, &[("a", -20), ("b", -25), ("c", -30)]);
    let words = told.reasons.join("; ");
    assert!(told.is_tie() && words.starts_with("one of "), "{told:#?}");
    assert!(!words.contains("no release explains this"), "{words}");
}

#[test]
fn after_recovery_the_blame_stays_as_it_was() {
    let mut shop = Shop::warm();
    shop.run(10, Wrong::default());
    shop.release("guilty", shop.now, &["pdp"]);
    let before = suspect(&shop.run(15, SLOW));
    let mut last = None;
    for _ in 0..8 {
        let judgement = shop.run(1, Wrong::default());
        last = judgement.cases.first().map(|c| c.suspect.clone()).or(last);
    }
    assert_eq!(last.map(|s| s.release), Some(before.release));
}

#[test]
fn of_a_tie_the_one_whose_rollback_heals_is_named() {
    let mut shop = Shop::warm();
    shop.run(10, Wrong::default());
    let (a, b) = (shop.now - 40, shop.now);
    shop.release("a", a, &[]);
    shop.release("b", b, &[]);
    assert!(suspect(&shop.run(12, SLOW)).is_tie());
    let back = Some(at(shop.now - 20));
    shop.engine.observe_changes(&[Change { rolled_back_at: back, ..change("a", at(a)) }]);
    let mut last = None;
    for _ in 0..9 {
        let judgement = shop.run(1, Wrong::default());
        last = judgement.cases.first().map(|c| c.suspect.clone()).or(last);
    }
    let told = last.expect("a case");
    assert_eq!(told.release, Some(ReleaseId::new("a")), "{told:#?}");
    assert!(told.share_of(&"a".into()) > Some(0.8), "{told:#?}");
}
