//! Rows of policy beyond the band: burn rates, thresholds, hold, weak evidence, scoped maintenance.
//! Bands themselves are in the parent file.

use super::made_up::{NOON, Shop, Wrong, at, firing};
use crate::detect::cube::settings::{AnnouncedWork, Settings};
use crate::domain::observation::Quality;
use crate::domain::segment::{Dim, Scope};
use crate::domain::severity::Severity;
use crate::domain::time::Span;
use crate::policy::judging::Policy;
use crate::verdict::Judgement;

/// Replaces the rows that watch errors and speed by one row.
fn only(settings: &mut Settings, metric: &str, condition: &str, more: &str) {
    let rows = &mut settings.policy.guardrail;
    rows.retain(|r| {
        !["errors", "performance"].contains(&format!("{:?}", r.class).to_lowercase().as_str())
    });
    let text = format!(
        "[[guardrail]]\nname = 'line'\nclass = 'errors'\nmetric = '{metric}'\nowner = 'o'\n\
         response = 'r'\ncondition = {condition}\n{more}\n"
    );
    rows.extend(Policy::parse(&text).expect("a row").guardrail);
}

fn errors(share: f64) -> Wrong {
    Wrong { errors: share, ..Wrong::default() }
}

/// Minutes until something fires, and the judgement then.
fn opens(shop: &mut Shop, wrong: Wrong, most: i64) -> Option<(i64, Judgement)> {
    (1..=most).find_map(|minute| {
        let j = shop.run(1, wrong);
        (!firing(&j).is_empty()).then_some((minute, j))
    })
}

#[test]
fn a_budget_that_burns_too_fast_opens_and_names_its_row() {
    // Three times the budget of 98 % over 15 minutes: the guide's preset.
    let burn = "{ kind = 'burn', objective = 0.98 }";
    let mut shop = Shop::told(|s| only(s, "js_error_rate", burn, ""), 1.0);
    shop.run(20, Wrong::default());
    assert!(opens(&mut shop, errors(0.025), 40).is_none(), "3.5 % is below 3 x 2 %");
    let (_, j) = opens(&mut shop, errors(0.12), 20).expect("13 % burns");
    let case = firing(&j)[0].clone();
    let finding = case.findings.first().expect("a finding");
    assert_eq!(finding.guardrail.as_str(), "line");
    assert!(finding.test.starts_with("error budget burns"), "{}", finding.test);
    shop.run(3, errors(0.12));
    let end = (1..=12).find(|_| firing(&shop.run(1, Wrong::default())).is_empty());
    assert!(end.is_some(), "it clears");
}

#[test]
fn a_floor_in_users_counts_visits_not_failures() {
    let burn = |users: f64| {
        let row = format!("{{ kind = 'burn', objective = 0.98, min_users = {users} }}");
        let mut shop = Shop::told(|s| only(s, "js_error_rate", &row, ""), 1.0);
        shop.run(20, Wrong::default());
        opens(&mut shop, errors(0.12), 20).is_some()
    };
    // About 450 failed views in a quarter of an hour: 130 users at least, 450 at most.
    assert!(burn(50.0) && !burn(300.0));
}

#[test]
fn too_few_affected_burn_nothing() {
    let burn = "{ kind = 'burn', objective = 0.98, min_bad = 100000.0 }";
    let mut shop = Shop::told(|s| only(s, "js_error_rate", burn, ""), 1.0);
    shop.run(20, Wrong::default());
    assert!(opens(&mut shop, errors(0.12), 20).is_none());
}

