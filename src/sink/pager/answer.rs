//! What a sink's answer means. A message says nothing that must not be said twice, so the status
//! alone decides; what it said is kept for people.

use crate::domain::time::Timestamp;
use crate::incident::event::Outcome;
use crate::sink::webhook::plain::plain;
use crate::sink::wire::ReceivedAnswer;

/// Characters of an answer that are kept.
const KEPT: usize = 300;

/// By status; a page in place of an answer, as a sign-in page would be, is no yes.
pub fn judge(told: &ReceivedAnswer, now: Timestamp) -> Outcome {
    let status = told.answer.status;
    let detail: String = plain(&told.words).trim().chars().take(KEPT).collect();
    let retry_after_s = told.answer.wish(now);
    let unknown = |detail| Outcome::Unknown { detail, status, retry_after_s, run_id: None };
    match status {
        200..=299 if is_page(told) => {
            unknown(format!("http {status}: a page instead of an answer"))
        }
        200..=299 => Outcome::Accepted { status, detail },
        300..=399 => {
            let detail = "a redirect, which is not followed".to_owned();
            Outcome::Refused { status, detail, retry_after_s: None }
        }
        400..=499 if ![408, 409, 425].contains(&status) => {
            Outcome::Refused { status, detail, retry_after_s }
        }
        _ => unknown(format!("http {status}: {detail}")),
    }
}

fn is_page(told: &ReceivedAnswer) -> bool {
    let kind = told.answer.header("content-type").unwrap_or_default().to_lowercase();
    let start = told.words.trim_start().to_lowercase();
    let marked = start.starts_with("<!doctype html") || start.starts_with("<html");
    marked || (kind.contains("html") && start.starts_with('<'))
}
