//! Heat: which two dimensions and which metric the heatmap shows; which the board can show.
//! Colours and cells are made further on.

use std::collections::BTreeSet;

use crate::board::Board;
use crate::domain::metric::Metric;
use crate::domain::segment::Dim;

/// The heatmap's axes and metric. `None` means the first that has data.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Heat {
    pub rows: Dim,
    pub columns: Dim,
    pub metric: Option<Metric>,
}

impl Default for Heat {
    fn default() -> Self {
        Self { rows: Dim::Template, columns: Dim::Device, metric: None }
    }
}

impl Heat {
    /// The metric shown: the chosen one while it has data, else the first one with data.
    pub fn shown(&self, board: &Board) -> Option<Metric> {
        let metrics = metrics(board);
        self.metric.filter(|m| metrics.contains(m)).or_else(|| metrics.first().copied())
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
    fn an_empty_board_shows_no_metric() {
        let mut heat = Heat::default();
        heat.step_metric(&Board::default(), true);
        assert_eq!(heat.shown(&Board::default()), None);
    }
}
