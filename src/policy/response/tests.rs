//! The shipped rows against the severity table of docs/defaults.md.

use super::*;

fn builtin() -> ResponsePolicy {
    ResponsePolicy::builtin().expect("config.example.toml")
}

#[test]
fn the_default_rows_say_what_the_seed_says() {
    let p = builtin();
    assert_eq!(p.problems(), Vec::<String>::new());
    let opened: Timestamp = "2026-11-18T10:00:00Z".parse().expect("rfc 3339");
    let minutes = |s, due: fn(&ResponsePolicy, Severity, Timestamp) -> Timestamp| {
        due(&p, s, opened).since(opened).secs() / 60
    };
    assert_eq!(minutes(Severity::Sev1, ResponsePolicy::ack_due), 5);
    assert_eq!(minutes(Severity::Sev1, ResponsePolicy::decide_due), 15);
    assert_eq!(minutes(Severity::Sev2, ResponsePolicy::ack_due), 15);
    assert_eq!(minutes(Severity::Sev2, ResponsePolicy::decide_due), 60);
    assert_eq!(minutes(Severity::Sev3, ResponsePolicy::ack_due), 60);
    let at = |t: Timestamp| t.to_string();
    assert_eq!(at(p.decide_due(Severity::Sev3, opened)), "2026-11-18T18:00:00.000Z");
    assert_eq!(at(p.ack_due(Severity::Sev4, opened)), "2026-11-19T18:00:00.000Z");
    assert_eq!(at(p.decide_due(Severity::Sev4, opened)), "2026-11-23T10:00:00.000Z");
}

#[test]
fn rollback_is_for_sev_1_and_2_only() {
    let p = builtin();
    let allowed = |s| p.allows(s, Choice::Rollback);
    assert_eq!(Severity::ALL.map(allowed), [true, true, false, false]);
    assert!(p.allows(Severity::Sev1, Choice::Reroute));
    assert!(p.why(Severity::Sev4, Choice::Rollback).contains("allows only hold"));
}

#[test]
fn the_defaults_in_text_and_in_code_agree() {
    assert_eq!(builtin().timing, Timing::default());
    assert_eq!(builtin().calendar, Calendar::default());
}

#[test]
fn a_missing_row_is_a_problem_and_still_has_the_strictest_clocks() {
    let p = ResponsePolicy::default();
    assert_eq!(p.problems().len(), 4);
    assert_eq!(p.ack_due(Severity::Sev4, Timestamp::EPOCH), Timestamp::from_secs(300));
    assert!(!p.allows(Severity::Sev1, Choice::Rollback));
}
