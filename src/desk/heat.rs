//! Heat: which two dimensions and which metric the heatmap shows; which the board can show.
//! Colours and cells are made further on.

use std::collections::{BTreeMap, BTreeSet};

use crate::board::Board;
use crate::detect::verdict::{Cell, Verdict};
use crate::domain::metric::Metric;
use crate::domain::segment::{Dim, DimValue};

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

    /// Chooses what is worst where nothing was chosen: the metric with most breaches on these axes.
    pub fn settle(&mut self, board: &Board) {
        let breaches = |metric: &Metric| {
            let heat = Self { metric: Some(*metric), ..self.clone() };
            let cells = heat.grid(board).cells;
            cells.values().filter(|c| c.verdict == Verdict::Breach).count()
        };
        // of equals the first one
        let worst = metrics(board).into_iter().rev().max_by_key(breaches);
        self.metric = self.metric.or(worst.filter(|m| breaches(m) > 0));
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
    fn an_empty_board_shows_no_metric() {
        let mut heat = Heat::default();
        heat.step_cell(&Board::default(), 1, 1);
        assert_eq!(heat.at, None);
        heat.step_metric(&Board::default(), true);
        assert_eq!(heat.shown(&Board::default()), None);
    }
}
