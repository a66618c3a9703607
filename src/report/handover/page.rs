//! The handover as Markdown: short enough to be read aloud. Layout only; every outside word goes
//! through `markdown::text`.

use super::{Closed, Handover, OpenIncident};
use crate::domain::money::MoneyRange;
use crate::domain::time::Span;
use crate::report::markdown::{MarkdownPage, text};
use crate::report::say;

impl Handover {
    /// The document as Markdown.
    pub fn markdown(&self) -> String {
        let mut page = MarkdownPage::default();
        page.heading(1, &format!("Handover {}", say::when(self.made_at)));
        page.item(&format!("Shift since {}", say::when(self.since)));
        for why in &self.left_out {
            page.item(&format!("Left out: {}", text(why)));
        }
        page.heading(2, &format!("Open incidents: {}", self.open.len()));
        for one in &self.open {
            tell(&mut page, one);
        }
        if self.open.is_empty() {
            page.line("None is open.");
        }
        self.holds(&mut page);
        self.rest(&mut page);
        page.finish()
    }

    fn holds(&self, page: &mut MarkdownPage) {
        page.heading(2, "Held, and when they are looked at again");
        let rows: Vec<[String; 4]> = self
            .open
            .iter()
            .filter_map(|open| {
                let held = open.held()?;
                let again = say::when_if(held.recheck_at, say::UNKNOWN);
                Some([text(open.id.as_str()), again, text(&held.by), text(&held.reason)])
            })
            .collect();
        page.table(["Incident", "Look again", "Held by", "Reason"], &rows, "Nothing is held.");
    }

    fn rest(&self, page: &mut MarkdownPage) {
        page.heading(2, "Actions without a known end");
        let rows: Vec<[String; 5]> = self
            .actions
            .iter()
            .map(|a| {
                let state = say::name(&a.state);
                let (id, what) = (text(a.incident.as_str()), text(&a.what));
                [id, what, text(&a.by), state, text(&a.detail)]
            })
            .collect();
        page.table(["Incident", "What", "By", "State", "Last word"], &rows, "None.");
        page.heading(2, "Closed by hand and still firing");
        closed(page, &self.suppressed, "None.");
        page.heading(2, "Announced work of the next two days");
        let rows: Vec<[String; 4]> = self
            .maintenance
            .iter()
            .map(|w| {
                let from = say::when(w.from);
                let from = if w.running { format!("{from} (running)") } else { from };
                [from, say::when(w.until), text(&w.scope), text(&w.reason)]
            })
            .collect();
        page.table(["From", "Until", "Where", "Reason"], &rows, "None is announced.");
        page.heading(2, "Closed in the shift");
        closed(page, &self.closed, "Nothing closed.");
    }
}

fn money(it: Option<&MoneyRange>) -> String {
    it.map_or_else(|| say::UNKNOWN.to_owned(), |m| text(&say::money(m)))
}

fn tell(page: &mut MarkdownPage, x: &OpenIncident) {
    let id = text(x.id.as_str());
    page.heading(3, &format!("{id}, {}, {}: {}", x.severity, x.state.name(), text(&x.headline)));
    let fresh = if x.opened_in_shift { "in this shift" } else { "before this shift" };
    page.item(&format!("Opened {} ({fresh})", say::when(x.opened_at)));
    page.item(&format!("Who has it: {}", x.owner.as_deref().map_or("NOBODY".to_owned(), text)));
    page.item(&format!("Where: {}", text(&x.places.join("; "))));
    page.item(&format!("Guardrail: {}; suspect: {}", text(&x.guardrail), text(&x.suspect)));
    let (lost, risk) = (money(x.lost.as_ref()), money(x.risk_per_minute.as_ref()));
    page.item(&format!("Lost so far: {lost}; at risk a minute: {risk}"));
    for c in &x.clocks {
        let left = say::length(Span::from_secs(c.left_seconds.saturating_abs()));
        let left = if c.left_seconds < 0 { format!("OVERDUE {left}") } else { left };
        page.item(&format!("Clock: {} until {}, {left}", c.clock, say::when(c.due_at)));
    }
    if let Some(d) = &x.decision {
        let (choice, by, reason) = (d.choice.name(), text(&d.by), text(&d.reason));
        page.item(&format!("Decided: {choice} by {by} {}: {reason}", say::when(d.at)));
    }
    for note in &x.notes {
        let (by, words) = (text(&note.actor), text(&note.text));
        page.item(&format!("Note {} {by}: {words}", say::when(note.at)));
    }
}

fn closed(page: &mut MarkdownPage, all: &[Closed], none: &str) {
    let rows: Vec<[String; 6]> = all
        .iter()
        .map(|x| {
            let seen = if x.ever_acknowledged { "yes" } else { "NEVER" };
            let verdict = x.verdict.map_or("not reviewed", |v| v.words());
            [
                text(x.id.as_str()),
                x.severity.to_string(),
                text(&x.headline),
                format!("{} {}", x.state.name(), say::when_if(x.closed_at, "")).trim().to_owned(),
                seen.to_owned(),
                verdict.to_owned(),
            ]
        })
        .collect();
    let head = ["Incident", "At worst", "What", "Closed", "Acknowledged", "Review"];
    page.table(head, &rows, none);
}
