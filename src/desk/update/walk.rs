//! Commands that only look: pages, selection, scroll, filter, help, palette, copy, quit.
//! None of them can send an order.

use crate::board::{ActionState, Board};
use crate::desk::command::{Command, page_of};
use crate::desk::dialog::Dialog;
use crate::desk::order::Say;
use crate::desk::state::{Desk, Effect};
use crate::desk::summary::summary;
use crate::desk::ui::Page;

pub(super) fn run(desk: &mut Desk, command: Command) -> Vec<Effect> {
    if let Some(page) = page_of(command) {
        go(desk, page);
        return vec![];
    }
    match command {
        c if c.is_move() => shift(desk, c),
        Command::Next => select(desk, 1),
        Command::Previous => select(desk, -1),
        Command::Open => open(desk),
        Command::Back => back(desk),
        Command::Columns => desk.ui.heat.step_axis(&desk.board, true),
        Command::Rows => desk.ui.heat.step_axis(&desk.board, false),
        Command::NextMetric => desk.ui.heat.step_metric(&desk.board, true),
        Command::PreviousMetric => desk.ui.heat.step_metric(&desk.board, false),
        Command::Everything => desk.ui.everything = !desk.ui.everything,
        Command::Filter => {
            desk.ui.dialog = Some(Dialog::Filter { before: desk.ui.filter.clone() });
        }
        Command::Palette => {
            desk.ui.dialog = Some(Dialog::Palette { text: String::new(), pick: 0 });
        }
        Command::Help => desk.ui.dialog = Some(Dialog::Help { scroll: 0 }),
        Command::Copy => return copy(desk),
        Command::Redraw => return vec![Effect::Redraw],
        Command::Suspend => return vec![Effect::Suspend],
        Command::Quit => return quit(desk),
        _ => {}
    }
    vec![]
}

fn go(desk: &mut Desk, page: Page) {
    if page == Page::Incident {
        desk.ui.came_from = desk.ui.page;
    }
    if desk.ui.page != page {
        desk.ui.scroll = 0;
    }
    desk.ui.page = page;
}

fn shift(desk: &mut Desk, command: Command) {
    let page = i64::from(desk.size.h / 2).max(1);
    let by = match command {
        Command::Up => -1,
        Command::Down => 1,
        Command::PageUp => -page,
        Command::PageDown => page,
        Command::First => i64::MIN / 2,
        _ => i64::MAX / 2,
    };
    match desk.ui.page {
        Page::Incidents => select(desk, by),
        Page::Releases => select_release(desk, by),
        Page::Incident
        | Page::Heatmap
        | Page::Journeys
        | Page::Guardrails
        | Page::Sources
        | Page::Journal => scroll(desk, by),
    }
}

fn moved(at: usize, by: i64, len: usize) -> usize {
    let at = i64::try_from(at).unwrap_or(0).saturating_add(by).max(0);
    usize::try_from(at).unwrap_or(0).min(len.saturating_sub(1))
}

fn select(desk: &mut Desk, by: i64) {
    let list = &mut desk.ui.list;
    let before = list.at();
    list.select(&desk.board, moved(before, by, list.len()));
    if desk.ui.page != Page::Incidents && list.at() != before {
        desk.ui.scroll = 0;
    }
}

fn select_release(desk: &mut Desk, by: i64) {
    let releases = &desk.board.releases;
    let at = desk.ui.release.as_ref().and_then(|id| releases.iter().position(|r| r.id == *id));
    let to = moved(at.unwrap_or(0), by, releases.len());
    desk.ui.release = releases.get(to).map(|r| r.id.clone());
}

fn scroll(desk: &mut Desk, by: i64) {
    let room = usize::from(desk.size.h / 2);
    let len = rows(desk).saturating_sub(room).saturating_add(1);
    desk.ui.scroll = moved(desk.ui.scroll, by, len);
}

/// About how many rows a scrolling page has; the picture clamps to what is really there.
fn rows(desk: &Desk) -> usize {
    let board: &Board = &desk.board;
    match desk.ui.page {
        Page::Incidents => desk.ui.list.len(),
        Page::Releases => board.releases.len(),
        Page::Incident => desk.selected().map_or(0, |x| {
            let evidence = x.evidence_for.len() + x.evidence_against.len() + x.findings.len();
            let suspect = x.suspect.reasons.len() + x.suspect.against.len();
            24 + evidence * 2 + suspect + x.suspect.considered.len() + x.timeline.len()
        }),
        Page::Heatmap => 64,
        Page::Journeys => board.journeys.len(),
        Page::Guardrails => board.guardrails.len() + board.funnel.len(),
        Page::Sources => board.sources.len() + board.checklist.len() + board.notices.len(),
        Page::Journal => board.incidents.iter().map(|x| x.timeline.len()).sum(),
    }
}

/// Enter shows the evidence; on Releases that of the incident the release is suspected of.
fn open(desk: &mut Desk) {
    if desk.ui.page == Page::Releases {
        let suspected = desk
            .ui
            .release
            .as_ref()
            .and_then(|id| desk.board.releases.iter().find(|r| r.id == *id))
            .or(desk.board.releases.first())
            .and_then(|r| r.suspect_of.first().cloned());
        match suspected {
            Some(id) => desk.ui.list.select_id(&desk.board, &id),
            None => return,
        }
    }
    if desk.ui.page == Page::Incident {
        return;
    }
    if desk.selected().is_some() {
        go(desk, Page::Incident);
    } else {
        desk.say(Say::NoIncident);
    }
}

fn back(desk: &mut Desk) {
    if desk.ui.toast.take().is_some() {
        return;
    }
    let filtered = matches!(desk.ui.page, Page::Incidents | Page::Releases | Page::Journal);
    if filtered && !desk.ui.filter.is_empty() {
        desk.ui.filter.clear();
        desk.ui.list.rebuild(&desk.board, "");
        return;
    }
    let to = if desk.ui.page == Page::Incident { desk.ui.came_from } else { Page::Incidents };
    go(desk, to);
}

fn copy(desk: &mut Desk) -> Vec<Effect> {
    let Some(text) = desk.selected().map(summary) else {
        desk.say(Say::NoIncident);
        return vec![];
    };
    desk.say(Say::Copied);
    vec![Effect::Copy(text)]
}

/// Quits at once unless something was sent that is not settled.
fn quit(desk: &mut Desk) -> Vec<Effect> {
    let flying = desk.board.incidents.iter().filter_map(|x| x.action.as_ref()).any(|a| {
        matches!(a.state, ActionState::Prepared | ActionState::Sent | ActionState::Unknown)
    });
    if desk.pending.is_empty() && !flying {
        return vec![Effect::Quit];
    }
    desk.ui.dialog = Some(Dialog::ConfirmQuit);
    vec![]
}
