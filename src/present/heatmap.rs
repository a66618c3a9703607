//! The Heatmap page: one metric over two dimensions, each cell with value, n and how sure it is.
//! Unsure is hatched, blind is shaded and neither is ever green; heat is distance from the
//! baseline.

use crate::board::standing::Trust;
use crate::desk::heat::Grid;
use crate::desk::state::Desk;
use crate::domain::metric::{Bad, Metric};
use crate::domain::segment::{Dim, DimValue};
use crate::domain::text::{ScreenText, screen_text};
use crate::verdict::{Cell, Verdict};

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
    let items = vec![legend(desk, &grid), selected(desk, &grid)];
    let lines = Lines { items, ..Lines::default() };
    vec![map, Panel::new(Content::Lines(lines), Rows::Exact(2)).ranked(1)]
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
        Verdict::Breach => (warmth(cell), Fill::Hot),
        Verdict::Ok => (ground(cell), Fill::Plain),
    };
    HeatCell { value, n, role, fill }
}

/// How far the value is on the bad side of its baseline, as a share of the baseline.
fn worse(cell: &Cell) -> Option<f64> {
    let (value, base) = (cell.value?, cell.baseline.filter(|b| *b > 0.0)?);
    Some(match cell.metric.row().bad {
        Bad::Up => value / base - 1.0,
        Bad::Down => base / value.max(f64::MIN_POSITIVE) - 1.0,
        Bad::Both => (value / base - 1.0).abs(),
    })
}

/// Hue is for breaches alone: the hotter, the further from usual.
fn warmth(cell: &Cell) -> Role {
    const STEPS: [(f64, Role); 3] = [(0.30, Role::Heat3), (0.80, Role::Heat4), (1.50, Role::Heat5)];
    let Some(bad) = worse(cell) else { return Role::Heat4 };
    STEPS.iter().find(|(limit, _)| bad < *limit).map_or(Role::Heat6, |(_, role)| *role)
}

/// Half width of a 95 % interval in standard errors.
const HALF: f64 = 1.96;

/// What is ok stays on a neutral ground, a shade lighter where it lies one or two standard errors
/// on the bad side of its usual value: small cells are not painted for their noise.
fn ground(cell: &Cell) -> Role {
    let errors = || {
        let interval = cell.interval?;
        let error = (interval.high - interval.low) / (2.0 * HALF);
        let (value, base) = (cell.value?, cell.baseline?);
        let by = match cell.metric.row().bad {
            Bad::Up => value - base,
            Bad::Down => base - value,
            Bad::Both => (value - base).abs(),
        };
        (error > 0.0).then(|| by / error)
    };
    match errors() {
        Some(e) if e >= 2.0 => Role::Heat2,
        Some(e) if e >= 1.0 => Role::Heat1,
        Some(_) | None => Role::Heat0,
    }
}

/// The selected cell in words: value, usual, window, doubts.
fn selected(desk: &Desk, grid: &Grid<'_>) -> Item {
    let at = desk.ui.heat.at.as_ref();
    let Some((at, cell)) = at.and_then(|at| Some((at, grid.cell(at)?))) else {
        let text = window(grid).map_or_else(String::new, |w| format!(" each cell tells {w}"));
        return Item { line: Line::of(Role::Muted, words::made(text)), ..Item::default() };
    };
    let (value, usual) =
        (words::value(cell.value, &cell.unit), words::value(cell.baseline, &cell.unit));
    let mut line = Line::fixed(Role::Text, " ")
        .and(Role::Title, screen_text(&format!("{} {}", at.0.as_str(), at.1.as_str())))
        .say(Role::Text, ": ")
        .and(Role::Text, value)
        .say(Role::Muted, ", usual ")
        .and(Role::Text, usual)
        .say(Role::Muted, ", ")
        .and(Role::Muted, words::samples(cell.n));
    if cell.minutes > 0.0 {
        line = line.and(Role::Muted, words::made(format!(" in {:.0} min", cell.minutes)));
    }
    if cell.holds_bad {
        line = line.say(Role::Unsure, ", holds harm that is over");
    }
    let doubts = cell.quality.names().join(", ").replace('_', " ");
    if !doubts.is_empty() {
        line = line.and(Role::Unsure, words::made(format!(", {doubts}")));
    }
    Item { line, ..Item::default() }
}

/// The shortest and the longest window of the cells shown.
fn window(grid: &Grid<'_>) -> Option<String> {
    let minutes = grid.cells.values().map(|c| c.minutes).filter(|m| *m > 0.0);
    let (low, high) = minutes.fold((f64::INFINITY, 0.0_f64), |(l, h), m| (l.min(m), h.max(m)));
    if high <= 0.0 {
        return None;
    }
    Some(if low < high {
        format!("its last {low:.0} to {high:.0} min, as few or many come")
    } else {
        format!("its last {high:.0} min")
    })
}

fn legend(desk: &Desk, grid: &Grid<'_>) -> Item {
    let count = |v: Verdict| grid.cells.values().filter(|c| c.verdict == v).count();
    if desk.trust() != Trust::Fresh {
        let then = words::hm_utc(desk.board.generated_at);
        let text = format!(" as of {then}, not known now: {} were breach", count(Verdict::Breach));
        return Item { line: Line::of(Role::Stale, words::made(text)), ..Item::default() };
    }
    let line = Line::fixed(Role::Text, " ")
        .and(Role::Heat4, words::made(format!("!{} breach", count(Verdict::Breach))))
        .say(Role::Text, "   ")
        .and(
            Role::Unsure,
            words::made(format!("?{} unsure{}", count(Verdict::Unsure), holds(grid))),
        )
        .say(Role::Text, "   ")
        .and(Role::Blind, words::made(format!("{} blind: no data", count(Verdict::Blind))))
        .say(Role::Text, "   ")
        .and(Role::Heat0, words::made(format!("{} ok", count(Verdict::Ok))));
    Item { line, ..Item::default() }
}

/// Why cells are unsure: too few, learning, or harm that is over and not yet out of the window.
fn holds(grid: &Grid<'_>) -> String {
    match grid.cells.values().filter(|c| c.holds_bad).count() {
        0 => ": few samples, or learning".to_owned(),
        n => format!(", {n} of them still hold harm that is over"),
    }
}
