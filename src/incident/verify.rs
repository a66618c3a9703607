//! After an action: did it take, and did it help? Two facts, from the deploy feed and from judging.
//! An unknown outcome is settled by the feed; recovery must hold before it counts.

use super::deadline::record;
use super::event::{Event, Outcome, Record};
use super::facts::{OrderFacts, names};
use super::fold::{ActionRun, Incident};
use super::state::ActionState;
use super::words;
use crate::domain::time::{Span, Timestamp};
use crate::policy::action::ActionPolicy;

/// What the deploy feed says about an action's target.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FeedTarget {
    /// The target is what shoppers meet.
    Target,
    /// Something else is, by name.
    Other(String),
    /// The feed says nothing about this service.
    Silent,
}

/// Records that watching recovery brings now; empty while nothing is decided.
pub fn verify(incident: &Incident, facts: &OrderFacts<'_>, now: Timestamp) -> Vec<Record> {
    let Some(run) = incident.action_in_flight() else { return Vec::new() };
    let events = match run.state {
        ActionState::Unknown => settle(incident, run, facts, now),
        ActionState::Accepted | ActionState::Verifying => judge(incident, run, facts, now),
        ActionState::Prepared
        | ActionState::Sent
        | ActionState::Refused
        | ActionState::NotSent
        | ActionState::Verified
        | ActionState::NotHelping => Vec::new(),
    };
    events.into_iter().map(|e| record(incident, now, "verification", e)).collect()
}

/// A prepared request is sent in the same moment; after this (wall time) nobody does.
const SENT_WITHIN: Span = Span::from_secs(5);
/// Beyond the configured time for an answer, to write it down (wall time).
const WRITTEN_WITHIN: Span = Span::from_secs(1);

/// Until when an action may stay as it is without a word from its sender; none where nobody waits.
pub fn silent_until(run: &ActionRun, facts: &OrderFacts<'_>) -> Option<Timestamp> {
    let policy = facts.action(&run.intent.action);
    let answer = policy.map_or(ActionPolicy::default_timeout(), |p| p.timeout);
    match run.state {
        ActionState::Prepared => Some(run.prepared_at.plus(facts.shop_time(SENT_WITHIN))),
        ActionState::Sent => {
            let within = answer.plus(WRITTEN_WITHIN);
            Some(run.sent_at?.plus(facts.shop_time(within)))
        }
        ActionState::Accepted
        | ActionState::Refused
        | ActionState::Unknown
        | ActionState::NotSent
        | ActionState::Verifying
        | ActionState::Verified
        | ActionState::NotHelping => None,
    }
}

/// What the silence of a sender means: a request that nobody sends was not sent, one without an
/// answer may have arrived. None while it may still speak.
fn silence(run: &ActionRun, facts: &OrderFacts<'_>, now: Timestamp) -> Option<Outcome> {
    silent_until(run, facts).filter(|until| now >= *until)?;
    if run.state == ActionState::Prepared {
        let detail = "the program that ordered it ended before it was sent".to_owned();
        return Some(Outcome::NotSent { detail });
    }
    Some(Outcome::unknown("no word from its sender within the time for an answer"))
}

/// What must be written down for senders that fell silent; nothing is ever sent by it.
pub fn fallen_silent(incident: &Incident, facts: &OrderFacts<'_>, now: Timestamp) -> Vec<Record> {
    let silent = |run: &ActionRun| {
        let answer = silence(run, facts, now)?;
        let event = Event::ActionAnswered { id: run.intent.id.clone(), answer };
        Some(record(incident, now, "silence", event))
    };
    incident.actions.iter().filter_map(silent).collect()
}

/// State and words of an action as it is shown: the same, though the journal may not take it.
pub fn shown(run: &ActionRun, facts: &OrderFacts<'_>, now: Timestamp) -> (ActionState, String) {
    let Some(answer) = silence(run, facts, now) else { return (run.state, run.detail.clone()) };
    let sent = run.state == ActionState::Sent || run.doubtful;
    let state = if sent { ActionState::Unknown } else { ActionState::NotSent };
    (state, words::outcome(&answer))
}

