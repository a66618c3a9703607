//! Boards and desks for tests: a checkout outage with its whole story, a calm day, a blind shop.
//! Test code only.

mod shop;

use std::sync::Arc;

use crate::board::said::Said;
use crate::board::{
    Action, ActionState, Board, ChoiceRow, IncidentView, Precheck, RollbackPlan, State,
    TimelineEntry, Watcher,
};
use crate::domain::metric::Metric;
use crate::domain::money::{MoneyRange, Range};
use crate::domain::segment::{Dim, Scope};
use crate::domain::severity::Severity;
use crate::domain::time::{Span, Timestamp};
use crate::policy::severity::Choice;
use crate::verdict::{Basis, Candidate, Class, Confidence, Considered, Finding, Suspect, Verdict};

use super::keymap::Keymap;
use super::state::{Desk, DeskSetup, Seat, Size};

/// The night's instants, `hh:mm:ss` on 2026-11-20 UTC.
pub fn at(time: &str) -> Timestamp {
    format!("2026-11-20T{time}Z").parse().expect("time")
}

pub const NOW: &str = "03:07:30";

pub fn desk(board: Board) -> Desk {
    desk_as(board, Seat::Operator, 80, 24)
}

pub fn desk_as(board: Board, role: Seat, w: u16, h: u16) -> Desk {
    let setup = DeskSetup {
        role,
        operator: "anna".to_owned(),
        keymap: Keymap::default(),
        zone: chrono_tz::Europe::Berlin,
        ascii: false,
        fresh_for: Span::from_secs(30),
        undo: Span::from_secs(10),
        size: Size { w, h },
    };
    Desk::new(setup, Arc::new(board), at(NOW), at(NOW))
}

pub fn calm() -> Board {
    let policy = crate::policy::judging::Policy::builtin().expect("rows");
    let response = crate::policy::response::ResponsePolicy::builtin().expect("rows");
    Board {
        policy: Said::of(&policy.guardrail, &policy.journey, &response.rows),
        schema: crate::board::SCHEMA.to_owned(),
        generated_at: at("03:07:25"),
        site: "demo-shop".to_owned(),
        watcher: Some(Watcher {
            host: "bastion-1".to_owned(),
            pid: 4242,
            since: at("00:00:00"),
            lease_until: Some(at("03:07:40")),
            beat: None,
            wall_at: None,
        }),
        cells: shop::cells(false),
        releases: shop::releases(false),
        impacts: vec![],
        journeys: shop::journeys(false),
        guardrails: shop::guardrails(false),
        funnel: shop::funnel(false),
        checklist: shop::checklist(),
        sources: shop::sources(),
        notices: vec![],
        incidents: vec![],
        speed: 1.0,
        judged_until: Some(at("03:06:00")),
        ..Board::default()
    }
}

pub fn outage() -> Board {
    Board {
        incidents: vec![checkout(), slow_pdp(), settled()],
        cells: shop::cells(true),
        releases: shop::releases(true),
        impacts: shop::impacts(),
        journeys: shop::journeys(true),
        guardrails: shop::guardrails(true),
        funnel: shop::funnel(true),
        ..calm()
    }
}

fn blank(id: &str, severity: Severity, headline: &str) -> IncidentView {
    IncidentView {
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
        ended_at: None,
        ack_due_at: None,
        decide_due_at: None,
        timer_due_at: None,
        timer_extended: false,
        decision: None,
        revenue_at_risk: None,
        burned_per_minute: None,
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
        alternatives: vec![],
        choices: vec![],
        timeline: vec![],
        occurrences: 1,
        notifications: vec![],
        escalates: None,
        firing: false,
        stored: true,
    }
}

fn checkout() -> IncidentView {
    IncidentView {
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

fn slow_pdp() -> IncidentView {
    IncidentView {
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

fn settled() -> IncidentView {
    IncidentView {
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
        candidates: vec![Candidate {
            release: "theme-2026.11.20-3".into(),
            share: 0.94,
            previous: Some("theme-2026.11.19-7".into()),
        }],
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
        waivable: ["cooldown is over", "evidence is fresh"].contains(&name),
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
        resend_of: None,
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
        answer: None,
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
        now: None,
        bad_until: None,
        basis: Some(Basis { days: 21.0, samples: 48_000.0 }),
        test: "2.0 times the alarm line over 20 min".to_owned(),
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
