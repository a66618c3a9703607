//! The text format of /metrics: Prometheus 0.0.4 and OpenMetrics, read tolerantly line by line.
//! A line that cannot be read is counted and skipped; it never spoils the rest.

use std::collections::BTreeMap;

use crate::domain::time::Timestamp;
use crate::source::error::cut;
use crate::source::query::{LABEL, Labels};

/// Most samples taken of one page.
const SAMPLES: usize = 50_000;
/// Numbers below this are seconds: as milliseconds they would be of 1973.
const SECONDS: f64 = 1e11;
/// Most labels of one sample.
const LABELS: usize = 64;

/// One sample.
#[derive(Clone, PartialEq, Debug)]
pub struct Sample {
    pub name: String,
    pub labels: Labels,
    pub value: f64,
    /// When the sender says it was measured; most leave it to the reader.
    pub at: Option<Timestamp>,
}

/// What a page says.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ExpositionPage {
    pub samples: Vec<Sample>,
    pub unread: usize,
    pub dropped: usize,
}

/// Reads a page. Comments, HELP, TYPE and UNIT lines and exemplars are passed over.
pub fn read(text: &str) -> ExpositionPage {
    let mut page = ExpositionPage::default();
    for line in text.lines() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if page.samples.len() >= SAMPLES {
            page.dropped += 1;
            continue;
        }
        match sample(line) {
            Some(sample) => page.samples.push(sample),
            None => page.unread += 1,
        }
    }
    page
}

fn sample(line: &str) -> Option<Sample> {
    let end = line.find(|c: char| c == '{' || c.is_whitespace())?;
    let (name, rest) = line.split_at(end);
    let (mut labels, rest) = match rest.strip_prefix('{') {
        Some(inside) => labels(inside)?,
        None => (Labels::new(), rest),
    };
    // A UTF-8 name stands quoted among the labels.
    let name = if name.is_empty() { labels.remove("__name__")? } else { name.to_owned() };
    let mut words = rest.split_whitespace();
    let value = number(words.next()?)?;
    let at = words.next().and_then(stamp);
    Some(Sample { name, labels, value, at })
}

/// Milliseconds (Prometheus) or seconds (OpenMetrics) since 1970; anything else is no time.
fn stamp(text: &str) -> Option<Timestamp> {
    let number: f64 = text.parse().ok().filter(|n: &f64| n.is_finite() && *n > 0.0)?;
    let millis = if number < SECONDS { number * 1000.0 } else { number };
    (millis < 1e15).then(|| Timestamp::from_millis(millis.round() as i64))
}

/// Numbers of Go and JavaScript exporters: `NaN`, `Nan`, `+Inf`, `1e-09`.
pub fn number(text: &str) -> Option<f64> {
    text.parse().ok().or_else(|| text.eq_ignore_ascii_case("nan").then_some(f64::NAN))
}

/// Reads `name="value",...}`; gives the labels and what follows the brace.
fn labels(text: &str) -> Option<(Labels, &str)> {
    let mut labels = BTreeMap::new();
    let mut rest = text.trim_start();
    loop {
        if let Some(after) = rest.strip_prefix('}') {
            return Some((labels, after));
        }
        let (name, after) = if let Some(quoted) = rest.strip_prefix('"') {
            let (mut name, after) = quoted_text(quoted)?;
            let mut after = after.trim_start();
            if let Some(unequal) = after.strip_prefix("!=") {
                name.push('!'); // of a selector
                after = unequal;
            } else if let Some(equal) = after.strip_prefix('=') {
                after = equal;
            } else {
                labels.insert("__name__".to_owned(), name);
                rest = separator(after)?;
                continue;
            }
            (name, after)
        } else {
            let (name, after) = rest.split_once('=')?;
            (name.trim().to_owned(), after)
        };
        let (value, after) = quoted_text(after.trim_start().strip_prefix('"')?)?;
        if labels.len() >= LABELS {
            return None;
        }
        labels.insert(name, cut(&value, LABEL).to_owned());
        rest = separator(after)?;
    }
}

fn separator(text: &str) -> Option<&str> {
    let text = text.trim_start();
    match text.strip_prefix(',') {
        Some(after) => Some(after.trim_start()),
        None => text.starts_with('}').then_some(text),
    }
}

/// Text up to the closing quote with `\\`, `\"` and `\n` undone.
fn quoted_text(text: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((out, text.get(at + 1..)?)),
            '\\' => match chars.next()?.1 {
                'n' => out.push('\n'),
                other => out.push(other),
            },
            other => out.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_odd_numbers_and_timestamps_are_read() {
        let text = "# HELP a b\n# TYPE a counter\na{x=\"q\\\"\\\\\\n,}\",y = \"2\" ,} 1e-09 \
                    1795207945107\n\
                    b Nan\nc{le=\"+Inf\"} +Inf # {trace=\"1\"} 2 3\n\
                    broken{x=\"\n\n{\"d.e\",f=\"g\"} -3\n\
                    g{} 5\nh\n# EOF\n";
        let page = read(text);
        let seen: Vec<_> = page.samples.iter().map(|s| (s.name.as_str(), s.value)).collect();
        assert_eq!(seen[0], ("a", 1e-9));
        assert!(seen[1].0 == "b" && seen[1].1.is_nan());
        assert_eq!(seen[2..], [("c", f64::INFINITY), ("d.e", -3.0), ("g", 5.0)]);
        assert_eq!(page.samples[0].labels["x"], "q\"\\\n,}");
        assert_eq!(page.samples[0].labels["y"], "2");
        assert_eq!(page.samples[3].labels["f"], "g");
        assert_eq!(page.unread, 2);
        let told = page.samples[0].at;
        assert_eq!(told, Some(Timestamp::from_millis(1_795_207_945_107)));
        assert_eq!((page.samples[1].at, page.samples[2].at), (None, None));
    }
}
