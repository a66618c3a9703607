//! What an answer means: accepted, refused, or nobody knows. A refusal is said only where the
//! receiver said so and nothing hints at an earlier request under the same key.

use serde_json::Value;

use crate::domain::time::Timestamp;
use crate::incident::event::Outcome;
use crate::sink::config::Success;
use crate::sink::says::{self, SaidMark, Says};
use crate::sink::wire::ReceivedAnswer;
use crate::source::error::SourceError;
use crate::source::http_json::path::{Expr, number};

use super::plain::plain;
use super::status::Status;

/// Longest id of a run that is believed to be one.
const RUN_ID: usize = 200;

/// What counts as accepted when the config says it, and where an answer names its run.
#[derive(Debug, Default)]
pub struct SuccessRule {
    status: Vec<u16>,
    test: Option<Test>,
    run_id: Option<Expr>,
}

#[derive(Debug)]
struct Test {
    path: Expr,
    text: String,
    equals: Option<Value>,
}

impl SuccessRule {
    /// # Errors
    /// [`SourceError::GiveUp`] naming the key of `success` that cannot work.
    pub fn new(success: Option<&Success>, run_id: Option<&str>) -> Result<Self, SourceError> {
        let run_id = match run_id {
            Some(text) => Some(
                Expr::compile(text).map_err(|e| SourceError::give_up(format!("run_id: {e}")))?,
            ),
            None => None,
        };
        let Some(success) = success else { return Ok(Self { run_id, ..Self::default() }) };
        let wrong = |why: &str| Err(SourceError::give_up(format!("success.{why}")));
        if success.status.iter().any(|s| !(200..=599).contains(s)) {
            return wrong("status: each one is from 200 to 599");
        }
        if success.status.is_empty() && success.path.is_none() {
            return wrong("status or success.path must be there");
        }
        let test = match (&success.path, &success.equals) {
            (None, Some(_)) => return wrong("equals needs a path"),
            (None, None) => None,
            (Some(text), equals) => {
                let path = Expr::compile(text)
                    .map_err(|e| SourceError::give_up(format!("success.path: {e}")))?;
                Some(Test { path, text: text.clone(), equals: equals.clone() })
            }
        };
        Ok(Self { status: success.status.clone(), test, run_id })
    }

