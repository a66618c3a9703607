//! A board that is not fresh on every page and seat: no word and no hue says that anything is live
//! or well now.

use std::sync::Arc;

use super::present;
use super::role::Role;
use super::screen::{Content, Line, Screen};
use crate::board::{Absent, Board};
use crate::desk::fixture;
use crate::desk::page::Page;
use crate::desk::state::{Desk, Seat};
use crate::domain::time::Span;

/// Every line of the panels, and the roles of heat cells as lines.
fn lines(screen: &Screen) -> Vec<Line> {
    let mut all = vec![];
    for panel in &screen.panels {
        match &panel.content {
            Content::Table(t) => all.extend(t.rows.iter().flat_map(|r| r.cells.clone())),
            Content::Lines(l) => all.extend(l.items.iter().map(|i| i.line.clone())),
            Content::Heatmap(map) => {
                let cells = map.rows.iter().flat_map(|r| r.cells.iter().flatten());
                all.extend(cells.map(|c| Line::of(c.role, c.value.clone())));
            }
            Content::Timeline(_) => {}
        }
        if let Some(title) = &panel.title {
            all.extend(title.left.iter().map(|p| p.line.clone()));
        }
    }
    all
}

fn late(board: Board) -> Desk {
    let mut desk = fixture::desk_as(board, Seat::Operator, 120, 40);
    desk.now = desk.now.plus(Span::from_mins(12));
    desk
}

fn ended(board: Board) -> Desk {
    fixture::desk_as(Board { absent: Some(Absent::Ended), ..board }, Seat::Operator, 120, 40)
}

#[test]
fn nothing_on_an_old_board_is_live_or_well() {
    for make in [fixture::calm, fixture::outage] {
        for mut desk in [late(make()), ended(make())] {
            for page in Page::ALL {
                desk.ui.page = page;
                desk.ui.heat.settle(&Arc::clone(&desk.board), None);
                for line in lines(&present(&desk)) {
                    let said = line.words();
                    let bare = ["live", "ok", "pass", "every source is live"];
                    assert!(!bare.contains(&said.trim()), "{page:?}: {said}");
                    assert!(!said.replace("was ok", "").contains(" ok"), "{page:?}: {said}");
                    let green =
                        |role| role == Role::Ok || (Role::Heat0..=Role::Heat6).contains(&role);
                    assert!(line.0.iter().all(|s| !green(s.role)), "{page:?}: {line:?}");
                }
            }
        }
    }
}

#[test]
fn the_watcher_of_an_old_board_is_not_said_to_watch() {
    let said = |mut desk: Desk| {
        desk.ui.page = Page::Sources;
        lines(&present(&desk)).iter().map(Line::words).collect::<Vec<_>>().join("\n")
    };
    let gone = said(ended(fixture::calm()));
    assert!(gone.contains("nobody watches") && !gone.contains("pid"), "{gone}");
    let silent = said(late(fixture::calm()));
    assert!(silent.contains("bastion-1 (pid 4242) is silent since 03:07"), "{silent}");
    assert!(silent.contains("was live at 03:07 UTC"), "{silent}");
    let fresh = said(fixture::desk_as(fixture::calm(), Seat::Operator, 120, 40));
    assert!(fresh.contains("watched by bastion-1") && fresh.contains("live"), "{fresh}");
}
