//! What went wrong while asking a source, told as what to do about it, in words short enough for a
//! screen. Never holds an address, a header or a secret.

use crate::domain::time::Span;

/// A failed poll. `why` is one short plain line (`timeout connect`, `http 503`, `not JSON`).
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SourceError {
    /// Try again with backoff; `after` is the server's own wish (0..=3600 s) and wins.
    #[error("{why}")]
    Retry { why: String, after: Option<Span> },
    /// Asking again changes nothing: the config (address, path, query) must change.
    #[error("{why}")]
    GiveUp { why: String },
    /// Credentials are missing, wrong or lack a permission.
    #[error("{why}")]
    Denied { why: String },
    /// An answer came but it is not what this API speaks; the last good data ages.
    #[error("{why}")]
    Malformed { why: String },
    /// The server is there and says it is not ready yet.
    #[error("{why}")]
    Starting { why: String },
}

/// How the reasons begin that a smaller question may cure.
pub(crate) const TOO_LARGE: &str = "answer too large";
pub(crate) const TOO_SLOW: &str = "timeout total";

/// Words of servers that speak of a limit which a smaller question keeps: Prometheus, Thanos,
/// Mimir, VictoriaMetrics and what stands in front of them.
const HEAVY: [&str; 17] = [
    TOO_LARGE,
    "timeout",
    "timed out",
    "deadline exceeded",
    "too many samples",
    "too many points",
    "maximum resolution",
    "exceeded the maximum",
    "exceeds the maximum",
    "exceeded limit",
    "exceeds the limit",
    "exceeds -search",
    "cannot select more than",
    "number of matching timeseries exceeds",
    "series limit",
    "http 413",
    "http 504",
];

/// Longest text taken over from a server, in characters.
const WORDS: usize = 300;

impl SourceError {
    pub fn retry(why: impl Into<String>) -> Self {
        Self::Retry { why: why.into(), after: None }
    }

    pub fn give_up(why: impl Into<String>) -> Self {
        Self::GiveUp { why: why.into() }
    }

    pub fn denied(why: impl Into<String>) -> Self {
        Self::Denied { why: why.into() }
    }

    pub fn malformed(why: impl Into<String>) -> Self {
        Self::Malformed { why: why.into() }
    }

    pub fn why(&self) -> &str {
        match self {
            Self::Retry { why, .. }
            | Self::GiveUp { why }
            | Self::Denied { why }
            | Self::Malformed { why }
            | Self::Starting { why } => why,
        }
    }

    /// The server's own wish for the next question.
    pub fn after(&self) -> Option<Span> {
        match self {
            Self::Retry { after, .. } => *after,
            Self::GiveUp { .. }
            | Self::Denied { .. }
            | Self::Malformed { .. }
            | Self::Starting { .. } => None,
        }
    }

    /// True when a smaller question may work: the answer broke a limit of time or size, ours or the
    /// server's. Not so a connection that could not be made.
    pub fn is_heavy(&self) -> bool {
        let why = self.why().to_ascii_lowercase();
        !why.starts_with("timeout connect") && HEAVY.iter().any(|word| why.contains(word))
    }

    /// True when the server understood the question and cannot compute it over these windows;
    /// others may work (series that doubled for an hour).
    pub fn is_of_these_windows(&self) -> bool {
        let why = self.why().to_ascii_lowercase();
        why.contains("execution: ") || why.contains("refused: 422: ")
    }

    /// The same error in other words.
    #[must_use]
    pub fn reworded(mut self, other: impl FnOnce(&str) -> String) -> Self {
        match &mut self {
            Self::Retry { why, .. }
            | Self::GiveUp { why }
            | Self::Denied { why }
            | Self::Malformed { why }
            | Self::Starting { why } => *why = other(why),
        }
        self
    }
}

/// Server text as one line: control characters and runs of blanks become one blank, cut to 300
/// characters. What may be drawn is decided later by `domain::text`.
pub fn words(text: &str) -> String {
    let mut out = String::new();
    let mut blank = false;
    for c in text.chars().take(WORDS * 4) {
        if c.is_control() || c.is_whitespace() {
            blank = !out.is_empty();
            continue;
        }
        if std::mem::take(&mut blank) {
            out.push(' ');
        }
        out.push(c);
    }
    cut(&out, WORDS).to_owned()
}

/// The first `limit` characters.
pub fn cut(text: &str, limit: usize) -> &str {
    text.char_indices().nth(limit).map_or(text, |(at, _)| text.get(..at).unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_time_and_size_are_told_from_other_trouble() {
        for (why, heavy) in [
            ("timeout total (2 s)", true),
            ("timeout: query timed out in expression evaluation", true),
            ("query refused: execution: query processing would load too many samples", true),
            ("query refused: bad_data: exceeded maximum resolution of 11,000 points", true),
            ("query refused: 422: cannot select more than -search.maxSamplesPerQuery", true),
            ("execution: the query exceeded the maximum number of series (limit: 5)", true),
            ("http 504: upstream request timeout", true),
            ("timeout connect", false),
            ("connection refused", false),
            ("query refused: execution: found duplicate series for the match group", false),
            ("http 503: overloaded", false),
        ] {
            assert_eq!(SourceError::retry(why).is_heavy(), heavy, "{why}");
        }
        let twice = "query refused: execution: found duplicate series for the match group";
        assert!(SourceError::give_up(twice).is_of_these_windows());
        assert!(!SourceError::give_up("query refused: bad_data: parse").is_of_these_windows());
    }

    #[test]
    fn server_text_becomes_one_short_line() {
        assert_eq!(words("  a\n\tb\u{1b}[31m  c "), "a b [31m c");
        assert_eq!(words(&"é".repeat(900)).chars().count(), 300);
    }
}
