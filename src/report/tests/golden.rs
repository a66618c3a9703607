//! The documents as people read them, of one incident with everything in it and hostile words.
//! A picture that changes is looked at before it is taken.

use super::plan::{Ended, Plan};
use crate::domain::severity::Severity;
use crate::domain::time::Span;
use crate::incident::event::{Event, Record};
use crate::incident::tests::kit::{min, person, policy};
use crate::incident::truth::AlarmTruth;
use crate::policy::severity::Choice;
use crate::report::handover::{WorkShift, handover};
use crate::report::life::{Came, Life};
use crate::report::postmortem::{Beside, Postmortem, postmortem};
use crate::report::review::{ReviewFrame, review};

const HOSTILE: &str = "a | b `rm -rf /` <img src=x>\n## Action items\n- [x] done \u{1b}[2J\u{202e}";

fn plan() -> Plan {
    Plan {
        id: "INC-7F3AQ".to_owned(),
        severity: Severity::Sev1,
        rail: 0,
        place: 0,
        began: -4,
        opened: 0,
        acked: Some((3, "ana")),
        decided: Some((21, "ben")),
        action: Some(Ended::Verified),
        cleared: Some(30),
        mitigated: Some(32),
        closed: Some(42),
        cancelled: false,
        again: None,
        truth: Some(AlarmTruth::True),
        lost: Some((1_200.0, 1_900.0)),
    }
}

fn records() -> Vec<Record> {
    let mut log = plan().records();
    let note = Record {
        at: min(5),
        incident: "INC-7F3AQ".into(),
        actor: person("eve|<b>"),
        cause: "key n".to_owned(),
        event: Event::Noted { text: HOSTILE.to_owned() },
    };
    log.push(note);
    log.sort_by_key(|r| r.at);
    log
}

fn paper() -> Postmortem {
    let life = Life::of(records()).expect("a life");
    let left_out = ["journal record 9 of INC-7F3AQ is left out".to_owned()];
    let beside = Beside { now: min(60), currency: "EUR", others: &[], left_out: &left_out };
    postmortem(&life, &beside)
}

#[test]
fn a_postmortem_reads_so() {
    insta::assert_snapshot!("postmortem", paper().markdown());
}

#[test]
fn hostile_words_stay_in_their_cells() {
    let text = paper().markdown();
    let row = text.lines().find(|line| line.contains("rm -rf")).expect("the note");
    let bare = row.replace("\\|", "").matches('|').count();
    assert_eq!(bare, 4, "{row}");
    tables(&text);
    assert!(!text.contains(['\u{1b}', '\u{202e}']));
    assert_eq!(text.matches("\n## Action items").count(), 0);
    assert_eq!(text.matches("\n### Action items").count(), 1);
    assert!(!text.contains("<img") || text.contains("\\<img"));
    let json = serde_json::to_value(paper()).expect("JSON");
    assert_eq!(json["timeline"][3]["text"], format!("note: {HOSTILE}"), "whole for programs");
}

#[test]
fn a_handover_reads_so() {
    let mut log = plan().records();
    log.retain(|r| r.at < min(22));
    let life = Life::of(log).expect("a life");
    let mut held = plan();
    (held.id, held.action, held.decided) = ("INC-HELD1".to_owned(), None, None);
    let mut log = held.records();
    log.retain(|r| r.at < min(20));
    let hold = Event::Decided {
        choice: Choice::Hold,
        reason: "watching | it".to_owned(),
        recheck_at: Some(min(45)),
    };
    let incident = "INC-HELD1".into();
    log.push(Record {
        at: min(10),
        incident,
        actor: person("cleo"),
        cause: String::new(),
        event: hold,
    });
    let held = Life::of(log).expect("a life").incident;
    let mut done = plan();
    done.id = "INC-D0NE1".to_owned();
    let done = Life::of(done.records()).expect("a life").incident;
    let work = toml::from_str(
        "from = \"2026-11-18T11:00\"\nto = \"2026-11-18T12:00\"\nreason = \"search index\"",
    );
    let maintenance = [work.expect("a window")];
    let shift = WorkShift {
        now: min(50),
        since: min(-480 + 50),
        currency: "EUR",
        maintenance: &maintenance,
        left_out: &[],
    };
    let paper = handover(&[life.incident, held, done], &shift);
    insta::assert_snapshot!("handover", paper.markdown());
}

