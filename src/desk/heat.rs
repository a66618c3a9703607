//! Heat: which two dimensions and which metric the heatmap shows; which the board can show.
//! Colours and cells are made further on.

use std::collections::{BTreeMap, BTreeSet};

use crate::board::{Board, IncidentView};
use crate::domain::metric::Metric;
use crate::domain::segment::{Dim, DimValue};
use crate::verdict::{Cell, Verdict};

/// The heatmap's axes and metric. `None` means the first that has data.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Heat {
    pub rows: Dim,
    pub columns: Dim,
    pub metric: Option<Metric>,
    /// The selected cell by the names of its row and column; none until somebody moves.
    pub at: Option<(DimValue, DimValue)>,
}

impl Default for Heat {
    fn default() -> Self {
        Self { rows: Dim::Template, columns: Dim::Device, metric: None, at: None }
    }
}

/// What the heatmap shows of a board: names down, names across, the cells between them.
#[derive(Default)]
pub struct Grid<'b> {
    pub rows: Vec<&'b DimValue>,
    pub columns: Vec<&'b DimValue>,
    pub cells: BTreeMap<(&'b DimValue, &'b DimValue), &'b Cell>,
}

impl<'b> Grid<'b> {
    /// The place of a named cell, or of what stands nearest to where it was.
    pub fn place(&self, at: &(DimValue, DimValue)) -> Option<(usize, usize)> {
        let last = |all: &[&DimValue]| all.len().checked_sub(1);
        let find = |all: &[&DimValue], name: &DimValue| {
            last(all).map(|last| all.partition_point(|x| **x < *name).min(last))
        };
        Some((find(&self.rows, &at.0)?, find(&self.columns, &at.1)?))
    }

    pub fn cell(&self, at: &(DimValue, DimValue)) -> Option<&'b Cell> {
        self.cells.get(&(&at.0, &at.1)).copied()
    }
}

impl Heat {
    /// The metric shown: the chosen one while it has data, else the first one with data.
    pub fn shown(&self, board: &Board) -> Option<Metric> {
        let metrics = metrics(board);
        self.metric.filter(|m| metrics.contains(m)).or_else(|| metrics.first().copied())
    }

