//! How eager the univariate detector is: three presets, each one evidence line.
//! The lines are data that people may argue about; how evidence is gathered lives in `detect::series`.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The `[detect] sensitivity` setting and `--sensitivity`; `high` alarms more.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Sensitivity {
    Low,
    #[default]
    Normal,
    High,
}

impl Sensitivity {
    pub const ALL: [Self; 3] = [Self::Low, Self::Normal, Self::High];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
        }
    }

    /// The evidence at which an incident opens (score 0.5), in the units of `detect::series`:
    /// about the product of "as novel as its worst memories" and "this many robust deviations".
    pub const fn line(self) -> f64 {
        match self {
            Self::Low => 54.0,
            Self::Normal => 36.0,
            Self::High => 21.5,
        }
    }
}

impl FromStr for Sensitivity {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|p| p.name() == s.trim());
        found.ok_or_else(|| format!("`{s}` is no sensitivity; write low, normal or high"))
    }
}
