//! Sessions: keys at stepped times through `update`, and what was ordered. No sleep, no clock.
//! What a session cannot do to the rollback dialog is in `rollback_tests`.

use std::sync::Arc;

use proptest::prelude::*;

use super::chord::{Chord, Key};
use super::command::TABLE;
use super::dialog::Dialog;
use super::fixture;
use super::inputs::Subject;
use super::order::Say;
use super::page::Page;
use super::state::{Desk, DeskEffect, DeskEvent, Seat, Watching};
use super::update::update;
use crate::domain::time::Span;
use crate::incident::order::{Order, OrderKind};
use crate::incident::truth::AlarmTruth;
use crate::policy::severity::Choice;

pub(super) const TOKEN: &str = "611197";

/// Moves both times on by milliseconds, then sends one event.
pub(super) fn after(desk: &mut Desk, ms: i64, event: DeskEvent) -> Vec<DeskEffect> {
    let (now, wall) = (desk.now, desk.wall);
    let span = Span::from_millis(ms);
    update(desk, event, now.plus(span), wall.plus(span))
}

pub(super) fn key(desk: &mut Desk, ms: i64, text: &str) -> Vec<DeskEffect> {
    let chord = text.parse().expect(text);
    after(desk, ms, DeskEvent::Key(chord))
}

/// A script: keys with blanks between, each 400 ms after the one before; `+900` waits so long.
pub(super) fn run(desk: &mut Desk, script: &str) -> Vec<DeskEffect> {
    let mut effects = vec![];
    for word in script.split_whitespace() {
        match word.strip_prefix('+').and_then(|ms| ms.parse().ok()) {
            Some(ms) => effects.extend(after(desk, ms, DeskEvent::Woke)),
            None => effects.extend(key(desk, 400, word)),
        }
    }
    effects
}

pub(super) fn desk() -> Desk {
    fixture::desk(fixture::outage())
}

pub(super) fn orders(effects: &[DeskEffect]) -> Vec<(String, Order)> {
    let order = |e: &DeskEffect| match e {
        DeskEffect::Order { incident, order, .. } => Some((incident.to_string(), order.clone())),
        _ => None,
    };
    effects.iter().filter_map(order).collect()
}

/// Scripts on the outage board and the one order they give, for the incident named.
#[test]
fn sessions() {
    let text = |s: &str| s.to_owned();
    let span = Span::from_mins;
    let table: Vec<(&str, &str, Order)> = vec![
        ("a", "INC-7F3A", Order::Acknowledge { note: String::new() }),
        ("n o k enter", "INC-7F3A", Order::Note { text: text("ok") }),
        ("t enter", "INC-7F3A", Order::StartTimer { span: span(15) }),
        ("t 5 m enter", "INC-7F3A", Order::StartTimer { span: span(5) }),
        (
            "t ctrl-u x enter ctrl-u 9 0 s enter",
            "INC-7F3A",
            Order::StartTimer { span: Span::from_secs(90) },
        ),
        ("X enter d o n e enter", "INC-7F3A", Order::Resolve { reason: text("done") }),
        (
            "down down V enter m enter ctrl-u f enter n o enter",
            "INC-7E11",
            Order::Review { verdict: AlarmTruth::False, reason: text("no") },
        ),
        (
            "d 3 f i x enter",
            "INC-7F3A",
            Order::Decide { choice: Choice::Mitigate, reason: text("fix"), recheck: None },
        ),
        (
            "down d 4 s m a l l enter 1 h enter",
            "INC-7F2B",
            Order::Decide { choice: Choice::Hold, reason: text("small"), recheck: Some(span(60)) },
        ),
        (
            "R +300 6 1 1 1 9 7 enter",
            "INC-7F3A",
            Order::Rollback { token: text(TOKEN), waive: None },
        ),
        (
            "d 1 +300 6 1 1 1 9 7 enter",
            "INC-7F3A",
            Order::Rollback { token: text(TOKEN), waive: None },
        ),
        (
            ": r o l l enter +300 6 1 1 1 9 8 backspace 7 enter",
            "INC-7F3A",
            Order::Rollback { token: text(TOKEN), waive: None },
        ),
        ("/ p d p enter n x enter", "INC-7F2B", Order::Note { text: text("x") }),
    ];
    for (script, incident, order) in table {
        let mut desk = desk();
        let effects = run(&mut desk, script);
        assert_eq!(orders(&effects), [(incident.to_owned(), order)], "{script}");
        assert!(desk.ui.dialog.is_none(), "{script}");
    }
}

