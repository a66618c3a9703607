//! What counts as news about a case: severity, segments, suspect, verdicts, figures beyond 10 %.
//! Small wobbles are not news; the journal is for people.

use std::collections::BTreeSet;

use crate::domain::money::Range;
use crate::verdict::{Case, Verdict};

/// Figures that differ by more than this share are news.
const NEWS: f64 = 0.10;

/// True when a person would want to know that `old` became `new`.
pub fn is_news(old: &Case, new: &Case) -> bool {
    old.severity != new.severity
        || old.class != new.class
        || old.rule != new.rule
        || old.suspect.release != new.suspect.release
        || old.suspect.confidence != new.suspect.confidence
        || tied(old) != tied(new)
        || segments(old) != segments(new)
        || breaches(old) != breaches(new)
        || headline_moved(&old.headline, &new.headline)
        || range_moved(old.risk_per_minute, new.risk_per_minute)
        || range_moved(old.affected, new.affected)
        || range_moved(old.lost, new.lost)
}

/// The changes between which it is a tie; which of them leads is no news.
fn tied(case: &Case) -> BTreeSet<&str> {
    let tie = case.suspect.is_tie();
    case.suspect.candidates.iter().filter(|_| tie).map(|c| c.release.as_str()).collect()
}

/// A copy whose numbers can be written down: JSON has no NaN and no infinity.
pub fn writable(case: &Case) -> Case {
    let clean = |r: Option<Range>| r.map(|r| Range::new(r.low, r.high));
    let mut case = case.clone();
    for finding in &mut case.findings {
        finding.n = if finding.n.is_finite() { finding.n } else { 0.0 };
        finding.value = finding.value.filter(|v| v.is_finite());
        finding.baseline = finding.baseline.filter(|v| v.is_finite());
        finding.now = finding.now.filter(|v| v.is_finite());
    }
    case.risk_per_minute = clean(case.risk_per_minute);
    case.burned_per_minute = clean(case.burned_per_minute);
    case.lost = clean(case.lost);
    case.affected = clean(case.affected);
    case
}

fn segments(case: &Case) -> BTreeSet<String> {
    case.segments.iter().map(ToString::to_string).collect()
}

fn breaches(case: &Case) -> BTreeSet<(&str, String)> {
    let breach = case.findings.iter().filter(|f| f.verdict == Verdict::Breach);
    breach.map(|f| (f.guardrail.as_str(), f.segment.to_string())).collect()
}

/// Other words, or a number in them that moved by more than [`NEWS`].
fn headline_moved(old: &str, new: &str) -> bool {
    let ((old_words, old_figures), (new_words, new_figures)) = (figures(old), figures(new));
    old_words != new_words
        || old_figures.len() != new_figures.len()
        || old_figures.iter().zip(&new_figures).any(|(a, b)| moved(*a, *b))
}

fn range_moved(old: Option<Range>, new: Option<Range>) -> bool {
    match (old, new) {
        (Some(a), Some(b)) => moved(a.low, b.low) || moved(a.high, b.high),
        (None, None) => false,
        (Some(_), None) | (None, Some(_)) => true,
    }
}

fn moved(old: f64, new: f64) -> bool {
    let size = old.abs().max(new.abs());
    size > 0.0 && (old - new).abs() / size > NEWS
}

/// The text without its numbers, and the numbers.
fn figures(text: &str) -> (String, Vec<f64>) {
    let (mut words, mut figures, mut digits) = (String::new(), Vec::new(), String::new());
    for c in text.chars().chain(std::iter::once(' ')) {
        if c.is_ascii_digit() || (c == '.' && !digits.is_empty()) {
            digits.push(c);
            continue;
        }
        if !digits.is_empty() {
            match digits.trim_end_matches('.').parse() {
                Ok(figure) => figures.push(figure),
                Err(_) => words.push_str(&digits),
            }
            digits.clear();
        }
        words.push(c);
    }
    (words, figures)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_figures_beyond_a_tenth_are_news_in_a_headline() {
        let old = "Payment step 61.0% -> 18%";
        assert!(!headline_moved(old, "Payment step 60.2% -> 18.5%"));
        assert!(headline_moved(old, "Payment step 61.0% -> 14%"));
        assert!(headline_moved(old, "Checkout step 61.0% -> 18%"));
        assert!(headline_moved(old, "Payment step 61.0%"));
        assert!(!headline_moved("a 1.2.3 b", "a 1.2.3 b"));
    }
}