    /// The receiver's own id of what it began, when its answer tells one.
    fn run(&self, body: &[u8]) -> Option<String> {
        let document = serde_json::from_slice::<Value>(body).ok()?;
        let found = self.run_id.as_ref()?.find(&document)?;
        let id = match &*found {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        let usable = !id.is_empty() && id.len() <= RUN_ID && !id.contains(char::is_control);
        usable.then_some(id)
    }

    fn counts(&self, status: u16) -> bool {
        let any = self.status.is_empty() && (200..=299).contains(&status);
        any || self.status.contains(&status)
    }
}

impl Test {
    fn holds(&self, body: &[u8]) -> bool {
        let Ok(document) = serde_json::from_slice::<Value>(body) else { return false };
        let found = self.path.find(&document);
        let found = found.as_deref().unwrap_or(&Value::Null);
        match &self.equals {
            Some(Value::Array(all)) => all.iter().any(|want| same(want, found)),
            Some(want) => same(want, found),
            None => match found {
                Value::Null | Value::Bool(false) => false,
                Value::Bool(true) | Value::Number(_) => true,
                Value::String(text) => !text.is_empty(),
                Value::Array(all) => !all.is_empty(),
                Value::Object(all) => !all.is_empty(),
            },
        }
    }
}

fn same(want: &Value, found: &Value) -> bool {
    let both = (want.is_number() && found.is_number()).then(|| (number(want), number(found)));
    want == found || both.is_some_and(|(a, b)| a == b)
}

/// How the body of an answer reads.
enum AnswerBody {
    Empty,
    /// HTML or XML, most often a sign-in page.
    Page,
    /// Bytes that are no text, or JSON that ends before it is over.
    Unreadable(&'static str),
    Says(Says),
}

fn body(told: &ReceivedAnswer) -> AnswerBody {
    let answer = &told.answer;
    let kind = answer.header("content-type").unwrap_or_default().to_lowercase();
    let bytes = answer.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&answer.body);
    let Ok(text) = std::str::from_utf8(bytes) else {
        return AnswerBody::Unreadable("an answer that is no text");
    };
    let text = text.trim();
    let odd = |c: char| c.is_control() && !c.is_whitespace();
    match text.chars().next() {
        None if told.whole => AnswerBody::Empty,
        None => AnswerBody::Unreadable("the answer broke off"),
        Some('<') => AnswerBody::Page,
        Some(_) if kind.contains("html") && !is_answer(text) => AnswerBody::Page,
        Some(_) if text.contains(odd) => AnswerBody::Unreadable("an answer that is no text"),
        Some('{' | '[' | '"') => match serde_json::from_str(text) {
            Ok(value) => AnswerBody::Says(says::json(&value)),
            Err(_) if told.whole => AnswerBody::Unreadable("JSON that cannot be read"),
            Err(_) => AnswerBody::Unreadable("the answer broke off"),
        },
        Some(_) => AnswerBody::Says(says::text(text)),
    }
}

/// Some receivers call everything HTML: a document or a single word for a state is no page.
fn is_answer(text: &str) -> bool {
    let state = says::text(text);
    serde_json::from_str::<Value>(text).is_ok()
        || (!text.contains(' ')
            && state.any(&[SaidMark::Done, SaidMark::Running, SaidMark::Failed]))
}

/// By status and body; `now` stands in for a missing `Date`.
pub fn judge(told: &ReceivedAnswer, rule: &SuccessRule, now: Timestamp) -> Outcome {
    let (status, detail) = (told.answer.status, plain(&told.words));
    let run_id = rule.run(&told.answer.body);
    let retry_after_s = told.answer.wish(now);
    let accepted = |detail| Outcome::Accepted { status, detail };
    let refused = |detail| Outcome::Refused { status, detail, retry_after_s };
    let unknown = |why: &str| Outcome::Unknown {
        detail: joined(&format!("http {status}"), why, &detail),
        status,
        retry_after_s,
        run_id: run_id.clone(),
    };
    let body = body(told);
    match (&rule.test, status) {
        _ if rule.counts(status) && !rule.status.is_empty() && rule.test.is_none() => match body {
            AnswerBody::Says(says) if says.only_failed() => refused(detail),
            AnswerBody::Says(says) if !says.no_harm() => unknown(OPEN),
            AnswerBody::Page if is_html(told) => unknown(PAGE),
            AnswerBody::Empty
            | AnswerBody::Page
            | AnswerBody::Unreadable(_)
            | AnswerBody::Says(_) => accepted(detail),
        },
        (Some(test), _) if rule.counts(status) => match body {
            _ if test.holds(&told.answer.body) => accepted(detail),
            AnswerBody::Says(says) if says.only_failed() => refused(detail),
            AnswerBody::Page => unknown(PAGE),
            AnswerBody::Empty | AnswerBody::Unreadable(_) | AnswerBody::Says(_) => {
                unknown(&format!("it does not hold what success.path asks for ({})", test.text))
            }
        },
        (_, 200..=299) if !rule.counts(status) => {
            unknown("a status that success.status does not name")
        }
        (_, 200..=299) => match body {
            AnswerBody::Empty => accepted(detail),
            AnswerBody::Page => unknown(PAGE),
            AnswerBody::Unreadable(why) => unknown(why),
            AnswerBody::Says(says) if says.no_harm() => accepted(detail),
            AnswerBody::Says(says)
                if says.only_failed()
                    || (says.has(SaidMark::Unheard) && !says.has(SaidMark::Open)) =>
            {
                refused(detail)
            }
            AnswerBody::Says(_) => unknown(OPEN),
        },
        (_, 409 | 422) => unknown(KEY),
        (_, 400 | 401 | 403 | 404 | 405 | 410 | 412 | 429) if of_the_key(&told.words) => {
            unknown(KEY)
        }
        (_, 400 | 401 | 403 | 404 | 405 | 410 | 412 | 429) => refused(detail),
        (_, 300..=399) => unknown("redirect not followed"),
        _ => unknown(""),
    }
}

const PAGE: &str = "a page instead of an answer, as a sign-in page would be";
const OPEN: &str = "its words leave open what was done";
const KEY: &str = "the receiver may know this request from before";

fn is_html(told: &ReceivedAnswer) -> bool {
    let kind = told.answer.header("content-type").unwrap_or_default().to_lowercase();
    let start: Vec<u8> = told.answer.body.iter().take(512).map(u8::to_ascii_lowercase).collect();
    let start = String::from_utf8_lossy(&start);
    kind.contains("html") || start.contains("<!doctype html") || start.contains("<html")
}

/// A refusal that speaks of the key, whatever its status: the request may have been here before.
fn of_the_key(detail: &str) -> bool {
    let detail = detail.to_lowercase();
    detail.contains("idempot") || detail.contains("duplicate")
}

fn joined(what: &str, why: &str, detail: &str) -> String {
    let parts = [what, why, detail.trim()];
    let parts: Vec<&str> = parts.into_iter().filter(|p| !p.is_empty()).collect();
    parts.join(": ")
}

/// What an answer of `status_url` means.
pub fn told(told: &ReceivedAnswer) -> Status {
    let detail = plain(&told.words);
    let status = told.answer.status;
    let none =
        |why: &str| Status::NoAnswer { detail: joined(&format!("http {status}"), why, &detail) };
    match (status, body(told)) {
        (404 | 410, _) => Status::NotKnown,
        (200..=299, AnswerBody::Says(says)) => {
            let (goes, failed) =
                (says.any(&[SaidMark::Done, SaidMark::Running]), says.has(SaidMark::Failed));
            let trouble = says.has(SaidMark::Trouble);
            if says.has(SaidMark::Open) || (goes && (failed || trouble)) {
                none(OPEN)
            } else if failed {
                Status::Failed { detail }
            } else if says.has(SaidMark::Running) {
                Status::Running { detail }
            } else if says.has(SaidMark::Done) {
                Status::Done { detail }
            } else if says.has(SaidMark::Unheard) {
                Status::NotKnown
            } else {
                none(OPEN)
            }
        }
        (200..=299, AnswerBody::Page) => none(PAGE),
        (200..=299, AnswerBody::Unreadable(why)) => none(why),
        _ => none(""),
    }
}
