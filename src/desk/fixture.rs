//! Boards and desks for tests: a checkout outage with its whole story, a calm day, a blind shop.
//! The story is mission-map.md section 4; test code only.

use std::sync::Arc;

use crate::board::{
    Action, ActionState, Board, ChecklistItem, ChoiceRow, Incident, Precheck, Release,
    RollbackPlan, Source, SourceState, State, TimelineEntry, Watcher,
};
use crate::detect::verdict::{
    Cell, Class, Confidence, Considered, Finding, FunnelStep, GuardrailState, Impact, JourneyState,
    Suspect, Verdict,
};
use crate::domain::change::{ChangeKind, ChangeStatus};
use crate::domain::metric::Metric;
use crate::domain::money::{MoneyRange, Range};
use crate::domain::observation::Quality;
use crate::domain::segment::{Dim, DimValue, Scope, Segment};
use crate::domain::severity::Severity;
use crate::domain::time::{Span, Timestamp};
use crate::policy::severity::Choice;

use super::keymap::Keymap;
use super::state::{Desk, Role, Setup, Size};

/// The night's instants, `hh:mm:ss` on 2026-11-20 UTC.
pub fn at(time: &str) -> Timestamp {
    format!("2026-11-20T{time}Z").parse().expect("time")
}

pub const NOW: &str = "03:07:30";

pub fn desk(board: Board) -> Desk {
    desk_as(board, Role::Operator, 80, 24)
}

pub fn desk_as(board: Board, role: Role, w: u16, h: u16) -> Desk {
    let setup = Setup {
        role,
        operator: "anna".to_owned(),
        keymap: Keymap::default(),
        zone: chrono_tz::Europe::Berlin,
        ascii: false,
        fresh_for: Span::from_secs(30),
        size: Size { w, h },
    };
    Desk::new(setup, Arc::new(board), at(NOW), at(NOW))
}

pub fn calm() -> Board {
    Board {
        schema: crate::board::SCHEMA.to_owned(),
        generated_at: at("03:07:25"),
        site: "demo-shop".to_owned(),
        watcher: Some(Watcher {
            host: "bastion-1".to_owned(),
            pid: 4242,
            since: at("00:00:00"),
            lease_until: Some(at("03:07:40")),
        }),
        cells: cells(false),
        releases: releases(false),
        impacts: vec![],
        journeys: journeys(false),
        guardrails: guardrails(false),
        funnel: funnel(false),
        checklist: checklist(),
        sources: sources(),
        notices: vec![],
        incidents: vec![],
        speed: 1.0,
    }
}

pub fn outage() -> Board {
    Board {
        incidents: vec![checkout(), slow_pdp(), settled()],
        cells: cells(true),
        releases: releases(true),
        impacts: impacts(),
        journeys: journeys(true),
        guardrails: guardrails(true),
        funnel: funnel(true),
        ..calm()
    }
}

fn blank(id: &str, severity: Severity, headline: &str) -> Incident {
    Incident {
        id: id.into(),
        severity,
        state: State::Triggered,
        headline: headline.to_owned(),
        journey: None,
        class: Class::Regression,
        segments: vec![],
        owner: None,
        acked_by: None,
        acked_at: None,
        ack_expires_at: None,
        opened_at: at("03:05:10"),
        onset_at: at("02:49:00"),
        ack_due_at: None,
        decide_due_at: None,
        timer_due_at: None,
        timer_extended: false,
        decision: None,
        revenue_at_risk: None,
        lost: None,
        affected: None,
        money_method: String::new(),
        suspect: Suspect::default(),
        findings: vec![],
        evidence_for: vec![],
        evidence_against: vec![],
        rule: String::new(),
        raise: String::new(),
        action: None,
        rollback: None,
        choices: vec![],
        timeline: vec![],
        occurrences: 1,
    }
}

fn checkout() -> Incident {
    Incident {
        journey: Some("checkout".into()),
        class: Class::Availability,
        segments: vec![
            Scope::everything().with(Dim::Template, "checkout").with(Dim::Device, "mobile"),
        ],
        ack_due_at: Some(at("03:10:10")),
        decide_due_at: Some(at("03:20:10")),
        revenue_at_risk: Some(Range::new(410.0, 690.0).in_currency("EUR")),
        lost: Some(Range::new(1_200.0, 2_050.0)),
        affected: Some(Range::new(380.0, 640.0)),
        money_method: "same hour of 4 weeks, EUR 84 an order, less what still sells".to_owned(),
        suspect: suspect(),
        findings: findings(),
        evidence_for: strings(&[
            "checkout checks failed 2 of 2 from fra and iad (status)",
            "payment step 18% where 61% is usual, 1,204 tries",
            "orders 3 in 5 min where 22 are usual",
        ]),
        evidence_against: strings(&["search and home are as usual"]),
        rule: "checkout_down: availability breach and conversion breach on checkout".to_owned(),
        raise: "nothing: it is the highest".to_owned(),
        rollback: Some(plan()),
        choices: choices(),
        timeline: vec![
            entry("03:05:10", "tillwatch", "opened as Sev 1 by checkout_down"),
            entry("03:06:00", "tillwatch", "evidence: second location fails too"),
        ],
        ..blank("INC-7F3A", Severity::Sev1, "Payment step 61% -> 18%")
    }
}