/// Scripts that order nothing.
#[test]
fn sessions_without_an_order() {
    for script in [
        "d 4",
        "d esc",
        "n enter esc",
        "X esc",
        "t z enter",
        "R esc",
        "R +300 enter",
        "u",
        "? a a a",
        "/ a d R enter",
        ": a c k esc",
        "down down a",
        "down a",
        "d 2 enter enter",
    ] {
        let mut desk = desk();
        let effects = run(&mut desk, script);
        let sent = orders(&effects);
        // `? a` closes help with the first key; the second acknowledges, as anywhere else
        let wanted = usize::from(script.starts_with('?'));
        assert_eq!(sent.len(), wanted, "{script}: {sent:?}");
    }
}

#[test]
fn an_acknowledgement_is_stored_when_the_answer_says_so_and_undone_for_ten_seconds() {
    let mut desk = desk();
    assert_eq!(orders(&run(&mut desk, "a a")).len(), 1, "sent once");
    assert!(desk.is_pending(&"INC-7F3A".into(), OrderKind::Acknowledge) && desk.ui.undo.is_none());
    after(&mut desk, 50, DeskEvent::Ordered { ticket: 1, result: Ok(()) });
    assert!(desk.pending.is_empty() && desk.ui.undo.is_some());
    let mut late = desk.clone();
    assert_eq!(orders(&run(&mut desk, "u"))[0].1, Order::UndoAcknowledge);
    assert_eq!(run(&mut late, "+10000 u"), []);
    assert_eq!(late.ui.toast.expect("toast").say, Say::NothingToUndo);
}

#[test]
fn the_policy_says_how_long_an_acknowledgement_can_be_taken_back() {
    let mut desk = desk();
    desk.setup.undo = Span::from_secs(30);
    run(&mut desk, "a");
    after(&mut desk, 50, DeskEvent::Ordered { ticket: 1, result: Ok(()) });
    assert_eq!(orders(&run(&mut desk, "+20000 u"))[0].1, Order::UndoAcknowledge);
}

#[test]
fn a_failed_order_says_why_and_a_strange_ticket_is_nothing() {
    let mut desk = desk();
    run(&mut desk, "a");
    after(&mut desk, 50, DeskEvent::Ordered { ticket: 99, result: Ok(()) });
    assert_eq!(desk.pending.len(), 1);
    after(&mut desk, 50, DeskEvent::Ordered { ticket: 1, result: Err("disk full".to_owned()) });
    let toast = desk.ui.toast.expect("toast");
    assert_eq!(toast.say, Say::Failed(OrderKind::Acknowledge, "disk full".to_owned()));
    assert!(desk.ui.undo.is_none());
}

#[test]
fn an_observer_and_a_wall_order_nothing_whatever_they_press() {
    for role in [Seat::Observer, Seat::Wall] {
        for row in &TABLE {
            let mut desk = fixture::desk_as(fixture::outage(), role, 80, 24);
            let effects = run(&mut desk, row.keys[0]);
            assert_eq!(orders(&effects), [], "{}", row.name);
            if role == Seat::Wall {
                assert!(desk.ui.dialog.is_none() && desk.ui.page == Page::Incidents);
            } else if row.command.is_order() {
                assert_eq!(desk.ui.toast.expect("toast").say, Say::ReadOnly);
            }
        }
    }
}

#[test]
fn a_new_board_moves_nothing_under_an_open_question() {
    let mut desk = desk();
    run(&mut desk, "down d");
    let mut board = fixture::outage();
    let mut fresh = board.incidents[0].clone();
    fresh.id = "INC-NEW".into();
    board.incidents.insert(0, fresh);
    after(&mut desk, 100, DeskEvent::Board(Arc::new(board)));
    assert_eq!(desk.selected().expect("row").id.as_str(), "INC-7F2B");
    assert_eq!((desk.ui.list.len(), desk.ui.list.unseen()), (3, 1));
    run(&mut desk, "esc");
    assert_eq!((desk.ui.list.len(), desk.ui.list.unseen()), (4, 0));
    assert_eq!(desk.selected().expect("row").id.as_str(), "INC-7F2B");
}

