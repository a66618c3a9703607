//! The weekly review as Markdown. Layout only; every outside word goes through `markdown::text`,
//! and an empty table says what its emptiness means.

use super::Review;
use super::times::ResponseTimes;
use crate::domain::time::Span;
use crate::report::markdown::{MarkdownPage, text};
use crate::report::say;

impl Review {
    /// The document as Markdown.
    pub fn markdown(&self) -> String {
        let mut page = MarkdownPage::default();
        let week = self.week.as_ref().map(|w| format!(" {}", text(w))).unwrap_or_default();
        page.heading(1, &format!("Observability review{week}"));
        let (from, until) = (say::when(self.from), say::when(self.until));
        page.item(&format!("From {from} up to {until} ({})", text(&self.zone)));
        page.item(&format!("Made {} from records alone", say::when(self.made_at)));
        if self.made_at < self.until {
            page.item("The time is not over yet: figures will grow");
        }
        for why in &self.left_out {
            page.item(&format!("Left out: {}", text(why)));
        }
        self.counted(&mut page);
        self.alarms(&mut page);
        self.late(&mut page);
        self.done(&mut page);
        page.heading(2, "Not computed");
        page.list(self.not_computed.iter().map(|w| (*w).to_owned()), "");
        page.finish()
    }

    fn counted(&self, page: &mut MarkdownPage) {
        let c = &self.counts;
        page.heading(2, "Incidents");
        page.item(&format!("Opened: {}, came back: {}", c.opened, c.reopened));
        page.item(&format!("Closed: {}, of these as no incident: {}", c.closed, c.cancelled));
        page.item(&format!("Carried in: {}, still open: {}", c.carried_in, c.still_open));
        page.heading(2, "Times by severity (median / worst / how many)");
        let rows: Vec<[String; 6]> = self
            .severities
            .iter()
            .map(|s| {
                let n = s.opened;
                let stats = [s.acknowledge, s.decide, s.mitigate, s.close];
                let [ack, decide, mitigate, close] = stats.map(|stat| stat_words(stat, n));
                [s.severity.to_string(), n.to_string(), ack, decide, mitigate, close]
            })
            .collect();
        let head = ["At worst", "Opened", "To acknowledge", "To decide", "To mitigate", "To close"];
        page.table(head, &rows, "");
    }

    fn alarms(&self, page: &mut MarkdownPage) {
        page.heading(2, "Alert quality by guardrail");
        let rows: Vec<[String; 8]> = self
            .guardrails
            .iter()
            .map(|g| {
                let owner = g.owner.as_deref().map_or("no owner in the config".to_owned(), text);
                let right = g.precision.map_or("not marked".to_owned(), say::percent);
                let counts = [g.opened, g.true_alarms, g.false_alarms, g.unsure, g.unmarked];
                let [opened, yes, no, unsure, unmarked] = counts.map(|n| n.to_string());
                [text(&g.guardrail), owner, opened, yes, no, unsure, unmarked, right]
            })
            .collect();
        let head =
            ["Guardrail", "Owner", "Opened", "True", "False", "Unsure", "Not marked", "Precision"];
        page.table(head, &rows, "Nothing opened.");
        page.heading(2, "False alarms, and why");
        let rows: Vec<[String; 4]> = self
            .false_alarms
            .iter()
            .map(|f| {
                let (id, what) = (text(f.incident.as_str()), text(&f.headline));
                [id, text(&f.guardrail), what, text(&f.reason)]
            })
            .collect();
        let none = "None was marked as false.";
        page.table(["Incident", "Guardrail", "What", "Why it was false"], &rows, none);
        page.heading(2, "Pages by person");
        let rows: Vec<[String; 3]> = self
            .pages
            .iter()
            .map(|p| {
                let person = p.person.as_deref().map_or("no owner in the config".to_owned(), text);
                [person, p.count.to_string(), ids(&p.incidents)]
            })
            .collect();
        page.table(["Person", "Pages", "Incidents"], &rows, "Nobody was to be paged.");
        page.heading(2, "Recurring (same guardrail, same place)");
        let rows: Vec<[String; 4]> = self
            .recurring
            .iter()
            .map(|r| [text(&r.guardrail), text(&r.place), r.times.to_string(), ids(&r.incidents)])
            .collect();
        page.table(["Guardrail", "Place", "Times", "Incidents"], &rows, "Nothing recurred.");
    }

    fn late(&self, page: &mut MarkdownPage) {
        page.heading(2, "Deadlines missed");
        let rows: Vec<[String; 6]> = self
            .missed
            .iter()
            .map(|m| {
                let by = m.ask.by.as_deref().map_or("nobody".to_owned(), text);
                [
                    text(m.incident.as_str()),
                    m.ask.severity.to_string(),
                    m.what().to_owned(),
                    say::when(m.ask.due_at),
                    say::length(Span::from_secs(m.late_seconds)),
                    by,
                ]
            })
            .collect();
        let head = ["Incident", "Severity", "To", "Due", "Late by", "Answered by"];
        page.table(head, &rows, "None was missed.");
        page.heading(2, "Never acknowledged");
        let rows: Vec<[String; 4]> = self
            .never_acknowledged
            .iter()
            .map(|b| {
                let state = b.state.name().to_owned();
                [text(b.id.as_str()), b.severity.to_string(), state, text(&b.headline)]
            })
            .collect();
        page.table(["Incident", "At worst", "State", "What"], &rows, "Every one was acknowledged.");
    }

    fn done(&self, page: &mut MarkdownPage) {
        page.heading(2, "Actions");
        for o in &self.actions.outcomes {
            page.item(&format!("{}: {}", say::name(&o.state), o.count));
        }
        page.item(&format!("Dry runs, not counted above: {}", self.actions.dry_runs));
        page.gap();
        let rows: Vec<[String; 5]> = self
            .actions
            .all
            .iter()
            .map(|a| {
                let (id, what) = (text(a.incident.as_str()), text(&a.what));
                [id, say::when(a.at), what, text(&a.by), say::name(&a.state)]
            })
            .collect();
        page.table(["Incident", "When", "What", "By", "State"], &rows, "Nothing was ordered.");
    }
}

fn stat_words(stat: ResponseTimes, of: usize) -> String {
    let length = |seconds: i64| say::length(Span::from_secs(seconds));
    match stat.median_seconds.zip(stat.worst_seconds) {
        Some((median, worst)) => {
            format!("{} / {} / {} of {of}", length(median), length(worst), stat.n)
        }
        None => format!("- / - / 0 of {of}"),
    }
}

fn ids(all: &[crate::domain::id::IncidentId]) -> String {
    all.iter().map(|id| text(id.as_str())).collect::<Vec<_>>().join(", ")
}
