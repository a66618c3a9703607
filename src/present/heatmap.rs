//! The Heatmap page: one metric over two dimensions, each cell with value, n and how sure it is.
//! Unsure is hatched, blind is shaded and neither is ever green; heat is distance from the
//! baseline.

use crate::board::standing::Trust;
use crate::desk::heat::Grid;
use crate::desk::state::Desk;
use crate::detect::verdict::{Cell, Verdict};
use crate::domain::metric::{Bad, Metric};
use crate::domain::segment::{Dim, DimValue};
use crate::domain::text::{ScreenText, screen_text};

use super::role::Role;
use super::screen::{
    Bar, Content, Fill, HeatCell, HeatRow, Heatmap, Item, Line, Lines, Panel, Rows,
};
use super::words;

/// No screen shows more; the rest is counted, not silently dropped.
const COLUMNS_MAX: usize = 24;

pub fn panels(desk: &Desk) -> Vec<Panel> {
    let heat = &desk.ui.heat;
    let grid = heat.grid(&desk.board);
    let title = title(heat.shown(&desk.board), heat.rows, heat.columns);
    let map = Panel::new(Content::Heatmap(map(desk, &grid)), Rows::Fill { min: 4 }).titled(title);
    let lines = Lines { items: vec![legend(desk, &grid)], ..Lines::default() };
    vec![map, Panel::new(Content::Lines(lines), Rows::Exact(1)).ranked(1)]
}

fn title(metric: Option<Metric>, rows: Dim, columns: Dim) -> Bar {
    let name = metric.map_or("no metric", |m| m.row().label);
    Bar::rule(
        Line::fixed(Role::Title, name)
            .say(Role::Text, "  ")
            .say(Role::Text, rows.name())
            .say(Role::Muted, " down, ")
            .say(Role::Text, columns.name())
            .say(Role::Muted, " across "),
    )
}

fn map(desk: &Desk, grid: &Grid<'_>) -> Heatmap {
    let columns: Vec<&DimValue> = grid.columns.iter().copied().take(COLUMNS_MAX).collect();
    let row = |label: &DimValue| HeatRow {
        label: screen_text(label.as_str()),
        cells: columns.iter().map(|c| grid.cells.get(&(label, *c)).map(|x| heat(x))).collect(),
    };
    Heatmap {
        corner: ScreenText::fixed(desk.ui.heat.rows.name()),
        columns: columns.iter().map(|c| screen_text(c.as_str())).collect(),
        rows: grid.rows.iter().map(|label| row(label)).collect(),
        selected: desk.ui.heat.at.as_ref().and_then(|at| grid.place(at)),
        empty: Line::fixed(
            Role::Muted,
            "No cell is split by these two dimensions; try other axes.",
        ),
    }
}

fn heat(cell: &Cell) -> HeatCell {
    let n = words::samples(cell.n);
    let value = words::value(cell.value, &cell.unit);
    let (role, fill) = match cell.verdict {
        Verdict::Blind => (Role::Blind, Fill::Blind),
        Verdict::Unsure => (Role::Unsure, Fill::Hatched),
        Verdict::Breach => (warmth(cell).max(Role::Heat4), Fill::Hot),
        Verdict::Ok => (warmth(cell).min(Role::Heat3), Fill::Plain),
    };
    HeatCell { value, n, role, fill }
}

/// Heat by how far the value is on the bad side of its baseline.
fn warmth(cell: &Cell) -> Role {
    const STEPS: [(f64, Role); 6] = [
        (0.05, Role::Heat0),
        (0.15, Role::Heat1),
        (0.30, Role::Heat2),
        (0.50, Role::Heat3),
        (0.80, Role::Heat4),
        (1.50, Role::Heat5),
    ];
    let (Some(value), Some(base)) = (cell.value, cell.baseline.filter(|b| *b > 0.0)) else {
        return Role::Heat0;
    };
    let bad = match cell.metric.row().bad {
        Bad::Up => value / base - 1.0,
        Bad::Down => base / value.max(f64::MIN_POSITIVE) - 1.0,
        Bad::Both => (value / base - 1.0).abs(),
    };
    STEPS.iter().find(|(limit, _)| bad < *limit).map_or(Role::Heat6, |(_, role)| *role)
}

fn legend(desk: &Desk, grid: &Grid<'_>) -> Item {
    let count = |v: Verdict| grid.cells.values().filter(|c| c.verdict == v).count();
    if desk.trust() != Trust::Fresh {
        let then = words::hm_utc(desk.board.generated_at);
        let text = format!(" as of {then}, not known now: {} were breach", count(Verdict::Breach));
        return Item { line: Line::of(Role::Stale, words::made(text)), ..Item::default() };
    }
    let line = Line::fixed(Role::Text, " ")
        .and(Role::Heat5, words::made(format!("!{} breach", count(Verdict::Breach))))
        .say(Role::Text, "   ")
        .and(
            Role::Unsure,
            words::made(format!("?{} unsure: few samples, or learning", count(Verdict::Unsure))),
        )
        .say(Role::Text, "   ")
        .and(Role::Blind, words::made(format!("{} blind: no data", count(Verdict::Blind))))
        .say(Role::Text, "   ")
        .and(Role::Heat0, words::made(format!("{} ok", count(Verdict::Ok))));
    Item { line, ..Item::default() }
}
