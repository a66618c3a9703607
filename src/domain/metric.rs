//! What is measured: the table of metrics with unit, kind and the direction that is bad.
//! Names follow web-vitals; retired names map to their successors with a warning; those
//! of a shop's own live in `own`.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::measure::MetricRow;
pub use super::measure::{Bad, Kind};
use super::own::{self, Declared};

/// A metric of the shop.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Metric {
    Lcp,
    Inp,
    Cls,
    Fcp,
    Ttfb,
    Tbt,
    PageLoad,
    PageLoadSuccess,
    JsErrorRate,
    UserErrorRate,
    ApiSuccess,
    CrashRate,
    PageViews,
    Sessions,
    AddToCart,
    CheckoutStart,
    PaymentTry,
    Orders,
    Revenue,
    EdgeRequests,
    ConversionRate,
    AddToCartRate,
    CheckoutRate,
    PaymentRate,
    OrderRate,
    OrdersPerVisit,
    OrderValue,
    CacPayback,
    CheckSuccess,
    CheckDuration,
    BeaconLag,
    OrphanShare,
    PersonalData,
    ServiceRequests,
    ServiceErrorRate,
    ServiceLatency,
    ServiceCpu,
    ServiceMemory,
    ServicePool,
    ServiceQueue,
    ServiceRestarts,
    /// One of a shop's own, by its row in [`own`].
    Own(u8),
}

const fn row(
    metric: Metric,
    name: &'static str,
    label: &'static str,
    unit: &'static str,
    shape: (Kind, Bad),
) -> (Metric, MetricRow) {
    (metric, MetricRow { name, label, unit, kind: shape.0, bad: shape.1 })
}

const DIST_UP: (Kind, Bad) = (Kind::Dist, Bad::Up);
const RATIO_UP: (Kind, Bad) = (Kind::Ratio, Bad::Up);
const RATIO_DOWN: (Kind, Bad) = (Kind::Ratio, Bad::Down);
const COUNT_DOWN: (Kind, Bad) = (Kind::Count, Bad::Down);

const GAUGE_UP: (Kind, Bad) = (Kind::Gauge, Bad::Up);

/// The table. Units: `ms`, `ratio` (0..=1; of CPU time 1 is one core or the limit), `count`,
/// `score` (CLS), `money`, `days`, `bytes`.
pub const TABLE: [(Metric, MetricRow); 41] = [
    row(Metric::Lcp, "lcp", "LCP", "ms", DIST_UP),
    row(Metric::Inp, "inp", "INP", "ms", DIST_UP),
    row(Metric::Cls, "cls", "CLS", "score", DIST_UP),
    row(Metric::Fcp, "fcp", "FCP", "ms", DIST_UP),
    row(Metric::Ttfb, "ttfb", "TTFB", "ms", DIST_UP),
    row(Metric::Tbt, "tbt", "TBT", "ms", DIST_UP),
    row(Metric::PageLoad, "page_load", "page load", "ms", DIST_UP),
    row(Metric::PageLoadSuccess, "page_load_success", "page load success", "ratio", RATIO_DOWN),
    row(Metric::JsErrorRate, "js_error_rate", "JS errors", "ratio", RATIO_UP),
    row(Metric::UserErrorRate, "user_error_rate", "users with errors", "ratio", RATIO_UP),
    row(Metric::ApiSuccess, "api_success", "API success", "ratio", RATIO_DOWN),
    row(Metric::CrashRate, "crash_rate", "crashes", "ratio", RATIO_UP),
    row(Metric::PageViews, "page_views", "page views", "count", (Kind::Count, Bad::Both)),
    row(Metric::Sessions, "sessions", "sessions", "count", COUNT_DOWN),
    row(Metric::AddToCart, "add_to_cart", "add to cart", "count", COUNT_DOWN),
    row(Metric::CheckoutStart, "checkout_start", "checkout start", "count", COUNT_DOWN),
    row(Metric::PaymentTry, "payment_try", "payment tries", "count", COUNT_DOWN),
    row(Metric::Orders, "orders", "orders", "count", COUNT_DOWN),
    row(Metric::Revenue, "revenue", "revenue", "money", COUNT_DOWN),
    row(Metric::EdgeRequests, "edge_requests", "edge requests", "count", COUNT_DOWN),
    row(Metric::ConversionRate, "conversion_rate", "conversion", "ratio", RATIO_DOWN),
    row(Metric::AddToCartRate, "add_to_cart_rate", "add-to-cart step", "ratio", RATIO_DOWN),
    row(Metric::CheckoutRate, "checkout_rate", "checkout step", "ratio", RATIO_DOWN),
    row(Metric::PaymentRate, "payment_rate", "payment step", "ratio", RATIO_DOWN),
    row(Metric::OrderRate, "order_rate", "order step", "ratio", RATIO_DOWN),
    row(Metric::OrdersPerVisit, "orders_per_visit", "orders per visit", "ratio", RATIO_UP),
    row(Metric::OrderValue, "order_value", "order value", "money", (Kind::Gauge, Bad::Down)),
    row(Metric::CacPayback, "cac_payback", "CAC payback", "days", (Kind::Gauge, Bad::Up)),
    row(Metric::CheckSuccess, "check_success", "synthetic check", "ratio", RATIO_DOWN),
    row(Metric::CheckDuration, "check_duration", "check duration", "ms", (Kind::Gauge, Bad::Up)),
    row(Metric::BeaconLag, "beacon_lag", "beacon lag", "ms", (Kind::Gauge, Bad::Up)),
    row(Metric::OrphanShare, "orphan_share", "orphan share", "ratio", RATIO_UP),
    row(Metric::PersonalData, "personal_data", "personal data", "count", (Kind::Count, Bad::Up)),
    row(Metric::ServiceRequests, "service_requests", "service requests", "count", COUNT_DOWN),
    row(Metric::ServiceErrorRate, "service_error_rate", "service errors", "ratio", RATIO_UP),
    row(Metric::ServiceLatency, "service_latency", "service latency", "ms", DIST_UP),
    row(Metric::ServiceCpu, "service_cpu", "CPU", "ratio", GAUGE_UP),
    row(Metric::ServiceMemory, "service_memory", "memory", "bytes", GAUGE_UP),
    row(Metric::ServicePool, "service_pool", "pool in use", "count", GAUGE_UP),
    row(Metric::ServiceQueue, "service_queue", "queue", "count", GAUGE_UP),
    row(Metric::ServiceRestarts, "service_restarts", "restarts", "count", (Kind::Count, Bad::Up)),
];

