//! How much of a bucket's traffic met a change: the integral of its share over the bucket, by the
//! instants of its stages and of its end. Weighs nothing.

use crate::domain::change::Change;
use crate::domain::time::{Span, Timestamp};

/// Mean share of traffic between two instants that met the change.
pub fn mean_share(c: &Change, from: Timestamp, to: Timestamp) -> f64 {
    let all = to.since(from).millis();
    if all <= 0 {
        return 0.0;
    }
    let turns = c.stages.iter().map(|s| s.at).chain([c.effective_at()]).chain(c.rolled_back_at);
    let mut cuts: Vec<Timestamp> = turns.filter(|t| from < *t && *t < to).collect();
    cuts.extend([from, to]);
    cuts.sort();
    let part = |w: &[Timestamp]| match w {
        [a, b] => b.since(*a).millis() as f64 * c.share_at(*a),
        _ => 0.0,
    };
    cuts.windows(2).map(part).sum::<f64>() / all as f64
}

/// It reached its visitors in steps, or only for a time: a plain onset does not tell its story.
pub fn is_shaped(c: &Change) -> bool {
    let grew = c.stages.windows(2).any(|w| matches!(w, [a, b] if (a.share - b.share).abs() > 0.01));
    grew || c.rolled_back_at.is_some()
}

/// From when to when it may have gone live: feeds tell when a rollout began and ended, and shoppers
/// meet it somewhere in between.
pub fn rollout(c: &Change) -> (Timestamp, Timestamp) {
    let begin = c.effective_at();
    let end = c.finished_at.filter(|_| c.stages.is_empty()).unwrap_or(begin);
    let end = end.min(begin.plus(LONGEST)).max(begin);
    (begin, c.rolled_back_at.map_or(end, |t| end.min(t).max(begin)))
}

/// What takes longer is a pipeline that waits for somebody, not a rollout.
const LONGEST: Span = Span::from_mins(30);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::tests::made_up::change;
    use crate::domain::change::Stage;

    #[test]
    fn the_dose_of_a_bucket_is_exact() {
        let at = |s: i64| Timestamp::from_secs(1_000_000 + s);
        let mut c = change("r", at(20));
        assert!((mean_share(&c, at(0), at(60)) - 40.0 / 60.0).abs() < 1e-9);
        c.stages = vec![Stage { at: at(20), share: 0.1 }, Stage { at: at(50), share: 0.6 }];
        assert!((mean_share(&c, at(0), at(60)) - (30.0 * 0.1 + 10.0 * 0.6) / 60.0).abs() < 1e-9);
        c.rolled_back_at = Some(at(80));
        assert!((mean_share(&c, at(60), at(120)) - 20.0 * 0.6 / 60.0).abs() < 1e-9);
        assert!(mean_share(&c, at(80), at(140)).abs() < 1e-9);
        assert!(is_shaped(&c) && !is_shaped(&change("r", at(20))));
    }
}
