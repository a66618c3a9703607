//! Reading a recorded day: scenario, calendar, releases, checks, and the CSV rows as observations.
//! Column names are looked up in the header; unknown columns and unknown cuts do no harm.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;

use serde::Deserialize;

use crate::detect::cube::settings::{AnnouncedEvent, AnnouncedWork};
use crate::domain::change::{Change, ChangeKind, ChangeStatus, Stage};
use crate::domain::check::{Check, CheckOutcome};
use crate::domain::histogram::Histogram;
use crate::domain::id::{JourneyId, ReleaseId, SourceId};
use crate::domain::metric::Metric;
use crate::domain::observation::{Observation, Quality, Value, Window};
use crate::domain::segment::{Dim, DimValue, Scope, Segment};
use crate::domain::time::{Span, Timestamp};
use crate::policy::judging::Policy;

/// What is fixed for the day.
pub struct ScenarioDay {
    pub bucket: Span,
    pub start: Timestamp,
    pub bounds: Arc<[f64]>,
    pub value_templates: Vec<String>,
}

#[derive(Deserialize)]
struct ScenarioFile {
    bucket_seconds: i64,
    start: String,
    histogram: HistogramFile,
    #[serde(default)]
    value_templates: Vec<String>,
}

#[derive(Deserialize)]
struct HistogramFile {
    bins: usize,
    first_ms: f64,
    per_octave: f64,
}

pub fn scenario(text: &str) -> Result<ScenarioDay, String> {
    let file: ScenarioFile = json("scenario.json", text)?;
    let h = &file.histogram;
    let edge = |k: usize| h.first_ms * 2.0_f64.powf((k + 1) as f64 / h.per_octave.max(0.1));
    let bins = h.bins.clamp(1, 1000);
    let bounds = (0..bins).map(|k| if k + 1 == bins { f64::INFINITY } else { edge(k) });
    Ok(ScenarioDay {
        bucket: Span::from_secs(file.bucket_seconds.max(1)),
        start: time(&file.start)?,
        bounds: bounds.collect(),
        value_templates: file.value_templates,
    })
}

/// The day's own list of high-value templates replaces the policy's.
pub fn policy_of(mut policy: Policy, scenario: &ScenarioDay) -> Policy {
    if !scenario.value_templates.is_empty() {
        policy.shop.high_value_templates.clone_from(&scenario.value_templates);
    }
    policy
}

fn json<'a, T: Deserialize<'a>>(name: &str, text: &'a str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|e| format!("{name}: {e}"))
}

fn time(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|e| format!("`{text}` is no time: {e}"))
}

#[derive(Deserialize)]
struct Planned {
    kind: String,
    #[serde(default)]
    name: String,
    start: String,
    end: Option<String>,
}

pub fn calendar(text: &str) -> Result<(Vec<AnnouncedWork>, Vec<AnnouncedEvent>), String> {
    let (mut work, mut events) = (Vec::new(), Vec::new());
    for p in json::<Vec<Planned>>("calendar.json", text)? {
        let start = time(&p.start)?;
        let end = p.end.as_deref().map_or(Ok(start.plus(Span::from_days(1))), time)?;
        if p.kind == "maintenance" {
            work.push(AnnouncedWork { name: p.name, start, end, scope: Scope::everything() });
        } else {
            events.push(AnnouncedEvent { name: p.name, start, end });
        }
    }
    Ok((work, events))
}

#[derive(Deserialize)]
struct ReleaseRow {
    id: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    templates: Vec<String>,
    stages: Vec<(String, f64)>,
    rolled_back_at: Option<String>,
}

pub fn changes(text: &str) -> Result<Vec<Change>, String> {
    json::<Vec<ReleaseRow>>("releases.json", text)?.into_iter().map(change).collect()
}

/// The source that all changes of a recorded day come from.
pub fn releases() -> SourceId {
    SourceId::new("releases")
}

fn change(row: ReleaseRow) -> Result<Change, String> {
    let stages = row.stages.iter().map(|(at, share)| Ok(Stage { at: time(at)?, share: *share }));
    let stages: Vec<Stage> = stages.collect::<Result<_, String>>()?;
    let first = stages.first().map_or(Timestamp::EPOCH, |s| s.at);
    Ok(Change {
        source: releases(),
        id: ReleaseId::new(row.id.clone()),
        kind: match row.kind.as_str() {
            "theme" => ChangeKind::Theme,
            "app" => ChangeKind::App,
            "config" => ChangeKind::Config,
            "experiment" => ChangeKind::Experiment,
            "flag" => ChangeKind::Flag,
            "campaign" => ChangeKind::Campaign,
            _ => ChangeKind::Deploy,
        },
        service: "shop".to_owned(),
        environment: "production".to_owned(),
        version: row.id,
        previous: None,
        status: ChangeStatus::Succeeded,
        created_at: first,
        started_at: Some(first),
        finished_at: None,
        stages,
        templates: row.templates.into_iter().collect(),
        rolled_back_at: row.rolled_back_at.as_deref().map(time).transpose()?,
        ran_before: false,
        author: String::new(),
        url: String::new(),
    })
}

/// What a feed polled at `now` would tell: nothing of the future.
pub fn known(changes: &[Change], now: Timestamp) -> Vec<Change> {
    changes
        .iter()
        .filter(|c| c.effective_at() <= now)
        .map(|c| {
            let mut c = c.clone();
            c.stages.retain(|s| s.at <= now);
            c.rolled_back_at = c.rolled_back_at.filter(|t| *t <= now);
            c
        })
        .collect()
}

