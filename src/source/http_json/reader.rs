//! A `[[source.record]]` made ready: expressions compiled, mistakes found before the first poll.
//! Reading rows with it is in `rows`.

use std::collections::BTreeMap;

use crate::domain::change::ChangeKind;
use crate::domain::metric::{Kind as MetricKind, Metric};
use crate::domain::segment::Dim;
use crate::domain::time::Span;
use crate::source::error::SourceError;
use crate::source::faults::KeyStep;
use crate::source::query::{NAMELESS, kinds};
use crate::source::units::Unit;

use super::config::{
    ChangeFields, CheckFields, CheckVerdict, Edge, FieldKind, Method, MetricField, RecordConfig,
    RecordKind, TimeFormat,
};
use super::path::Expr;

/// One record, ready to read.
#[derive(Debug)]
pub struct RecordReader {
    pub kind: RecordKind,
    pub path: String,
    pub method: Method,
    pub body: Option<String>,
    pub each: Option<Expr>,
    pub rows: Expr,
    pub time: Option<Expr>,
    pub time_format: TimeFormat,
    pub time_is: Edge,
    pub window: Option<Span>,
    pub segment: Vec<(Dim, Expr)>,
    pub values: BTreeMap<Dim, BTreeMap<String, String>>,
    pub bounds: Option<Expr>,
    pub metrics: Vec<MetricReader>,
    pub check: Option<CheckReader>,
    pub change: Option<ChangeReader>,
}

#[derive(Debug)]
pub struct MetricReader {
    pub metric: Metric,
    pub kind: FieldKind,
    /// Value, or hits and trials.
    pub value: Expr,
    pub trials: Option<Expr>,
    pub factor: f64,
    pub sentinels: Vec<f64>,
}

#[derive(Debug)]
pub struct CheckReader {
    pub journey: Expr,
    pub location: Option<Expr>,
    pub ok: Expr,
    pub words: BTreeMap<String, CheckVerdict>,
    pub status: Option<Expr>,
    pub duration: Option<Expr>,
    pub factor: f64,
    pub message: Option<Expr>,
}

#[derive(Debug)]
pub struct ChangeReader {
    pub id: Expr,
    pub kind: Option<Expr>,
    pub kinds: BTreeMap<String, ChangeKind>,
    pub service: Option<Expr>,
    pub environment: Option<Expr>,
    pub version: Option<Expr>,
    pub previous: Option<Expr>,
    pub started_at: Option<Expr>,
    pub ended_at: Option<Expr>,
    pub rolled_back_at: Option<Expr>,
    pub templates: Option<Expr>,
    pub share: Option<Expr>,
    pub author: Option<Expr>,
    pub url: Option<Expr>,
}

impl RecordReader {
    /// # Errors
    /// [`SourceError::GiveUp`] with what to change.
    pub fn new(record: &RecordConfig) -> Result<Self, SourceError> {
        whole(record)?;
        let segment = record.segment.iter().map(|(dim, e)| Ok((*dim, Expr::compile(e)?)));
        Ok(Self {
            kind: record.kind,
            path: record.path.clone(),
            method: record.method,
            body: record.body.clone(),
            each: Expr::optional(record.each.as_ref())?,
            rows: Expr::compile(&record.rows)?,
            time: Expr::optional(record.time.as_ref())?,
            time_format: record.time_format,
            time_is: record.time_is,
            window: record.window,
            segment: segment.collect::<Result<_, SourceError>>()?,
            values: record.values.clone(),
            bounds: Expr::optional(record.bounds.as_ref())?,
            metrics: record.metric.iter().map(metric).collect::<Result<_, _>>()?,
            check: record.check.as_ref().map(check).transpose()?,
            change: record.change.as_ref().map(change).transpose()?,
        })
    }

    /// What in a record cannot be read, with the way to it; the first of each of its parts.
    pub fn faults(record: &RecordConfig) -> Vec<(Vec<KeyStep<'static>>, String)> {
        let mut found: Vec<(Vec<KeyStep<'static>>, String)> = Vec::new();
        let mut look = |at: Vec<KeyStep<'static>>, result: Result<(), SourceError>| {
            if let Err(error) = result {
                found.push((at, error.to_string()));
            }
        };
        look(Vec::new(), whole(record));
        let key = |key| vec![KeyStep::Key(key)];
        look(key("each"), Expr::optional(record.each.as_ref()).map(drop));
        look(key("rows"), Expr::compile(&record.rows).map(drop));
        look(key("time"), Expr::optional(record.time.as_ref()).map(drop));
        look(key("bounds"), Expr::optional(record.bounds.as_ref()).map(drop));
        for (dim, expr) in &record.segment {
            let at = vec![KeyStep::Key("segment"), KeyStep::Key(dim.name())];
            look(at, Expr::compile(expr).map(drop));
        }
        for (index, field) in record.metric.iter().enumerate() {
            look(vec![KeyStep::Key("metric"), KeyStep::Row(index)], metric(field).map(drop));
        }
        if let Some(fields) = &record.check {
            look(key("check"), check(fields).map(drop));
        }
        if let Some(fields) = &record.change {
            look(key("change"), change(fields).map(drop));
        }
        found
    }

