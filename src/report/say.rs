//! Instants, lengths, counts and money as the documents write them. UTC, English, decimal point.
//! What is not known is said as that, never as zero.

use crate::domain::money::{MoneyRange, Range};
use crate::domain::time::{Span, Timestamp};

pub const UNKNOWN: &str = "not known";

/// `2026-11-18 10:02:00Z`
pub fn when(at: Timestamp) -> String {
    at.utc().format("%Y-%m-%d %H:%M:%SZ").to_string()
}

pub fn when_if(at: Option<Timestamp>, none: &str) -> String {
    at.map_or_else(|| none.to_owned(), when)
}

/// `45s`, `4m12s`, `1h30m`, `3d04h`; with a sign where it is negative.
pub fn length(span: Span) -> String {
    let s = span.secs().unsigned_abs();
    let sign = if span < Span::ZERO { "-" } else { "" };
    match s {
        0..60 => format!("{sign}{s}s"),
        60..3600 => format!("{sign}{}m{:02}s", s / 60, s % 60),
        3600..86_400 => format!("{sign}{}h{:02}m", s / 3600, s % 3600 / 60),
        _ => format!("{sign}{}d{:02}h", s / 86_400, s % 86_400 / 3600),
    }
}

pub fn length_if(span: Option<Span>) -> String {
    span.map_or_else(|| UNKNOWN.to_owned(), length)
}

/// `1,204`; without decimals.
pub fn count(n: f64) -> String {
    if !n.is_finite() {
        return UNKNOWN.to_owned();
    }
    let digits = (n.abs().round() as u64).to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    if n.round() < 0.0 { format!("-{out}") } else { out }
}

/// `400 to 600`; one number where both ends read alike.
pub fn range(range: Range) -> String {
    let (low, high) = (count(range.low), count(range.high));
    if low == high { low } else { format!("{low} to {high}") }
}

pub fn range_if(it: Option<Range>) -> String {
    it.map_or_else(|| UNKNOWN.to_owned(), range)
}

/// `EUR 400 to 600`
pub fn money(it: &MoneyRange) -> String {
    format!("{} {}", it.currency, range(Range::new(it.low, it.high)))
}

/// `62 %`
pub fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// A state by its name in documents, without underscores.
pub fn name(value: &impl serde::Serialize) -> String {
    let name = serde_json::to_value(value).ok();
    let name = name.as_ref().and_then(|n| n.as_str()).map(|n| n.replace('_', " "));
    name.unwrap_or_else(|| UNKNOWN.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_as_people_write_them() {
        assert_eq!(count(1_234_567.4), "1,234,567");
        assert_eq!(count(-1_000.0), "-1,000");
        assert_eq!(count(999.0), "999");
        assert_eq!(count(f64::NAN), UNKNOWN);
        assert_eq!(range(Range::new(400.0, 600.0)), "400 to 600");
        assert_eq!(range(Range::new(4.1, 4.2)), "4");
        assert_eq!(length(Span::from_secs(-65)), "-1m05s");
        assert_eq!(length(Span::from_mins(90)), "1h30m");
        assert_eq!(length(Span::from_hours(76)), "3d04h");
        assert_eq!(when(Timestamp::from_secs(0)), "1970-01-01 00:00:00Z");
    }
}
