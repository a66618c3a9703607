//! One question in parts, by the values of one label: a matcher is written into every selector of
//! its expression. Only where the parts together are surely the whole; elsewhere there are none.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::source::assemble::SeriesLine;
use crate::source::query::Labels;

/// How often each value of each label comes in the answers to a question.
pub type LabelShares = BTreeMap<String, BTreeMap<String, usize>>;

/// Labels that parts must not tell apart: one histogram needs all its buckets.
const WHOLE: [&str; 2] = ["le", "__name__"];
/// Values of one label that are remembered.
const VALUES: usize = 4000;

/// Words that take a bracket and no selector.
const LISTS: [&str; 2] = ["by", "without"];
/// Words whose result a matcher inside could change.
const CHANGERS: [&str; 17] = [
    "absent",
    "absent_over_time",
    "bottomk",
    "count_values",
    "group_left",
    "group_right",
    "ignoring",
    "info",
    "label_join",
    "label_replace",
    "limit_ratio",
    "limitk",
    "on",
    "scalar",
    "topk",
    "vector",
    "present_over_time",
];
/// Words that stand between operands.
const OPERATORS: [&str; 8] = ["and", "or", "unless", "bool", "offset", "atan2", "inf", "nan"];
/// Words that may stand before their grouping instead of their bracket.
const AGGREGATES: [&str; 9] =
    ["sum", "avg", "min", "max", "count", "group", "stddev", "stdvar", "quantile"];

/// Counts the values of the labels of an answer.
pub fn shares(lines: &[SeriesLine]) -> LabelShares {
    let mut shares = LabelShares::new();
    for line in lines {
        for (label, value) in &line.labels {
            if WHOLE.contains(&label.as_str()) {
                continue;
            }
            let values = shares.entry(label.clone()).or_default();
            if values.len() < VALUES || values.contains_key(value) {
                *values.entry(value.clone()).or_default() += 1;
            }
        }
    }
    shares
}

/// Matchers that part the answers into about `count` groups of one size and one for whatever is not
/// known yet; none when no label tells them apart.
pub fn matchers(shares: &LabelShares, count: usize) -> Option<Vec<String>> {
    let largest = |values: &BTreeMap<String, usize>| {
        let all: usize = values.values().sum();
        let most = values.values().max().copied().unwrap_or(0);
        most * 1000 / all.max(1)
    };
    let telling = shares.iter().filter(|(_, values)| values.len() > 1);
    let (label, values) = telling.min_by_key(|(_, values)| largest(values))?;
    let mut groups: Vec<(usize, Vec<&str>)> = vec![(0, Vec::new()); count.min(values.len())];
    let mut sorted: Vec<(&String, &usize)> = values.iter().filter(|(v, _)| !v.is_empty()).collect();
    sorted.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    for (value, n) in sorted {
        if let Some(group) = groups.iter_mut().min_by_key(|g| g.0) {
            group.0 += n;
            group.1.push(value);
        }
    }
    groups.retain(|(_, values)| !values.is_empty());
    let all: Vec<&str> = values.keys().map(String::as_str).filter(|v| !v.is_empty()).collect();
    let known = groups.iter().map(|(_, values)| format!("{label}=~{}", pattern(values)));
    Some(known.chain([format!("{label}!~{}", pattern(&all))]).collect())
}

/// A quoted PromQL pattern that matches these values and nothing else.
fn pattern(values: &[&str]) -> String {
    let mut out = String::from("\"");
    for (i, value) in values.iter().enumerate() {
        if i > 0 {
            out.push('|');
        }
        for c in value.chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\n' => out.push_str("\\n"),
                '\\' => out.push_str("\\\\\\\\"),
                '.' | '+' | '*' | '?' | '(' | ')' | '|' | '[' | ']' | '{' | '}' | '^' | '$' => {
                    write!(out, "\\\\{c}").ok();
                }
                c => out.push(c),
            }
        }
    }
    out.push('"');
    out
}