    /// The record in a few words, for notes: its path without what the placeholders fill.
    pub fn title(&self) -> String {
        let (path, query) = self.path.split_once('?').unwrap_or((&self.path, ""));
        let fixed: Vec<&str> =
            query.split('&').filter(|p| !p.is_empty() && !p.contains('{')).collect();
        if fixed.is_empty() { path.to_owned() } else { format!("{path}?{}", fixed.join("&")) }
    }

    /// The path alone.
    pub fn place(&self) -> &str {
        self.path.split('?').next().unwrap_or_default()
    }

    /// True when the question is the same at each poll, so that it may be asked conditionally.
    pub fn is_fixed(&self) -> bool {
        self.method == Method::Get && !self.path.contains('{')
    }
}

fn whole(record: &RecordConfig) -> Result<(), SourceError> {
    let fail = |why: &str| {
        let path = record.path.split('?').next().unwrap_or_default();
        Err(SourceError::give_up(format!("record {path}: {why}")))
    };
    if !record.path.starts_with('/') || record.path.starts_with("//") {
        return fail("path must begin with one /");
    }
    let histogram = record.metric.iter().any(|m| m.kind == FieldKind::Histogram);
    let dist = |m: &MetricField| m.kind == FieldKind::Histogram || !record.segment.is_empty();
    let share = |m: &MetricField| {
        m.sampling.is_none_or(|s| m.kind == FieldKind::Count && s > 0.0 && s <= 1.0)
    };
    if !record.metric.iter().all(share) {
        return fail("sampling is a share above 0 and at most 1, and belongs to a count");
    }
    let named = record.segment.contains_key(&Dim::Service);
    if !named && record.metric.iter().any(|m| m.metric.is_of_service()) {
        return fail(NAMELESS);
    }
    if record.metric.iter().any(|m| m.series.is_some() && dist(m)) {
        return fail("a series is one number without segment");
    }
    match record.kind {
        RecordKind::Observation if record.metric.is_empty() => fail("no metric"),
        RecordKind::Observation if record.time.is_none() => fail("no time"),
        RecordKind::Observation if histogram && record.bounds.is_none() => fail("no bounds"),
        RecordKind::Check if record.check.is_none() || record.time.is_none() => {
            fail("a check needs check = { journey, ok, .. } and time")
        }
        RecordKind::Change if record.change.is_none() => fail("no change = { id, .. }"),
        _ => Ok(()),
    }
}

fn metric(field: &MetricField) -> Result<MetricReader, SourceError> {
    let fail = |why: &str| SourceError::give_up(format!("metric {}: {why}", field.metric));
    let fits = match field.kind {
        FieldKind::Histogram => field.metric.kind() == MetricKind::Dist,
        FieldKind::Ratio => field.metric.kind() == MetricKind::Ratio,
        FieldKind::Count => field.metric.kind() == MetricKind::Count,
        FieldKind::Gauge => true,
    };
    if !fits {
        let kinds = kinds(field.metric);
        return Err(fail(&format!("kind does not fit the metric, which is told as {kinds}")));
    }
    let ratio = field.kind == FieldKind::Ratio;
    let (value, trials) = match (&field.value, &field.hits, &field.trials) {
        (Some(value), None, None) if !ratio => (value, None),
        (None, Some(hits), Some(trials)) if ratio => (hits, Some(trials)),
        _ => return Err(fail("a ratio needs hits and trials, others need value")),
    };
    let factor = field.unit.map_or(Some(1.0), |unit| unit.factor(field.metric));
    Ok(MetricReader {
        metric: field.metric,
        kind: field.kind,
        value: Expr::compile(value)?,
        trials: Expr::optional(trials)?,
        factor: factor.ok_or_else(|| fail(&Unit::misfit(field.metric)))?,
        sentinels: field.sentinels.clone(),
    })
}

fn check(fields: &CheckFields) -> Result<CheckReader, SourceError> {
    let unit = fields.unit.unwrap_or(Unit::Ms);
    Ok(CheckReader {
        journey: Expr::compile(&fields.journey)?,
        location: Expr::optional(fields.location.as_ref())?,
        ok: Expr::compile(&fields.ok)?,
        words: fields.words.clone(),
        status: Expr::optional(fields.status.as_ref())?,
        duration: Expr::optional(fields.duration.as_ref())?,
        factor: unit
            .factor(Metric::CheckDuration)
            .ok_or_else(|| SourceError::give_up("unit of a check is a time"))?,
        message: Expr::optional(fields.message.as_ref())?,
    })
}

fn change(fields: &ChangeFields) -> Result<ChangeReader, SourceError> {
    Ok(ChangeReader {
        id: Expr::compile(&fields.id)?,
        kind: Expr::optional(fields.kind.as_ref())?,
        kinds: fields.kinds.clone(),
        service: Expr::optional(fields.service.as_ref())?,
        environment: Expr::optional(fields.environment.as_ref())?,
        version: Expr::optional(fields.version.as_ref())?,
        previous: Expr::optional(fields.previous.as_ref())?,
        started_at: Expr::optional(fields.started_at.as_ref())?,
        ended_at: Expr::optional(fields.ended_at.as_ref())?,
        rolled_back_at: Expr::optional(fields.rolled_back_at.as_ref())?,
        templates: Expr::optional(fields.templates.as_ref())?,
        share: Expr::optional(fields.share.as_ref())?,
        author: Expr::optional(fields.author.as_ref())?,
        url: Expr::optional(fields.url.as_ref())?,
    })
}
