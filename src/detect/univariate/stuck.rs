//! Stuck values: how surprising it is that a number does not move, from how it moved so far.
//! Counts of repeats and of how they went on; a series that often stands still surprises nobody.

/// A step below this share of the usual deviation is no move.
const GRAIN: f64 = 0.005;
/// What is believed of repeats before any are seen: one in four goes on.
const PRIOR: (f64, f64) = (1.0, 4.0);
/// Moves that must be seen before standing still can surprise.
const MOVES: f64 = 24.0;
/// Nats of surprise beyond the chance among so many rows that count as one.
const UNIT: f64 = 2.0;

#[derive(Clone, Debug, Default)]
pub struct Stuck {
    anchor: Option<f64>,
    rows: f64,
    moves: f64,
    /// Rows since the value last moved.
    run: f64,
    /// Runs begun, repeats that went on, runs that ended.
    begun: f64,
    went_on: f64,
    ended: f64,
}

impl Stuck {
    /// The surprise of the run this row is part of, less what so many rows bring by chance; 0 while
    /// the value moves. The run under way never counts in its own odds.
    pub fn step(&mut self, x: f64, sd: f64) -> f64 {
        self.rows += 1.0;
        if self.anchor.is_none_or(|a| (x - a).abs() > GRAIN * sd) {
            self.anchor = Some(x);
            self.moves += 1.0;
            if self.run > 0.0 {
                self.ended += 1.0;
            }
            self.run = 0.0;
            return 0.0;
        }
        self.run += 1.0;
        if self.run > 1.0 {
            self.went_on += 1.0;
        } else {
            self.begun += 1.0;
        }
        if self.moves < MOVES {
            return 0.0;
        }
        let more = self.run - 1.0;
        let begins = self.begun / (self.rows - self.run + 2.0);
        let earlier = self.went_on - more;
        let goes_on = (earlier + PRIOR.0) / (earlier + self.ended + PRIOR.1);
        let nats = -begins.min(1.0).ln() - more * goes_on.ln();
        ((nats - (self.rows + 1.0).ln()) / UNIT).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_always_moved_and_stops_surprises_within_rows() {
        let mut stuck = Stuck::default();
        let moving = (0..500).map(|i| stuck.step(f64::from(i * 7919 % 1000), 300.0));
        assert!(moving.fold(0.0, f64::max) < 1.0);
        let still: Vec<f64> = (0..24).map(|_| stuck.step(500.0, 300.0)).collect();
        assert!(still[5] < 3.0 && still[23] > 5.0, "{still:?}");
    }

    #[test]
    fn what_often_stands_still_may() {
        let mut stuck = Stuck::default();
        let worst = (0..4000).map(|i| stuck.step(f64::from(i / 40), 300.0 / 40.0));
        assert!(worst.skip(200).fold(0.0, f64::max) < 2.0);
        let mut flat = Stuck::default();
        assert!((0..4000).all(|_| flat.step(45.0, 0.0) == 0.0));
    }
}