#[test]
fn a_threshold_opens_beyond_its_line_and_not_where_that_is_usual() {
    let line = |above: f64| format!("{{ kind = 'threshold', above = {above} }}");
    for (above, share, expected) in [(0.05, 0.10, true), (0.05, 0.02, false), (0.005, 0.0, false)] {
        let mut shop = Shop::told(|s| only(s, "js_error_rate", &line(above), ""), 1.0);
        shop.run(20, Wrong::default());
        let opened = opens(&mut shop, errors(share), 20);
        assert_eq!(opened.is_some(), expected, "line {above}, errors {share}");
    }
    let p75 = "{ kind = 'threshold', above = 250.0 }";
    let mut shop = Shop::told(|s| only(s, "inp", p75, "percentile = 75.0"), 1.0);
    shop.run(20, Wrong::default());
    let slow = Wrong { mobile_pdp_slower: 2.6, ..Wrong::default() };
    assert!(opens(&mut shop, Wrong::default(), 20).is_none());
    let mut here = Shop::told(
        |s| {
            only(
                s,
                "inp",
                p75,
                "percentile = 75.0\nscope = { template = ['pdp'], device = ['mobile'] }",
            );
        },
        1.0,
    );
    here.run(20, Wrong::default());
    let (_, j) = opens(&mut here, slow, 20).expect("beyond 250 ms");
    assert_eq!(firing(&j)[0].segments[0].to_string(), "pdp · mobile");
}

#[test]
fn hold_waits_and_a_short_burst_opens_nothing() {
    let band = "{ kind = 'band', min_change = 0.5 }";
    let held = |s: &mut Settings| only(s, "js_error_rate", band, "hold = '10m'");
    let mut shop = Shop::told(held, 1.0);
    shop.run(20, Wrong::default());
    let (minute, j) = opens(&mut shop, errors(0.2), 30).expect("it lasts");
    assert!((10..=12).contains(&minute), "opened after {minute} min: {:?}", j.cases);
    let mut shop = Shop::told(held, 1.0);
    shop.run(20, Wrong::default());
    assert!(opens(&mut shop, errors(0.2), 5).is_none());
    assert!(opens(&mut shop, Wrong::default(), 30).is_none());
}

#[test]
fn weak_evidence_alone_is_never_sev_2() {
    let doubtful = Quality { partial: true, ..Quality::GOOD };
    for (quality, level) in [(doubtful, Severity::Sev3), (Quality::GOOD, Severity::Sev2)] {
        let mut shop = Shop::warm();
        shop.run(10, Wrong::default());
        let slow = Wrong { mobile_pdp_slower: 1.8, quality, ..Wrong::default() };
        let j = shop.run(20, slow);
        let case = firing(&j)[0].clone();
        assert_eq!(case.severity, level, "{case:?}");
        let said = case.evidence_against.iter().any(|e| e.contains("partial"));
        assert_eq!(said, quality.partial, "{:?}", case.evidence_against);
    }
}

#[test]
fn work_announced_for_one_page_mutes_that_page_only() {
    let work = |template: &str| {
        let scope = Scope::everything().with(Dim::Template, template);
        let (start, end) = (at(NOON), at(NOON).plus(Span::from_hours(2)));
        AnnouncedWork { name: "work".into(), start, end, scope }
    };
    let slow = Wrong { mobile_pdp_slower: 1.8, ..Wrong::default() };
    for (template, opened) in [("pdp", false), ("cart", true)] {
        let mut shop = Shop::told(|s| s.maintenance = vec![work(template)], 1.0);
        shop.run(10, Wrong::default());
        assert_eq!(opens(&mut shop, slow, 20).is_some(), opened, "work on {template}");
    }
    // Checkout is worked on: neither its probes nor its orders open anything.
    let down = Wrong { orders_fail: true, ..Wrong::default() };
    let mut shop = Shop::told(|s| s.maintenance = vec![work("checkout")], 1.0);
    shop.run(10, Wrong::default());
    assert!(opens(&mut shop, down, 20).is_none());
}

#[test]
fn a_small_shop_in_a_total_outage_is_sev_1_within_minutes() {
    // About 85,000 visits a day, six orders a minute at noon.
    let few = Wrong { visits: 0.5, ..Wrong::default() };
    let mut shop = Shop::told(|_| {}, 0.5);
    shop.run(10, few);
    let down = Wrong { orders_fail: true, ..few };
    let sev_1 = |j: &Judgement| firing(j).iter().any(|c| c.severity == Severity::Sev1);
    let minute = (1..=10).find(|_| sev_1(&shop.run(1, down)));
    assert!(minute.is_some_and(|m| m <= 4), "Sev 1 after {minute:?} minutes");
}
