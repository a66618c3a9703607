//! The lines of the journal as version 1 has them, one of every kind and form: they are read, and
//! written again they are the same to the byte. A line here is never changed, only added.

use std::collections::BTreeSet;

use crate::incident::record::{VERSION, from_line, kind, to_line};
use crate::policy::guardrail::GuardClass;
use crate::verdict::{Class, Confidence};

const LINES: &str = include_str!("records_v1.ndjson");

/// Every kind of record there is.
const KINDS: [&str; 29] = [
    "opened",
    "updated",
    "severity_changed",
    "cleared",
    "reopened",
    "acknowledged",
    "ack_undone",
    "ack_expired",
    "asked_again",
    "timer_started",
    "timer_extended",
    "timer_stopped",
    "decided",
    "decision_expired",
    "recheck_due",
    "action_prepared",
    "action_sent",
    "action_answered",
    "action_verified",
    "action_not_helping",
    "noted",
    "mitigated",
    "resolved",
    "reviewed",
    "cancelled",
    "clock_stepped",
    "emission_prepared",
    "emission_sent",
    "emission_answered",
];

#[test]
fn a_line_of_every_kind_is_read_and_written_as_it_was() {
    assert_eq!(VERSION, 1);
    let mut seen = BTreeSet::new();
    for line in LINES.lines() {
        let record = from_line(line).unwrap_or_else(|e| panic!("{line}: {e}"));
        seen.insert(kind(&record.event));
        assert_eq!(to_line(&record).expect("a line"), line);
    }
    assert_eq!(seen, KINDS.into_iter().collect());
}

fn told<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("a name")
}

/// The name of a variant is what serde writes of it, and neither ever changes.
#[test]
fn names_in_records_and_documents_stand() {
    use Class::{Availability, Conversion, Efficiency, Regression, Surge, Telemetry};
    let names = |all: &[(&str, String)]| {
        for (name, told) in all {
            assert_eq!(format!("\"{name}\""), *told);
        }
        all.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" ")
    };
    let classes = [Regression, Availability, Conversion, Telemetry, Efficiency, Surge];
    assert_eq!(
        names(&classes.map(|c| (c.name(), told(&c)))),
        "regression availability conversion telemetry efficiency surge"
    );
    let sure = [Confidence::High, Confidence::Medium, Confidence::Low, Confidence::None];
    assert_eq!(names(&sure.map(|c| (c.name(), told(&c)))), "high medium low none");
    let rows = [
        GuardClass::Conversion,
        GuardClass::Funnel,
        GuardClass::Performance,
        GuardClass::Efficiency,
        GuardClass::Availability,
        GuardClass::Errors,
        GuardClass::Telemetry,
        GuardClass::Surge,
    ];
    assert_eq!(
        names(&rows.map(|c| (c.name(), told(&c)))),
        "conversion funnel performance efficiency availability errors telemetry surge"
    );
}
