//! The answer format of the Prometheus HTTP API, decoded straight into series: no intermediate JSON
//! values, numbers in strings parsed in place. What the series mean is `source::assemble`.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::domain::time::Timestamp;
use crate::source::answer::HttpAnswer;
use crate::source::assemble::{Answered, Native, SeriesLine};
use crate::source::error::{SourceError, words};
use crate::source::query::Labels;

/// Most series taken from one answer.
const SERIES: usize = 5000;
/// Most points taken of one series; the server's own limit.
const POINTS: usize = 11_000;
/// Annotations of one answer that are told.
const ANNOTATIONS: usize = 3;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ApiEnvelope {
    status: Option<String>,
    data: Option<MatrixData>,
    error_type: Option<String>,
    error: Option<String>,
    warnings: Option<Vec<String>>,
    infos: Option<Vec<String>>,
    /// VictoriaMetrics cluster.
    is_partial: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MatrixData {
    result_type: Option<String>,
    result: Option<SeriesRows>,
}

#[derive(Default)]
struct SeriesRows {
    lines: Vec<SeriesLine>,
    /// Of a scalar or string answer: the bare time and number.
    bare: Vec<f64>,
    dropped: usize,
}

#[derive(Deserialize)]
struct WireSeries {
    #[serde(default)]
    metric: Labels,
    value: Option<Point>,
    #[serde(default)]
    values: Many<Point>,
    histogram: Option<NativePoint>,
    #[serde(default)]
    histograms: Many<NativePoint>,
}

/// Decodes an answer to `query` or `query_range`.
///
/// # Errors
/// By status and `errorType`: bad queries are [`SourceError::GiveUp`] with the server's text, a
/// starting server is [`SourceError::Starting`], the rest as [`HttpAnswer::check`].
pub fn decode(answer: &HttpAnswer) -> Result<Answered, SourceError> {
    let json = answer.header("content-type").unwrap_or_default().contains("json");
    if answer.status == 503 && !json {
        return match answer.retry_after() {
            Some(after) => Err(SourceError::Retry { why: "http 503".into(), after: Some(after) }),
            None => Err(SourceError::Starting { why: "server is starting (http 503)".to_owned() }),
        };
    }
    if !(200..=299).contains(&answer.status) {
        return Err(refusal(answer));
    }
    let envelope: ApiEnvelope = serde_json::from_str(answer.json()?)
        .map_err(|e| SourceError::malformed(format!("not a Prometheus answer: {}", place(&e))))?;
    if envelope.status.as_deref() != Some("success") {
        let why = envelope.error.or(envelope.error_type).unwrap_or_default();
        return Err(SourceError::malformed(format!("error with http 200: {}", words(&why))));
    }
    let data = envelope.data.ok_or_else(|| SourceError::malformed("answer without data"))?;
    let rows = data.result.ok_or_else(|| SourceError::malformed("answer without result"))?;
    let warnings = envelope.warnings.unwrap_or_default();
    let infos = envelope.infos.unwrap_or_default();
    // Which list an annotation stands in differs by version; what it begins with does not.
    let about_query = |w: &&String| w.starts_with("PromQL ");
    let (advice, lacks): (Vec<&String>, Vec<&String>) = warnings.iter().partition(about_query);
    let cut = |w: &&String| w.contains("truncated");
    let mut lines = rows.lines;
    if let (Some("scalar"), [at, number]) = (data.result_type.as_deref(), &rows.bare[..]) {
        let points = instant(*at).map(|at| (at, *number)).into_iter().collect();
        lines.push(SeriesLine { points, ..SeriesLine::default() });
    }
    Ok(Answered {
        lines,
        partial: envelope.is_partial == Some(true) || lacks.iter().any(|w| !cut(w)),
        truncated: rows.dropped > 0 || lacks.iter().any(cut),
        dropped: rows.dropped,
        says: said(&lacks, &advice.into_iter().chain(&infos).collect::<Vec<_>>()),
    })
}

/// Annotations in words, each once, the grave ones first.
fn said(lacks: &[&String], advice: &[&String]) -> Vec<String> {
    let (mut all, mut left) = (Vec::new(), 0);
    let lacks = lacks.iter().map(|w| format!("the answer lacks something: {}", words(w)));
    let advice = advice.iter().map(|w| format!("the server remarks: {}", words(w)));
    for one in lacks.chain(advice) {
        match all.contains(&one) {
            true => {}
            false if all.len() < ANNOTATIONS => all.push(one),
            false => left += 1,
        }
    }
    if left > 0 {
        all.push(format!("{left} further remarks of the server"));
    }
    all
}

fn refusal(answer: &HttpAnswer) -> SourceError {
    let envelope = answer.text().ok().and_then(|t| serde_json::from_str::<ApiEnvelope>(t).ok());
    let Some((kind, text)) = envelope.and_then(|e| Some((e.error_type?, e.error?))) else {
        return match answer.check() {
            Err(error) => error,
            Ok(()) => SourceError::malformed("no data"),
        };
    };
    let why = format!("{}: {}", words(&kind), words(&text));
    match (kind.as_str(), answer.status) {
        ("internal" | "unavailable", _) if text.contains("not ready") => {
            SourceError::Starting { why: "server is starting".to_owned() }
        }
        (_, 401 | 403) => SourceError::Denied { why },
        ("bad_data" | "execution" | "not_found" | "not_acceptable" | "422", _) => {
            SourceError::GiveUp { why: format!("query refused: {why}") }
        }
        (_, 429 | 500..=599) => SourceError::Retry { why, after: answer.retry_after() },
        (_, 400..=499) => SourceError::GiveUp { why: format!("query refused: {why}") },
        _ => SourceError::Malformed { why },
    }
}

fn place(error: &serde_json::Error) -> String {
    let kind = match error.classify() {
        serde_json::error::Category::Eof => "cut off",
        serde_json::error::Category::Syntax => "no valid JSON",
        _ => "another shape",
    };
    format!("{kind} at line {} column {}", error.line(), error.column())
}

/// Unix seconds with fractions.
fn instant(secs: f64) -> Option<Timestamp> {
    let ok = secs.is_finite() && secs.abs() < 1e12;
    ok.then(|| Timestamp::from_millis((secs * 1000.0).round() as i64))
}

struct Many<T>(Vec<T>);

impl<T> Default for Many<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Many<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_seq(ManyVisitor(std::marker::PhantomData))
    }
}