impl Metric {
    /// The funnel steps as ratios of one count to the count before it, in order.
    pub const STEPS: [(Self, Self, Self); 4] = [
        (Self::AddToCartRate, Self::AddToCart, Self::Sessions),
        (Self::CheckoutRate, Self::CheckoutStart, Self::AddToCart),
        (Self::PaymentRate, Self::PaymentTry, Self::CheckoutStart),
        (Self::OrderRate, Self::Orders, Self::PaymentTry),
    ];

    /// The counts that a ratio is made of; none for what is measured itself.
    pub fn parts(self) -> Option<(Self, Self)> {
        let whole = [
            (Self::ConversionRate, Self::Orders, Self::Sessions),
            (Self::OrdersPerVisit, Self::Orders, Self::Sessions),
            (Self::OrderValue, Self::Revenue, Self::Orders),
        ];
        let all = Self::STEPS.into_iter().chain(whole);
        all.into_iter().find(|step| step.0 == self).map(|(_, hits, trials)| (hits, trials))
    }

    pub fn row(self) -> &'static MetricRow {
        if let Self::Own(index) = self {
            // Nobody has one without a row: it is made by adding the row.
            return own::row(index).unwrap_or(&TABLE[0].1);
        }
        // The table lists every variant; a test holds that, so the fallback is never taken.
        TABLE.iter().find(|r| r.0 == self).map_or(&TABLE[0].1, |r| &r.1)
    }

    pub fn name(self) -> &'static str {
        self.row().name
    }

    pub fn kind(self) -> Kind {
        self.row().kind
    }

    /// It tells how well is measured, not how the shop does (RUM guide, F4 to F7).
    pub const fn is_about_measuring(self) -> bool {
        matches!(self, Self::BeaconLag | Self::OrphanShare | Self::PersonalData)
    }

    /// It tells of one service and needs its name (the dimension `service`).
    pub const fn is_of_service(self) -> bool {
        matches!(
            self,
            Self::ServiceRequests
                | Self::ServiceErrorRate
                | Self::ServiceLatency
                | Self::ServiceCpu
                | Self::ServiceMemory
                | Self::ServicePool
                | Self::ServiceQueue
                | Self::ServiceRestarts
        )
    }

    /// What a service uses up, and how much is asked of it: it joins a case that is there, and
    /// opens none.
    pub const RESOURCES: [Self; 6] = [
        Self::ServiceRestarts,
        Self::ServicePool,
        Self::ServiceQueue,
        Self::ServiceMemory,
        Self::ServiceCpu,
        Self::ServiceRequests,
    ];

    /// Finds a metric by its name. Retired names are accepted: `fid` is INP, `tti` is TBT.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::built_in(name).or_else(|| own::metric(name).map(Self::Own))
    }

    /// One of the program's own table.
    pub fn built_in(name: &str) -> Option<Self> {
        let name = retired(name).unwrap_or(name);
        TABLE.iter().find(|r| r.1.name == name).map(|r| r.0)
    }

    /// Adds one of a shop's own, or says anew what the one of this name is.
    ///
    /// # Errors
    /// Why the name cannot be taken.
    pub fn declare(own: &Declared) -> Result<Self, String> {
        let name = own.name.as_str();
        if Self::built_in(name).is_some() {
            return Err(format!("`{name}` is a metric of the program; choose another name"));
        }
        own::declare(own).map(Self::Own)
    }
}

/// The successor of a retired metric name (FID and TTI left web-vitals and Lighthouse).
pub fn retired(name: &str) -> Option<&'static str> {
    match name {
        "fid" => Some("inp"),
        "tti" => Some("tbt"),
        _ => None,
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Metric {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Metric {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let name = String::deserialize(d)?;
        Self::from_name(&name).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "unknown metric `{name}`; `tillwatch schema` lists them"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_has_one_row_and_reads_back() {
        for (metric, row) in &TABLE {
            assert_eq!(Metric::from_name(row.name), Some(*metric));
            assert_eq!(metric.row(), row);
        }
    }
}
