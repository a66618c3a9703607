//! Recorded answers through the same decoders as live ones: `check-source NAME --replay FILE`.
//! The file is a contract envelope: one `request`/`response` pair or a list of `interactions`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

use crate::domain::metric::{Metric, TABLE};
use crate::domain::segment::Dim;
use crate::domain::time::{Span, Timestamp};

use super::answer::HttpAnswer;
use super::assemble::QueryFrame;
use super::config::{SourceConfig, SourceKind};
use super::error::SourceError;
use super::exposition;
use super::feed;
use super::github::identity::Names;
use super::github::wire::{Deployment, StatusRow, list};
use super::harvest::Harvest;
use super::http_json::{decode, reader::RecordReader};
use super::prometheus::{PromAsk, wire};
use super::query::{Query, QueryKind};

/// Every recorded instant is in the past of this one: replays know no clock.
const LATE: Timestamp = Timestamp::from_secs(4_102_444_799);
const MINUTE: Span = Span::from_mins(1);

/// A recorded question with its answer.
#[derive(Clone, PartialEq, Debug)]
pub struct Exchange {
    pub path: String,
    pub query: BTreeMap<String, String>,
    pub answer: HttpAnswer,
}

#[derive(Deserialize)]
struct Recording {
    request: Option<RecordedRequest>,
    response: Option<RecordedResponse>,
    #[serde(default)]
    interactions: Vec<RecordedPair>,
}

#[derive(Deserialize)]
struct RecordedPair {
    request: RecordedRequest,
    response: Option<RecordedResponse>,
}

#[derive(Deserialize)]
struct RecordedRequest {
    #[serde(default)]
    path: String,
    #[serde(default)]
    query: Option<BTreeMap<String, Json>>,
}

#[derive(Deserialize)]
struct RecordedResponse {
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, Json>,
    body: Option<Json>,
    body_text: Option<String>,
}

/// Reads an envelope.
///
/// # Errors
/// [`SourceError::Malformed`] when it is none or holds no answer.
pub fn exchanges(envelope: &str) -> Result<Vec<Exchange>, SourceError> {
    let envelope: Recording = serde_json::from_str(envelope)
        .map_err(|e| SourceError::malformed(format!("not an envelope: {e}")))?;
    let pairs = envelope.interactions.into_iter().map(|p| (p.request, p.response));
    let all: Vec<Exchange> = envelope
        .request
        .map(|r| (r, envelope.response))
        .into_iter()
        .chain(pairs)
        .filter_map(|(request, response)| exchange(request, response?))
        .collect();
    if all.is_empty() {
        Err(SourceError::malformed("the envelope holds no answer"))
    } else {
        Ok(all)
    }
}

fn exchange(request: RecordedRequest, response: RecordedResponse) -> Option<Exchange> {
    let text = |v: Json| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    let body = match (response.body_text, response.body) {
        (Some(text), _) => text,
        (None, Some(json)) => serde_json::to_string(&json).ok()?,
        (None, None) => String::new(),
    };
    let headers = response.headers.into_iter().map(|(k, v)| (k.to_lowercase(), text(v))).collect();
    let query = request.query.unwrap_or_default();
    Some(Exchange {
        path: request.path,
        query: query.into_iter().map(|(k, v)| (k, text(v))).collect(),
        answer: HttpAnswer { status: response.status, headers, body: body.into_bytes() },
    })
}

/// Decodes a recorded envelope as the configured source would. Without queries in the config a
/// Prometheus answer is read as gauges of the metric its name tells of.
///
/// # Errors
/// What the live source would report.
pub fn replay(config: &SourceConfig, envelope: &str) -> Result<Harvest, SourceError> {
    let all = exchanges(envelope)?;
    match config.kind {
        SourceKind::Prometheus => prometheus(config, &all),
        SourceKind::Github => github(config, &all),
        SourceKind::HttpJson => http_json(config, &all),
        SourceKind::Exposition => metrics_pages(config, &all),
    }
}

