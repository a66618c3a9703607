//! How far the past of one question has been read, and why it goes no further. A noun that sources
//! tell, the watcher keeps and the board shows; who reads, and when, is not known here.

use serde::{Deserialize, Serialize};

use super::metric::Metric;
use super::segment::Dim;

/// The past of one question.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Past {
    pub metric: Metric,
    /// The dimensions it is cut by.
    pub by: Vec<Dim>,
    /// Days asked and answered, the newest first.
    pub days: u32,
    pub of_days: u32,
    /// Hours among them that hold data.
    pub hours: u32,
    pub state: PastState,
    /// What kept it from going on, in the server's words; the last trouble while it is read.
    pub why: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PastState {
    Reading,
    /// All of it that there is.
    Read,
    /// It cannot be had; what was read before that counts.
    Failed,
}

impl Past {
    /// The newest day is there, or nothing more comes: enough to begin with.
    pub fn is_enough(&self) -> bool {
        self.state != PastState::Reading || self.days >= 1
    }

    /// `lcp by template, device`.
    pub fn title(&self) -> String {
        let by: Vec<&str> = self.by.iter().map(|d| d.name()).collect();
        let by = if by.is_empty() { String::new() } else { format!(" by {}", by.join(", ")) };
        format!("{}{by}", self.metric.name())
    }

    /// What there is to say while it is not whole; nothing when it is.
    pub fn words(&self) -> Option<String> {
        let (title, days, of) = (self.title(), self.days, self.of_days);
        let why = self.why.as_deref();
        match self.state {
            PastState::Reading => {
                let why = why.map_or_else(String::new, |why| format!(" ({why})"));
                Some(format!("reading the past of {title}: {days} of {of} days{why}"))
            }
            PastState::Failed => {
                let why = why.unwrap_or("it does not answer");
                let had = if self.hours == 0 {
                    format!("no past for {title}")
                } else {
                    format!("only {days} of {of} days of past for {title}")
                };
                Some(format!("{had}: {why}; a recording rule would help, see docs/connect.md"))
            }
            PastState::Read if self.hours == 0 && of > 0 => {
                Some(format!("no past for {title}: its server holds none"))
            }
            PastState::Read => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn past(state: PastState, days: u32, hours: u32) -> Past {
        let by = vec![Dim::Template, Dim::Region];
        let why = (state == PastState::Failed).then(|| "timeout total (2 s)".to_owned());
        Past { metric: Metric::Lcp, by, days, of_days: 21, hours, state, why }
    }

    #[test]
    fn what_is_missing_is_said_with_how_much_there_is_and_why() {
        let said = |state, days, hours| past(state, days, hours).words().unwrap_or_default();
        assert_eq!(
            said(PastState::Reading, 12, 288),
            "reading the past of lcp by template, region: 12 of 21 days"
        );
        let none = said(PastState::Failed, 0, 0);
        assert!(
            none.starts_with("no past for lcp by template, region: timeout total (2 s); a rec")
        );
        assert!(said(PastState::Failed, 3, 72).starts_with("only 3 of 21 days of past for lcp"));
        assert!(said(PastState::Read, 21, 0).contains("holds none"));
        assert_eq!(past(PastState::Read, 21, 500).words(), None);
        assert!(!past(PastState::Reading, 0, 0).is_enough());
        assert!(past(PastState::Reading, 1, 20).is_enough());
        assert!(past(PastState::Failed, 0, 0).is_enough());
    }
}
