//! Ranges of money and of counts: an estimate is always a range, never a single proud number.
//! How an estimate is made lives in `detect`; how it is written lives in `present`.

use serde::{Deserialize, Serialize};

/// A closed range of an estimate; `low <= high`, both finite.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Range {
    pub low: f64,
    pub high: f64,
}

/// A range of money in major units (euros, not cents) of an ISO 4217 currency.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct MoneyRange {
    pub low: f64,
    pub high: f64,
    pub currency: String,
}

impl Range {
    /// Orders the two ends; anything not finite becomes zero.
    pub fn new(a: f64, b: f64) -> Self {
        let clean = |x: f64| if x.is_finite() { x } else { 0.0 };
        let (a, b) = (clean(a), clean(b));
        Self { low: a.min(b), high: a.max(b) }
    }

    pub fn plus(self, other: Self) -> Self {
        Self { low: self.low + other.low, high: self.high + other.high }
    }

    pub fn times(self, factor: f64) -> Self {
        Self::new(self.low * factor, self.high * factor)
    }

    pub fn in_currency(self, currency: &str) -> MoneyRange {
        MoneyRange { low: self.low, high: self.high, currency: currency.to_owned() }
    }
}
