//! The end of a case, and its blame: what has been good for the clear time is over, what ended long
//! ago is forgotten, suspects are weighed while the time before the onset is still kept.

use crate::detect::verdict::Suspect;
use crate::domain::change::Change;
use crate::domain::time::Span;

use super::blame;
use super::case::Live;
use super::engine::Engine;
use super::life::rearm;
use super::lines::guardrail_of;

/// Ends what has been good long enough, forgets what ended long ago, and blames.
pub fn settle(engine: &mut Engine, bucket: i64) {
    let length = engine.store.bucket;
    let rearm = rearm(engine);
    let policy = engine.settings.policy.clone();
    for live in engine.lives.iter_mut().filter(|l| l.closed.is_none()) {
        let ends: Vec<Option<i64>> = live
            .effects
            .iter()
            .map(|e| {
                let row = guardrail_of(&policy, e);
                let clear = row.map_or(Span::from_mins(5), |r| r.clear);
                live.ended(e, bucket, length, clear)
            })
            .collect();
        for (e, end) in live.effects.iter_mut().zip(ends) {
            e.until = e.until.or(end);
        }
        let calm = live.effects.iter().all(|e| e.until.is_some())
            && live.troubles.iter().all(|t| t.over)
            && live.blind.as_ref().is_none_or(|b| b.over)
            && live.flaw.as_ref().is_none_or(|f| f.over);
        if calm {
            live.closed = Some(bucket);
        }
    }
    suspects(engine, bucket);
    let gone = |l: &Live| l.closed.is_some_and(|c| bucket - c > rearm);
    let dead: Vec<Live> = engine.lives.iter().filter(|l| gone(l)).cloned().collect();
    engine.past.extend(dead.into_iter().flat_map(|l| l.effects));
    engine.lives.retain(|l| !gone(l));
    let longest = engine.lengths.last().copied().unwrap_or(1);
    engine.past.retain(|e| e.until.is_some_and(|u| bucket - u <= longest));
}

fn suspects(engine: &mut Engine, bucket: i64) {
    let Engine { lives, store, changes, .. } = engine;
    let changes: Vec<&Change> = changes.values().collect();
    for live in lives.iter_mut().filter(|l| l.closed.is_none()) {
        live.suspect = if live.blind.is_some() {
            Suspect {
                reasons: vec!["no release explains this: the source itself is silent".to_owned()],
                ..Default::default()
            }
        } else if live.flaw.is_some() {
            Suspect {
                reasons: vec!["no release is weighed: the fault is in what is told".to_owned()],
                ..Default::default()
            }
        } else if live.effects.is_empty() {
            let since = live.troubles.iter().map(|t| t.since).min().unwrap_or_default();
            blame::by_time(&changes, since)
        } else {
            let scene =
                blame::Scene { store, effects: &live.effects, changes: &changes, now: bucket };
            blame::suspect(&scene)
        };
    }
}
