//! What people say of an alarm once its incident is over: was it right to raise it? The names stand
//! in records and documents; what is counted from them is `report::review`.

use serde::{Deserialize, Serialize};

/// Whether an alarm was right.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmTruth {
    True,
    False,
    Unsure,
}

impl AlarmTruth {
    pub const ALL: [Self; 3] = [Self::True, Self::False, Self::Unsure];

    /// Its name in records, documents and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::True => "true",
            Self::False => "false",
            Self::Unsure => "unsure",
        }
    }

    /// By its name or the beginning of it.
    pub fn from_typed(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        Self::ALL.into_iter().find(|t| !text.is_empty() && t.name().starts_with(&text))
    }

    /// `a true alarm`
    pub const fn words(self) -> &'static str {
        match self {
            Self::True => "a true alarm",
            Self::False => "a false alarm",
            Self::Unsure => "not sure whether the alarm was right",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_known_by_its_name_and_by_its_first_letter() {
        for truth in AlarmTruth::ALL {
            let told = serde_json::to_string(&truth).expect("a name");
            assert_eq!(told, format!("\"{}\"", truth.name()));
            assert_eq!(AlarmTruth::from_typed(truth.name()), Some(truth));
            assert_eq!(AlarmTruth::from_typed(&truth.name()[..1].to_uppercase()), Some(truth));
        }
        assert_eq!(AlarmTruth::from_typed(" "), None);
        assert_eq!(AlarmTruth::from_typed("maybe"), None);
    }
}
