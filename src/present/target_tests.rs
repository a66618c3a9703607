//! What orders act on: the incident in sight and no other, wherever the hidden selection stands.
//! Words on the screen are checked with it.

use super::present;
use crate::board::Board;
use crate::desk::fixture;
use crate::desk::page::Page;
use crate::desk::state::{Desk, DeskEffect, DeskEvent};
use crate::desk::update::update;
use crate::domain::time::Span;

const TOKEN: &str = "611197";

/// Keys with blanks between, each a second after the one before.
fn run(desk: &mut Desk, script: &str) -> Vec<DeskEffect> {
    let press = |word: &str| {
        let span = Span::from_secs(1);
        let (now, wall) = (desk.now.plus(span), desk.wall.plus(span));
        update(desk, DeskEvent::Key(word.parse().expect("a key")), now, wall)
    };
    script.split_whitespace().flat_map(press).collect()
}

/// The incidents that something was ordered for.
fn orders(effects: &[DeskEffect]) -> Vec<String> {
    let order = |e: &DeskEffect| match e {
        DeskEffect::Order { incident, .. } => Some(incident.to_string()),
        _ => None,
    };
    effects.iter().filter_map(order).collect()
}

/// The outage's worst incident came while the selection was on an older one.
fn pinned() -> Desk {
    let mut board = fixture::outage();
    let worst = board.incidents.remove(0);
    let mut desk = fixture::desk(board.clone());
    assert_eq!(desk.selected().expect("selected").id.as_str(), "INC-7F2B");
    board.incidents.insert(0, worst);
    desk.board = std::sync::Arc::new(board);
    desk.ui.list.rebuild(&desk.board, "");
    assert_eq!(desk.selected().expect("selected").id.as_str(), "INC-7F2B");
    desk
}

fn toast(desk: &Desk) -> String {
    present(desk).toast.expect("toast").words()
}

fn title(desk: &Desk) -> String {
    present(desk).dialog.expect("dialog").title.as_str().to_owned()
}

#[test]
fn where_no_incident_is_selected_in_sight_orders_go_to_the_one_in_the_banner() {
    for (keys, about) in [("2", 1), ("3", 1), ("4", 1), ("5", 1), ("6", 1), ("7", 2), ("1", 2)] {
        let about = if about == 1 { "INC-7F3A" } else { "INC-7F2B" };
        let mut desk = pinned();
        let sent = orders(&run(&mut desk, &format!("{keys} n x enter")));
        assert_eq!(sent[0], about, "page {keys}");
        assert!(toast(&desk).contains(about), "{}", toast(&desk));
        for dialog in ["n", "X", "d"] {
            let mut desk = pinned();
            run(&mut desk, &format!("{keys} {dialog}"));
            assert!(title(&desk).contains(about), "{keys} {dialog}: {}", title(&desk));
            let apart = title(&desk).contains("not the one in the banner");
            assert_eq!(apart, about == "INC-7F2B", "{keys} {dialog}: {}", title(&desk));
        }
        let mut desk = pinned();
        run(&mut desk, &format!("{keys} enter"));
        if matches!(keys, "4" | "5" | "6") {
            assert_eq!(desk.selected().expect("open").id.as_str(), "INC-7F3A", "page {keys}");
        }
    }
}

#[test]
fn the_prompt_says_when_keys_act_on_another_incident_than_the_banner_names() {
    let prompt = |desk: &Desk| -> String {
        present(desk).prompt.right.iter().map(|p| p.line.words()).collect()
    };
    let mut desk = pinned();
    assert!(prompt(&desk).contains("keys act on INC-7F2B, not on the banner's"));
    run(&mut desk, "5");
    assert!(!prompt(&desk).contains("keys act"), "{}", prompt(&desk));
}

/// The theme release is suspected of one incident, while a worse one fills the banner.
#[test]
fn on_a_suspected_release_the_rollback_is_that_of_its_incident() {
    let mut board: Board = fixture::outage();
    let mut worse = board.incidents[1].clone();
    worse.id = "INC-WORSE".into();
    worse.severity = board.incidents[0].severity;
    board.incidents.insert(0, worse);
    let mut desk = fixture::desk(board);
    desk.ui.page = Page::Releases;
    desk.ui.release =
        desk.board.releases.iter().find(|r| !r.suspect_of.is_empty()).map(|r| r.id.clone());
    let sent = orders(&run(&mut desk, &format!("R {}", spaced(TOKEN))));
    assert!(sent.is_empty());
    assert!(title(&desk).contains("INC-7F3A (not the one in the banner)"), "{}", title(&desk));
    let sent = orders(&run(&mut desk, "enter"));
    assert_eq!(sent[0], "INC-7F3A");
    let sent = orders(&run(&mut desk, "n x enter"));
    assert_eq!(sent[0], "INC-WORSE");
    // a row that nobody suspects
    desk.ui.release =
        desk.board.releases.iter().find(|r| r.suspect_of.is_empty()).map(|r| r.id.clone());
    run(&mut desk, "R");
    assert!(desk.ui.dialog.is_none());
    let said = desk.ui.toast.as_ref().and_then(|t| t.about.as_ref()).map(ToString::to_string);
    assert_eq!(said.as_deref(), Some("INC-WORSE"));
}

fn spaced(keys: &str) -> String {
    keys.split("").collect::<Vec<_>>().join(" ")
}

#[test]
fn a_filter_does_not_open_another_incident_than_the_one_asked_for() {
    let mut desk = fixture::desk(fixture::outage());
    run(&mut desk, "/ p d p enter 5 enter");
    assert_eq!(desk.selected().expect("open").id.as_str(), "INC-7F3A");
    assert_eq!(desk.ui.page, Page::Incident);
}