#[test]
fn pages_open_and_lead_back() {
    let mut desk = desk();
    run(&mut desk, "7 enter");
    assert_eq!(desk.ui.page, Page::Incident);
    run(&mut desk, "esc");
    assert_eq!(desk.ui.page, Page::Journal);
    run(&mut desk, "3 enter");
    assert_eq!(
        (desk.ui.page, desk.selected().expect("row").id.as_str()),
        (Page::Incident, "INC-7F3A")
    );
    run(&mut desk, "tab");
    assert_eq!(desk.selected().expect("row").id.as_str(), "INC-7F2B");
    run(&mut desk, "esc esc");
    assert_eq!(desk.ui.page, Page::Incidents);
}

#[test]
fn quitting_asks_only_while_something_is_in_flight() {
    let mut desk = desk();
    assert_eq!(run(&mut desk, "q"), [DeskEffect::Quit]);
    let mut board = fixture::outage();
    board.incidents[0].action = Some(fixture::action(crate::board::ActionState::Sent));
    let mut desk = fixture::desk(board);
    assert_eq!(run(&mut desk, "q x"), []);
    assert_eq!(run(&mut desk, "q y"), [DeskEffect::Quit]);
}

#[test]
fn copying_gives_one_clean_line() {
    let mut board = fixture::outage();
    board.incidents[0].headline = "evil \u{1b}]52;c;aGk=\u{7} line\nbreak".to_owned();
    let mut desk = fixture::desk(board);
    let effects = run(&mut desk, "y");
    let [DeskEffect::Copy(text)] = effects.as_slice() else { panic!("{effects:?}") };
    assert!(
        text.starts_with("Sev 1 INC-7F3A checkout:") && !text.contains(char::is_control),
        "{text}"
    );
}

/// A text pasted by a terminal without brackets is text in a text field, and is said when cut.
#[test]
fn a_heap_of_letters_is_text_for_a_text_field_and_nothing_for_a_page() {
    let mut desk = desk();
    run(&mut desk, "n");
    let note = "deploy 3 is bad, see runbook 12";
    assert_eq!(after(&mut desk, 10, DeskEvent::Burst(note.to_owned())), []);
    assert_eq!(orders(&run(&mut desk, "enter"))[0].1, Order::Note { text: note.to_owned() });
    run(&mut desk, "n");
    after(&mut desk, 10, DeskEvent::Burst("x".repeat(1990)));
    assert_eq!(desk.ui.toast, None);
    for text in [DeskEvent::Burst("y".repeat(30)), DeskEvent::Paste("y".repeat(30))] {
        after(&mut desk, 10, text);
        assert_eq!(desk.ui.toast.take().expect("toast").say, Say::PasteCut);
    }
    run(&mut desk, "z");
    let sent = orders(&run(&mut desk, "enter"));
    let text = format!("{}{}", "x".repeat(1990), "y".repeat(10));
    assert_eq!(sent[0].1, Order::Note { text }, "as long as the rules take");
    let page = desk.ui.page;
    assert_eq!(after(&mut desk, 10, DeskEvent::Burst("aRqX3\u{1b}".repeat(9))), []);
    assert_eq!((desk.ui.page, desk.ui.dialog.is_none()), (page, true));
    assert_eq!(desk.ui.toast.expect("toast").say, Say::Burst);
}

#[test]
fn a_burst_leaves_the_decision_open() {
    let mut desk = desk();
    run(&mut desk, "d");
    for c in "222222".chars() {
        key(&mut desk, 3, &c.to_string());
    }
    let open = matches!(desk.ui.dialog, Some(Dialog::Form(_)));
    assert!(open, "the first key was a hand's: {:?}", desk.ui.dialog);
    let mut desk = self::desk();
    run(&mut desk, "d");
    for c in "xxxxx4".chars() {
        key(&mut desk, 3, &c.to_string());
    }
    assert!(matches!(desk.ui.dialog, Some(Dialog::Decide { .. })), "{:?}", desk.ui.dialog);
}