/// `expr` with `matcher` in each of its selectors; none where the parts might not add up.
pub fn narrowed(expr: &str, matcher: &str) -> Option<String> {
    let mut out = String::with_capacity(expr.len() + matcher.len() + 8);
    let mut rest = expr;
    let mut selectors = 0;
    while let Some(c) = rest.chars().next() {
        let taken = match c {
            '"' | '\'' | '`' => quoted(rest, c)?,
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '[' => rest.find(']')? + 1,
            '{' => {
                selectors += 1;
                out.push('{');
                out.push_str(matcher);
                let end = braces(rest)?;
                let inner = rest.get(1..end - 1)?.trim();
                if !inner.is_empty() {
                    out.push(',');
                    out.push_str(inner);
                }
                out.push('}');
                rest = rest.get(end..)?;
                continue;
            }
            '$' => 1 + word(rest.get(1..)?),
            '0'..='9' | '.' => number(rest),
            c if c.is_ascii_alphabetic() || c == '_' || c == ':' => {
                let length = word(rest);
                let (name, after) = rest.split_at(length);
                let taken = named(name, after)?;
                out.push_str(rest.get(..taken)?);
                rest = rest.get(taken..)?;
                if taken == length && is_selector(name, after) {
                    selectors += 1;
                    write!(out, "{{{matcher}}}").ok()?;
                }
                continue;
            }
            c => c.len_utf8(),
        };
        out.push_str(rest.get(..taken)?);
        rest = rest.get(taken..)?;
    }
    (selectors > 0).then_some(out)
}

/// The first selector of an expression, as it stands.
pub fn first_selector(expr: &str) -> Option<PromSelector> {
    const MARK: &str = "tillwatch_mark=\"\"";
    let marked = narrowed(expr, MARK)?;
    let at = marked.find(&format!("{{{MARK}"))?;
    let (before, rest) = marked.split_at(at);
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let name = before.rsplit(|c: char| !part(c)).next().unwrap_or_default();
    let end = braces(rest)?;
    let inner = rest.get(1 + MARK.len()..end - 1)?.trim_start_matches(',').trim();
    Some(PromSelector { name: name.to_owned(), inner: inner.to_owned() })
}

/// How far to copy from a word: with the list of labels that belongs to it. None where the word
/// changes what a matcher means.
fn named(name: &str, after: &str) -> Option<usize> {
    let lower = name.to_ascii_lowercase();
    let opens = after.trim_start().starts_with('(');
    if CHANGERS.contains(&lower.as_str()) && opens {
        return None;
    }
    if LISTS.contains(&lower.as_str()) && opens {
        return Some(name.len() + after.find(')')? + 1);
    }
    Some(name.len())
}

/// A metric's name without braces of its own; with them the braces are the selector.
fn is_selector(name: &str, after: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let next = after.trim_start().chars().next();
    let grouped = LISTS.iter().any(|list| after.trim_start().starts_with(list));
    let aggregates = AGGREGATES.contains(&lower.as_str()) && grouped;
    !matches!(next, Some('(' | '{')) && !OPERATORS.contains(&lower.as_str()) && !aggregates
}

fn word(text: &str) -> usize {
    text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':')).unwrap_or(text.len())
}

/// Numbers and durations: `1e-3`, `0x1f`, `5m30s`, `.5`.
fn number(text: &str) -> usize {
    let mut last = ' ';
    text.find(|c: char| {
        let sign = matches!(c, '+' | '-') && matches!(last, 'e' | 'E');
        last = c;
        !(c.is_ascii_alphanumeric() || c == '.' || c == '_' || sign)
    })
    .unwrap_or(text.len())
}

/// The length of a quoted text with its quotes.
fn quoted(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' if quote != '`' => escaped = true,
            c if c == quote => return Some(at + c.len_utf8()),
            _ => {}
        }
    }
    None
}

/// The length of `{...}`.
fn braces(text: &str) -> Option<usize> {
    let mut at = 1;
    while let Some(c) = text.get(at..)?.chars().next() {
        match c {
            '}' => return Some(at + 1),
            '"' | '\'' | '`' => at += quoted(text.get(at..)?, c)?,
            c => at += c.len_utf8(),
        }
    }
    None
}

