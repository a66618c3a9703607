//! Just enough CSV: records of raw fields (quotes kept), and the two field types of a series.
//! Borrowing only; a line is a record whatever its quotes say, so one broken quote costs one row.

use chrono::{DateTime, NaiveDate, NaiveDateTime};

use crate::domain::time::Timestamp;

/// Records of a text: fields as written, quotes included, blank lines skipped.
pub struct Records<'a>(&'a str);

impl<'a> Records<'a> {
    pub const fn new(text: &'a str) -> Self {
        Self(text)
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Vec<&'a str>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0 = self.0.trim_start_matches(['\r', '\n']);
        if self.0.is_empty() {
            return None;
        }
        let (record, rest) = self.0.split_once('\n').unwrap_or((self.0, ""));
        self.0 = rest;
        let mut left = record.strip_suffix('\r').unwrap_or(record);
        let mut fields = Vec::with_capacity(2);
        loop {
            let before = left.len();
            let (field, rest) = cut(left);
            fields.push(field);
            // a trailing comma means one more, empty, field
            if field.len() == before {
                return Some(fields);
            }
            left = rest;
        }
    }
}

/// Splits at the first comma outside quotes, dropping it.
fn cut(text: &str) -> (&str, &str) {
    let mut quoted = false;
    for (i, c) in text.char_indices() {
        if c == '"' {
            quoted = !quoted;
        } else if !quoted && c == ',' {
            return (&text[..i], &text[i + 1..]);
        }
    }
    (text, "")
}

/// A field without blanks and its outer quotes.
pub fn bare(field: &str) -> &str {
    let field = field.trim();
    let inner = field.strip_prefix('"').and_then(|f| f.strip_suffix('"'));
    inner.unwrap_or(field).trim()
}

/// `YYYY-MM-DD HH:MM:SS` or ISO 8601 with `T`, optional fraction, `Z` or offset; UTC without one.
pub fn timestamp(text: &str) -> Option<Timestamp> {
    let zoned = ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z"];
    let local =
        ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"];
    if let Some(naive) = local.iter().find_map(|f| NaiveDateTime::parse_from_str(text, f).ok()) {
        return Some(naive.and_utc().into());
    }
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return day.and_hms_opt(0, 0, 0).map(|t| t.and_utc().into());
    }
    if let Ok(t) = DateTime::parse_from_rfc3339(text) {
        return Some(t.to_utc().into());
    }
    let parsed = zoned.iter().find_map(|f| DateTime::parse_from_str(text, f).ok());
    parsed.map(|t| t.to_utc().into())
}
