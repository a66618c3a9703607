//! Flaws of the telling itself, by source: a clock that is off, personal data in a field. Each is a
//! telemetry case of its own and touches no other verdict. Names fields, never values.

use std::collections::BTreeMap;

use super::open_case::Live;
use crate::detect::engine::Engine;
use crate::domain::flaw::Flaw;
use crate::domain::id::SourceId;
use crate::domain::metric::Metric;
use crate::domain::observation::{Observation, Value};
use crate::domain::segment::Scope;
use crate::domain::time::{Span, Timestamp};
use crate::policy::guardrail::{Condition, Guardrail};
use crate::verdict::{Finding, Verdict};

/// Tellings in a row in which a clock must be off.
const TELLINGS: usize = 3;
/// What a data loss prevention tool tells; nothing of it passed through here.
const REPORT: &str = "a DLP report";

/// What sources told of late.
#[derive(Clone, Debug, Default)]
pub struct Flaws {
    clocks: BTreeMap<SourceId, Clock>,
    personal: BTreeMap<SourceId, BTreeMap<(&'static str, &'static str), Timestamp>>,
}

/// The newest tellings: one alone may be a slow answer or a stale cache.
#[derive(Clone, Debug)]
struct Clock {
    offs: Vec<Span>,
    told: Timestamp,
}

impl Clock {
    /// The least distance of the newest tellings; nothing before there are enough of them.
    fn off(&self) -> Option<Span> {
        let least = self.offs.iter().min_by_key(|off| distance(**off));
        least.copied().filter(|_| self.offs.len() >= TELLINGS)
    }
}

/// A flaw as a case holds it.
#[derive(Clone, PartialEq, Debug)]
pub struct Spot {
    pub source: SourceId,
    pub metric: Metric,
    pub since: Timestamp,
    pub last: Timestamp,
    pub over: bool,
    pub text: String,
}

impl Flaws {
    pub fn take(&mut self, source: &SourceId, flaws: &[Flaw], at: Timestamp) {
        for flaw in flaws {
            match flaw {
                Flaw::Clock(off) => {
                    let new = || Clock { offs: Vec::new(), told: at };
                    let clock = self.clocks.entry(source.clone()).or_insert_with(new);
                    clock.told = at;
                    clock.offs.insert(0, *off);
                    clock.offs.truncate(TELLINGS);
                }
                Flaw::Personal { field, what } => {
                    let fields = self.personal.entry(source.clone()).or_default();
                    fields.insert((*field, *what), at);
                }
                // Whether a source can be believed at all is said by its health.
                Flaw::Times { .. } | Flaw::Emptied { .. } => {}
            }
        }
    }

    /// Somebody else's scan found personal data: a count of `personal_data` above zero.
    pub fn reported(&mut self, o: &Observation) {
        let some = matches!(o.value, Value::Count(n) if n > 0.0);
        if o.metric == Metric::PersonalData && some && !o.quality.incomplete {
            let flaw = Flaw::Personal { field: REPORT, what: "a finding" };
            self.take(&o.source, &[flaw], o.window.end);
        }
    }

    /// What there is to say while nothing is wrong, for a row that judges flaws.
    pub fn calm(&self, condition: &Condition) -> Option<(Verdict, String)> {
        match condition {
            Condition::Seen => {
                Some((Verdict::Ok, "no personal data in what sources tell".to_owned()))
            }
            Condition::Skew { .. } => {
                let worst = self.clocks.values().filter_map(Clock::off).map(distance).max();
                let none = || (Verdict::Unsure, "no source tells its clock".to_owned());
                Some(worst.map_or_else(none, |off| {
                    (Verdict::Ok, format!("clocks within {} of ours", length(off)))
                }))
            }
            _ => None,
        }
    }
}

fn distance(off: Span) -> Span {
    Span::from_millis(off.millis().saturating_abs())
}

