//! Problems of a config: file, line, key, what is wrong, what to write instead.
//! All problems are collected and shown at once; none of them carries a secret's value.

use std::fmt;
use std::path::PathBuf;

/// How bad a problem is: an error stops the start, a warning is shown.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Level {
    Error,
    Warning,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    pub level: Level,
    pub file: PathBuf,
    /// 1-based; 0 when no place is known.
    pub line: usize,
    /// The key as a person would look for it: `source[2].url`.
    pub key: String,
    pub message: String,
    pub hint: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Error => "error",
            Level::Warning => "warning",
        };
        write!(
            f,
            "{}:{}: {level}: {}: {}",
            self.file.display(),
            self.line,
            self.key,
            self.message
        )?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, "\n    {hint}"))
    }
}

/// Line (1-based) of a byte offset.
pub fn line_of(text: &str, offset: usize) -> usize {
    let end = offset.min(text.len());
    let newlines = text.bytes().take(end).filter(|b| *b == b'\n');
    newlines.fold(1, |line, _| line + 1)
}

/// `did you mean ...` out of the names a serde message lists behind "expected".
pub fn suggestion(message: &str) -> Option<String> {
    meant(message).map(|name| format!("did you mean `{name}`?"))
}

/// The name that was likely meant.
pub fn meant(message: &str) -> Option<&str> {
    let mut names = message.split('`').skip(1).step_by(2);
    let given = names.next()?;
    if !message.starts_with("unknown") {
        return None;
    }
    let near = names
        .map(|name| (strsim::damerau_levenshtein(given, name), name))
        .filter(|(distance, name)| *distance <= name.len().max(given.len()) / 2)
        .min()?;
    Some(near.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_gets_the_near_name() {
        let message = "unknown field `ulr`, expected one of `url`, `every`, `name`";
        assert_eq!(suggestion(message).as_deref(), Some("did you mean `url`?"));
        assert_eq!(suggestion("missing field `url`"), None);
        assert_eq!(suggestion("unknown field `zzzzzzzz`, expected `url`"), None);
    }
}