fn slow_pdp() -> Incident {
    Incident {
        journey: Some("pdp".into()),
        state: State::Acknowledged,
        segments: vec![
            Scope::everything().with(Dim::Template, "pdp").with(Dim::TrafficSource, "paid"),
        ],
        owner: Some("bob".to_owned()),
        acked_by: Some("bob".to_owned()),
        acked_at: Some(at("02:20:00")),
        opened_at: at("02:11:00"),
        onset_at: at("01:58:00"),
        decide_due_at: Some(at("17:00:00")),
        revenue_at_risk: Some(MoneyRange { low: 4.0, high: 11.0, currency: "EUR".to_owned() }),
        rule: "latency_priority_template".to_owned(),
        raise: "Sev 2 if conversion of these segments falls too".to_owned(),
        timeline: vec![
            entry("02:11:00", "tillwatch", "opened as Sev 3"),
            entry("02:20:00", "bob", "acknowledged"),
        ],
        ..blank("INC-7F2B", Severity::Sev3, "INP p75 210 -> 340 ms")
    }
}

fn settled() -> Incident {
    Incident {
        state: State::Resolved,
        owner: Some("bob".to_owned()),
        opened_at: at("00:40:00"),
        onset_at: at("00:31:00"),
        rule: "telemetry_blind".to_owned(),
        timeline: vec![entry("00:58:00", "bob", "resolved: beacons are back")],
        ..blank("INC-7E11", Severity::Sev4, "RUM beacons missing in eu-west")
    }
}

fn suspect() -> Suspect {
    Suspect {
        release: Some("theme-2026.11.20-3".into()),
        confidence: Confidence::High,
        reasons: strings(&[
            "started 8 min before onset",
            "touches checkout; other templates unchanged",
            "only sessions on the new theme fail",
        ]),
        against: strings(&["a campaign started 02:30"]),
        considered: vec![Considered {
            release: "campaign-blackweek".into(),
            why: "cleared: unpaid traffic fails alike".to_owned(),
        }],
    }
}

pub fn plan() -> RollbackPlan {
    let check = |name: &str, ok: bool, required: bool, detail: &str| Precheck {
        name: name.to_owned(),
        ok,
        required,
        detail: detail.to_owned(),
    };
    RollbackPlan {
        action: "rollback_theme".to_owned(),
        environment: "production".to_owned(),
        service: "theme".to_owned(),
        host: "deploy.shop.example".to_owned(),
        from: "theme-2026.11.20-3".into(),
        to: "theme-2026.11.19-7".into(),
        confirm_token: "611197".to_owned(),
        prechecks: vec![
            check("target", true, true, "theme-2026.11.19-7 was live and good until 02:41"),
            check("live", true, true, "theme-2026.11.20-3 is live"),
            check("in flight", true, true, "no other action on theme"),
            check("cooldown", true, true, "last action 3 days ago"),
            check("migrations", false, false, "not declared by the release"),
        ],
        ready: true,
        attempt: 1,
    }
}

/// An action in some state on the outage's incident.
pub fn action(state: ActionState) -> Action {
    Action {
        id: "act-1".into(),
        name: "rollback_theme".to_owned(),
        state,
        from: "theme-2026.11.20-3".into(),
        to: "theme-2026.11.19-7".into(),
        by: "anna".to_owned(),
        prepared_at: at("03:07:00"),
        sent_at: Some(at("03:07:01")),
        answered_at: Some(at("03:07:02")),
        detail: "202 queued".to_owned(),
        verify_until: Some(at("03:17:00")),
    }
}

fn choices() -> Vec<ChoiceRow> {
    let why = |c: Choice| match c {
        Choice::Hold => "Sev 1 may not be held",
        _ => "Sev 1 row",
    };
    Choice::ALL
        .into_iter()
        .map(|choice| ChoiceRow {
            choice,
            allowed: choice != Choice::Hold,
            why: why(choice).to_owned(),
        })
        .collect()
}

fn entry(time: &str, actor: &str, text: &str) -> TimelineEntry {
    TimelineEntry { at: at(time), actor: actor.to_owned(), text: text.to_owned() }
}

