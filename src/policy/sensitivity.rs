//! How eager the detectors are: three presets, each a line, and how much repetition counts.
//! They are data that people may argue about; how evidence is gathered lives in
//! `detect::series`.

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
    pub const fn series_line(self) -> f64 {
        match self {
            Self::Low => 33.0,
            Self::Normal | Self::High => 22.0,
        }
    }

    /// What a jump counts beside novelty: with little, a spike that comes again becomes a habit;
    /// with much, it stays an incident.
    pub const fn series_jump(self) -> f64 {
        match self {
            Self::Low | Self::Normal => 0.25,
            Self::High => 1.0,
        }
    }

    /// By how much each alarm of the last week (fading) raises the line.
    pub const fn series_fatigue(self) -> f64 {
        match self {
            Self::Low | Self::Normal => 0.1,
            Self::High => 0.0,
        }
    }
}

impl Sensitivity {
    /// Nats of evidence that open a case over segments (on generated days 17 nats gave about
    /// half a false incident per shop-week).
    pub const fn nats(self) -> f64 {
        match self {
            Self::Low => 22.0,
            Self::Normal => 17.0,
            Self::High => 13.0,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_lines_fall_with_sensitivity() {
        for preset in Sensitivity::ALL {
            assert_eq!(preset.name().parse(), Ok(preset));
            let json = serde_json::to_string(&preset).expect("json");
            assert_eq!(json, format!("\"{}\"", preset.name()));
        }
        assert!("medium".parse::<Sensitivity>().is_err());
        assert!(Sensitivity::Low.series_line() > Sensitivity::Normal.series_line());
        let eager = |s: Sensitivity| (s.series_jump(), -s.series_fatigue(), -s.series_line());
        assert!(eager(Sensitivity::Normal) < eager(Sensitivity::High));
    }
}