    /// The cells split by exactly the two dimensions; of several statistics the worst is taken.
    pub fn grid<'b>(&self, board: &'b Board) -> Grid<'b> {
        let Some(metric) = self.shown(board) else { return Grid::default() };
        let fits = |c: &&Cell| {
            c.metric == metric
                && *c.segment.get(self.rows) != DimValue::All
                && *c.segment.get(self.columns) != DimValue::All
                && c.segment.dims().count() == 2
        };
        let mut cells = BTreeMap::new();
        for cell in board.cells.iter().filter(fits) {
            let key = (cell.segment.get(self.rows), cell.segment.get(self.columns));
            let slot = cells.entry(key).or_insert(cell);
            if cell.verdict > slot.verdict {
                *slot = cell;
            }
        }
        let rows: BTreeSet<&DimValue> = cells.keys().map(|(row, _)| *row).collect();
        let columns: BTreeSet<&DimValue> = cells.keys().map(|(_, column)| *column).collect();
        Grid { rows: rows.into_iter().collect(), columns: columns.into_iter().collect(), cells }
    }

    /// Moves the selection by rows and columns; the first move selects the worst cell.
    pub fn step_cell(&mut self, board: &Board, down: i64, across: i64) {
        let grid = self.grid(board);
        let Some(at) = &self.at else {
            let worst = grid.cells.iter().max_by_key(|(_, cell)| cell.verdict);
            self.at = worst.map(|((row, column), _)| ((*row).clone(), (*column).clone()));
            return;
        };
        let Some((row, column)) = grid.place(at) else { return };
        let to = |from: usize, by: i64, len: usize| {
            let to = i64::try_from(from).unwrap_or(0).saturating_add(by).max(0);
            usize::try_from(to).unwrap_or(0).min(len.saturating_sub(1))
        };
        let row = grid.rows.get(to(row, down, grid.rows.len()));
        let column = grid.columns.get(to(column, across, grid.columns.len()));
        if let (Some(row), Some(column)) = (row, column) {
            self.at = Some(((*row).clone(), (*column).clone()));
        }
    }

    /// Chooses where nothing was chosen: what the incident is about, on the axes that its place
    /// names, with its cell selected; without one the metric with most breaches on these axes.
    pub fn settle(&mut self, board: &Board, incident: Option<&IncidentView>) {
        if self.metric.is_some() {
            return;
        }
        if let Some(found) = incident.and_then(|x| self.about(board, x)) {
            *self = found;
            return;
        }
        let breaches = |metric: &Metric| self.breaches(board, *metric);
        // of equals the first one
        let worst = metrics(board).into_iter().rev().max_by_key(breaches);
        self.metric = worst.filter(|m| breaches(m) > 0);
    }

    fn breaches(&self, board: &Board, metric: Metric) -> usize {
        let heat = Self { metric: Some(metric), ..self.clone() };
        heat.grid(board).cells.values().filter(|c| c.verdict == Verdict::Breach).count()
    }

    /// The picture of the first finding of an incident that the board has cells for: of the axes
    /// through its place those on which most is broken.
    fn about(&self, board: &Board, x: &IncidentView) -> Option<Self> {
        let known = metrics(board);
        let finding = x.findings.iter().find(|f| known.contains(&f.metric))?;
        let own: Vec<Dim> = finding.segment.dims.keys().copied().collect();
        let all: Vec<Dim> = dims(board).into_iter().collect();
        let rank = |d: &Dim| own.iter().position(|o| o == d).unwrap_or(own.len());
        let mut pairs: Vec<(Dim, Dim)> = Vec::new();
        for (i, a) in all.iter().enumerate() {
            pairs.extend(all.iter().skip(i + 1).map(|b| (*a, *b)));
        }
        let shown = |(rows, columns): (Dim, Dim)| Self {
            rows,
            columns,
            metric: Some(finding.metric),
            at: None,
        };
        let pictures = pairs.into_iter().map(shown).filter(|h| !h.grid(board).cells.is_empty());
        let mut best = pictures.min_by_key(|h| {
            let inside = usize::from(own.contains(&h.rows)) + usize::from(own.contains(&h.columns));
            let broken = h.breaches(board, finding.metric);
            let usual = (h.rows, h.columns) != (self.rows, self.columns);
            (std::cmp::Reverse(inside), broken == 0, usual, rank(&h.rows), rank(&h.columns))
        })?;
        let grid = best.grid(board);
        let here = |(row, column): &(&DimValue, &DimValue)| {
            let fits = |dim: Dim, value: &DimValue| {
                finding.segment.dims.get(&dim).is_none_or(|v| v.contains(value.as_str()))
            };
            fits(best.rows, row) && fits(best.columns, column)
        };
        let inside = grid.cells.iter().filter(|(at, _)| here(at));
        let at = inside.max_by_key(|(_, c)| c.verdict).map(|(at, _)| at);
        best.at = at.map(|(row, column)| ((*row).clone(), (*column).clone()));
        Some(best)
    }

    /// Steps to another metric that has data.
    pub fn step_metric(&mut self, board: &Board, forward: bool) {
        let all: Vec<Metric> = metrics(board).into_iter().collect();
        let at = self.shown(board).and_then(|m| all.iter().position(|x| *x == m));
        self.metric = step(&all, at, forward).or(self.metric);
    }

    /// Steps one axis to the next dimension the board has, never onto the other axis.
    pub fn step_axis(&mut self, board: &Board, columns: bool) {
        let (own, other) =
            if columns { (self.columns, self.rows) } else { (self.rows, self.columns) };
        let all: Vec<Dim> = dims(board).into_iter().filter(|d| *d != other).collect();
        let at = all.iter().position(|d| *d == own);
        if let Some(next) = step(&all, at, true) {
            *if columns { &mut self.columns } else { &mut self.rows } = next;
        }
    }
}

