//! `[shop]`: what the shop earns and where: currency, order value, the templates that carry
//! revenue, exposure shares, and the assumed price of slowness. Facts of the shop, no arithmetic.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::segment::Dim;

/// The `[shop]` section, as far as judging needs it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShopExposure {
    /// The name on every screen.
    #[serde(default)]
    pub name: String,
    /// ISO 4217.
    #[serde(default = "eur")]
    pub currency: String,
    /// Money per order in major units; used until revenue and orders have been seen together.
    #[serde(default)]
    pub average_order_value: Option<f64>,
    /// IANA zone of business hours and calendar deadlines.
    #[serde(default = "utc")]
    pub time_zone: String,
    /// Path of an iCalendar file with public holidays, beside the config: not learnt from.
    #[serde(default)]
    pub holidays: Option<String>,
    /// Templates whose degradation costs revenue directly.
    #[serde(default)]
    pub high_value_templates: Vec<String>,
    /// Share of revenue (or traffic) per value of a dimension; learnt from orders when left out.
    #[serde(default)]
    pub exposure: BTreeMap<Dim, BTreeMap<String, f64>>,
    /// Share of conversions lost per 100 ms of added waiting: `[low, high]`.
    #[serde(default = "speed_loss")]
    pub speed_loss_per_100ms: [f64; 2],
    /// Share of the shoppers who meet an error that is lost: `[low, high]`.
    #[serde(default = "error_loss")]
    pub error_loss: [f64; 2],
}

impl Default for ShopExposure {
    fn default() -> Self {
        Self {
            name: String::new(),
            currency: eur(),
            average_order_value: None,
            time_zone: utc(),
            holidays: None,
            high_value_templates: Vec::new(),
            exposure: BTreeMap::new(),
            speed_loss_per_100ms: speed_loss(),
            error_loss: error_loss(),
        }
    }
}

fn eur() -> String {
    "EUR".to_owned()
}

fn utc() -> String {
    "UTC".to_owned()
}

/// Upper end: "Milliseconds make millions" (Deloitte and Google, 2020), retail: 8.4 % more
/// conversions for 100 ms saved. Lower end: nothing, because a given shop may differ.
fn speed_loss() -> [f64; 2] {
    [0.0, 0.084]
}

fn error_loss() -> [f64; 2] {
    [0.2, 1.0]
}
