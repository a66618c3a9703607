//! Records of an adapter as one JSON document, for `check-source`: what came out, with raw text.
//! No schema promise beyond the field names of the domain.

use serde_json::{Value as Json, json};

use crate::domain::check::CheckOutcome;
use crate::domain::observation::{Observation, Value};
use crate::source::Harvest;

/// `{"observations": [...], "checks": [...], "changes": [...], "notes": [...], "partial": bool}`
pub fn document(harvest: &Harvest) -> Json {
    let checks: Vec<Json> = harvest
        .checks
        .iter()
        .map(|c| {
            let (outcome, failure) = match &c.outcome {
                CheckOutcome::Pass => ("pass", None),
                CheckOutcome::Fail(kind) => ("fail", Some(kind.as_str())),
                CheckOutcome::Unknown => ("unknown", None),
            };
            json!({
                "journey": c.journey, "location": c.location, "at": c.at, "outcome": outcome,
                "failure": failure, "duration_ms": c.duration_ms, "message": c.message,
            })
        })
        .collect();
    let observations: Vec<Json> = harvest.observations.iter().map(observation).collect();
    json!({
        "observations": observations,
        "checks": checks,
        "changes": harvest.changes,
        "notes": harvest.notes,
        "partial": harvest.partial,
    })
}

fn observation(o: &Observation) -> Json {
    let value = match &o.value {
        Value::Dist(h) => json!({
            "histogram": { "n": h.total(), "p75": h.quantile(0.75).map(|q| q.value) },
        }),
        Value::Ratio { hits, trials } => json!({ "hits": hits, "trials": trials }),
        Value::Count(n) => json!({ "count": n }),
        Value::Gauge(v) => json!({ "value": v }),
        Value::Missing(why) => json!({ "missing": format!("{why:?}") }),
    };
    json!({
        "metric": o.metric, "unit": o.metric.row().unit, "segment": o.segment,
        "start": o.window.start, "end": o.window.end, "value": value,
        "quality": o.quality.names(),
    })
}
