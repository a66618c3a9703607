//! Nothing personal leaves a source, and what was there is named by its field.

use super::*;
use crate::domain::change::{ChangeKind, ChangeStatus};
use crate::domain::observation::Quality;
use crate::domain::time::{Span, Timestamp};

fn row(template: &str, value: Value) -> Observation {
    let start = Timestamp::from_secs(1_800_000_000);
    Observation {
        source: "rum".into(),
        metric: Metric::PageViews,
        segment: Segment::all().with(Dim::Template, DimValue::from_label(template)),
        window: Window { start, end: start.plus(Span::from_mins(1)) },
        value,
        quality: Quality::GOOD,
    }
}

fn change() -> Change {
    Change {
        source: "git".into(),
        id: "for jane@example.com".into(),
        kind: ChangeKind::Deploy,
        service: "shop".to_owned(),
        environment: "production".to_owned(),
        version: "for jane@example.com".to_owned(),
        previous: Some("theme-2026.11.19-3".into()),
        status: ChangeStatus::Succeeded,
        created_at: Timestamp::from_secs(1_800_000_000),
        started_at: None,
        finished_at: None,
        stages: Vec::new(),
        templates: ["pdp".to_owned()].into(),
        rolled_back_at: None,
        ran_before: false,
        author: "dana@shop.example.com".to_owned(),
        url: "https://ci.example/1".to_owned(),
    }
}

#[test]
fn fields_are_redacted_and_named_and_the_value_is_nowhere() {
    let mut h = Harvest {
        observations: vec![
            row("/account/a@example.com", Value::Count(3.0)),
            row("pdp", Value::Count(7.0)),
            row("/account/b@example.com", Value::Count(4.0)),
        ],
        checks: vec![Check {
            source: "probes".into(),
            journey: "checkout".into(),
            location: "eu".to_owned(),
            at: Timestamp::from_secs(1_800_000_000),
            outcome: CheckOutcome::Fail("assertion".to_owned()),
            duration_ms: None,
            message: "no order for 4111 1111 1111 1111".to_owned(),
        }],
        changes: vec![change()],
        skew: Some(Span::from_secs(90)),
        ..Harvest::default()
    };
    harvest(&mut h);
    let all = format!("{h:?}");
    for value in ["@example", "4111"] {
        assert!(!all.contains(value), "{value} in {all}");
    }
    assert_eq!(h.observations.len(), 2, "two segments became one");
    assert_eq!(h.observations[0].value, Value::Count(7.0));
    assert_eq!(h.observations[0].segment.to_string(), "/account/[e-mail]");
    assert_eq!(
        h.changes[0].previous.as_ref().map(crate::domain::id::ReleaseId::as_str),
        Some("theme-2026.11.19-3")
    );
    let mail = "e-mail address";
    for (field, what) in
        [("template", mail), ("name of a change", mail), ("message of a check", "card number")]
    {
        assert!(h.flaws.contains(&Flaw::Personal { field, what }), "{field}: {:?}", h.flaws);
    }
    assert!(h.flaws.contains(&Flaw::Clock(Span::from_secs(90))));
    assert_eq!(h.flaws.len(), 4);
    assert_eq!(h.changes[0].author, "dana@shop.example.com", "a colleague to ask");
}

#[test]
fn what_is_clean_is_not_touched() {
    let rows = vec![row("pdp", Value::Count(1.0)), row("pdp", Value::Count(2.0))];
    let mut h = Harvest { observations: rows.clone(), ..Harvest::default() };
    harvest(&mut h);
    assert_eq!(h.observations, rows);
    assert_eq!(h.flaws, []);
}