/// Opens, follows and ends the cases of flaws.
pub fn judge(engine: &mut Engine, bucket: i64) {
    let now = engine.store.end_of(bucket);
    let rows: Vec<Guardrail> = engine.settings.policy.guardrail.clone();
    for row in &rows {
        let spots = match row.condition {
            Condition::Skew { more_than } => clocks(&engine.flaws, more_than).into_iter().collect(),
            Condition::Seen => personal(&engine.flaws),
            _ => continue,
        };
        for spot in spots {
            follow(engine, row, spot, bucket, now);
        }
    }
    for spot in engine.lives.iter_mut().filter_map(|l| l.flaw.as_mut()) {
        let row = rows.iter().find(|r| r.metric.contains(&spot.metric) && is_flaw(&r.condition));
        let clear = row.map_or(Span::from_mins(15), |r| r.clear);
        spot.over = now.since(spot.last) >= clear;
    }
    let longest = Span::from_hours(24);
    for fields in engine.flaws.personal.values_mut() {
        fields.retain(|_, at| now.since(*at) < longest);
    }
}

pub const fn is_flaw(condition: &Condition) -> bool {
    matches!(condition, Condition::Skew { .. } | Condition::Seen)
}

/// Clocks that are off are one case: when all of them are, it is ours that is wrong.
fn clocks(flaws: &Flaws, more_than: Span) -> Option<Spot> {
    let told = flaws.clocks.iter().filter_map(|(source, c)| Some((source, c, c.off()?)));
    let (off, good): (Vec<_>, Vec<_>) = told.partition(|(.., off)| distance(*off) > more_than);
    let (source, _, most) = off.iter().max_by_key(|(.., off)| distance(*off))?;
    let side = if most.millis() < 0 { "behind" } else { "ahead of" };
    let more = match off.len() - 1 {
        0 => String::new(),
        _ if good.is_empty() => "; every source says so, ours may be the wrong one".to_owned(),
        n => format!("; {n} more are off too"),
    };
    Some(Spot {
        source: (*source).clone(),
        metric: Metric::BeaconLag,
        since: off.iter().map(|(_, c, _)| c.told).min().unwrap_or_default(),
        last: off.iter().map(|(_, c, _)| c.told).max().unwrap_or_default(),
        over: false,
        text: format!("the clock of {source} is {} {side} ours{more}", length(*most)),
    })
}

/// `45 s`, `10 min`, `3 h`, `2 days`.
fn length(off: Span) -> String {
    let secs = distance(off).as_secs_f64();
    match secs {
        s if s < 180.0 => format!("{s:.0} s"),
        s if s < 10_800.0 => format!("{:.0} min", s / 60.0),
        s if s < 259_200.0 => format!("{:.0} h", s / 3600.0),
        s => format!("{:.0} days", s / 86_400.0),
    }
}

fn personal(flaws: &Flaws) -> Vec<Spot> {
    let some = flaws.personal.iter().filter(|(_, fields)| !fields.is_empty());
    some.map(|(source, fields)| {
        let first = fields.values().min().copied().unwrap_or_default();
        let last = fields.values().max().copied().unwrap_or_default();
        let names: Vec<String> =
            fields.keys().map(|(field, what)| format!("{what} in {field}")).collect();
        let own = fields.keys().any(|(field, _)| *field != REPORT);
        let end = if own { "; redacted here" } else { "" };
        Spot {
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

fn key(spot: &Spot) -> String {
    match spot.metric {
        Metric::PersonalData => format!("telemetry:personal:{}", spot.source),
        _ => "telemetry:clock".to_owned(),
    }
}

/// A flaw that is fresh opens its case; one that was told longest ago only keeps it.
fn follow(engine: &mut Engine, row: &Guardrail, spot: Spot, bucket: i64, now: Timestamp) {
    let key = key(&spot);
    let known = engine.lives.iter().position(|l| l.key == key);
    let fresh = now.since(spot.last) < row.clear.max(engine.store.bucket);
    if !fresh {
        return;
    }
    let index = known.unwrap_or_else(|| {
        engine.lives.push(Live::new(key, bucket));
        engine.lives.len() - 1
    });
    let Some(live) = engine.lives.get_mut(index) else { return };
    live.closed = None;
    let since = live.flaw.as_ref().filter(|f| !f.over).map_or(spot.since, |f| f.since);
    live.flaw = Some(Spot { since, ..spot });
}

/// A flaw as a finding of the row that judges it.
pub fn finding(rows: &[Guardrail], spot: &Spot) -> Finding {
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
