//! Flaws of the telling itself, by source: a clock that is off, personal data in a field. Each is a
//! telemetry case of its own and touches no other verdict. Names fields, never values.

use super::open_case::OpenCase;
use super::parts::QualityFlaw;
use super::quality_log::{QualityLog, REPORT, distance, length};
use super::state::EngineState;
use crate::domain::metric::Metric;
use crate::domain::segment::Scope;
use crate::domain::time::{Span, Timestamp};
use crate::policy::guardrail::{Condition, Guardrail};
use crate::verdict::{Finding, Verdict};

/// Opens, follows and ends the cases of flaws.
pub fn judge(state: &mut EngineState, bucket: i64) {
    let now = state.cube.end_of(bucket);
    let rows: Vec<Guardrail> = state.settings.policy.guardrail.clone();
    for row in &rows {
        let spots = match row.condition {
            Condition::Skew { more_than } => {
                clocks(&state.quality, more_than).into_iter().collect()
            }
            Condition::Seen => personal(&state.quality),
            _ => continue,
        };
        for spot in spots {
            follow(state, row, spot, bucket, now);
        }
    }
    for spot in state.cases.iter_mut().filter_map(|l| l.flaw.as_mut()) {
        let row = rows.iter().find(|r| r.metric.contains(&spot.metric) && is_flaw(&r.condition));
        let clear = row.map_or(Span::from_mins(15), |r| r.clear);
        spot.over = now.since(spot.last) >= clear;
    }
    let longest = Span::from_hours(24);
    for fields in state.quality.personal.values_mut() {
        fields.retain(|_, at| now.since(*at) < longest);
    }
}

const fn is_flaw(condition: &Condition) -> bool {
    matches!(condition, Condition::Skew { .. } | Condition::Seen)
}

/// Clocks that are off are one case: when all of them are, it is ours that is wrong.
fn clocks(quality: &QualityLog, more_than: Span) -> Option<QualityFlaw> {
    let told = quality.clocks.iter().filter_map(|(source, c)| Some((source, c, c.off()?)));
    let (off, good): (Vec<_>, Vec<_>) = told.partition(|(.., off)| distance(*off) > more_than);
    let (source, _, most) = off.iter().max_by_key(|(.., off)| distance(*off))?;
    let side = if most.millis() < 0 { "behind" } else { "ahead of" };
    let more = match off.len() - 1 {
        0 => String::new(),
        _ if good.is_empty() => "; every source says so, ours may be the wrong one".to_owned(),
        n => format!("; {n} more are off too"),
    };
    Some(QualityFlaw {
        source: (*source).clone(),
        metric: Metric::BeaconLag,
        since: off.iter().map(|(_, c, _)| c.told).min().unwrap_or_default(),
        last: off.iter().map(|(_, c, _)| c.told).max().unwrap_or_default(),
        over: false,
        text: format!("the clock of {source} is {} {side} ours{more}", length(*most)),
    })
}

fn personal(quality: &QualityLog) -> Vec<QualityFlaw> {
    let some = quality.personal.iter().filter(|(_, fields)| !fields.is_empty());
    some.map(|(source, fields)| {
        let first = fields.values().min().copied().unwrap_or_default();
        let last = fields.values().max().copied().unwrap_or_default();
        let names: Vec<String> =
            fields.keys().map(|(field, what)| format!("{what} in {field}")).collect();
        let own = fields.keys().any(|(field, _)| *field != REPORT);
        let end = if own { "; redacted here" } else { "" };
        QualityFlaw {
            source: source.clone(),
            metric: Metric::PersonalData,
            since: first,
            last,
            over: false,
            text: format!("{source} tells personal data: {}{end}", names.join(", ")),
        }
    })
    .collect()
}

fn key(spot: &QualityFlaw) -> String {
    match spot.metric {
        Metric::PersonalData => format!("telemetry:personal:{}", spot.source),
        _ => "telemetry:clock".to_owned(),
    }
}

/// A flaw that is fresh opens its case; one that was told longest ago only keeps it.
fn follow(
    state: &mut EngineState,
    row: &Guardrail,
    spot: QualityFlaw,
    bucket: i64,
    now: Timestamp,
) {
    let key = key(&spot);
    let known = state.cases.iter().position(|l| l.key == key);
    let fresh = now.since(spot.last) < row.clear.max(state.cube.bucket);
    if !fresh {
        return;
    }
    let index = known.unwrap_or_else(|| {
        state.cases.push(OpenCase::new(key, bucket));
        state.cases.len() - 1
    });
    let Some(case) = state.cases.get_mut(index) else { return };
    case.closed = None;
    let since = case.flaw.as_ref().filter(|f| !f.over).map_or(spot.since, |f| f.since);
    case.flaw = Some(QualityFlaw { since, ..spot });
}

/// A flaw as a finding of the row that judges it.
pub fn finding(rows: &[Guardrail], spot: &QualityFlaw) -> Finding {
    let row = rows.iter().find(|r| r.metric.contains(&spot.metric) && is_flaw(&r.condition));
    let test = match row.map(|r| &r.condition) {
        Some(Condition::Skew { more_than }) => format!("more than {more_than} apart"),
        _ => "shape of a card number (check digit), e-mail address or telephone number".to_owned(),
    };
    Finding {
        guardrail: row.map_or_else(|| "telemetry".into(), |r| r.name.clone()),
        verdict: if spot.over { Verdict::Ok } else { Verdict::Breach },
        metric: spot.metric,
        stat: "state".to_owned(),
        segment: Scope::everything(),
        value: None,
        unit: spot.metric.row().unit.to_owned(),
        n: 0.0,
        baseline: None,
        now: None,
        bad_until: None,
        basis: None,
        test,
        text: spot.text.clone(),
    }
}
