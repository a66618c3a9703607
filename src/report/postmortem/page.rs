//! The postmortem as Markdown for people: what the records say, then an empty form that says that
//! it is one. Layout only; every outside word goes through `markdown::text`.

use super::{DecisionTaken, Postmortem, SentAction};
use crate::domain::money::MoneyRange;
use crate::domain::time::{Span, Timestamp};
use crate::report::life::{Came, ClockKind};
use crate::report::markdown::{MarkdownPage, text};
use crate::report::say;

impl Postmortem {
    /// The document as Markdown.
    pub fn markdown(&self) -> String {
        let mut page = MarkdownPage::default();
        page.heading(
            1,
            &format!("Postmortem {}: {}", text(self.id.as_str()), text(&self.headline)),
        );
        self.head(&mut page);
        self.split(&mut page);
        self.harm(&mut page);
        self.clocks(&mut page);
        page.heading(2, "Timeline");
        let rows: Vec<_> = self.timeline.iter().map(entry).collect();
        page.table(["When", "Who", "What"], &rows, "No record.");
        page.heading(2, "Evidence as it stood at each decision");
        for decision in &self.decisions {
            known_then(&mut page, decision);
        }
        if self.decisions.is_empty() {
            page.line("Nothing was decided.");
        }
        page.heading(2, "Actions");
        for action in &self.actions {
            done(&mut page, action);
        }
        if self.actions.is_empty() {
            page.line("Nothing was sent.");
        }
        self.asked(&mut page);
        form(&mut page);
        page.finish()
    }

    fn head(&self, page: &mut MarkdownPage) {
        let name = |name: &Option<String>| name.as_deref().map_or(say::UNKNOWN.to_owned(), text);
        page.item(&format!("State: {}", self.state.name()));
        page.item(&format!("Severity: {}, at worst {}", self.severity, self.peak));
        page.item(&format!("Class: {}, journey: {}", self.class, name(&self.journey)));
        page.item(&format!("Owner: {}", name(&self.owner)));
        page.item(&format!("Occurrences: {}", self.occurrences));
        if let Some(earlier) = &self.recurrence_of {
            page.item(&format!("Recurrence of {}", text(earlier.as_str())));
        }
        let verdict = self.verdict.map_or("not said yet", |v| v.words());
        let why = self.review.as_ref().map(|w| format!(": {}", text(w))).unwrap_or_default();
        page.item(&format!("Was the alarm right: {verdict}{why}"));
        page.item(&format!("Made {} from records alone", say::when(self.made_at)));
        for why in &self.left_out {
            page.item(&format!("Left out: {}", text(why)));
        }
    }

    fn split(&self, page: &mut MarkdownPage) {
        let t = &self.times;
        page.heading(2, "Times");
        let row = |name: &str, at: Option<Timestamp>| {
            [name.to_owned(), say::when_if(at, "not on record")]
        };
        let rows = [
            row("began (estimated)", t.began),
            row("detected and opened", t.opened),
            row("acknowledged", t.acknowledged),
            row("decided", t.decided),
            row("acted", t.acted),
            row("mitigated", t.mitigated),
            row("recovered", t.recovered),
            row("closed", t.closed),
        ];
        page.table(["Instant", "UTC"], &rows, "");
        page.gap();
        let rows: Vec<[String; 3]> = self
            .intervals
            .iter()
            .map(|i| {
                let length = say::length_if(i.seconds.map(Span::from_secs));
                [i.from.to_owned(), i.to.to_owned(), length]
            })
            .collect();
        page.table(["From", "To", "Length"], &rows, "");
    }

    fn harm(&self, page: &mut MarkdownPage) {
        let impact = &self.impact;
        page.heading(2, "Impact");
        let method = text(&impact.method);
        let how = if method.is_empty() { String::new() } else { format!(" ({method})") };
        page.item(&format!("Lost: {}{how}", money(impact.lost.as_ref())));
        page.item(&format!("Affected sessions: {}", say::range_if(impact.affected)));
        page.item(&format!("Places: {}", all(&impact.places)));
        page.item(&format!("Guardrails: {}", all(&impact.guardrails)));
    }

