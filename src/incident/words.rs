//! Events in plain words, for the timeline, the journal page and the postmortem.
//! Words only: the meaning of an event is `fold`, its line form is `record`.

use super::deed::clock;
use super::emission::{Emission, Occasion};
use super::event::{Chosen, Event, Intent, Outcome, Waived};
use super::state::failing;
use crate::domain::time::Timestamp;
use crate::verdict::{Candidate, Confidence, Suspect};

/// How the line about new evidence begins.
pub const EVIDENCE: &str = "evidence: ";

/// One line about `event`, without its time and actor. Outside text in it is not yet safe to draw.
pub fn words(event: &Event) -> String {
    match event {
        Event::Opened { case, recurrence_of, .. } => {
            let again = recurrence_of.as_ref().map(|id| format!(", recurrence of {id}"));
            format!("opened as {}: {}{}", case.severity, case.headline, again.unwrap_or_default())
        }
        Event::Updated { case } => {
            format!("{EVIDENCE}{}; suspect {}", case.headline, suspect(&case.suspect))
        }
        Event::SeverityChanged { from, to, reason, .. } => format!("{from} -> {to}: {reason}"),
        Event::Cleared => "cleared: no longer firing".to_owned(),
        Event::Reopened { case, .. } => format!("fires again: {}", case.headline),
        Event::Acknowledged { note, expires_at } => {
            format!("acknowledged{}{}", tail(note), when(", holds until ", *expires_at))
        }
        Event::AckUndone => "acknowledgement taken back".to_owned(),
        Event::AckExpired { ack_due_at } => {
            format!("acknowledgement ran out; asked for again until {}", clock(*ack_due_at))
        }
        Event::AskedAgain { rose, ack_due_at } => {
            format!("acknowledge again until {}: {rose}", clock(*ack_due_at))
        }
        Event::TimerStarted { due_at } => format!("timer started, ends {}", clock(*due_at)),
        Event::TimerExtended { due_at, reason } => {
            format!("extended to {}{}", clock(*due_at), tail(reason))
        }
        Event::TimerStopped => "timer stopped".to_owned(),
        Event::Decided { choice, reason, recheck_at } => {
            let again = when(", looked at again ", *recheck_at);
            format!("decided {}{}{again}", choice.name(), tail(reason))
        }
        Event::DecisionExpired => "decision deadline passed without a decision".to_owned(),
        Event::RecheckDue { decide_due_at } => {
            format!("hold is over: decide again until {}", clock(*decide_due_at))
        }
        Event::ActionPrepared { intent, waived, chosen } => {
            prepared(intent, waived.as_ref(), chosen.as_ref())
        }
        Event::ActionSent { try_no, .. } if *try_no > 1 => format!("sent again (try {try_no})"),
        Event::ActionSent { .. } => "sent".to_owned(),
        Event::ActionAnswered { answer, .. } => outcome(answer),
        Event::ActionVerified { evidence, .. } => format!("recovery proven{}", tail(evidence)),
        Event::ActionNotHelping { evidence, .. } => format!("it did not help{}", tail(evidence)),
        Event::Noted { text } => format!("note: {text}"),
        Event::Mitigated => "mitigated".to_owned(),
        Event::Resolved { reason } => format!("resolved: {reason}"),
        Event::Reviewed { text, verdict } => {
            let truth = verdict.map(|v| format!(", {}", v.words())).unwrap_or_default();
            format!("reviewed{truth}: {text}")
        }
        Event::Cancelled { reason } => format!("not an incident: {reason}"),
        Event::ClockStepped { .. } => {
            "the machine's clock was set; earlier deadlines kept".to_owned()
        }
        Event::EmissionPrepared { emission } => telling(emission),
        Event::EmissionSent { key, try_no } => format!("message {key} sent, try {try_no}"),
        Event::EmissionAnswered { key, try_no, answer, retry_at } => {
            format!("message {key}: {}{}", outcome(answer), again(*try_no, answer, *retry_at))
        }
    }
}

/// `message INC-00001.ack_late.1.1.ops: not acknowledged in time, calls the incident manager`.
fn telling(emission: &Emission) -> String {
    let calls = emission.whom.as_ref().map(|whom| format!(", calls {whom}"));
    let what = occasion(emission.occasion);
    format!("message {} to {}: {what}{}", emission.key, emission.sink, calls.unwrap_or_default())
}