fn strings(all: &[&str]) -> Vec<String> {
    all.iter().map(ToString::to_string).collect()
}

fn finding(guardrail: &str, metric: Metric, values: (f64, f64, f64), text: &str) -> Finding {
    Finding {
        guardrail: guardrail.into(),
        verdict: Verdict::Breach,
        metric,
        stat: "rate".to_owned(),
        segment: Scope::everything().with(Dim::Template, "checkout"),
        value: Some(values.0),
        unit: metric.row().unit.to_owned(),
        n: values.2,
        baseline: Some(values.1),
        test: "LLR 34.1 nats over 4 x 5m, line 17".to_owned(),
        text: text.to_owned(),
    }
}

fn findings() -> Vec<Finding> {
    vec![
        finding(
            "checkout_available",
            Metric::CheckSuccess,
            (0.0, 1.0, 4.0),
            "checkout failed 2 of 2 from fra, iad: status 500",
        ),
        finding(
            "payment_progression",
            Metric::PaymentRate,
            (0.18, 0.61, 1204.0),
            "payment step 18% where 61% is usual, n 1,204",
        ),
        finding(
            "orders_volume",
            Metric::Orders,
            (3.0, 22.0, 22.0),
            "3 orders in 5 min where 22 are usual",
        ),
        finding(
            "checkout_js_errors",
            Metric::JsErrorRate,
            (0.112, 0.004, 1811.0),
            "JS errors 11% where 0.4% is usual, n 1,811",
        ),
    ]
}

fn cell(metric: Metric, keys: (&str, &str), values: (Option<f64>, f64, Verdict)) -> Cell {
    let label = |v: &str| DimValue::from_label(v);
    Cell {
        metric,
        stat: "p75".to_owned(),
        segment: Segment::all().with(Dim::Template, label(keys.0)).with(Dim::Device, label(keys.1)),
        value: values.0,
        unit: metric.row().unit.to_owned(),
        n: values.1,
        interval: None,
        baseline: Some(if metric == Metric::Lcp { 2100.0 } else { 0.004 }),
        verdict: values.2,
        quality: Quality::GOOD,
    }
}

fn cells(broken: bool) -> Vec<Cell> {
    let hot = if broken { Verdict::Breach } else { Verdict::Ok };
    let slow = if broken { 4900.0 } else { 2100.0 };
    let lcp = |t, d, v, n, verdict| cell(Metric::Lcp, (t, d), (v, n, verdict));
    vec![
        lcp("home", "desktop", Some(1400.0), 8200.0, Verdict::Ok),
        lcp("home", "mobile", Some(2200.0), 15_300.0, Verdict::Ok),
        lcp("home", "tablet", Some(1900.0), 900.0, Verdict::Ok),
        lcp("pdp", "desktop", Some(1900.0), 6100.0, Verdict::Ok),
        lcp("pdp", "mobile", Some(3100.0), 12_050.0, hot),
        lcp("pdp", "tablet", Some(2500.0), 41.0, Verdict::Unsure),
        lcp("checkout", "desktop", Some(2000.0), 700.0, Verdict::Ok),
        lcp("checkout", "mobile", Some(slow), 1204.0, hot),
        lcp("checkout", "tablet", None, 0.0, Verdict::Blind),
        cell(Metric::JsErrorRate, ("checkout", "mobile"), (Some(0.112), 1811.0, hot)),
        cell(Metric::JsErrorRate, ("home", "mobile"), (Some(0.004), 15_300.0, Verdict::Ok)),
    ]
}

fn release(id: &str, kind: ChangeKind, started: &str, status: ChangeStatus) -> Release {
    Release {
        id: id.into(),
        service: "theme".to_owned(),
        kind,
        environment: "production".to_owned(),
        started_at: Some(at(started)),
        finished_at: None,
        share: 1.0,
        status,
        previous: Some("theme-2026.11.19-7".into()),
        author: "carla".to_owned(),
        suspect_of: vec![],
    }
}

fn releases(broken: bool) -> Vec<Release> {
    let guilty = Release {
        suspect_of: if broken { vec!["INC-7F3A".into()] } else { vec![] },
        ..release("theme-2026.11.20-3", ChangeKind::Theme, "02:41:00", ChangeStatus::Succeeded)
    };
    let campaign = Release {
        service: "marketing".to_owned(),
        previous: None,
        share: 0.35,
        ..release("campaign-blackweek", ChangeKind::Campaign, "02:30:00", ChangeStatus::Running)
    };
    let old = Release {
        share: 0.0,
        ..release("theme-2026.11.19-7", ChangeKind::Theme, "01:20:00", ChangeStatus::Inactive)
    };
    vec![guilty, campaign, old]
}