/// Until when recovery of an accepted action is watched.
pub fn verify_until(run: &ActionRun, policy: Option<&ActionPolicy>) -> Option<Timestamp> {
    let within = policy.map_or(ActionPolicy::default_verify_within(), |p| p.verify_within);
    (run.state != ActionState::Unknown).then_some(run.answered_at?.plus(within))
}

/// What the feed shows for the service of `run`.
pub fn feed(run: &ActionRun, facts: &OrderFacts<'_>, now: Timestamp) -> FeedTarget {
    match facts.live(&run.intent.service, &run.intent.environment, now) {
        Some(live) if names(live, &run.intent.to) => FeedTarget::Target,
        Some(live) => FeedTarget::Other(live.id.to_string()),
        None => FeedTarget::Silent,
    }
}

/// An unknown outcome: the feed may know, the receiver is asked elsewhere, and what both leave open
/// at the end of the time for verification is judged by the shop alone.
fn settle(
    incident: &Incident,
    run: &ActionRun,
    facts: &OrderFacts<'_>,
    now: Timestamp,
) -> Vec<Event> {
    if feed(run, facts, now) == FeedTarget::Target {
        let detail = format!("the deploy feed shows {} live", run.intent.to);
        let answer = Outcome::Accepted { status: 0, detail };
        return vec![Event::ActionAnswered { id: run.intent.id.clone(), answer }];
    }
    let policy = facts.action(&run.intent.action);
    let over = unknown_until(run, policy).is_some_and(|until| now >= until);
    let hold = policy.map_or(ActionPolicy::default_verify(), |p| p.verify);
    let held = incident.cleared_at.is_some_and(|since| now.since(since) >= hold);
    let caveat = "what became of the request was never learned";
    match (over, incident.firing) {
        (true, true) => not_helping(incident, run, facts, now, format!("still firing; {caveat}")),
        (true, false) if held => {
            verified(incident, run, format!("the case is clear for {hold}; {caveat}"))
        }
        (true | false, _) => Vec::new(),
    }
}

/// Until when it makes sense to ask what became of a request without an answer.
pub fn unknown_until(run: &ActionRun, policy: Option<&ActionPolicy>) -> Option<Timestamp> {
    let within = policy.map_or(ActionPolicy::default_verify_within(), |p| p.verify_within);
    Some(run.sent_at?.plus(within))
}

fn judge(
    incident: &Incident,
    run: &ActionRun,
    facts: &OrderFacts<'_>,
    now: Timestamp,
) -> Vec<Event> {
    let policy = facts.action(&run.intent.action);
    let hold = policy.map_or(ActionPolicy::default_verify(), |p| p.verify);
    let over = verify_until(run, policy).is_some_and(|until| now >= until);
    let clear_since = incident.cleared_at.max(run.answered_at).filter(|_| !incident.firing);
    let held = clear_since.is_some_and(|since| now.since(since) >= hold);
    let to = &run.intent.to;
    match feed(run, facts, now) {
        FeedTarget::Target if held => {
            verified(incident, run, format!("{to} is live and the case is clear for {hold}"))
        }
        FeedTarget::Silent if held && over => {
            let caveat = "the deploy feed says nothing about this service";
            verified(incident, run, format!("the case is clear for {hold}; {caveat}"))
        }
        FeedTarget::Other(live) if over => {
            not_helping(incident, run, facts, now, format!("{live} is live, not {to}"))
        }
        FeedTarget::Target | FeedTarget::Silent if over && incident.firing => {
            let evidence =
                format!("still firing at the end of verification: {}", incident.case.headline);
            not_helping(incident, run, facts, now, evidence)
        }
        FeedTarget::Target | FeedTarget::Other(_) | FeedTarget::Silent => Vec::new(),
    }
}

fn verified(incident: &Incident, run: &ActionRun, evidence: String) -> Vec<Event> {
    let proven = Event::ActionVerified { id: run.intent.id.clone(), evidence };
    let open = incident.phase == super::fold::Phase::Open;
    if open { vec![proven, Event::Mitigated] } else { vec![proven] }
}

fn not_helping(
    incident: &Incident,
    run: &ActionRun,
    facts: &OrderFacts<'_>,
    now: Timestamp,
    evidence: String,
) -> Vec<Event> {
    let decide_due_at = facts.policy.decide_due(incident.severity, now);
    vec![Event::ActionNotHelping { id: run.intent.id.clone(), evidence, decide_due_at }]
}
