//! Commands that only look: pages, selection, scroll, filter, help, palette, copy, quit.
//! None of them can send an order.

use crate::board::Board;
use crate::desk::command::ViewKey;
use crate::desk::dialog::Dialog;
use crate::desk::inputs::Subject;
use crate::desk::order::Say;
use crate::desk::page::Page;
use crate::desk::state::{Desk, DeskEffect};
use crate::desk::summary::summary;
use crate::domain::id::IncidentId;

pub(super) fn run(desk: &mut Desk, key: ViewKey) -> Vec<DeskEffect> {
    let page = i64::from(desk.size.h / 2).max(1);
    match key {
        ViewKey::Incidents => go(desk, Page::Incidents),
        ViewKey::Heatmap => go(desk, Page::Heatmap),
        ViewKey::Releases => {
            pin_release(desk);
            go(desk, Page::Releases);
        }
        ViewKey::Journeys => go(desk, Page::Journeys),
        ViewKey::Guardrails => go(desk, Page::Guardrails),
        ViewKey::Sources => go(desk, Page::Sources),
        ViewKey::Journal => go(desk, Page::Journal),
        ViewKey::Up => shift(desk, -1, 0),
        ViewKey::Down => shift(desk, 1, 0),
        ViewKey::Left => shift(desk, 0, -1),
        ViewKey::Right => shift(desk, 0, 1),
        ViewKey::PageUp => shift(desk, -page, 0),
        ViewKey::PageDown => shift(desk, page, 0),
        ViewKey::First => shift(desk, -FAR, 0),
        ViewKey::Last => shift(desk, FAR, 0),
        ViewKey::Next => select(desk, 1),
        ViewKey::Previous => select(desk, -1),
        ViewKey::Open => open(desk),
        ViewKey::Back => back(desk),
        ViewKey::Columns => desk.ui.heat.step_axis(&desk.board, true),
        ViewKey::Rows => desk.ui.heat.step_axis(&desk.board, false),
        ViewKey::NextMetric => desk.ui.heat.step_metric(&desk.board, true),
        ViewKey::PreviousMetric => desk.ui.heat.step_metric(&desk.board, false),
        ViewKey::Everything => desk.ui.everything = !desk.ui.everything,
        ViewKey::Filter => ask(desk, Dialog::Filter { before: desk.ui.filter.clone() }),
        ViewKey::Palette => ask(desk, Dialog::Palette { text: String::new(), pick: 0 }),
        ViewKey::Help => ask(desk, Dialog::Help { scroll: 0 }),
        ViewKey::Copy => return copy(desk),
        ViewKey::Redraw => return vec![DeskEffect::Redraw],
        ViewKey::Suspend => return vec![DeskEffect::Suspend],
        ViewKey::Quit => return quit(desk),
    }
    vec![]
}

/// Past either end of anything.
const FAR: i64 = i64::MAX / 2;

fn ask(desk: &mut Desk, dialog: Dialog) {
    desk.ui.dialog = Some(dialog);
}

fn go(desk: &mut Desk, page: Page) {
    if page == Page::Incident {
        desk.ui.came_from = desk.ui.page;
    }
    if desk.ui.page != page {
        desk.ui.scroll = 0;
    }
    if page == Page::Heatmap {
        let about = desk.selected().filter(|x| x.state.is_open()).or_else(|| desk.worst()).cloned();
        desk.ui.heat.settle(&desk.board, about.as_ref());
    }
    desk.ui.page = page;
}

fn shift(desk: &mut Desk, down: i64, across: i64) {
    match desk.ui.page {
        Page::Incidents => select(desk, down),
        Page::Releases => select_release(desk, down),
        Page::Heatmap => desk.ui.heat.step_cell(&desk.board, down, across),
        Page::Incident | Page::Journeys | Page::Guardrails | Page::Sources | Page::Journal => {
            scroll(desk, down);
        }
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
        Page::Heatmap => 0,
        Page::Journeys => board.journeys.len(),
        Page::Guardrails => board.guardrails.len() + board.funnel.len(),
        Page::Sources => board.sources.len() + board.checklist.len() + board.notices.len(),
        Page::Journal => board.incidents.iter().map(|x| x.timeline.len()).sum(),
    }
}

/// Enter goes one step further into what is selected: the incident, then a verdict's inputs.
fn open(desk: &mut Desk) {
    match desk.ui.page {
        Page::Incident => open_finding(desk),
        Page::Heatmap => open_cell(desk),
        Page::Releases => open_suspected(desk),
        Page::Incidents | Page::Journeys | Page::Guardrails | Page::Sources | Page::Journal => {
            open_incident(desk, desk.target(ViewKey::Open).map(|x| x.id.clone()));
        }
    }
}

/// A filter that hides it goes: no other incident is opened in its place.
fn open_incident(desk: &mut Desk, id: Option<IncidentId>) {
    let Some(id) = id else {
        desk.say(Say::NoIncident);
        return;
    };
    desk.ui.list.select_id(&desk.board, &id);
    if desk.selected().is_none_or(|x| x.id != id) {
        desk.ui.filter.clear();
        desk.ui.list.rebuild(&desk.board, "");
        desk.ui.list.select_id(&desk.board, &id);
    }
    go(desk, Page::Incident);
}

/// The incident that the selected release is suspected of.
fn open_suspected(desk: &mut Desk) {
    match desk.suspected().map(|x| x.id.clone()) {
        Some(id) => open_incident(desk, Some(id)),
        None => desk.say(Say::NotSuspected),
    }
}

fn open_finding(desk: &mut Desk) {
    let first = desk.selected().and_then(|x| Some(Subject::of(x, x.findings.first()?)));
    unfold(desk, first);
}

/// The selected cell; where none is selected yet, the worst one.
fn open_cell(desk: &mut Desk) {
    if desk.ui.heat.at.is_none() {
        desk.ui.heat.step_cell(&desk.board, 0, 0);
    }
    let grid = desk.ui.heat.grid(&desk.board);
    let cell = desk.ui.heat.at.as_ref().and_then(|at| grid.cell(at)).map(Subject::cell);
    unfold(desk, cell);
}

fn unfold(desk: &mut Desk, subject: Option<Subject>) {
    match subject {
        Some(of) => desk.ui.dialog = Some(Dialog::Inputs { of: Box::new(of), scroll: 0 }),
        None => desk.say(Say::NothingThere),
    }
}

/// The page opens on the release that is suspected, and stays on it whatever comes after.
fn pin_release(desk: &mut Desk) {
    if desk.ui.release.is_none() {
        let suspect = desk.worst().and_then(|x| x.suspect.release.clone());
        let known = suspect.filter(|id| desk.board.releases.iter().any(|r| r.id == *id));
        desk.ui.release = known.or_else(|| desk.board.releases.first().map(|r| r.id.clone()));
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

fn copy(desk: &mut Desk) -> Vec<DeskEffect> {
    let Some(text) = desk.target(ViewKey::Copy).map(summary) else {
        desk.say(Say::NoIncident);
        return vec![];
    };
    desk.say(Say::Copied(text.clone()));
    vec![DeskEffect::Copy(text)]
}

/// Quits at once unless something was sent that is not settled.
fn quit(desk: &mut Desk) -> Vec<DeskEffect> {
    let flying =
        desk.board.incidents.iter().filter_map(|x| x.action.as_ref()).any(|a| !a.state.is_over());
    if desk.pending.is_empty() && !flying {
        return vec![DeskEffect::Quit];
    }
    desk.ui.dialog = Some(Dialog::ConfirmQuit);
    vec![]
}