struct ManyVisitor<T>(std::marker::PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ManyVisitor<T> {
    type Value = Many<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of points")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Many<T>, A::Error> {
        let mut all = Vec::new();
        while all.len() < POINTS {
            match seq.next_element()? {
                Some(point) => all.push(point),
                None => return Ok(Many(all)),
            }
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Many(all))
    }
}

impl<'de> Deserialize<'de> for SeriesRows {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_seq(RowsVisitor)
    }
}

struct RowsVisitor;

impl<'de> Visitor<'de> for RowsVisitor {
    type Value = SeriesRows;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of series")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<SeriesRows, A::Error> {
        let mut rows = SeriesRows::default();
        while rows.lines.len() + rows.bare.len() < SERIES {
            match seq.next_element()? {
                Some(WireItem::Series(series)) => rows.lines.push(series.line()),
                Some(WireItem::Bare(number)) => rows.bare.push(number),
                None => return Ok(rows),
            }
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {
            rows.dropped += 1;
        }
        Ok(rows)
    }
}

enum WireItem {
    Series(Box<WireSeries>),
    Bare(f64),
}

impl<'de> Deserialize<'de> for WireItem {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(ItemVisitor)
    }
}

struct ItemVisitor;

impl<'de> Visitor<'de> for ItemVisitor {
    type Value = WireItem;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a series, or the time and value of a scalar")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<WireItem, A::Error> {
        WireSeries::deserialize(MapAccessDeserializer::new(map))
            .map(|s| WireItem::Series(Box::new(s)))
    }

    fn visit_f64<E: de::Error>(self, v: f64) -> Result<WireItem, E> {
        Ok(WireItem::Bare(v))
    }

    fn visit_u64<E: de::Error>(self, v: u64) -> Result<WireItem, E> {
        Ok(WireItem::Bare(v as f64))
    }

    fn visit_i64<E: de::Error>(self, v: i64) -> Result<WireItem, E> {
        Ok(WireItem::Bare(v as f64))
    }

    fn visit_str<E: de::Error>(self, v: &str) -> Result<WireItem, E> {
        Ok(WireItem::Bare(number(v).unwrap_or(f64::NAN)))
    }
}

impl WireSeries {
    fn line(self) -> SeriesLine {
        let points = self.value.into_iter().chain(self.values.0);
        let natives = self.histogram.into_iter().chain(self.histograms.0);
        SeriesLine {
            labels: self.metric,
            points: points.filter_map(|p| Some((instant(p.0)?, p.1.0))).collect(),
            natives: natives.filter_map(|p| Some((instant(p.0)?, p.1.native()))).collect(),
        }
    }
}

#[derive(Deserialize)]
struct Point(f64, Number);

#[derive(Deserialize)]
struct NativePoint(f64, NativeWire);

#[derive(Deserialize)]
struct NativeWire {
    #[serde(default)]
    buckets: Many<(u8, Number, Number, Number)>,
}

impl NativeWire {
    fn native(self) -> Native {
        let buckets = self.buckets.0.into_iter();
        Native { buckets: buckets.map(|(_, left, right, n)| (left.0, right.0, n.0)).collect() }
    }
}

/// `NaN`, `+Inf`, `-Inf`, `1e-09`, in any spelling Rust and Prometheus agree on.
fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}

/// A number in a string (or bare, as some relatives write it).
struct Number(f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(NumberVisitor)
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number in a string")
    }

    fn visit_str<E: de::Error>(self, v: &str) -> Result<Number, E> {
        number(v).map(Number).ok_or_else(|| E::custom("a sample that is no number"))
    }

    fn visit_f64<E: de::Error>(self, v: f64) -> Result<Number, E> {
        Ok(Number(v))
    }

    fn visit_u64<E: de::Error>(self, v: u64) -> Result<Number, E> {
        Ok(Number(v as f64))
    }

    fn visit_i64<E: de::Error>(self, v: i64) -> Result<Number, E> {
        Ok(Number(v as f64))
    }

    /// `null` where there is no number.
    fn visit_unit<E: de::Error>(self) -> Result<Number, E> {
        Ok(Number(f64::NAN))
    }
}
