//! What is missing before every guardrail of high exposure has a verdict: whose past is still read,
//! which rows learn, and when that will be over. Pure; reads the watcher's state, changes nothing.

use crate::board::Learning;
use crate::detect::verdict::{GuardrailState, Judged};
use crate::domain::time::{Span, Timestamp};
use crate::policy::guardrail::Exposure;

use super::state::Watch;

/// Past that is asked for at start.
const PAST: Span = Span::from_days(21);
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
        (false, _) => told_at(watch, now),
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

/// When the last past will have been told, at the pace so far; none before each has begun.
fn told_at(watch: &Watch, now: Timestamp) -> Option<Timestamp> {
    let spent = now.since(watch.since).as_secs_f64();
    let left = |oldest: Timestamp| {
        let done = watch.since.since(oldest).as_secs_f64() / PAST.as_secs_f64();
        (done > 0.02).then(|| spent * (1.0 - done.min(1.0)) / done)
    };
    let all = watch.waiting.iter().map(|s| watch.told_back.get(s).copied().and_then(left));
    let longest = all.reduce(|a, b| Some(a?.max(b?)))??;
    Some(now.plus(Span::from_millis((longest * 1000.0) as i64)))
}
