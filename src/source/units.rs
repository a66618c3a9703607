//! Units as sources declare them, their factor to a metric's own unit, and the gate of plausible
//! values: what lies outside is flagged, never corrected.

use serde::{Deserialize, Deserializer, de::Error};

use crate::domain::metric::Metric;
use crate::domain::observation::Value;
use crate::domain::segment::{Dim, DimValue, Segment};

/// The unit a query's numbers come in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    S,
    Ms,
    Us,
    Ns,
    Ratio,
    Percent,
    Count,
    /// Unitless, as CLS.
    Score,
    /// Major units: euros.
    Money,
    /// Minor units: cents.
    Cents,
    Days,
    Bytes,
}

/// Each unit with its name in the config.
pub const UNITS: [(Unit, &str); 12] = [
    (Unit::S, "s"),
    (Unit::Ms, "ms"),
    (Unit::Us, "us"),
    (Unit::Ns, "ns"),
    (Unit::Ratio, "ratio"),
    (Unit::Percent, "percent"),
    (Unit::Count, "count"),
    (Unit::Score, "score"),
    (Unit::Money, "money"),
    (Unit::Cents, "cents"),
    (Unit::Days, "days"),
    (Unit::Bytes, "bytes"),
];

impl<'de> Deserialize<'de> for Unit {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let name = String::deserialize(d)?;
        let known = UNITS.iter().find(|(_, known)| *known == name).map(|(unit, _)| *unit);
        known.ok_or_else(|| D::Error::custom(unknown(&name)))
    }
}

/// What somebody who wrote another word meant.
fn unknown(name: &str) -> String {
    let lower = name.trim().to_lowercase();
    let meant = match lower.as_str() {
        "second" | "seconds" | "sec" | "secs" => Some("`s`"),
        "millisecond" | "milliseconds" | "millis" | "msec" => Some("`ms`"),
        "microseconds" | "micros" | "usec" | "µs" => Some("`us`"),
        "nanoseconds" | "nanos" => Some("`ns`"),
        "%" | "pct" | "percentage" => Some("`percent`"),
        "share" | "fraction" => Some("`ratio`"),
        "day" | "d" => Some("`days`"),
        "b" | "byte" => Some("`bytes`"),
        "events" | "number" | "1" => Some("`count`"),
        "cent" | "pence" | "minor" => Some("`cents`"),
        "€" | "$" | "£" | "currency" | "euro" | "euros" | "dollars" => Some(MONEY),
        iso if iso.len() == 3 && name.chars().all(|c| c.is_ascii_uppercase()) => Some(MONEY),
        _ => None,
    };
    let names: Vec<&str> = UNITS.iter().map(|(_, name)| *name).collect();
    match meant {
        Some(meant) => format!("unknown unit `{name}`: write {meant}"),
        None => format!("unknown unit `{name}`: there are {}", names.join(", ")),
    }
}

const MONEY: &str = "`money` (or `cents`); the currency itself stands in [shop] currency";

impl Unit {
    /// Why a unit does not fit, with those that do.
    pub fn misfit(metric: Metric) -> String {
        let own = metric.row().unit;
        format!("unit does not fit the metric: {metric} is told in {}", Self::fitting(metric, own))
    }

    /// The units that a metric may be told in, its own first.
    pub fn fitting(metric: Metric, own: &str) -> String {
        let fits = |(unit, name): &&(Self, &str)| unit.factor(metric).is_some() && *name != own;
        let others = UNITS.iter().filter(fits).map(|(_, name)| *name);
        std::iter::once(own).chain(others).collect::<Vec<_>>().join(", ")
    }

    /// What to multiply by to come to `metric`'s own unit; `None` when the two do not fit.
    pub fn factor(self, metric: Metric) -> Option<f64> {
        let factor = match (self, metric.row().unit) {
            (Self::S, "ms") => 1e3,
            (Self::Us, "ms") => 1e-3,
            (Self::Ns, "ms") => 1e-6,
            (Self::Percent, "ratio") | (Self::Cents, "money") => 1e-2,
            (Self::S, "days") => 1.0 / 86_400.0,
            (Self::Ms, "ms")
            | (Self::Ratio, "ratio")
            | (Self::Count, "count")
            | (Self::Score, "score")
            | (Self::Money, "money")
            | (Self::Days, "days")
            | (Self::Bytes, "bytes") => 1.0,
            _ => return None,
        };
        Some(factor)
    }
}

/// `value` times `factor`, rounded to 12 digits so that equal bounds stay equal.
pub fn scaled(value: f64, factor: f64) -> f64 {
    let raw = value * factor;
    if factor == 1.0 || raw == 0.0 || !raw.is_finite() {
        return raw;
    }
    let digits = 11 - raw.abs().log10().floor() as i32;
    let scale = 10_f64.powi(digits.clamp(-300, 300));
    let rounded = (raw * scale).round() / scale;
    if rounded.is_finite() { rounded } else { raw }
}

/// The plausible range of one sample of `metric`, in its unit.
fn range(metric: Metric) -> Option<(f64, f64)> {
    match metric {
        Metric::Lcp | Metric::Fcp | Metric::PageLoad => Some((20.0, 120_000.0)),
        Metric::Inp | Metric::Ttfb => Some((1.0, 60_000.0)),
        Metric::Tbt => Some((0.0, 60_000.0)),
        Metric::Cls => Some((0.0, 20.0)),
        Metric::CheckDuration | Metric::ServiceLatency => Some((0.0, 600_000.0)),
        // Of CPU time one is a core, and a service may have many.
        Metric::ServiceCpu => Some((0.0, 10_000.0)),
        _ if metric.row().unit == "ratio" => Some((0.0, 1.0001)),
        _ if matches!(metric.row().unit, "count" | "money" | "bytes") => Some((0.0, f64::MAX)),
        _ => None,
    }
}

