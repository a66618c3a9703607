//! Conditional questions: an ETag is believed only after a good answer of our own, and only for ten
//! minutes, so that a server that says 304 for ever is found out.

use crate::domain::time::{Span, Timestamp};

use super::answer::HttpAnswer;

/// Longest time without a full answer.
const FULL: Span = Span::from_mins(10);

/// What is remembered of the last full answer to one question.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EtagMemory {
    etag: Option<String>,
    at: Timestamp,
    asked: bool,
}

impl EtagMemory {
    /// The ETag to ask with now, if any.
    pub fn question(&mut self, now: Timestamp) -> Option<String> {
        let fresh = now >= self.at && now.since(self.at) < FULL;
        let etag = self.etag.clone().filter(|_| fresh);
        self.asked = etag.is_some();
        etag
    }

    /// True when the answer says that nothing changed since the last full one.
    pub fn unchanged(&self, answer: &HttpAnswer) -> bool {
        self.asked && answer.status == 304
    }

    /// Remembers a full answer that was read without a mistake.
    pub fn learn(&mut self, answer: &HttpAnswer, now: Timestamp) {
        self.etag = answer.header("etag").filter(|e| e.len() <= 256).map(str::to_owned);
        self.at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_etag_is_believed_for_ten_minutes_only() {
        let now = Timestamp::from_secs(1_795_207_980);
        let mut memory = EtagMemory::default();
        let same = HttpAnswer { status: 304, ..HttpAnswer::default() };
        assert_eq!(memory.question(now), None);
        assert!(!memory.unchanged(&same));
        let mut full = HttpAnswer { status: 200, ..HttpAnswer::default() };
        full.headers.insert("etag".to_owned(), "\"a\"".to_owned());
        memory.learn(&full, now);
        assert_eq!(memory.question(now.plus(Span::from_mins(9))).as_deref(), Some("\"a\""));
        assert!(memory.unchanged(&same));
        assert_eq!(memory.question(now.plus(Span::from_mins(11))), None);
        assert!(!memory.unchanged(&same));
    }
}