/// One selector of a question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PromSelector {
    pub name: String,
    pub inner: String,
}

impl PromSelector {
    pub(super) fn whole(&self) -> String {
        if self.inner.is_empty() && !self.name.is_empty() {
            return self.name.clone();
        }
        format!("{}{{{}}}", self.name, self.inner)
    }

    /// The series with exactly these labels.
    pub(super) fn of(&self, labels: &Labels) -> String {
        let quoted =
            |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let plain = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let mut parts = vec![self.inner.clone()];
        parts.retain(|p| !p.is_empty());
        for (name, value) in labels.iter().filter(|(name, _)| *name != "__name__") {
            let value = quoted(value);
            parts.push(if plain(name) {
                format!("{name}=\"{value}\"")
            } else {
                format!("\"{}\"=\"{value}\"", quoted(name))
            });
        }
        format!("{}{{{}}}", self.name, parts.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matcher_goes_into_every_selector_and_nowhere_else() {
        let m = "page=~\"a|b\"";
        for (expr, want) in [
            ("increase(x_bucket[$window])", "increase(x_bucket{M}[$window])"),
            (
                "sum by (le, page) (rate(x{a=\"}\"}[5m]))",
                "sum by (le, page) (rate(x{M,a=\"}\"}[5m]))",
            ),
            ("sum(rate(x[5m])) by (page) * $window_s", "sum(rate(x{M}[5m])) by (page) * $window_s"),
            ("{__name__=~'x.*',}", "{M,__name__=~'x.*',}"),
            ("a + b offset 5m / 1e-3 # c(d)", "a{M} + b{M} offset 5m / 1e-3 # c(d)"),
            (
                "max_over_time(rate(x:y_total[1m])[1h:5m])",
                "max_over_time(rate(x:y_total{M}[1m])[1h:5m])",
            ),
            ("count without (i) (x == bool 1)", "count without (i) (x{M} == bool 1)"),
            ("x @ end() or on_hold", "x{M} @ end() or on_hold{M}"),
            ("histogram_quantile(0.9, x{})", "histogram_quantile(0.9, x{M})"),
        ] {
            assert_eq!(narrowed(expr, m).as_deref(), Some(want.replace('M', m).as_str()), "{expr}");
        }
    }

    #[test]
    fn where_parts_might_not_add_up_there_are_none() {
        for expr in [
            "label_replace(x, \"page\", \"$1\", \"path\", \"(.*)\")",
            "topk(5, x)",
            "a / on (page) b",
            "a * ignoring(page) group_left b",
            "x or vector(0)",
            "absent(x)",
            "scalar(sum(x)) * y",
            "x{a=\"open",
            "1 + 2",
        ] {
            assert_eq!(narrowed(expr, "page=\"a\""), None, "{expr}");
        }
    }

    #[test]
    fn groups_are_even_quoted_and_leave_nothing_out() {
        let line = |page: &str, le: &str| SeriesLine {
            labels: [("page", page), ("le", le), ("job", "rum")]
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .into(),
            ..SeriesLine::default()
        };
        let mut lines = Vec::new();
        for page in ["a.b", "c\"d", "e", "", "f\\g"] {
            lines.extend(["1", "2", "+Inf"].map(|le| line(page, le)));
        }
        let shares = shares(&lines);
        assert!(!shares.contains_key("le"));
        let two = matchers(&shares, 2).expect("pages differ");
        assert_eq!(two.len(), 3);
        assert_eq!(two[2], r#"page!~"a\\.b|c\"d|e|f\\\\g""#);
        let all: usize = two[..2].iter().map(|m| m.split('|').count()).sum();
        assert_eq!(all, 4);
        assert_eq!(matchers(&super::shares(&lines[..3]), 2), None, "one page alone");
    }
}
