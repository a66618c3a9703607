//! One HTTP answer as plain data, and what its status and headers mean. Live answers and recorded
//! ones go through the same functions. No IO here.

use std::collections::BTreeMap;

use chrono::DateTime;
use serde::Deserialize;

use crate::domain::time::{Span, Timestamp};

use super::error::{SourceError, words};

/// Longest Retry-After that is honoured.
const RETRY_CAP: i64 = 300;
/// Longest wait for a rate limit's reset.
const RESET_CAP: i64 = 3600;

/// Status, headers (names in lower case, several values joined by `, `) and unpacked body.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct HttpAnswer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl HttpAnswer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The server's `Date`.
    pub fn date(&self) -> Option<Timestamp> {
        http_date(self.header("date")?)
    }

    /// Server clock minus ours; positive means the server is ahead.
    pub fn skew(&self, now: Timestamp) -> Option<Span> {
        self.date().map(|date| date.since(now))
    }

    /// What the server asks us to wait: Retry-After in seconds or as a date minus its own `Date`,
    /// clamped to 0..=300 s. Text, negative numbers and dates without `Date` count as absent.
    pub fn retry_after(&self) -> Option<Span> {
        let text = self.header("retry-after")?.trim();
        let secs = match text.parse::<u64>() {
            Ok(secs) => i64::try_from(secs).unwrap_or(RETRY_CAP),
            Err(e) if *e.kind() == std::num::IntErrorKind::PosOverflow => RETRY_CAP,
            Err(_) => http_date(text)?.since(self.date()?).secs(),
        };
        Some(Span::from_secs(secs.clamp(0, RETRY_CAP)))
    }

    /// The same wish as it was given, in whole seconds, for people and for what they send; a year
    /// at most. A date is measured by the server's own `Date`, else by `now`.
    pub fn wish(&self, now: Timestamp) -> Option<u64> {
        const YEAR: u64 = 365 * 86_400;
        let text = self.header("retry-after")?.trim();
        let secs = match text.parse::<u64>() {
            Ok(secs) => secs,
            Err(e) if *e.kind() == std::num::IntErrorKind::PosOverflow => YEAR,
            Err(_) => {
                let left = http_date(text)?.since(self.date().unwrap_or(now)).secs();
                u64::try_from(left).unwrap_or(0)
            }
        };
        Some(secs.min(YEAR))
    }

    /// Time until the rate limit's window ends when nothing of it is left (`x-ratelimit-remaining`
    /// 0, `x-ratelimit-reset` in unix seconds, measured by the server's own `Date`).
    pub fn exhausted(&self) -> Option<Span> {
        let left: u64 = self.header("x-ratelimit-remaining")?.trim().parse().ok()?;
        let reset: i64 = self.header("x-ratelimit-reset")?.trim().parse().ok()?;
        let now = self.date().map_or(reset.saturating_sub(60), Timestamp::secs);
        (left == 0).then(|| Span::from_secs(reset.saturating_sub(now).clamp(1, RESET_CAP)))
    }

    /// The body as text without a byte order mark.
    ///
    /// # Errors
    /// [`SourceError::Malformed`] unless the whole body is UTF-8.
    pub fn text(&self) -> Result<&str, SourceError> {
        let text = std::str::from_utf8(&self.body).map_err(|e| {
            SourceError::malformed(format!("not UTF-8 at byte {}", e.valid_up_to()))
        })?;
        Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
    }

    /// The body as text that may be JSON.
    ///
    /// # Errors
    /// [`SourceError::Denied`] for a page of HTML (a sign-in page with status 200), else
    /// [`SourceError::Malformed`] for an empty body or one of another type.
    pub fn json(&self) -> Result<&str, SourceError> {
        self.no_page()?;
        let text = self.text()?;
        let kind = self.header("content-type").unwrap_or_default();
        match text.trim_start().chars().next() {
            None => Err(SourceError::malformed("empty answer")),
            Some('{' | '[') => Ok(text),
            Some(_) if kind.contains("json") => Err(SourceError::malformed("not a JSON document")),
            Some(_) => Err(SourceError::malformed(format!("not JSON ({})", words(kind)))),
        }
    }

    /// # Errors
    /// [`SourceError::Denied`] when the answer is HTML.
    pub fn no_page(&self) -> Result<(), SourceError> {
        let kind = self.header("content-type").unwrap_or_default();
        let html = kind.contains("html") || self.body.trim_ascii_start().starts_with(b"<");
        if html { Err(SourceError::denied("login page (HTML instead of data)")) } else { Ok(()) }
    }

    /// Judges the status; 2xx passes.
    ///
    /// # Errors
    /// What to do about any other status: try again, wait, give up.
    pub fn check(&self) -> Result<(), SourceError> {
        let told = self.told();
        let why = match &told {
            Some(text) => format!("http {}: {text}", self.status),
            None => format!("http {}", self.status),
        };
        match self.status {
            200..=299 => Ok(()),
            304 => Err(SourceError::malformed("http 304 to a question that was not conditional")),
            300..=399 => Err(SourceError::give_up(self.moved())),
            403 | 429 if self.exhausted().is_some() || self.limited() => {
                let after = self.retry_after().or_else(|| self.exhausted());
                Err(SourceError::Retry { why: format!("rate limit, {why}"), after })
            }
            401 | 403 | 407 => Err(SourceError::denied(why)),
            408 | 425 | 429 | 500..=599 => {
                Err(SourceError::Retry { why, after: self.retry_after() })
            }
            400..=499 => Err(SourceError::give_up(why)),
            _ => Err(SourceError::malformed(why)),
        }
    }

    fn limited(&self) -> bool {
        self.header("retry-after").is_some()
    }

    fn moved(&self) -> String {
        let place = self.header("location").and_then(|l| url::Url::parse(l).ok());
        match place.as_ref().and_then(url::Url::host_str) {
            Some(host) => format!("moved to host {}: change the url", words(host)),
            None => format!("http {}: moved, change the url", self.status),
        }
    }

    /// The server's own words in an error body: a JSON message or the start of a plain text.
    pub fn told(&self) -> Option<String> {
        let text = self.text().ok()?;
        let kind = self.header("content-type").unwrap_or_default();
        if kind.contains("html") || text.trim_start().starts_with('<') {
            return None;
        }
        let told = match serde_json::from_str::<ToldError>(text) {
            Ok(told) => told.message.or(told.error).or(told.detail).unwrap_or_default(),
            Err(_) => serde_json::from_str::<String>(text).unwrap_or_else(|_| text.to_owned()),
        };
        let told = words(&told);
        (!told.is_empty()).then_some(told)
    }
}

#[derive(Deserialize)]
struct ToldError {
    #[serde(default, deserialize_with = "text_or_nothing")]
    message: Option<String>,
    #[serde(default, deserialize_with = "text_or_nothing")]
    error: Option<String>,
    #[serde(default, deserialize_with = "text_or_nothing")]
    detail: Option<String>,
}

fn text_or_nothing<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    let value = serde_json::Value::deserialize(d)?;
    Ok(match value {
        serde_json::Value::String(s) => Some(s),
        serde_json::Value::Null => None,
        other => other.get("message").and_then(|m| m.as_str()).map(str::to_owned),
    })
}

/// An HTTP date (`Sun, 06 Nov 1994 08:49:37 GMT`).
pub fn http_date(text: &str) -> Option<Timestamp> {
    DateTime::parse_from_rfc2822(text.trim())
        .ok()
        .map(|t| Timestamp::from_millis(t.timestamp_millis()))
}

#[cfg(test)]
mod tests;
