//! What the parts are worth together, and the line: one product of novelty and deviation.
//! Numbers come from `policy::sensitivity`; the memories behind the parts live in `parts`.

use super::parts::{NoveltyPart, PartSizes};
use crate::policy::sensitivity::Sensitivity;

/// All count the same, for nothing chosen on some families holds better on others; the jump's is
/// policy.
const WEIGHTS: PartSizes = [1.0, 1.0, 1.0, 1.0, 1.0, 0.0];
/// A part six times as large as its worst memories says all it can say.
const CAP: f64 = 6.0;
/// Deviations beyond this many are not told apart.
pub const FARTHEST: f64 = 5.5;

/// One row as it was measured, before it is weighed.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Measured {
    /// Stream second and number of the row.
    pub at: f64,
    pub number: u64,
    /// How much of the first day, or of its 288 rows, is known: 0..=1.
    pub age: f64,
    /// Robust deviations from the recent day, and from this time of day or week.
    pub far: f64,
    pub day: f64,
    /// The parts, each as a multiple of its own worst memories.
    pub sizes: PartSizes,
}

/// How measurements become evidence, and how much of it is an incident.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct AlarmRule {
    pub weights: PartSizes,
    pub cap: f64,
    /// What a deviation from the time of day counts beside one from the recent day.
    pub day: f64,
    pub line: f64,
    /// How much the line rises with each recent alarm.
    pub fatigue: f64,
}

impl AlarmRule {
    pub const fn of(sensitivity: Sensitivity) -> Self {
        let mut weights = WEIGHTS;
        weights[NoveltyPart::Jump as usize] = sensitivity.series_jump();
        Self {
            weights,
            cap: CAP,
            day: 1.0,
            line: sensitivity.series_line(),
            fatigue: sensitivity.series_fatigue(),
        }
    }

    /// The parts as they enter the sum. What is new on the first day proves little: all is.
    pub fn weigh(&self, row: &Measured) -> PartSizes {
        let mut weighed = row.sizes;
        for (size, weight) in weighed.iter_mut().zip(self.weights) {
            *size = weight * size.min(self.cap * row.age);
        }
        weighed
    }

    /// The largest of the deviations: from the recent day, from this time of day or week, and a
    /// value that is stuck where it should move.
    pub fn deviation(&self, row: &Measured) -> f64 {
        let stuck = row.sizes.get(NoveltyPart::Stuck as usize).copied().unwrap_or(0.0);
        row.far.max((self.day * row.day).min(FARTHEST)).max(stuck.min(FARTHEST))
    }

    pub fn evidence(&self, row: &Measured) -> f64 {
        self.weigh(row).iter().sum::<f64>() * self.deviation(row)
    }

    /// The line after so many recent alarms.
    pub fn line_after(&self, alarms: f64) -> f64 {
        self.line * (1.0 + self.fatigue * alarms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(far: f64, day: f64, sizes: PartSizes) -> Measured {
        Measured { at: 0.0, number: 300, age: 1.0, far, day, sizes }
    }

    #[test]
    fn a_moment_missed_or_a_value_that_is_stuck_needs_no_distance_from_the_recent_day() {
        let rule = AlarmRule::of(Sensitivity::Normal);
        let peak = row(0.0, 9.0, [0.0, 9.0, 0.5, 0.0, 0.0, 0.0]);
        let stuck = row(0.0, 0.0, [0.0, 0.0, 0.0, 0.0, 6.0, 0.0]);
        assert!(rule.evidence(&peak) >= rule.line && rule.evidence(&stuck) >= rule.line);
        let usual = row(0.0, 0.0, [6.0, 6.0, 6.0, 6.0, 0.0, 6.0]);
        assert_eq!(rule.evidence(&usual), 0.0);
    }

    #[test]
    fn the_first_hours_of_a_series_prove_little() {
        let rule = AlarmRule::of(Sensitivity::High);
        let known = row(3.0, 0.0, [6.0, 0.0, 6.0, 6.0, 0.0, 6.0]);
        let young = Measured { age: 0.1, ..known };
        assert!(rule.evidence(&known) > rule.line && rule.evidence(&young) < rule.line);
    }

    #[test]
    fn a_spike_that_comes_again_is_a_habit_or_an_incident_by_preset() {
        let again = row(5.5, 0.0, [0.0, 0.5, 0.8, 0.4, 0.0, 6.0]);
        let opens = |s| AlarmRule::of(s).evidence(&again) >= AlarmRule::of(s).line;
        assert!(opens(Sensitivity::High) && !opens(Sensitivity::Normal));
        let normal = AlarmRule::of(Sensitivity::Normal);
        assert!(normal.line_after(3.0) > normal.line_after(0.0));
    }
}