/// Checks by the bucket they ran in.
pub fn checks(text: &str) -> Result<BTreeMap<Timestamp, Vec<Check>>, String> {
    let mut lines = text.lines();
    let header = Header::new(lines.next().unwrap_or_default());
    let mut out: BTreeMap<Timestamp, Vec<Check>> = BTreeMap::new();
    for line in lines.filter(|l| !l.trim().is_empty()) {
        let row = header.row(line);
        let ok = row.get("ok") == "1" || row.get("ok") == "true";
        let at = time(row.get("t"))?;
        let outcome =
            if ok { CheckOutcome::Pass } else { CheckOutcome::Fail("unknown".to_owned()) };
        out.entry(at).or_default().push(Check {
            source: SourceId::new("synthetic"),
            journey: JourneyId::new(row.get("check").to_owned()),
            location: row.get("location").to_owned(),
            at,
            outcome,
            duration_ms: row.get("ms").parse().ok().filter(|_| ok),
            message: String::new(),
        });
    }
    Ok(out)
}

struct Header {
    columns: Vec<String>,
}

struct DayRow<'a> {
    header: &'a Header,
    fields: Vec<&'a str>,
}

impl Header {
    fn new(line: &str) -> Self {
        Self { columns: line.trim().split(',').map(|c| c.trim().to_owned()).collect() }
    }

    fn row<'a>(&'a self, line: &'a str) -> DayRow<'a> {
        DayRow { header: self, fields: line.trim_end().split(',').collect() }
    }
}

impl DayRow<'_> {
    fn get(&self, column: &str) -> &str {
        let at = self.header.columns.iter().position(|c| c == column);
        at.and_then(|i| self.fields.get(i)).copied().unwrap_or("")
    }
}

/// The recorded names of the dimensions.
const DIMS: [(&str, Dim); 9] = [
    ("template", Dim::Template),
    ("device", Dim::Device),
    ("browser", Dim::Browser),
    ("network", Dim::Network),
    ("region", Dim::Region),
    ("source", Dim::TrafficSource),
    ("customer", Dim::Customer),
    ("version", Dim::Release),
    ("cohort", Dim::Cohort),
];

/// The recorded name of a dimension.
pub fn name_of(dim: Dim) -> &'static str {
    DIMS.iter().find(|(_, d)| *d == dim).map_or("", |(n, _)| n)
}

const COUNTS: [(&str, Metric); 6] = [
    ("sessions", Metric::Sessions),
    ("atc", Metric::AddToCart),
    ("checkout", Metric::CheckoutStart),
    ("pay", Metric::PaymentTry),
    ("orders", Metric::Orders),
    ("revenue", Metric::Revenue),
];

/// All rows by the start of their bucket.
pub fn collect(
    file: &mut dyn Read,
    scenario: &ScenarioDay,
) -> Result<BTreeMap<Timestamp, Vec<Observation>>, String> {
    let mut out: BTreeMap<Timestamp, Vec<Observation>> = BTreeMap::new();
    stream(file, scenario.bucket, scenario, |t, batch| {
        out.entry(t).or_default().extend(batch);
        Ok(())
    })?;
    Ok(out)
}

/// Row by row, as observations over windows of `length`.
pub fn stream(
    file: &mut dyn Read,
    length: Span,
    scenario: &ScenarioDay,
    mut each: impl FnMut(Timestamp, Vec<Observation>) -> Result<(), String>,
) -> Result<(), String> {
    let mut lines = BufReader::new(file).lines();
    let first = lines.next().transpose().map_err(|e| e.to_string())?.unwrap_or_default();
    let header = Header::new(&first);
    for line in lines {
        let line = line.map_err(|e| e.to_string())?;
        if line.trim().is_empty() {
            continue;
        }
        let row = header.row(&line);
        let start = time(row.get("t"))?;
        let window = Window { start, end: start.plus(length) };
        each(start, observations(&row, window, &scenario.bounds))?;
    }
    Ok(())
}

fn observations(row: &DayRow<'_>, window: Window, bounds: &Arc<[f64]>) -> Vec<Observation> {
    let segment = DIMS.iter().fold(Segment::all(), |s, (name, dim)| match row.get(name) {
        "" => s,
        value => s.with(*dim, DimValue::Value(value.into())),
    });
    let source = SourceId::new(if row.get("views").is_empty() { "business" } else { "rum" });
    let make = |metric: Metric, value: Value| Observation {
        source: source.clone(),
        metric,
        segment: segment.clone(),
        window,
        value,
        quality: Quality::GOOD,
    };
    let number = |name: &str| row.get(name).parse::<f64>().ok().filter(|x| x.is_finite());
    let mut out = Vec::new();
    if let Some(views) = number("views") {
        let hits = number("errors").unwrap_or(0.0);
        out.push(make(Metric::PageViews, Value::Count(views)));
        out.push(make(Metric::JsErrorRate, Value::Ratio { hits, trials: views }));
        out.push(make(Metric::Lcp, Value::Dist(sparse(row.get("lcp"), bounds))));
        out.push(make(Metric::Inp, Value::Dist(sparse(row.get("inp"), bounds))));
    }
    for (name, metric) in COUNTS {
        out.extend(number(name).map(|x| make(metric, Value::Count(x))));
    }
    out
}

/// `bin:count` pairs separated by blanks.
fn sparse(text: &str, bounds: &Arc<[f64]>) -> Histogram {
    let mut counts = vec![0.0; bounds.len()];
    for pair in text.split(' ') {
        let Some((bin, count)) = pair.split_once(':') else { continue };
        let slot = bin.parse::<usize>().ok().and_then(|b| counts.get_mut(b));
        if let (Some(slot), Ok(count)) = (slot, count.parse::<f64>()) {
            *slot += count;
        }
    }
    Histogram::new(bounds.clone(), counts)
}
