//! Targets, budgets and the release policy in words, over the made-up shop.
//! Which burn opens a case is tested in `lines`.

use super::made_up::{Shop, Wrong};
use crate::detect::cases::error_budget::ErrorBudget;
use crate::domain::metric::Metric;
use crate::domain::segment::Scope;
use crate::domain::time::Span;
use crate::policy::guardrail::{Condition, Exposure, GuardClass, Guardrail};
use crate::verdict::Judgement;

fn row(name: &str, metric: Metric, condition: Condition, target: Option<f64>) -> Guardrail {
    Guardrail {
        name: name.into(),
        class: GuardClass::Errors,
        metric: vec![metric],
        percentile: Some(95.0),
        scope: Scope::everything(),
        condition,
        target,
        hold: Span::ZERO,
        clear: Span::from_mins(5),
        exposure: Exposure::High,
        owner: "release manager".to_owned(),
        response: String::new(),
        escalation: Vec::new(),
    }
}

fn burn(objective: f64) -> Condition {
    Condition::Burn {
        objective,
        factor: 3.0,
        long: Span::from_mins(15),
        short: Span::from_mins(5),
        min_bad: 10.0,
        min_users: 0.0,
    }
}

fn shop(row: Guardrail) -> Shop {
    Shop::told(|s| s.policy.guardrail.push(row), 1.0)
}

fn said(j: &Judgement, name: &str) -> String {
    let row = j.guardrails.iter().find(|g| g.guardrail.as_str() == name);
    row.map(|g| g.detail.clone()).unwrap_or_default()
}

#[test]
fn a_target_stands_beside_the_histograms_percentile_and_opens_nothing() {
    let mut shop = shop(row("m4", Metric::Inp, Condition::Target {}, Some(100.0)));
    let told = shop.run(30, Wrong::default());
    assert!(told.cases.is_empty());
    let text = said(&told, "m4");
    assert!(text.contains("p95 ") && text.contains("target 100 ms, missed"), "{text}");
}

#[test]
fn a_budget_tells_what_is_left_and_when_it_is_empty() {
    // One in a hundred fails as usual: of an objective of 98 % half is left, of 99.5 % nothing.
    let mut calm = shop(row("budget", Metric::JsErrorRate, burn(0.98), None));
    let text = said(&calm.run(30, Wrong::default()), "budget");
    assert!(text.contains("budget of 3 days 50% left, burns 0."), "{text}");
    assert!(calm.engine.freezes().is_empty());
    let text = said(&calm.run(30, Wrong { errors: 0.09, ..Wrong::default() }), "budget");
    assert!(text.contains("empty in 6 h") || text.contains("empty in 7 h"), "{text}");
    let mut over = shop(row("budget", Metric::JsErrorRate, burn(0.995), None));
    let text = said(&over.run(30, Wrong::default()), "budget");
    assert!(text.contains("0% left: used up, releases should stop"), "{text}");
    let freeze = over.engine.freezes();
    assert!(freeze[0].contains("budget is used up") && freeze[0].contains("release manager"));
}

#[test]
fn hours_of_an_incident_stay_in_the_budget() {
    let mut shop = shop(row("budget", Metric::JsErrorRate, burn(0.98), None));
    shop.run(60, Wrong::default());
    let before =
        shop.engine.state.budgets.values().next().and_then(|b| b.left(0.98)).expect("known");
    shop.run(120, Wrong { errors: 0.2, ..Wrong::default() });
    shop.run(60, Wrong::default());
    let after =
        shop.engine.state.budgets.values().next().and_then(|b| b.left(0.98)).expect("known");
    // Two of 75 hours with ten times the budget's share.
    assert!((0.2..0.34).contains(&(before.0 - after.0)), "{before:?} {after:?}");
}

#[test]
fn a_budget_of_a_few_hours_says_so_and_stops_no_release() {
    let mut budget = ErrorBudget::default();
    for hour in 0..5 {
        budget.count(hour, (10_000.0, 900.0));
    }
    assert_eq!(budget.left(0.99), None, "nine times its failures in five hours are no month");
    for hour in 5..24 {
        budget.count(hour, (10_000.0, 900.0));
    }
    assert!(budget.left(0.99).is_some_and(|(share, days)| share < 0.0 && days >= 1.0));
}
