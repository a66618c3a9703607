//! What a look at a whole journal found: whether every record can be read, none is missing, and
//! the parts that say the same thing twice agree. Plain data and its words; who looks is
//! `sqlite::audit`.

use serde::Serialize;

use crate::domain::id::IncidentId;
use crate::incident::unread::{Unread, notices};

/// So many places are named one by one; the rest is counted.
const NAMED: usize = 5;

/// The result of `journal verify`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Audit {
    /// Rows looked at, readable or not.
    pub records: u64,
    pub first: Option<i64>,
    pub last: Option<i64>,
    /// Incidents that the records make.
    pub incidents: u64,
    /// What SQLite's own integrity check says, but for `ok`.
    pub damage: Vec<String>,
    /// Numbers between the first and the last record, or given after it, that no record has.
    pub missing: Vec<(i64, i64)>,
    pub unread: Vec<Unread>,
    /// Rows whose columns say something else than their line.
    pub mislabelled: Vec<i64>,
    /// Records that come before the opening of their incident, or of one that never opened.
    pub homeless: Vec<(i64, IncidentId)>,
    /// Incidents that the index of open ones has otherwise than their records.
    pub index: Vec<IncidentId>,
    /// What does not agree with the file beside the journal that says which one it is.
    pub witness: Option<String>,
    /// Records that changed nothing in their incident: what they tell was so already.
    pub idle: u64,
}

/// One finding, for programs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct AuditProblem {
    pub kind: &'static str,
    pub text: String,
}

impl Audit {
    /// Everything that is wrong, one sentence each; empty means that the journal is whole.
    pub fn problems(&self) -> Vec<AuditProblem> {
        let mut found = Vec::new();
        let mut say = |kind, text: String| found.push(AuditProblem { kind, text });
        for line in &self.damage {
            say("damage", format!("SQLite's integrity check: {line}"));
        }
        if !self.missing.is_empty() {
            let one =
                |(a, b): &(i64, i64)| if a == b { format!("{a}") } else { format!("{a} to {b}") };
            let places = self.missing.iter().map(one);
            say("missing", format!("records are missing: {}", named(places)));
        }
        for text in notices(&self.unread) {
            say("unread", text);
        }
        if !self.mislabelled.is_empty() {
            let places = named(self.mislabelled.iter().map(ToString::to_string));
            say("mislabelled", format!("columns and line of a record differ: {places}"));
        }
        if !self.homeless.is_empty() {
            let places = self.homeless.iter().map(|(seq, id)| format!("{seq} of {id}"));
            say("homeless", format!("no opening before record {}", named(places)));
        }
        if !self.index.is_empty() {
            let ids = named(self.index.iter().map(ToString::to_string));
            say("index", format!("the index of open incidents is wrong about {ids}"));
        }
        if let Some(text) = &self.witness {
            say("witness", text.clone());
        }
        found
    }
}

fn named(all: impl Iterator<Item = String>) -> String {
    let mut all: Vec<String> = all.collect();
    let more = all.len().saturating_sub(NAMED);
    all.truncate(NAMED);
    let text = all.join(", ");
    if more > 0 { format!("{text} and {more} more") } else { text }
}