/// The typical sample of a value, as an interval: the bucket of the median, or the number itself.
fn typical(value: &Value) -> Option<(f64, f64)> {
    match value {
        Value::Dist(h) => h.quantile(0.5).map(|q| (q.low, q.high)),
        Value::Ratio { hits, trials } if *trials > 0.0 => {
            let share = hits / trials;
            Some((share, share))
        }
        Value::Ratio { hits, trials } => Some((hits.min(*trials), hits.min(*trials))),
        Value::Count(v) | Value::Gauge(v) => Some((*v, *v)),
        Value::Missing(_) => None,
    }
}

/// `None` when `value` is plausible; else the factor that would make it so (1 when none would).
/// A page takes its time, and so does a browser; a service may answer in microseconds.
pub fn suspect(metric: Metric, segment: &Segment, value: &Value) -> Option<f64> {
    let ((least, most), (low, high)) = (range(metric)?, typical(value)?);
    let of_service = *segment.get(Dim::Service) != DimValue::All;
    let least = if of_service { 0.0 } else { least };
    let fits = |f: f64| high * f >= least && low * f <= most;
    if fits(1.0) {
        return None;
    }
    let factors: &[f64] =
        if metric.row().unit == "ratio" { &[1e-2] } else { &[1e3, 1e-3, 1e6, 1e-6] };
    Some(factors.iter().copied().find(|f| fits(*f)).unwrap_or(1.0))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn suspect_of(metric: Metric, value: &Value) -> Option<f64> {
        suspect(metric, &Segment::all(), value)
    }
    use crate::domain::histogram::Histogram;

    #[test]
    fn a_currency_is_no_unit_and_the_refusal_says_what_to_write() {
        #[derive(Deserialize)]
        struct UnitRow {
            unit: Unit,
        }
        let read = |text: &str| toml::from_str::<UnitRow>(&format!("unit = \"{text}\"\n"));
        for (unit, name) in UNITS {
            assert_eq!(read(name).expect(name).unit, unit);
        }
        for (name, meant) in [
            ("EUR", "write `money` (or `cents`); the currency itself stands in [shop] currency"),
            ("USD", "`money`"),
            ("seconds", "write `s`"),
            ("%", "write `percent`"),
            ("parsec", "there are s, ms"),
        ] {
            let why = read(name).err().expect(name).to_string();
            assert!(why.contains(meant), "{why}");
        }
        assert!(Unit::misfit(Metric::Revenue).ends_with("told in money, cents"));
    }

    #[test]
    fn units_that_do_not_fit_are_refused() {
        assert_eq!(Unit::S.factor(Metric::Lcp), Some(1e3));
        assert_eq!(Unit::Percent.factor(Metric::ConversionRate), Some(1e-2));
        assert_eq!(Unit::Ms.factor(Metric::Cls), None);
        assert_eq!(Unit::Count.factor(Metric::Lcp), None);
        assert_eq!(scaled(2.3, 1e3), 2300.0);
        assert_eq!(scaled(0.1 + 0.2, 1e3), 300.0);
    }

    #[test]
    fn seconds_read_as_milliseconds_are_flagged_with_the_factor() {
        let bounds: Arc<[f64]> = Arc::from([1.0, 2.5, 4.0, f64::INFINITY]);
        let h = Histogram::new(bounds, vec![1.0, 8.0, 2.0, 0.0]);
        assert_eq!(suspect_of(Metric::Lcp, &Value::Dist(h)), Some(1e3));
        assert_eq!(suspect_of(Metric::Lcp, &Value::Gauge(2500.0)), None);
        assert_eq!(suspect_of(Metric::Lcp, &Value::Gauge(2.5e9)), Some(1e-6));
        assert_eq!(suspect_of(Metric::ApiSuccess, &Value::Gauge(99.5)), Some(1e-2));
        let more = Value::Ratio { hits: 3.0, trials: 2.0 };
        assert!(suspect_of(Metric::JsErrorRate, &more).is_some());
        assert!(suspect_of(Metric::Orders, &Value::Count(-1.0)).is_some());
        assert_eq!(suspect_of(Metric::Cls, &Value::Gauge(0.11)), None);
    }

    #[test]
    fn a_fast_service_is_no_wrong_unit() {
        let cart = Segment::all().with(Dim::Service, DimValue::Value("cart".into()));
        let bounds: Arc<[f64]> = Arc::from([0.25, 0.5, 1.0, f64::INFINITY]);
        let fast = Value::Dist(Histogram::new(bounds, vec![90.0, 8.0, 2.0, 0.0]));
        for metric in [Metric::ServiceLatency, Metric::Ttfb, Metric::PageLoad] {
            assert_eq!(suspect(metric, &cart, &fast), None, "{metric}");
        }
        assert!(suspect(Metric::PageLoad, &Segment::all(), &fast).is_some());
        let hours = Value::Gauge(9e7);
        assert_eq!(suspect(Metric::ServiceLatency, &cart, &hours), Some(1e-3));
        assert_eq!(suspect(Metric::ServiceCpu, &cart, &Value::Gauge(12.0)), None);
    }
}