fn prometheus(config: &SourceConfig, all: &[Exchange]) -> Result<Harvest, SourceError> {
    let mut out = Harvest::default();
    config.query.iter().try_for_each(Query::validate)?;
    for exchange in all {
        let asked = exchange.query.get("query").map_or("", String::as_str);
        let answered = wire::decode(&exchange.answer)?;
        let query = config
            .query
            .iter()
            .find(|q| q.expr.as_deref() == Some(asked))
            .or(config.query.first())
            .cloned()
            .unwrap_or_else(|| guessed(asked));
        let mut ask = PromAsk::new(query);
        let step = exchange.query.get("step").and_then(|s| s.parse::<f64>().ok());
        let window = step.map_or(MINUTE, |s| Span::from_millis((s * 1000.0) as i64));
        let frame = QueryFrame { source: &config.name, query: &ask.query, window, now: LATE };
        let none = super::assemble::Answered::default();
        match ask.query.kind {
            QueryKind::Histogram => frame.histogram(&answered, &mut ask.bounds, &mut out),
            QueryKind::Ratio => frame.ratio(&none, &answered, &mut out),
            QueryKind::Count | QueryKind::Gauge => frame.numbers(&answered, &mut out),
            QueryKind::Check => frame.checks((&answered, &none, &none), &mut out),
            QueryKind::Build => frame.builds(&answered, &mut ask.live, &mut out),
        }
    }
    Ok(out)
}

/// A gauge of the metric that the asked expression names, with labels of our own names; a check
/// for `probe_success`.
fn guessed(asked: &str) -> Query {
    if asked.contains("probe_success") {
        let mut query = Query::bare(QueryKind::Check, None);
        query.journey_label = Some("job".to_owned());
        query.location_label = Some("instance".to_owned());
        return query;
    }
    let named = |name: &str| asked.split(|c: char| !c.is_ascii_alphanumeric()).any(|w| w == name);
    let metric = TABLE.iter().find(|(_, row)| named(row.name) || asked.contains(row.name));
    let metric = metric.map_or_else(
        || if asked.contains("conversion") { Metric::ConversionRate } else { Metric::PageLoad },
        |(metric, _)| *metric,
    );
    let native = asked.contains("native");
    let kind = if native { QueryKind::Histogram } else { QueryKind::Gauge };
    let mut query = Query::bare(kind, Some(metric));
    let label = |dim: Dim| (dim, dim.name().to_owned());
    query.labels =
        [Dim::Template, Dim::Device, Dim::Region, Dim::Customer].into_iter().map(label).collect();
    query
}

fn github(config: &SourceConfig, all: &[Exchange]) -> Result<Harvest, SourceError> {
    let mut statuses: BTreeMap<u64, Vec<StatusRow>> = BTreeMap::new();
    let mut deployments: Vec<Deployment> = Vec::new();
    let mut out = Harvest::default();
    for exchange in all {
        if let Some(path) = exchange.path.strip_suffix("/statuses") {
            let rows = list::<StatusRow>(&exchange.answer)?;
            let id = path.rsplit('/').next().and_then(|id| id.parse().ok());
            match id {
                Some(id) => drop(statuses.insert(id, rows)),
                None => out.note(format!("{} statuses of an unnamed deployment", rows.len())),
            }
        } else {
            deployments.extend(list::<Deployment>(&exchange.answer)?);
        }
    }
    let service = config.service.as_deref().unwrap_or("shop");
    let mut names = Names::default();
    deployments.sort_by_key(|d| (d.created(), d.id));
    let change = |d: &Deployment| {
        let rows = statuses.get(&d.id).map_or(&[][..], Vec::as_slice);
        d.change((&config.name, &names.name(d), service), rows)
    };
    out.changes = deployments.iter().filter_map(change).collect();
    out.changes.sort_by_key(|c| c.created_at);
    feed::link(&mut out.changes);
    feed::name_previous(&mut out.changes);
    Ok(out)
}

fn http_json(config: &SourceConfig, all: &[Exchange]) -> Result<Harvest, SourceError> {
    let mut out = Harvest::default();
    let readers: Vec<RecordReader> =
        config.record.iter().map(RecordReader::new).collect::<Result<_, SourceError>>()?;
    for exchange in all {
        let reader = readers.iter().find(|r| exchange.path.ends_with(r.place()));
        let reader = reader.or(readers.first());
        let reader = reader.ok_or_else(|| SourceError::give_up("no [[source.record]]"))?;
        out.absorb(decode(&exchange.answer, reader, &config.name, (MINUTE, LATE))?);
    }
    Ok(out)
}

/// Pages count as scraped a minute apart, so that counters have something to rise over.
fn metrics_pages(config: &SourceConfig, all: &[Exchange]) -> Result<Harvest, SourceError> {
    let mut reader = exposition::ScrapeReader::new(config, MINUTE)?;
    let mut out = Harvest::default();
    let count = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let start = LATE.floor(MINUTE).minus(MINUTE.times(count));
    for (index, exchange) in (0..).zip(all) {
        let at = start.plus(MINUTE.times(index));
        out.absorb(reader.take(&exposition::page(&exchange.answer)?, at));
    }
    Ok(out)
}

#[cfg(test)]
mod tests;
