//! A message in English: the line that wakes somebody, and the lines to decide by. Plain text that
//! is safe to show anywhere; each kind of sink puts it into its own form.

use crate::domain::id::IncidentId;
use crate::domain::money::{MoneyRange, Range};
use crate::domain::text::screen_text_last_field;
use crate::domain::time::Timestamp;
use crate::incident::emission::{Emission, Occasion};
use crate::incident::words;

/// `Sev 1 checkout: Payment step 61% -> 18% (INC-7F2BX)`.
pub fn headline(incident: &IncidentId, emission: &Emission) -> String {
    let notice = &emission.notice;
    let journey = notice.journey.as_ref().map(|j| format!(" {j}")).unwrap_or_default();
    let before = match emission.occasion {
        Occasion::Test => return safe(&notice.headline),
        Occasion::Opened => String::new(),
        other => format!("{}: ", capital(words::occasion(other))),
    };
    let (severity, what) = (notice.severity, &notice.headline);
    safe(&format!("{before}{severity}{journey}: {what} ({incident})"))
}

/// What there is to know, a line each; the last ones say what to do.
pub fn lines(incident: &IncidentId, emission: &Emission, link: Option<&str>) -> Vec<String> {
    let notice = &emission.notice;
    if emission.occasion == Occasion::Test {
        return vec![
            "This is a test of the way to you. Nothing is wrong, nothing need be done.".to_owned(),
        ];
    }
    let mut all = Vec::new();
    let mut say = |line: Option<String>| all.extend(line.map(|line| safe(&line)));
    say(emission.whom.as_ref().map(|whom| match emission.rung {
        Some(rung) => format!("Calls {whom} (rung {rung})"),
        None => format!("Calls {whom}"),
    }));
    say(notice.by.as_ref().map(|by| format!("{by} has it")));
    say(notice.risk_per_minute.as_ref().map(|m| format!("{} a minute at risk", money(m))));
    say(notice.lost.as_ref().map(|m| format!("{} lost so far", money(m))));
    say(notice.affected.map(|r| format!("{} sessions affected", range(r))));
    let sure = notice.confidence.name();
    say(Some(match &notice.suspect {
        Some(release) => format!("Suspect: {release}, confidence {sure}"),
        None => "No release is suspected".to_owned(),
    }));
    if emission.occasion.asks() {
        say(notice.ack_due_at.map(|at| due(emission, "Acknowledge", at)));
        say(notice.decide_due_at.map(|at| due(emission, "Decide", at)));
        let ack = notice.ack_due_at.is_some();
        say(ack.then(|| format!("To acknowledge: tillwatch ack {incident}")));
    }
    say(link.map(str::to_owned));
    all
}

/// Without anything that moves a cursor, breaks a line or hides.
fn safe(text: &str) -> String {
    screen_text_last_field(text).as_str().to_owned()
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// `Acknowledge until 10:05 UTC`; one that is over says so.
fn due(emission: &Emission, what: &str, at: Timestamp) -> String {
    let late = if at <= emission.at { " (that is over)" } else { "" };
    format!("{what} until {}{late}", clock(emission, at))
}

/// `10:05 UTC`, with the day where it is another one.
fn clock(emission: &Emission, at: Timestamp) -> String {
    let (at, now) = (at.utc(), emission.at.utc());
    let form = if at.date_naive() == now.date_naive() { "%H:%M UTC" } else { "%Y-%m-%d %H:%M UTC" };
    at.format(form).to_string()
}

/// `EUR 80 to 120`.
fn money(money: &MoneyRange) -> String {
    format!("{} {}", money.currency, range(Range { low: money.low, high: money.high }))
}

fn range(range: Range) -> String {
    let (low, high) = (format!("{:.0}", range.low), format!("{:.0}", range.high));
    if low == high { low } else { format!("{low} to {high}") }
}