fn step<T: Copy>(all: &[T], at: Option<usize>, forward: bool) -> Option<T> {
    let n = all.len();
    let next = match (at, forward) {
        (None, _) => 0,
        (Some(i), true) => i + 1,
        (Some(i), false) => i + n.saturating_sub(1),
    };
    all.get(next.checked_rem(n)?).copied()
}

fn metrics(board: &Board) -> BTreeSet<Metric> {
    board.cells.iter().map(|c| c.metric).collect()
}

/// Dimensions that any cell is split by; template and device always.
fn dims(board: &Board) -> BTreeSet<Dim> {
    let split = board.cells.iter().flat_map(|c| c.segment.dims().map(|(d, _)| d));
    split.chain([Dim::Template, Dim::Device]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::fixture;

    #[test]
    fn axes_and_metrics_cycle_and_never_meet() {
        let board = fixture::outage();
        let mut heat = Heat::default();
        for _ in 0..12 {
            heat.step_axis(&board, true);
            heat.step_axis(&board, false);
            assert_ne!(heat.rows, heat.columns);
        }
        let first = heat.shown(&board);
        heat.step_metric(&board, true);
        assert_ne!(heat.shown(&board), first);
        heat.step_metric(&board, false);
        assert_eq!(heat.shown(&board), first);
    }

    #[test]
    fn the_selection_starts_at_the_worst_cell_moves_by_one_and_stays_inside() {
        let board = fixture::outage();
        let mut heat = Heat::default();
        heat.step_cell(&board, 1, 0);
        let grid = heat.grid(&board);
        let first = heat.at.clone().expect("a cell");
        let worst = grid.cells.values().map(|c| c.verdict).max();
        assert_eq!(grid.cell(&first).map(|c| c.verdict), worst);
        heat.step_cell(&board, i64::MIN / 2, i64::MIN / 2);
        let corner = heat.at.clone().expect("a cell");
        assert_eq!(grid.place(&corner), Some((0, 0)));
        heat.step_cell(&board, 1, 1);
        assert_eq!(grid.place(&heat.at.clone().expect("a cell")), Some((1, 1)));
        heat.step_cell(&board, i64::MAX / 2, i64::MAX / 2);
        let last = (grid.rows.len() - 1, grid.columns.len() - 1);
        assert_eq!(grid.place(&heat.at.clone().expect("a cell")), Some(last));
    }

    #[test]
    fn it_opens_on_what_the_incident_is_about_and_on_the_cell_that_is_hit() {
        let board = fixture::outage();
        for x in &board.incidents {
            let mut heat = Heat::default();
            heat.settle(&board, Some(x));
            let Some(found) = x.findings.iter().find(|f| metrics(&board).contains(&f.metric))
            else {
                continue;
            };
            assert_eq!(heat.metric, Some(found.metric), "{}", x.headline);
            let at = heat.at.clone().expect("a cell");
            let grid = heat.grid(&board);
            assert!(grid.cell(&at).is_some());
            for (dim, values) in &found.segment.dims {
                let value = if *dim == heat.rows { &at.0 } else { &at.1 };
                let shown = [heat.rows, heat.columns].contains(dim);
                assert!(!shown || values.contains(value.as_str()), "{at:?} {values:?}");
            }
        }
        let mut chosen = Heat { metric: Some(Metric::Inp), ..Heat::default() };
        chosen.settle(&board, board.incidents.first());
        assert_eq!(chosen.metric, Some(Metric::Inp), "what somebody chose stays");
    }

    #[test]
    fn an_empty_board_shows_no_metric() {
        let mut heat = Heat::default();
        heat.step_cell(&Board::default(), 1, 1);
        assert_eq!(heat.at, None);
        heat.step_metric(&Board::default(), true);
        assert_eq!(heat.shown(&Board::default()), None);
    }
}
