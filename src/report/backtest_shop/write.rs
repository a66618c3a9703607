//! Writing the incidents of a replayed day: one line each, with what changed later as updates.
//! A case that clears and comes back under its key is the same incident.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::domain::segment::Scope;
use crate::domain::time::Timestamp;
use crate::verdict::{Case, Judgement};

use super::read::name_of;

#[derive(Default)]
pub struct Writer {
    open: BTreeMap<String, OutputLine>,
    order: Vec<String>,
}

struct OutputLine {
    opened: Timestamp,
    closed: Option<Timestamp>,
    first: Value,
    last: Value,
    updates: Vec<Value>,
}

impl Writer {
    /// Takes the judgement made at `at`.
    pub fn take(&mut self, at: Timestamp, judgement: &Judgement) {
        for case in &judgement.cases {
            let state = state(case);
            match self.open.get_mut(&case.key) {
                None if case.firing => {
                    self.order.push(case.key.clone());
                    self.open.insert(
                        case.key.clone(),
                        OutputLine {
                            opened: at,
                            closed: None,
                            first: state.clone(),
                            last: state,
                            updates: Vec::new(),
                        },
                    );
                }
                Some(line) if case.firing => {
                    line.closed = None;
                    if line.last != state {
                        let mut update = Map::new();
                        update.insert("at".to_owned(), json!(second(at)));
                        if let Value::Object(fields) = &state {
                            update.extend(fields.clone());
                        }
                        line.updates.push(Value::Object(update));
                        line.last = state;
                    }
                }
                Some(line) => line.closed = line.closed.or(Some(at)),
                None => {}
            }
        }
    }

    pub fn finish(self) -> String {
        let mut out = String::new();
        for (i, key) in self.order.iter().enumerate() {
            let Some(line) = self.open.get(key) else { continue };
            let mut row = Map::new();
            row.insert("id".to_owned(), json!(format!("i{}", i + 1)));
            row.insert("opened_at".to_owned(), json!(second(line.opened)));
            row.insert("closed_at".to_owned(), json!(line.closed.map(second)));
            if let Value::Object(fields) = &line.first {
                row.extend(fields.clone());
            }
            row.insert("updates".to_owned(), Value::Array(line.updates.clone()));
            out.push_str(&Value::Object(row).to_string());
            out.push('\n');
        }
        out
    }
}

fn second(t: Timestamp) -> String {
    t.utc().format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn state(case: &Case) -> Value {
    json!({
        "class": case.class,
        "severity": case.severity.number(),
        "segments": case.segments.iter().map(segment).collect::<Vec<_>>(),
        "suspect_release": case.suspect.release.as_ref().map(crate::domain::id::ReleaseId::as_str),
        "headline": case.headline,
    })
}

fn segment(scope: &Scope) -> Value {
    let dims = scope.dims.iter().map(|(d, v)| (name_of(*d).to_owned(), json!(v)));
    Value::Object(dims.collect())
}
