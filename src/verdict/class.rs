//! What kind of trouble a case is, with the name that stands in stored records and in the key of a
//! case: a name is never changed, whatever the variant is called.

use serde::{Deserialize, Serialize};

/// What kind of trouble a case is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Speed or errors.
    Regression,
    /// A journey or region is down.
    Availability,
    /// The funnel lost shoppers without a speed cause.
    Conversion,
    /// The measuring broke, not the shop; also blindness.
    Telemetry,
    /// Paid traffic pays back later.
    Efficiency,
    /// Orders come, or cost, as no demand explains: prices, coupons, doubles, automated buying.
    Surge,
}

impl Class {
    /// Its name in records, in documents and in the key of a case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Regression => "regression",
            Self::Availability => "availability",
            Self::Conversion => "conversion",
            Self::Telemetry => "telemetry",
            Self::Efficiency => "efficiency",
            Self::Surge => "surge",
        }
    }
}
