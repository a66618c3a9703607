//! A number and an instant as people read them: short, in the metric's own unit. No sentence is
//! made here.

use crate::domain::metric::Metric;
use crate::domain::time::Timestamp;

/// `03:02 UTC`.
pub fn hour(t: Timestamp) -> String {
    let minutes = t.secs().div_euclid(60).rem_euclid(1440);
    format!("{:02}:{:02} UTC", minutes / 60, minutes % 60)
}

/// A number in its unit, short.
pub fn amount(metric: Metric, x: f64) -> String {
    match metric.row().unit {
        "ratio" if x.abs() < 0.1 => format!("{:.1}%", x * 100.0),
        "ratio" => format!("{:.0}%", x * 100.0),
        "ms" if metric == Metric::BeaconLag && x >= 60_000.0 => {
            format!("{:.0} min", x / 60_000.0)
        }
        "ms" if metric == Metric::BeaconLag => format!("{:.1} s", x / 1000.0),
        "ms" => format!("{x:.0} ms"),
        "score" => format!("{x:.2}"),
        "days" => format!("{x:.0} days"),
        "bytes" => bytes(x),
        _ => format!("{x:.0}"),
    }
}

/// `350 MB`, `1.4 GB`.
pub fn bytes(x: f64) -> String {
    match x.abs() {
        a if a >= 1e9 => format!("{:.1} GB", x / 1e9),
        a if a >= 1e6 => format!("{:.0} MB", x / 1e6),
        _ => format!("{:.0} kB", x / 1e3),
    }
}