fn impacts() -> Vec<Impact> {
    let segment = |d: &str| {
        Segment::all()
            .with(Dim::Template, DimValue::Value("checkout".into()))
            .with(Dim::Device, DimValue::Value(d.into()))
    };
    let impact = |metric, d: &str, values: (f64, f64), verdict| Impact {
        release: "theme-2026.11.20-3".into(),
        metric,
        segment: segment(d),
        before: Some(values.0),
        after: Some(values.1),
        control: Some(1.01),
        n_before: 1400.0,
        n_after: 1204.0,
        verdict,
    };
    vec![
        impact(Metric::PaymentRate, "mobile", (0.61, 0.18), Verdict::Breach),
        impact(Metric::Lcp, "mobile", (2100.0, 4900.0), Verdict::Breach),
        impact(Metric::Lcp, "desktop", (2000.0, 2000.0), Verdict::Ok),
    ]
}

fn journeys(broken: bool) -> Vec<JourneyState> {
    let checks =
        if broken { ["fra: fail status", "iad: fail status"] } else { ["fra: pass", "iad: pass"] };
    let journey = |name: &str, verdict, checks: &[&str]| JourneyState {
        journey: name.into(),
        verdict,
        checks: strings(checks),
        last_check_at: Some(at("03:05:00")),
        rum_covered: true,
        synthetic_covered: !checks.is_empty(),
    };
    let state = if broken { Verdict::Breach } else { Verdict::Ok };
    vec![
        journey("landing", Verdict::Ok, &["fra: pass", "iad: pass"]),
        journey("pdp", Verdict::Ok, &["fra: pass"]),
        journey("checkout", state, &checks),
        JourneyState { last_check_at: None, ..journey("account", Verdict::Blind, &[]) },
    ]
}

fn guardrails(broken: bool) -> Vec<GuardrailState> {
    let state = if broken { Verdict::Breach } else { Verdict::Ok };
    let row = |name: &str, class: &str, owner: &str, verdict, detail: &str| GuardrailState {
        guardrail: name.into(),
        class: class.to_owned(),
        owner: owner.to_owned(),
        verdict,
        detail: detail.to_owned(),
    };
    vec![
        row(
            "checkout_available",
            "availability",
            "incident lead",
            state,
            "checks of the checkout journey",
        ),
        row(
            "payment_progression",
            "funnel",
            "checkout owner",
            state,
            "payment step against its own baseline",
        ),
        row(
            "cac_payback",
            "efficiency",
            "growth + finance",
            Verdict::Unsure,
            "daily data, 14 h old",
        ),
    ]
}

fn funnel(broken: bool) -> Vec<FunnelStep> {
    let step = |step, value, baseline, n, verdict| FunnelStep { step, value, baseline, n, verdict };
    let (pay, verdict) = if broken { (0.18, Verdict::Breach) } else { (0.61, Verdict::Ok) };
    vec![
        step(Metric::AddToCartRate, Some(0.083), Some(0.084), 21_400.0, Verdict::Ok),
        step(Metric::CheckoutRate, Some(0.42), Some(0.43), 1776.0, Verdict::Ok),
        step(Metric::PaymentRate, Some(pay), Some(0.61), 1204.0, verdict),
        step(Metric::OrderRate, None, Some(0.93), 12.0, Verdict::Unsure),
    ]
}

fn checklist() -> Vec<ChecklistItem> {
    let item = |name: &str, pass: bool, detail: &str, then: &str| ChecklistItem {
        item: name.to_owned(),
        pass,
        detail: detail.to_owned(),
        if_failed: then.to_owned(),
    };
    vec![
        item(
            "every journey has a check",
            false,
            "account has none",
            "add a check to [[journey]] account",
        ),
        item("rollback target known", true, "theme-2026.11.19-7", ""),
    ]
}

fn sources() -> Vec<Source> {
    let source = |name: &str, kind: &str, state, error: Option<&str>| Source {
        name: name.into(),
        kind: kind.to_owned(),
        state,
        since: at("00:00:10"),
        last_ok_at: Some(at("03:07:20")),
        next_at: Some(at("03:07:35")),
        error: error.map(ToOwned::to_owned),
    };
    vec![
        source("rum", "prometheus", SourceState::Live, None),
        source("probes", "prometheus", SourceState::Live, None),
        Source {
            last_ok_at: Some(at("03:05:40")),
            since: at("03:06:40"),
            ..source("orders", "http_json", SourceState::Stale, Some("timeout after 5s"))
        },
        source("deploys", "github", SourceState::Live, None),
    ]
}
