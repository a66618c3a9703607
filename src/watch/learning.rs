//! What is missing before every guardrail of high exposure has a verdict: whose past is still read,
//! which rows learn, and when that will be over. Pure; reads the watcher's state, changes nothing.

use crate::board::Learning;
use crate::domain::time::{Span, Timestamp};
use crate::policy::guardrail::Exposure;
use crate::verdict::{GuardrailState, Judged};

use super::state::Watch;

/// Judging waits for a past at most so long on the wall (`shell::past`).
const BEGINS_WITHIN: f64 = 45.0;
/// A table knows a level after so long.
const LEVEL: Span = Span::from_hours(1);

/// None when nothing is missing.
pub(super) fn learning(watch: &Watch, now: Timestamp) -> Option<Learning> {
    let learns = |g: &&GuardrailState| g.exposure == Exposure::High && g.judged == Judged::Learning;
    let rows = watch.judgement.guardrails.iter().filter(learns);
    let without_verdict: Vec<_> = rows.map(|g| g.guardrail.clone()).collect();
    let begun = watch.engine.judged_until().is_some();
    // asked for the first time at once, again later
    let heard = watch.health.values().all(|h| h.next_at != Some(h.started_at));
    if begun && heard && watch.waiting.is_empty() && without_verdict.is_empty() {
        return None;
    }
    let histories = watch.setup.sources.iter().filter(|s| s.past).count();
    let judging_at = match (watch.waiting.is_empty(), begun) {
        (false, _) => Some(begins_at(watch)).filter(|t| *t > now),
        (true, false) => None,
        (true, true) => watch.engine.first_live().map(|t| t.plus(LEVEL)).filter(|t| *t > now),
    };
    Some(Learning {
        histories_read: histories.saturating_sub(watch.waiting.len()),
        histories,
        reading: watch.waiting.iter().cloned().collect(),
        judging_at,
        without_verdict,
    })
}

/// When judging begins with whatever past is there.
fn begins_at(watch: &Watch) -> Timestamp {
    let ms = BEGINS_WITHIN * 1000.0 * watch.setup.speed.max(1.0);
    watch.since.plus(Span::from_millis(ms as i64))
}
