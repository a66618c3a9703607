//! JMESPath expressions, compiled once. Plain paths (`a.b[0]`, `@`, `'literal'`) are walked over
//! the parsed document directly; everything else goes through the JMESPath engine, which copies.

use std::borrow::Cow;

use serde_json::Value;

use crate::source::error::{SourceError, words};

/// A compiled expression.
#[derive(Debug)]
pub struct Expr {
    /// Reads the outer element (`^.`) instead of the row.
    outer: bool,
    how: How,
}

#[derive(Debug)]
enum How {
    Literal(Value),
    Walk(Vec<PathStep>),
    Engine(Box<jmespath::Expression<'static>>),
}

#[derive(Debug, PartialEq)]
enum PathStep {
    Key(String),
    Index(usize),
}

/// A row and the element of `each` it came from.
#[derive(Clone, Copy, Debug)]
pub struct JsonRow<'a> {
    pub here: &'a Value,
    pub outer: &'a Value,
}

impl Expr {
    /// # Errors
    /// [`SourceError::GiveUp`] with the expression when it is not JMESPath.
    pub fn compile(text: &str) -> Result<Self, SourceError> {
        let (outer, text) = match text.strip_prefix("^.") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let how = match (literal(text), plain(text)) {
            (Some(value), _) => How::Literal(value),
            (None, Some(steps)) => How::Walk(steps),
            (None, None) => How::Engine(Box::new(jmespath::compile(text).map_err(|e| {
                let reason = words(&e.reason.to_string());
                SourceError::give_up(format!("expression {}: {reason}", words(text)))
            })?)),
        };
        Ok(Self { outer, how })
    }

    /// # Errors
    /// As [`Expr::compile`].
    pub fn optional(text: Option<&String>) -> Result<Option<Self>, SourceError> {
        text.map(|t| Self::compile(t)).transpose()
    }

    /// The value, or `None` where the row has nothing or null.
    pub fn get<'a>(&'a self, row: JsonRow<'a>) -> Option<Cow<'a, Value>> {
        self.find(if self.outer { row.outer } else { row.here }).filter(|v| !v.is_null())
    }

    /// As [`Expr::get`] on one value, but null stays null: `None` only where there is nothing.
    pub fn find<'a>(&'a self, value: &'a Value) -> Option<Cow<'a, Value>> {
        match &self.how {
            How::Literal(literal) => Some(Cow::Borrowed(literal)),
            How::Walk(steps) => steps
                .iter()
                .try_fold(value, |at, step| match step {
                    PathStep::Key(key) => at.get(key),
                    PathStep::Index(index) => at.get(index),
                })
                .map(Cow::Borrowed),
            How::Engine(engine) => {
                let variable = jmespath::Variable::from_serializable(value).ok()?;
                let found = engine.search(variable).ok()?;
                serde_json::to_value(&*found).ok().map(Cow::Owned)
            }
        }
    }

    /// `Some(None)` for the document itself, `Some(key)` for one key of it, else `None`.
    pub fn single_key(&self) -> Option<Option<&str>> {
        match &self.how {
            How::Walk(steps) if !self.outer => match &steps[..] {
                [] => Some(None),
                [PathStep::Key(key)] => Some(Some(key)),
                _ => None,
            },
            _ => None,
        }
    }

    /// The value as text: strings as they are, numbers and booleans written out.
    pub fn text(&self, row: JsonRow<'_>) -> Option<String> {
        match self.get(row)?.as_ref() {
            Value::String(s) => Some(s.clone()),
            Value::Number(n) => Some(n.to_string()),
            Value::Bool(b) => Some(b.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// The value as a number: numbers, numbers in strings, true as 1. Not a number stays NaN.
    pub fn number(&self, row: JsonRow<'_>) -> Option<f64> {
        number(self.get(row)?.as_ref())
    }
}

/// See [`Expr::number`].
pub fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(n) => n.as_f64(),
        Value::String(s) => Some(s.trim().parse().unwrap_or(f64::NAN)),
        Value::Bool(b) => Some(f64::from(u8::from(*b))),
        Value::Array(_) | Value::Object(_) => Some(f64::NAN),
        Value::Null => None,
    }
}

fn literal(text: &str) -> Option<Value> {
    let inner = text.strip_prefix('\'')?.strip_suffix('\'')?;
    (!inner.contains(['\'', '\\'])).then(|| Value::String(inner.to_owned()))
}

/// `@`, `a`, `a.b`, `a[0].b`; `None` for anything that needs the engine.
fn plain(text: &str) -> Option<Vec<PathStep>> {
    let text = text.trim();
    if text == "@" {
        return Some(Vec::new());
    }
    let mut steps = Vec::new();
    for part in text.split('.') {
        let (name, indexes) = part.split_at(part.find('[').unwrap_or(part.len()));
        if !is_name(name) {
            return None;
        }
        steps.push(PathStep::Key(name.to_owned()));
        if indexes.is_empty() {
            continue;
        }
        for index in indexes.strip_prefix('[')?.strip_suffix(']')?.split("][") {
            steps.push(PathStep::Index(index.parse().ok()?));
        }
    }
    Some(steps)
}

fn is_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn plain_paths_agree_with_the_engine() {
        let doc = json!({"a": {"b": [1, {"c": "x"}], "n": null}, "_z9": true});
        for text in ["@", "a", "a.b", "a.b[0]", "a.b[1].c", "_z9", "a.n", "a.b[7]", "q.r"] {
            let fast = Expr::compile(text).expect(text);
            assert!(matches!(fast.how, How::Walk(_)), "{text}");
            let slow = jmespath::compile(text).expect(text);
            let slow = slow.search(jmespath::Variable::from_serializable(&doc).expect("doc"));
            let slow = serde_json::to_value(&*slow.expect(text)).expect("value");
            let row = JsonRow { here: &doc, outer: &doc };
            assert_eq!(fast.get(row).map_or(Value::Null, Cow::into_owned), slow, "{text}");
        }
        for text in ["a.b[?c=='x']", "length(a.b)", "a || b", "\"a-b\"", "a.b[-1]", "a.b[]"] {
            assert!(matches!(Expr::compile(text).expect(text).how, How::Engine(_)), "{text}");
        }
        assert!(Expr::compile("a.[").is_err());
    }

    #[test]
    fn values_as_text_and_numbers() {
        let (doc, outer) = (json!({"s": "0.11", "n": 3, "t": true, "w": "NaN"}), json!({"k": 5}));
        let row = JsonRow { here: &doc, outer: &outer };
        let number = |text| Expr::compile(text).expect(text).number(row);
        assert_eq!((number("s"), number("n"), number("t")), (Some(0.11), Some(3.0), Some(1.0)));
        assert!(number("w").is_some_and(f64::is_nan) && number("gone").is_none());
        let text = |text| Expr::compile(text).expect(text).text(row);
        assert_eq!(text("n").as_deref(), Some("3"));
        assert_eq!(text("'checkout'").as_deref(), Some("checkout"));
        assert_eq!(text("^.k").as_deref(), Some("5"));
    }
}
