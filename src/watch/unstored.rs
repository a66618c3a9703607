//! Records that the journal refused: kept in order, folded into what is shown, tried again first.
//! The state without them is kept too, so that afterwards the fold is that of the journal alone.

use std::collections::BTreeSet;

use crate::domain::id::IncidentId;
use crate::domain::time::{Span, Timestamp};
use crate::incident::event::{Event, Record};
use crate::incident::fold::{self, Incident};

/// Wall time between tries.
pub const RETRY: Span = Span::from_secs(1);
/// So many records are kept; while there are more, nothing new is made.
const MOST: usize = 2_000;

/// What waits for the journal.
#[derive(Clone, Debug)]
pub struct Unstored {
    pub records: Vec<Record>,
    /// The incidents as the journal has them.
    pub base: Vec<Incident>,
    pub why: String,
    /// No try before that.
    pub next_at: Timestamp,
}

impl Unstored {
    /// `records` are all that wait, the oldest first.
    pub fn new(base: Vec<Incident>, records: Vec<Record>, why: String, next_at: Timestamp) -> Self {
        let records = if records.len() > MOST { thinned(records) } else { records };
        Self { records, base, why, next_at }
    }

    /// The incidents with what waits.
    pub fn incidents(&self) -> Vec<Incident> {
        let mut incidents = self.base.clone();
        for record in &self.records {
            fold::absorb(&mut incidents, record);
        }
        incidents
    }

    /// Records of others that were stored meanwhile; one of ours among them does not wait any more.
    pub fn take_in(&mut self, stored: &[Record]) {
        for record in stored {
            fold::absorb(&mut self.base, record);
            if let Some(at) = self.records.iter().position(|r| r == record) {
                self.records.remove(at);
            }
        }
    }

    /// A try is due; one that is further off than any can be was set by another clock.
    pub fn is_due(&self, now: Timestamp, pause: Span) -> bool {
        now >= self.next_at || self.next_at.since(now) > pause
    }

    pub const fn is_full(&self) -> bool {
        self.records.len() >= MOST
    }

    /// Incidents that no journal knows.
    pub fn unknown(&self) -> Vec<IncidentId> {
        let opened = self.records.iter().filter(|r| matches!(r.event, Event::Opened { .. }));
        let unknown = opened.filter(|r| self.base.iter().all(|i| i.id != r.incident));
        unknown.map(|r| r.incident.clone()).collect()
    }

    pub fn words(&self) -> String {
        let names: Vec<String> = self.unknown().iter().map(ToString::to_string).collect();
        let what = match names.len() {
            0 => format!("{} records", self.records.len()),
            _ => names.join(", "),
        };
        let full = if self.is_full() { "; memory for more is used up" } else { "" };
        format!(
            "{}: {what} in memory only, stored as soon as the journal can be \
             written{full}",
            self.why
        )
    }
}

/// Evidence that newer evidence of the same incident replaces is left out.
fn thinned(records: Vec<Record>) -> Vec<Record> {
    let mut newer = BTreeSet::new();
    let mut kept: Vec<Record> = records
        .into_iter()
        .rev()
        .filter(|r| !matches!(r.event, Event::Updated { .. }) || newer.insert(r.incident.clone()))
        .collect();
    kept.reverse();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::severity::Severity;
    use crate::incident::tests::kit::{case, id, min, opened, record};

    fn news(minute: i64) -> Record {
        let case = Box::new(case(Severity::Sev1));
        record(min(minute), "tillwatch", Event::Updated { case })
    }

    fn note(minute: i64) -> Record {
        record(min(minute), "ana", Event::Noted { text: "x".to_owned() })
    }

    #[test]
    fn what_waits_is_shown_and_what_came_meanwhile_goes_before_it() {
        let records = vec![news(1), news(2)];
        let mut base = Vec::new();
        fold::absorb(&mut base, &opened(Severity::Sev1));
        let mut waits = Unstored::new(base.clone(), records, "disk full".to_owned(), min(3));
        assert!(waits.unknown().is_empty(), "the journal has it");
        assert_eq!(waits.incidents()[0].updated_at, min(2));
        waits.take_in(&[note(2), news(1)]);
        assert_eq!(waits.records, [news(2)], "one of ours was stored after all");
        assert_eq!((waits.base[0].notes.len(), waits.base[0].updated_at), (1, min(1)));
        assert!(!waits.is_due(min(2), Span::from_mins(1)) && waits.is_due(min(3), RETRY));
        assert!(waits.is_due(min(-60), RETRY), "a clock that went back holds nothing up");
    }

    #[test]
    fn memory_is_bounded_and_an_opening_is_never_what_goes() {
        let mut records = vec![opened(Severity::Sev1)];
        records.extend((0..5_000).map(news));
        records.push(note(5_000));
        let waits = Unstored::new(Vec::new(), records, "disk full".to_owned(), min(0));
        assert_eq!(waits.records, [opened(Severity::Sev1), news(4_999), note(5_000)]);
        assert_eq!(waits.unknown(), [id()]);
        let words = waits.words();
        assert!(words.starts_with("disk full: INC-00001 in memory only"), "{words}");
        let notes = (0..5_000).map(note).collect();
        assert!(Unstored::new(Vec::new(), notes, String::new(), min(0)).is_full());
    }
}
