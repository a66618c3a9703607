//! One value of a row: a number, a share, a histogram, the verdict of a check. What is no number is
//! missing with its reason, never zero. Rows and their times are read in `rows`.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::domain::check::CheckOutcome;
use crate::domain::histogram::Histogram;
use crate::domain::observation::{Missing, Value};
use crate::source::assemble::missing;
use crate::source::units::scaled;

use super::config::{CheckVerdict, FieldKind};
use super::path::{Expr, JsonRow, number};
use super::reader::{CheckReader, MetricReader};

impl CheckReader {
    pub fn outcome(&self, row: JsonRow<'_>, status: Option<f64>, message: &str) -> CheckOutcome {
        let told = self.ok.get(row);
        let word = self.ok.text(row).and_then(|w| self.words.get(&w).copied());
        let verdict = word.or_else(|| match told.as_deref() {
            Some(Json::Bool(ok)) => Some(if *ok { CheckVerdict::Pass } else { CheckVerdict::Fail }),
            Some(value) => match number(value) {
                Some(1.0) => Some(CheckVerdict::Pass),
                Some(0.0) => Some(CheckVerdict::Fail),
                _ => None,
            },
            None => None,
        });
        match verdict {
            Some(CheckVerdict::Pass) => CheckOutcome::Pass,
            Some(CheckVerdict::Fail) => CheckOutcome::Fail(failure(status, message).to_owned()),
            Some(CheckVerdict::Unknown) | None => CheckOutcome::Unknown,
        }
    }
}

/// The kind of a failure from its status (0 or none: no answer) and message.
fn failure(status: Option<f64>, message: &str) -> &'static str {
    let has = |word: &str| message.to_lowercase().contains(word);
    match status {
        Some(code) if code >= 400.0 => "status",
        _ if has("timeout") || has("timed out") => "timeout",
        _ if has("dns") || has("no such host") => "dns",
        _ if has("tls") || has("certificate") => "tls",
        _ if has("connect") || has("refused") => "connect",
        Some(code) if code >= 200.0 => "assertion",
        _ => "unknown",
    }
}

impl MetricReader {
    pub fn read(&self, row: JsonRow<'_>, bounds: Option<&Arc<[f64]>>) -> Value {
        match self.kind {
            FieldKind::Histogram => self.histogram(row, bounds),
            FieldKind::Count => self
                .number(&self.value, row)
                .map_or_else(Value::Missing, |n| Value::Count(scaled(n, self.factor))),
            FieldKind::Gauge => self
                .number(&self.value, row)
                .map_or_else(Value::Missing, |n| Value::Gauge(scaled(n, self.factor))),
            FieldKind::Ratio => {
                let hits = self.number(&self.value, row);
                let trials =
                    self.trials.as_ref().map_or(Err(Missing::NoData), |e| self.number(e, row));
                match (hits, trials) {
                    (Ok(hits), Ok(trials)) => Value::Ratio { hits, trials },
                    (Err(reason), _) | (_, Err(reason)) => Value::Missing(reason),
                }
            }
        }
    }

    fn number(&self, expr: &Expr, row: JsonRow<'_>) -> Result<f64, Missing> {
        let number = expr.number(row).ok_or(Missing::NoData)?;
        if self.sentinels.contains(&number) {
            return Err(Missing::Sentinel);
        }
        missing(number).map_or(Ok(number), Err)
    }

    fn histogram(&self, row: JsonRow<'_>, bounds: Option<&Arc<[f64]>>) -> Value {
        let Some(bounds) = bounds else { return Value::Missing(Missing::Error) };
        let Some(found) = self.value.get(row) else { return Value::Missing(Missing::NoData) };
        let Some(list) = found.as_array() else { return Value::Missing(Missing::Error) };
        match counts(list, bounds.len()) {
            Some(counts) => Value::Dist(Histogram::new(Arc::clone(bounds), counts)),
            None => Value::Missing(Missing::Error),
        }
    }
}

/// Dense counts, or pairs of bin and count; bins beyond the last edge belong to the open one.
fn counts(list: &[Json], bins: usize) -> Option<Vec<f64>> {
    let mut counts = vec![0.0; bins];
    for (index, entry) in list.iter().enumerate() {
        let (bin, count) = match entry {
            Json::Array(pair) => match &pair[..] {
                [bin, count] => (usize::try_from(bin.as_u64()?).ok()?, count.as_f64()?),
                _ => return None,
            },
            other => (index, other.as_f64()?),
        };
        *counts.get_mut(bin.min(bins.checked_sub(1)?))? += count;
    }
    Some(counts)
}