fn any_chord() -> impl Strategy<Value = Chord> {
    let keys = prop_oneof![
        6 => prop::char::range(' ', '~').prop_map(Key::Char),
        3 => prop::sample::select("Rd16adnt/:?XqQ".chars().collect::<Vec<_>>()).prop_map(Key::Char),
        2 => prop::sample::select(vec![
            Key::Enter, Key::Esc, Key::Tab, Key::BackTab, Key::Backspace, Key::Up, Key::Down,
            Key::Home, Key::End, Key::PageUp, Key::PageDown, Key::F(5), Key::Delete,
        ]),
    ];
    (keys, prop::bool::weighted(0.05), prop::bool::weighted(0.05))
        .prop_map(|(key, ctrl, alt)| Chord { key, ctrl, alt })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]
    /// Random keys at random speeds: no panic, and no rollback whose token was not typed last.
    #[test]
    fn random_keys_never_roll_back_without_the_token(
        keys in prop::collection::vec((any_chord(), 0i64..900), 0..120)
    ) {
        let mut desk = desk();
        let mut typed = String::new();
        for (chord, pause) in keys {
            if let Key::Char(c) = chord.key {
                typed.push(c);
            }
            let effects = after(&mut desk, pause, DeskEvent::Key(chord));
            for (_, order) in orders(&effects) {
                if let Order::Rollback { token, .. } | Order::RollbackAgain { token, .. } = order {
                    prop_assert!(crate::incident::id::confirms(&token, TOKEN), "{}", token);
                    let mut rest = typed.chars();
                    prop_assert!(TOKEN.chars().all(|c| rest.any(|t| t == c)), "{}", typed);
                }
            }
        }
    }

    /// Any mix of events leaves a desk that can be asked when to wake.
    #[test]
    fn any_events_leave_a_desk_that_stands(
        steps in prop::collection::vec((0u8..7, any_chord(), -2000i64..5000), 0..60)
    ) {
        let mut desk = desk();
        for (kind, chord, pause) in steps {
            let event = match kind {
                0 | 1 => DeskEvent::Key(chord),
                2 => DeskEvent::Board(Arc::new(fixture::calm())),
                3 => DeskEvent::Board(Arc::new(fixture::outage())),
                4 => DeskEvent::Resized { w: (pause.unsigned_abs() % 600) as u16, h: 24 },
                5 => DeskEvent::Burst(chord.to_string().repeat(20)),
                _ => DeskEvent::Paste(chord.to_string()),
            };
            after(&mut desk, pause, event);
            let wake = super::wake::next_wake(&desk);
            prop_assert!(wake.is_none_or(|t| t > desk.wall));
            prop_assert!(desk.ui.list.len() <= desk.board.incidents.len());
        }
    }
}

#[test]
fn a_lease_that_comes_and_goes_is_told_once_each() {
    let mut desk = desk();
    let mut post = |watching| {
        after(&mut desk, 100, DeskEvent::Post(watching));
        desk.ui.toast.take().map(|t| t.say)
    };
    assert_eq!(post(Watching::Elsewhere(None)), None, "how it began is no news");
    assert_eq!(post(Watching::Here), Some(Say::TookOver));
    let other = "bastion-2 pid 7".to_owned();
    let lost = Watching::Elsewhere(Some(other.clone()));
    assert_eq!(post(lost), Some(Say::Relieved(other)));
    assert_eq!(post(Watching::Here), Some(Say::TookOver));
}

#[test]
fn a_verdict_unfolds_steps_and_closes() {
    let mut desk = desk();
    run(&mut desk, "enter enter");
    let of = |desk: &Desk| match &desk.ui.dialog {
        Some(Dialog::Inputs { of, .. }) => Some((**of).clone()),
        _ => None,
    };
    let first = of(&desk).expect("a finding");
    run(&mut desk, "tab");
    assert_ne!(of(&desk), Some(first.clone()));
    run(&mut desk, "backtab down");
    assert_eq!(of(&desk), Some(first));
    run(&mut desk, "esc");
    assert_eq!((of(&desk), desk.ui.page), (None, Page::Incident));
    run(&mut desk, "h enter");
    assert!(matches!(of(&desk), Some(Subject::Cell { .. })), "the worst cell");
    run(&mut desk, "esc 4 enter");
    assert_eq!(desk.ui.page, Page::Incident);
}
