//! Who was told of an incident, by which sink and when, and who is called next: lines of the
//! Incident page, and the trouble of a message that did not arrive. Decides nothing.

use crate::board::IncidentView;
use crate::board::notified::{Delivery, Escalation, Notification};
use crate::desk::state::Desk;
use crate::domain::text::{ScreenText, screen_text, screen_text_last_field};
use crate::incident::words::occasion;

use super::role::Role;
use super::screen::{Item, Line};
use super::words;

/// So many messages are told, the newest; the journal page has them all.
const NEWEST: usize = 6;

/// Nothing where no sink is configured and nobody is called.
pub fn items(desk: &Desk, x: &IncidentView) -> Vec<Item> {
    let skip = x.notifications.len().saturating_sub(NEWEST);
    let newest = x.notifications.iter().skip(skip);
    let mut lines: Vec<Line> = newest.map(|n| line(desk, n)).collect();
    lines.extend(x.escalates.as_ref().filter(|_| x.state.is_open()).map(|e| next(desk, e)));
    let label = |at| ScreenText::fixed(if at == 0 { "Told" } else { "" });
    lines.into_iter().enumerate().map(|(at, line)| Item { label: label(at), line }).collect()
}

/// `ops 03:05:10 UTC opened: delivered, accepted (202)`.
fn line(desk: &Desk, n: &Notification) -> Line {
    let (role, word) = match n.state {
        Delivery::Waiting if n.tries == 0 => (Role::Muted, "about to leave"),
        Delivery::Waiting => (Role::Warning, "not yet"),
        Delivery::Sent => (Role::Muted, "on its way"),
        Delivery::Delivered => (Role::Ok, "delivered"),
        Delivery::Dead => (Role::ClockLate, "NOT TOLD"),
        Delivery::Moot => (Role::Muted, "no longer needed"),
    };
    let mut line = Line::of(Role::Accent, screen_text(&n.sink))
        .say(Role::Text, " ")
        .and(Role::Text, words::instant(n.sent_at.unwrap_or(n.prepared_at), desk.now))
        .say(Role::Text, " UTC ")
        .say(Role::Text, occasion(n.event));
    if let Some(to) = &n.to {
        line = line.say(Role::Text, ", calls ").and(Role::Text, screen_text(to));
    }
    line = line.say(Role::Text, ": ").say(role, word);
    if n.tries > 1 || n.state == Delivery::Dead {
        line = line.and(Role::Muted, words::made(format!(", try {}", n.tries)));
    }
    if let Some(at) = n.retry_at {
        let again = words::instant(at, desk.now);
        line = line.say(Role::Muted, ", again ").and(Role::Muted, again).say(Role::Muted, " UTC");
    }
    match n.detail.as_str() {
        "" => line,
        said => line.say(Role::Muted, "; ").and(Role::Muted, screen_text_last_field(said)),
    }
}

fn next(desk: &Desk, e: &Escalation) -> Line {
    Line::fixed(Role::Text, "next: ")
        .and(Role::Warning, screen_text(&e.to))
        .and(Role::Text, words::made(format!(" (rung {}) ", e.rung)))
        .and(Role::Text, words::instant(e.at, desk.now))
        .say(Role::Text, " UTC unless somebody comes")
}

/// A message that should have brought somebody and did not, of an incident nobody came to since:
/// what happened, and why.
pub fn missed(x: &IncidentView) -> Option<(String, String)> {
    let unanswered = |n: &&Notification| x.acked_at.is_none_or(|at| n.prepared_at > at);
    let mut missed = x.notifications.iter().filter(|n| n.is_trouble()).filter(unanswered);
    let n = missed.next_back().filter(|_| x.state.is_open())?;
    let head = match n.state {
        Delivery::Dead => format!("NOT DELIVERED by {}", n.sink),
        _ => format!("NOT DELIVERED YET by {}, try {}", n.sink, n.tries),
    };
    Some((head, n.detail.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::fixture::{self, at};
    use crate::incident::emission::Occasion;
    use crate::present::trouble;

    fn told(state: Delivery, tries: u32) -> Notification {
        Notification {
            key: "INC-7F2B.opened.1.ops".into(),
            sink: "ops".to_owned(),
            event: Occasion::Opened,
            to: None,
            rung: None,
            state,
            prepared_at: at("03:05:10"),
            sent_at: Some(at("03:05:11")),
            answered_at: None,
            tries,
            retry_at: None,
            detail: "refused (401): no such key".to_owned(),
        }
    }

    fn desk(notification: Notification) -> Desk {
        let mut board = fixture::outage();
        let x = board.incidents.iter_mut().find(|x| x.id.as_str() == "INC-7F2B").expect("open");
        (x.acked_at, x.notifications) = (None, vec![notification]);
        fixture::desk(board)
    }

    fn lines(desk: &Desk) -> Vec<String> {
        let x = desk.board.incidents.iter().find(|x| !x.notifications.is_empty()).expect("one");
        items(desk, x).iter().map(|i| i.line.words()).collect()
    }

    #[test]
    fn what_was_told_stands_on_the_page_and_what_was_not_on_every_screen() {
        let dead = desk(told(Delivery::Dead, 8));
        let line = "ops 03:05:11 UTC opened: NOT TOLD, try 8; refused (401): no such key";
        assert_eq!(lines(&dead), [line]);
        let all: Vec<String> = trouble::all(&dead).iter().map(|(_, t)| t.words()).collect();
        assert_eq!(all, ["PAGE NOT DELIVERED by ops: refused (401): no such key"]);
        for (state, tries, stands) in [
            (Delivery::Waiting, 3, true),
            (Delivery::Waiting, 1, false),
            (Delivery::Delivered, 5, false),
            (Delivery::Moot, 5, false),
        ] {
            let desk = desk(told(state, tries));
            assert_eq!(!trouble::all(&desk).is_empty(), stands, "{state:?} {tries}");
        }
    }

    #[test]
    fn who_came_since_makes_a_missed_page_no_trouble_any_more() {
        let mut board = (*desk(told(Delivery::Dead, 8)).board).clone();
        for x in &mut board.incidents {
            x.acked_at = Some(at("03:06:00"));
        }
        assert!(trouble::all(&fixture::desk(board)).is_empty());
    }
}