    fn clocks(&self, page: &mut MarkdownPage) {
        page.heading(2, "Deadlines");
        let rows: Vec<[String; 6]> = self
            .deadlines
            .iter()
            .map(|d| {
                let late = say::length(Span::from_secs(d.late_seconds.saturating_abs()));
                let came = match d.came {
                    Came::Kept => format!("kept, {late} before"),
                    Came::Missed => format!("MISSED by {late}"),
                    Came::NotNeeded => "not needed: it was over before".to_owned(),
                    Came::Running => format!("running, {late} left"),
                };
                let asked = match d.ask.asked {
                    ClockKind::Acknowledge => "acknowledge",
                    ClockKind::Decide => "decide",
                };
                let answered = say::when_if(d.ask.answered_at, "no answer");
                let by = d.ask.by.as_deref().map(text).unwrap_or_default();
                let (from, due) = (say::when(d.ask.asked_at), say::when(d.ask.due_at));
                [asked.to_owned(), from, due, answered, by, came]
            })
            .collect();
        let head = ["To", "Asked", "Due", "Answered", "By", "Came"];
        page.table(head, &rows, "No clock is on record.");
    }

    fn asked(&self, page: &mut MarkdownPage) {
        page.heading(2, "Four questions about real-user monitoring");
        for question in &self.questions {
            page.heading(3, question.question);
            page.list(question.answer.iter().map(|a| text(a)), say::UNKNOWN);
        }
        page.heading(2, "What was knowable earlier");
        page.list(self.knowable.iter().map(|k| text(k)), "Nothing that the records show.");
    }
}

fn money(it: Option<&MoneyRange>) -> String {
    let words = |m: &MoneyRange| text(&say::money(m));
    it.map_or_else(|| say::UNKNOWN.to_owned(), words)
}

fn entry(entry: &super::Entry) -> [String; 3] {
    let more = if entry.records > 1 {
        format!(" (the newest of {} records)", entry.records)
    } else {
        String::new()
    };
    [say::when(entry.at), text(&entry.actor), format!("{}{more}", text(&entry.text))]
}

fn known_then(page: &mut MarkdownPage, d: &DecisionTaken) {
    page.heading(3, &format!("{} {}: {}", say::when(d.at), text(&d.by), text(&d.what)));
    let age = say::length(Span::from_secs(d.evidence_age_seconds));
    page.item(&format!("{}: {} (evidence {age} old)", d.severity, text(&d.headline)));
    page.item(&format!("Places: {}", all(&d.places)));
    let (lost, risk) = (money(d.lost.as_ref()), money(d.risk_per_minute.as_ref()));
    page.item(&format!("Lost until then: {lost}; at risk a minute: {risk}"));
    let suspect = d.suspect.as_ref().map_or("no release".to_owned(), |r| text(r.as_str()));
    page.item(&format!("Suspect: {suspect}, confidence {}", d.confidence.name()));
    for c in &d.suspects {
        page.line(&format!("  - {}: {}", text(c.release.as_str()), say::percent(c.share)));
    }
    page.item(&format!("For: {}", all(&d.evidence_for)));
    page.item(&format!("Against: {}", all(&d.evidence_against)));
}

fn done(page: &mut MarkdownPage, a: &SentAction) {
    page.heading(3, &text(&a.what));
    page.item(&format!("Ordered {} by {}", say::when(a.prepared_at), text(&a.by)));
    let sent = say::when_if(a.sent_at, "never left");
    page.item(&format!("Sent: {sent}, tries: {}", a.tries));
    page.item(&format!("Request body: {}", text(&a.sent)));
    for answer in &a.answers {
        page.item(&format!("Answered {}: {}", say::when(answer.at), text(&answer.text)));
    }
    if a.answers.is_empty() {
        page.item("Answered: no answer on record");
    }
    let proof = a.proof.as_deref().map_or("no proof on record".to_owned(), text);
    page.item(&format!("Verified: {proof}"));
    page.item(&format!("State: {}", state(a)));
    page.item(&format!("Inverse: {}", text(&a.inverse)));
}

fn state(a: &SentAction) -> String {
    let name = say::name(&a.state);
    if a.dry_run { format!("{name} (dry run)") } else { name }
}

fn all(outside: &[String]) -> String {
    if outside.is_empty() {
        return "none on record".to_owned();
    }
    outside.iter().map(|t| text(t)).collect::<Vec<_>>().join("; ")
}

/// What no journal knows. Causes are conditions, never names (blameless).
fn form(page: &mut MarkdownPage) {
    page.heading(2, "To be filled in by people");
    page.say(
        "Nothing below comes from records. Write about conditions and decisions, not persons.",
    );
    for title in [
        "Summary in three sentences",
        "What customers noticed",
        "Contributing factors",
        "What went well",
        "What went badly",
        "Where we were lucky",
        "Changes to guardrails, SLOs or instrumentation",
        "Who was told, and when",
    ] {
        page.heading(3, title);
        page.line("_(empty)_");
    }
    page.heading(3, "Action items");
    let row = || [(); 3].map(|()| " ".to_owned());
    page.table(["What", "Owner", "Due"], &[row(), row(), row()], "");
}
