//! What one bucket or one hour of a leaf holds, as told: count, sum and sum of squares. Nothing is
//! expected here.

/// What one bucket of one leaf holds. Distributions: samples, sum and sum of squares of logs.
/// Ratios: trials, hits. Counts: exposure, events. Gauges: readings, sum, sum of squares.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Moments {
    pub count: f32,
    pub sum: f32,
    pub sum_sq: f32,
}

/// Hour of history since the epoch with its sums.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct HourMoments {
    pub hour: i32,
    pub moments: Moments,
}
