//! Which samples a query means: a family name and label conditions, `name{env="prod",code!="200"}`.
//! A name that needs quoting stands inside: `{"http.orders", env="prod"}`. Only equality; anything
//! cleverer belongs into a Prometheus.

use crate::source::error::{SourceError, words};
use crate::source::query::Labels;

use super::text::{Sample, read};

/// A parsed selector.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Selector {
    pub name: String,
    equal: Labels,
    unequal: Labels,
}

impl Selector {
    /// # Errors
    /// [`SourceError::GiveUp`] with the selector when it cannot be read.
    pub fn parse(text: &str) -> Result<Self, SourceError> {
        let fail = || {
            let text = words(text);
            SourceError::give_up(format!("selector {text}: write name{{label=\"value\"}}"))
        };
        let text = text.trim();
        let (name, inside) = text.split_once('{').unwrap_or((text, "}"));
        let name = name.trim();
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '.');
        if !name.chars().all(good) {
            return Err(fail());
        }
        // A condition is a label with the operator left at the end of its name.
        let line = format!("x{{{inside} 0");
        let page = read(&line);
        let mut sample = page.samples.into_iter().next().ok_or_else(fail)?;
        let inner = sample.labels.remove("__name__");
        let name = match (name, inner) {
            ("", Some(inner)) if !inner.is_empty() => inner,
            (name, None) if !name.is_empty() => name.to_owned(),
            _ => return Err(fail()),
        };
        let mut selector = Self { name, ..Self::default() };
        for (label, value) in sample.labels {
            match label.strip_suffix('!') {
                Some(label) => selector.unequal.insert(label.trim().to_owned(), value),
                None => selector.equal.insert(label, value),
            };
        }
        Ok(selector)
    }

    /// True when a sample's name is this family's name with `suffix` and all conditions hold.
    pub fn takes(&self, sample: &Sample, suffix: &str) -> bool {
        let label = |name: &String| sample.labels.get(name).map_or("", String::as_str);
        sample.name.strip_suffix(suffix) == Some(self.name.as_str())
            && self.equal.iter().all(|(name, value)| label(name) == value)
            && self.unequal.iter().all(|(name, value)| label(name) != value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_and_conditions_select() {
        let selector =
            Selector::parse("http_total{env=\"prod\", code!=\"200\"}").expect("selector");
        let page = read(
            "http_total{env=\"prod\",code=\"500\"} 1\nhttp_total{env=\"prod\",code=\"200\"} 1\n\
             http_total{env=\"dev\",code=\"500\"} 1\nhttp_total_bucket{env=\"prod\"} 1\n",
        );
        let taken: Vec<bool> = page.samples.iter().map(|s| selector.takes(s, "")).collect();
        assert_eq!(taken, [true, false, false, false]);
        assert!(selector.takes(&page.samples[3], "_bucket"));
        for bad in ["", "rate(x[5m])", "x{y}", "x{y=1}", "sum by (a) (b)"] {
            assert!(Selector::parse(bad).is_err(), "{bad}");
        }
    }
}
