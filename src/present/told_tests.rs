//! Words of the evidence and the inputs: each layer says its own, and none says what another page
//! denies. Pictures are in `render::tests`.

use std::sync::Arc;

use super::screen::Line;
use super::{evidence, incident, inputs, present};
use crate::board::Board;
use crate::desk::fixture;
use crate::desk::inputs::Subject;
use crate::desk::state::{Desk, DeskEvent};
use crate::desk::update::update;
use crate::domain::metric::Metric;
use crate::domain::money::Range;
use crate::domain::time::Span;
use crate::verdict::{Class, Finding, Verdict};

fn with(change: impl FnOnce(&mut Board)) -> Desk {
    let mut board = fixture::outage();
    change(&mut board);
    fixture::desk(board)
}

fn said(desk: &Desk, label: &str) -> String {
    let lines = evidence::lines(desk, &desk.board.incidents[0]);
    let item = lines.items.iter().find(|i| i.label.as_str() == label);
    item.map(|i| i.line.words()).unwrap_or_default()
}

#[test]
fn lost_beacons_are_told_of_the_telemetry_and_not_of_the_users() {
    let desk = with(|b| {
        let x = &mut b.incidents[0];
        x.class = Class::Telemetry;
        x.findings.truncate(1);
        x.findings[0].metric = Metric::PageViews;
        x.findings[0].text = "Beacons down 60%, visits are not".to_owned();
    });
    assert!(
        said(&desk, "Telemetry").starts_with("Beacons down 60%"),
        "{}",
        said(&desk, "Telemetry")
    );
    assert_eq!(said(&desk, "RUM"), "no finding in real-user data");
}

#[test]
fn a_number_is_told_before_a_word_on_two_layers() {
    let desk = with(|b| {
        let first = b.incidents[0].findings[1].clone();
        let words = Finding { value: None, text: "green tech, red business".to_owned(), ..first };
        b.incidents[0].findings.push(words);
    });
    assert!(said(&desk, "Business").starts_with("payment step 18%"), "{}", said(&desk, "Business"));
}

#[test]
fn inputs_never_say_that_no_release_was_there_while_one_is_suspected() {
    let desk = with(|b| b.impacts.clear());
    let x = &desk.board.incidents[0];
    let cell = desk.board.cells.iter().find(|c| {
        let hit = |f: &Finding| f.metric == c.metric;
        x.findings.iter().any(hit) && c.verdict == Verdict::Breach
    });
    let cell = cell.expect("a cell of the incident");
    for subject in [Subject::of(x, &x.findings[1]), Subject::cell(cell)] {
        let view = inputs::view(&desk, &subject, 0);
        let text: Vec<String> = view.lines.iter().map(Line::words).collect();
        let text = text.join("\n");
        assert!(!text.contains("no release touched this"), "{text}");
    }
}

#[test]
fn what_heals_costs_what_it_costs_now_beside_what_it_cost() {
    let desk = with(|b| {
        let x = &mut b.incidents[0];
        if let Some(m) = &mut x.revenue_at_risk {
            (m.low, m.high) = (0.0, 0.0);
        }
        x.burned_per_minute = Some(Range::new(410.0, 690.0));
    });
    let bars = present(&desk).banner;
    let all: String =
        bars.iter().flat_map(|b| &b.left).map(|p| p.line.words()).collect::<Vec<_>>().join(" ");
    assert!(all.contains("0/min now (was 410-690)"), "{all}");
}

#[test]
fn copying_shows_what_was_copied_and_a_key_without_a_command_says_so() {
    let mut desk = fixture::desk(fixture::outage());
    let press = |desk: &mut Desk, key: &str| {
        let span = Span::from_secs(1);
        let (now, wall) = (desk.now.plus(span), desk.wall.plus(span));
        update(desk, DeskEvent::Key(key.parse().expect("a key")), now, wall)
    };
    let toast = |desk: &Desk| present(desk).toast.map(|l| l.words()).unwrap_or_default();
    press(&mut desk, "y");
    assert!(toast(&desk).contains("Copied (OSC 52): Sev 1"), "{}", toast(&desk));
    press(&mut desk, "8");
    assert!(toast(&desk).contains("No command has the key 8"), "{}", toast(&desk));
}

#[test]
fn a_word_typed_after_a_filter_that_is_not_there_is_no_order() {
    let mut desk = fixture::desk(fixture::outage());
    let mut at = desk.wall;
    let mut press = |desk: &mut Desk, key: &str, millis: i64| {
        at = at.plus(Span::from_millis(millis));
        let now = desk.now;
        update(desk, DeskEvent::Key(key.parse().expect("a key")), now, at)
    };
    press(&mut desk, "2", 1000);
    press(&mut desk, "/", 1000);
    for key in ["c", "a", "r", "t"] {
        press(&mut desk, key, 120);
    }
    assert!(desk.pending.is_empty() && desk.ui.dialog.is_none(), "{:?}", desk.pending);
    let _keep = Arc::clone(&desk.board);
}

#[test]
fn config_13_an_open_incident_says_the_response_of_its_row_and_whom_to_call() {
    let desk = with(|b| b.incidents[0].findings[0].guardrail = "funnel-progression".into());
    let told = |desk: &Desk| {
        let items = incident::response(desk, &desk.board.incidents[0]);
        let words = |i: &super::screen::Item| format!("{} {}", i.label.as_str(), i.line.words());
        items.iter().map(words).collect::<Vec<_>>()
    };
    let lines = told(&desk);
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].starts_with("Response ") && lines[0].ends_with(" (funnel-progression)"));
    let whom = "Escalate checkout owner, then incident manager (this severity pages)";
    assert_eq!(lines[1], whom);
    let over = with(|b| {
        b.incidents[0].findings[0].guardrail = "funnel-progression".into();
        b.incidents[0].state = crate::incident::state::State::Resolved;
    });
    assert_eq!(told(&over), Vec::<String>::new());
}
