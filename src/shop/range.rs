//! What a range request asks for: complete buckets between two instants, or why not.
//! What stands in them is told by `api` and `finance`.

use serde::Deserialize;

use super::state::Shop;
use crate::domain::time::Timestamp;

/// A refusal: HTTP status and why.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{reason}")]
pub struct RangeRefusal {
    pub status: u16,
    pub reason: String,
}

pub(super) fn refuse(status: u16, reason: impl Into<String>) -> RangeRefusal {
    RangeRefusal { status, reason: reason.into() }
}

/// The query of a range request; times in seconds since the epoch.
#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RangeRequest {
    pub cut: Option<String>,
    pub from: Option<f64>,
    pub to: Option<f64>,
    pub step: Option<i64>,
}

/// Longest hourly and minute ranges.
const MAX_HOURS: i64 = 8 * 24;

const MAX_MINUTES: i64 = 6 * 60;

/// Complete buckets of a range: starts and length in minutes.
pub(super) struct Buckets {
    pub(super) starts: Vec<i64>,
    pub(super) minutes: i64,
}

pub(super) fn secs(time: Option<f64>, default: i64, name: &str) -> Result<i64, RangeRefusal> {
    match time {
        None => Ok(default),
        Some(t) if t.is_finite() && (0.0..1e11).contains(&t) => Ok(t as i64),
        Some(_) => Err(refuse(400, format!("{name} is not a time in seconds since the epoch"))),
    }
}

pub(super) fn buckets(
    shop: &Shop,
    range: &RangeRequest,
    now: Timestamp,
) -> Result<Buckets, RangeRefusal> {
    let step = range.step.unwrap_or(60);
    if ![60, 300, 3600].contains(&step) {
        return Err(refuse(400, "step must be 60, 300 or 3600"));
    }
    let to = secs(range.to, now.secs(), "to")?.min(now.secs());
    let from = secs(range.from, to - 5 * step, "from")?;
    let limit = if step == 3600 { MAX_HOURS * 3600 } else { MAX_MINUTES * 60 };
    if to - from > limit {
        let text = "range too long: at most 8 days of hours or 6 hours of minutes per request";
        return Err(refuse(400, text));
    }
    let minutes = step / 60;
    let first = from.div_euclid(step) + i64::from(from.rem_euclid(step) != 0);
    let starts: Vec<i64> = (first..to.div_euclid(step))
        .map(|i| i * minutes)
        .filter(|m| m + minutes > shop.history.first)
        .collect();
    let cold = |m: &i64| *m < shop.start - 60 && !shop.history.has_hour(m.div_euclid(60));
    if minutes == 60 && shop.is_warming() && starts.iter().filter(|m| cold(m)).count() > 2 {
        return Err(refuse(503, "history is still being drawn; ask again"));
    }
    Ok(Buckets { starts, minutes })
}

pub(super) fn head(now: Timestamp) -> String {
    format!("{{\"generated_at\":\"{now}\",\"now\":{}", now.secs())
}