/// What follows from what a sink said.
fn again(try_no: u32, answer: &Outcome, retry_at: Option<Timestamp>) -> String {
    match (answer, retry_at) {
        (Outcome::Accepted { .. }, _) => String::new(),
        (_, Some(at)) => format!("; tried again {}", clock(at)),
        (_, None) => format!("; GIVEN UP after try {try_no}: nobody was told by it"),
    }
}

/// What somebody is told of, in words.
pub const fn occasion(occasion: Occasion) -> &'static str {
    match occasion {
        Occasion::Opened => "opened",
        Occasion::Reopened => "fires again",
        Occasion::Raised => "severity rose",
        Occasion::AckLate => "not acknowledged in time",
        Occasion::DecisionLate => "not decided in time",
        Occasion::Acknowledged => "acknowledged",
        Occasion::Resolved => "resolved",
        Occasion::Test => "a test",
    }
}

/// `prepared rollback of ..., chosen by the operator against the suspect a-1, past "...": why`.
fn prepared(intent: &Intent, waived: Option<&Waived>, chosen: Option<&Chosen>) -> String {
    let chosen = chosen.map_or_else(String::new, |c| match &c.against {
        Some(suspect) => format!(", chosen by the operator against the suspect {suspect}"),
        None => ", chosen by the operator, no release is suspected".to_owned(),
    });
    let past = waived.map_or_else(String::new, |Waived { checks, reason }| {
        let checks: Vec<&str> = checks.iter().map(|c| failing(c)).collect();
        format!(", past \"{}\": {reason}", checks.join("\", \""))
    });
    format!("prepared {}{chosen}{past}", plan(intent))
}

/// `rollback of checkout in production: theme-3 -> theme-2`, with its attempt and dry run.
pub fn plan(intent: &Intent) -> String {
    let dry = if intent.dry_run { "dry run of " } else { "" };
    let attempt =
        if intent.attempt > 1 { format!(" (attempt {})", intent.attempt) } else { String::new() };
    format!(
        "{dry}{} of {} in {}: {} -> {}{attempt}",
        intent.action, intent.service, intent.environment, intent.from, intent.to
    )
}

/// What the receiver said, in words. Status 0 stands for evidence that is not an HTTP answer.
pub fn outcome(answer: &Outcome) -> String {
    match answer {
        Outcome::Accepted { status: 0, detail } => format!("taken as accepted{}", tail(detail)),
        Outcome::Accepted { status, detail } => format!("accepted ({status}){}", tail(detail)),
        Outcome::Refused { status, detail, retry_after_s } => {
            format!("refused ({status}){}{}", tail(detail), wish(*retry_after_s))
        }
        Outcome::Unknown { detail, retry_after_s, .. } => {
            format!("outcome unknown{}{}", tail(detail), wish(*retry_after_s))
        }
        Outcome::NotSent { detail } => format!("NOT SENT{}", tail(detail)),
    }
}

/// What the receiver asks us to wait, as it said it.
fn wish(retry_after_s: Option<u64>) -> String {
    retry_after_s.map_or_else(String::new, |s| format!(", retry after {s} s"))
}

/// `theme-3 (high)`, `one of theme-3 (48 %), flag-7 (40 %)` or `no release explains this`.
pub fn suspect(suspect: &Suspect) -> String {
    match &suspect.release {
        Some(release) => format!("{release} ({})", confidence(suspect.confidence)),
        None => tie(suspect).unwrap_or_else(|| "no release explains this".to_owned()),
    }
}

/// Candidates of a tie that a short phrase names.
const NAMED: usize = 2;

/// `one of theme-3 (48 %), flag-7 (40 %)`; none where there is no tie.
pub fn tie(suspect: &Suspect) -> Option<String> {
    if !suspect.is_tie() {
        return None;
    }
    let one = |c: &Candidate| format!("{} ({:.0} %)", c.release, c.share * 100.0);
    let named: Vec<String> = suspect.candidates.iter().take(NAMED).map(one).collect();
    let more = suspect.candidates.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let lead = if suspect.candidates.len() == 1 { "perhaps" } else { "one of" };
    Some(format!("{lead} {}{more}", named.join(", ")))
}

const fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::High => "high",
        Confidence::Medium => "medium",
        Confidence::Low => "low",
        Confidence::None => "none",
    }
}

fn when(lead: &str, at: Option<Timestamp>) -> String {
    at.map_or_else(String::new, |t| format!("{lead}{}", clock(t)))
}

fn tail(text: &str) -> String {
    if text.trim().is_empty() { String::new() } else { format!(": {text}") }
}
