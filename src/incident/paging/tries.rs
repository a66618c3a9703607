//! Tries of a message: which leave now, what an answer means for the next one, when to look again.
//! The key stays the same over all of them; of one incident one at a time leaves for each sink.

use std::collections::BTreeSet;

use super::{Look, record};
use crate::domain::time::{Span, Timestamp};
use crate::incident::emission::Occasion;
use crate::incident::event::{Event, Outcome, Record};
use crate::incident::fold::{Delivery, EmissionRun, Incident};
use crate::policy::paging::SinkRow;

/// Wait after the first try, doubled after each, up to the longest (wall time).
const FIRST: Span = Span::from_secs(5);
const LONGEST: Span = Span::from_mins(5);
/// A receiver's wish is kept up to this.
const WISH: Span = Span::from_hours(1);
/// What of a try is not known so long after its time for an answer went with its process: secrets
/// are read in it, and the answer is stored.
const GRACE: Span = Span::from_secs(30);

/// The state in which a message is shown: what is no longer needed is not tried again.
pub fn state(incident: &Incident, run: &EmissionRun) -> Delivery {
    match run.state {
        Delivery::Waiting if is_moot(incident, run) => Delivery::Moot,
        state => state,
    }
}

/// Somebody has it, or it is over: nobody need be called any more.
fn is_moot(incident: &Incident, run: &EmissionRun) -> bool {
    let emission = &run.emission;
    let over = !incident.is_live() || emission.occurrence != incident.occurrences;
    match emission.occasion {
        Occasion::Opened | Occasion::Reopened | Occasion::Raised | Occasion::AckLate => {
            over || incident.acked()
        }
        Occasion::DecisionLate => over || !incident.undecided(),
        Occasion::Acknowledged | Occasion::Resolved | Occasion::Test => false,
    }
}

/// The first message for each sink that is not settled: those behind it wait.
fn heads(incident: &Incident) -> impl Iterator<Item = &EmissionRun> {
    let mut seen = BTreeSet::new();
    let open = move |run: &&EmissionRun| !run.is_over() && state(incident, run) != Delivery::Moot;
    let all = incident.emissions.iter().filter(open);
    all.filter(move |run| seen.insert(run.emission.sink.as_str()))
}

/// What has to be written before tries leave; and what became of those that nobody heard of.
pub fn sends(incident: &Incident, look: &Look<'_>) -> Vec<Record> {
    if look.paging.sinks.is_empty() {
        return Vec::new(); // who cannot send leaves it to who can
    }
    let due = heads(incident).filter(|run| ready_at(run, look).is_none_or(|at| at <= look.now));
    due.map(|run| record(incident, look.now, next(run, look))).collect()
}

fn next(run: &EmissionRun, look: &Look<'_>) -> Event {
    let key = run.emission.key.clone();
    let dead = |answer| {
        let (key, try_no) = (key.clone(), run.tries);
        Event::EmissionAnswered { key, try_no, answer, retry_at: None }
    };
    match look.paging.sink(&run.emission.sink) {
        None => {
            let detail = format!("no [[sink]] is named {} any more", run.emission.sink);
            dead(Outcome::NotSent { detail })
        }
        Some(row) if run.tries >= row.tries => dead(Outcome::unknown(LOST)),
        Some(_) => Event::EmissionSent { key, try_no: run.tries.saturating_add(1) },
    }
}

/// Said of a last try that ended with its process.
const LOST: &str = "the watcher ended before the answer was stored";

/// When it may leave; none at once.
fn ready_at(run: &EmissionRun, look: &Look<'_>) -> Option<Timestamp> {
    let patience = || {
        let timeout = look.paging.sink(&run.emission.sink).map_or(Span::ZERO, |row| row.timeout);
        look.wall(timeout.plus(GRACE))
    };
    match run.state {
        Delivery::Sent => run.sent_at.map(|at| at.plus(patience())),
        Delivery::Waiting | Delivery::Delivered | Delivery::Dead | Delivery::Moot => run.retry_at,
    }
}

/// When `incident` has to be looked at again for its messages, as far as no deadline says so.
pub fn next_wake(incident: &Incident, look: &Look<'_>) -> Option<Timestamp> {
    if look.paging.sinks.is_empty() {
        return None;
    }
    let tries = heads(incident).filter_map(|run| ready_at(run, look));
    let undo = look.wall(look.policy.timing.undo);
    let kept = incident.acks.first().map(|ack| ack.at.plus(undo));
    let rung = super::next_rung(incident, look).map(|rung| rung.at);
    tries.chain(kept).chain(rung).filter(|at| *at > look.now).min()
}

/// When the next try may leave after `answer` to the try of that number, in wall time; none when
/// there is no further one. What was refused for good is not asked again.
pub fn follows(row: &SinkRow, try_no: u32, answer: &Outcome) -> Option<Span> {
    let again = match answer {
        Outcome::Accepted { .. } => false,
        Outcome::Refused { status, .. } => *status == 429,
        Outcome::Unknown { .. } | Outcome::NotSent { .. } => true,
    };
    if !again || try_no >= row.tries {
        return None;
    }
    let doubled = FIRST.times(1 << try_no.saturating_sub(1).min(10));
    let wish = answer.retry_after_s().map_or(Span::ZERO, |s| {
        Span::from_secs(i64::try_from(s).unwrap_or(i64::MAX / 1000)).min(WISH)
    });
    Some(doubled.min(LONGEST).max(wish))
}