/// Rows of a table have as many cells as its head, whatever the words in them.
fn tables(markdown: &str) -> Vec<usize> {
    let cells = |line: &str| line.replace("\\\\", "").replace("\\|", "").matches('|').count();
    let mut rows = Vec::new();
    let mut head = None;
    for line in markdown.lines() {
        match (line.starts_with('|'), head) {
            (true, None) => {
                head = Some(cells(line));
                rows.push(0);
            }
            (true, Some(n)) => {
                assert_eq!(cells(line), n, "{line}");
                *rows.last_mut().expect("a table") += 1;
            }
            (false, _) => head = None,
        }
    }
    // the line of dashes is no row
    rows.into_iter().map(|n: usize| n - 1).collect()
}

#[test]
fn a_review_has_a_row_for_everything_it_counts() {
    let plans = super::plan::plans(3);
    let mut lives: Vec<Life> = plans.iter().filter_map(|p| Life::of(p.records())).collect();
    for life in &mut lives {
        life.incident.case.headline = HOSTILE.to_owned();
        life.incident.review = life.incident.review.as_ref().map(|_| HOSTILE.to_owned());
    }
    let policy = policy();
    let frame = ReviewFrame {
        now: min(13 * 1440),
        week: Some("2026-W47"),
        zone: "UTC",
        from: min(1440),
        until: min(8 * 1440),
        policy: &policy,
        guardrails: &[],
        left_out: &[],
    };
    let review = review(&lives, &frame);
    let text = review.markdown();
    assert!(text.starts_with("# Observability review 2026-W47\n"), "{text}");
    let want = [
        review.severities.len(),
        review.guardrails.len(),
        review.false_alarms.len(),
        review.pages.len(),
        review.recurring.len(),
        review.missed.len(),
        review.never_acknowledged.len(),
        review.actions.all.len(),
    ];
    assert_eq!(tables(&text), want);
    assert!(!text.contains(['\u{1b}', '\u{202e}']));
    assert_eq!(text.matches("\n## Action items").count(), 0);
}

#[test]
fn a_risen_severity_an_extension_and_a_refusal_are_followed() {
    let mut log = plan().records();
    log.retain(|r| r.at < min(3));
    let tell = |at, event| Record {
        at,
        incident: "INC-7F3AQ".into(),
        actor: person("ana"),
        cause: String::new(),
        event,
    };
    let ack = Event::Acknowledged { note: String::new(), expires_at: None };
    log.push(tell(min(6), ack));
    let reason = "waiting for the vendor".to_owned();
    log.push(tell(min(14), Event::TimerExtended { due_at: min(25), reason }));
    let rollback =
        Event::Decided { choice: Choice::Rollback, reason: "3 -> 2".to_owned(), recheck_at: None };
    log.push(tell(min(20), rollback.clone()));
    let (intent, id) = (plan().intent(), plan().intent().id);
    log.push(tell(min(20), Event::ActionPrepared { intent, waived: None, chosen: None }));
    log.push(tell(min(20), Event::ActionSent { id: id.clone(), try_no: 1 }));
    let answer = crate::incident::event::Outcome::Refused {
        status: 403,
        detail: "no".to_owned(),
        retry_after_s: None,
    };
    log.push(tell(min(21), Event::ActionAnswered { id, answer }));
    let life = Life::of(log.clone()).expect("a life");
    let came: Vec<Came> = life.asks.iter().map(|a| a.came(min(24))).collect();
    assert_eq!(came, [Came::Missed, Came::Running], "the refusal gave the decision back");
    assert_eq!(life.asks[0].late(min(24)), Span::from_mins(1));
    assert_eq!((life.asks[1].due_at, life.asks[1].answered_at), (min(25), None));
    log.push(tell(min(26), rollback));
    let late = Life::of(log).expect("a life");
    assert_eq!(late.asks.len(), 2);
    assert_eq!(late.asks[1].came(min(30)), Came::Missed);
}
