//! What the body of an answer says in the words that receivers use: done, under way, failed, or
//! something that leaves it open. Pure; what follows from it is decided in `webhook::verdict`.

use serde_json::Value;

mod trouble;
mod words;

use words::{SaidWord, WordKey};

/// How deep an answer is looked into, and how many elements of a list.
const DEPTH: u8 = 6;
const ROWS: usize = 100;

/// One thing that an answer says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SaidMark {
    /// It is finished, in a word for a state.
    Done,
    /// It was taken and goes on.
    Running,
    /// A flag says yes; of the call or of the work, nobody knows.
    Yes,
    Failed,
    /// Neither: a repeat, a timeout further on, a word for not knowing.
    Open,
    /// The receiver does not know what it was asked about.
    Unheard,
    /// A sign of trouble that is no plain no: beside one it adds nothing, beside a yes it is doubt.
    Trouble,
}

/// What was found, anywhere in an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Says(u8);

impl Says {
    fn add(&mut self, mark: SaidMark) {
        self.0 |= 1 << mark as u8;
    }

    pub const fn has(self, mark: SaidMark) -> bool {
        self.0 >> mark as u8 & 1 == 1
    }

    pub fn any(self, marks: &[SaidMark]) -> bool {
        marks.iter().any(|m| self.has(*m))
    }

    /// Says that it failed and nothing that speaks against it.
    pub fn only_failed(self) -> bool {
        self.has(SaidMark::Failed)
            && !self.any(&[SaidMark::Open, SaidMark::Done, SaidMark::Running, SaidMark::Yes])
    }

    /// Nothing in it speaks against success.
    pub fn no_harm(self) -> bool {
        !self.any(&[SaidMark::Failed, SaidMark::Open, SaidMark::Unheard, SaidMark::Trouble])
    }
}

/// Reads a JSON document.
pub fn json(value: &Value) -> Says {
    let mut says = Says::default();
    match value {
        Value::String(text) => says.phrase(text),
        Value::Bool(flag) => says.flag(*flag),
        Value::Null | Value::Number(_) => says.trouble(trouble::nothing(&value.to_string())),
        Value::Array(_) | Value::Object(_) => says.look(value, false, DEPTH),
    }
    says
}

/// Reads plain text: the word it begins with, and lines like `status: failed` or `ok=false`.
pub fn text(body: &str) -> Says {
    let mut says = Says::default();
    let body = body.trim();
    says.word(body);
    says.trouble(trouble::nothing(body));
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let lead = body.split(|c| !part(c)).next().unwrap_or_default();
    let rest = body.get(lead.len()..).unwrap_or_default();
    let sentence = !rest.starts_with([':', '=']) && !["no", "new", "not"].contains(&lead);
    if sentence && matches!(words::word(lead), SaidWord::Failed | SaidWord::Open) {
        says.word(lead);
        says.doubt(body);
    }
    let mut words = String::new();
    for line in body.split(['\n', '&', ';']).take(ROWS) {
        match line.split_once([':', '=']) {
            Some((key, value)) if words::key(key) != WordKey::Other => {
                says.pair(key, &json_of(value), DEPTH);
            }
            Some((key, value)) if trouble::sign(&words::bare(key), &json_of(value)) => {
                says.trouble(true);
            }
            _ => words.extend([line, "\n"]),
        }
    }
    if words::word(body) == SaidWord::Other {
        says.trouble(trouble::speaks(&words));
    }
    says
}

fn json_of(value: &str) -> Value {
    Value::String(value.trim().to_owned())
}

impl Says {
    fn look(&mut self, value: &Value, any: bool, depth: u8) {
        let Some(depth) = depth.checked_sub(1) else { return };
        match value {
            Value::Array(rows) => rows.iter().take(ROWS).for_each(|v| self.look(v, any, depth)),
            Value::Object(fields) => {
                for (key, value) in fields {
                    self.pair(key, value, depth);
                    if any && value.is_object() {
                        self.look(value, false, depth);
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn pair(&mut self, key: &str, value: &Value, depth: u8) {
        self.trouble(trouble::sign(&words::bare(key), value));
        match words::key(key) {
            WordKey::Yes => match words::truth(value) {
                Some(flag) => self.flag(flag),
                None => self.state(value, depth),
            },
            WordKey::Finished => match words::truth(value) {
                Some(true) => self.add(SaidMark::Done),
                Some(false) => self.add(SaidMark::Running),
                None => {}
            },
            WordKey::Fault if words::is_loaded(value) => {
                self.add(SaidMark::Failed);
                self.doubt(&value.to_string());
            }
            WordKey::State => {
                self.trouble(trouble::odd(value));
                self.state(value, depth);
            }
            WordKey::Code => self.code(value),
            WordKey::Message => {
                if let Some(SaidWord::Failed | SaidWord::Open) = value.as_str().map(words::word) {
                    self.word(value.as_str().unwrap_or_default());
                }
            }
            WordKey::Envelope { any } => self.inside(value, any, depth),
            WordKey::Fault | WordKey::Other => {}
        }
    }

    fn state(&mut self, value: &Value, depth: u8) {
        match value {
            Value::String(text) => match text.trim().parse::<u16>() {
                Ok(_) => self.code(value),
                Err(_) => self.phrase(text),
            },
            Value::Number(_) => self.code(value),
            Value::Bool(flag) => self.flag(*flag),
            Value::Array(_) | Value::Object(_) => self.look(value, false, depth),
            Value::Null => {}
        }
    }

    /// What an envelope holds; a string in it may be a document itself.
    fn inside(&mut self, value: &Value, any: bool, depth: u8) {
        let inner = value.as_str().filter(|t| t.trim_start().starts_with(['{', '[']));
        match inner.and_then(|t| serde_json::from_str(t).ok()) {
            Some(document) => self.look(&document, any, depth),
            None => self.look(value, any, depth),
        }
        if value.is_string() && inner.is_none() {
            self.state(value, depth);
        }
    }

    /// An HTTP status that was put into the body.
    fn code(&mut self, value: &Value) {
        let text = value.as_str().map(|t| t.trim().parse().ok());
        match text.unwrap_or_else(|| value.as_u64()) {
            Some(409 | 422 | 500..=599) => self.add(SaidMark::Open),
            Some(400..=499) => self.add(SaidMark::Failed),
            Some(_) => {}
            None if value.as_i64().is_some_and(i64::is_negative) => self.trouble(true),
            None => {
                if let Some(SaidWord::Failed | SaidWord::Open) = value.as_str().map(words::word) {
                    self.word(value.as_str().unwrap_or_default());
                }
            }
        }
    }

    /// A word for a state, or several words that may hold one of trouble.
    fn phrase(&mut self, text: &str) {
        match words::word(text) {
            SaidWord::Other => self.trouble(trouble::speaks(text)),
            _ => self.word(text),
        }
    }

    fn trouble(&mut self, found: bool) {
        if found {
            self.add(SaidMark::Trouble);
        }
    }

    fn flag(&mut self, yes: bool) {
        self.add(if yes { SaidMark::Yes } else { SaidMark::Failed });
    }

    fn word(&mut self, text: &str) {
        match words::word(text) {
            SaidWord::Done => self.add(SaidMark::Done),
            SaidWord::Running => self.add(SaidMark::Running),
            SaidWord::Failed => self.add(SaidMark::Failed),
            SaidWord::Open => self.add(SaidMark::Open),
            SaidWord::Unheard => self.add(SaidMark::Unheard),
            SaidWord::Other => {}
        }
    }

    /// A failure in words that leave open whether something happened.
    fn doubt(&mut self, text: &str) {
        if words::leaves_open(text) {
            self.add(SaidMark::Open);
        }
    }
}

#[cfg(test)]
mod tests;
