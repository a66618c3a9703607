//! Any JSON API by configuration: records say where rows are and what their fields mean.
//! Expressions in `path`, compiled records in `reader`, rows to records in `rows`.

pub mod config;
pub mod path;
pub mod reader;
pub mod rows;
pub mod stream;
pub mod values;

use std::time::Duration;

use serde_json::Value as Json;
use url::Url;

use crate::domain::change::Change;
use crate::domain::flaw::Flaw;
use crate::domain::id::SourceId;
use crate::domain::past::Past;
use crate::domain::segment::Dim;
use crate::domain::time::{Span, Timestamp};

use self::config::{Method, RecordKind};
use self::path::JsonRow;
use self::reader::RecordReader;
use self::rows::RowPass;
use self::stream::RowsFound;

use super::answer::HttpAnswer;
use super::config::SourceConfig;
use super::error::{SourceError, words};
use super::etag::EtagMemory;
use super::harvest::Harvest;
use super::history::{Chunk, HistoryPlan, Measure, Up};
use super::http::{Client, Limits};
use super::round::PollRound;

/// Windows of back-history, how much of it one question asks at most, and how long an answer should
/// take.
const HISTORY: Measure = Measure {
    step: Span::from_hours(1),
    most: Span::from_days(3),
    aim: Duration::from_millis(1500),
};
/// How far back changes are asked at each poll: news about one comes late.
const CHANGES: Span = Span::from_days(7);
/// Most windows of one question.
const WINDOWS: i64 = 300;

/// A JSON API.
pub struct HttpJson {
    source: SourceId,
    client: Client,
    asks: Vec<RecordAsk>,
    bucket: Span,
    lookback: Span,
    plan: HistoryPlan,
    now: Timestamp,
    turn: usize,
}

struct RecordAsk {
    reader: RecordReader,
    done: Option<Timestamp>,
    memory: EtagMemory,
    /// The last full answer to a question that is always the same, for when nothing changed.
    last: Harvest,
    listed: Listed,
}

/// What a list of changes held.
#[derive(Debug, Default)]
struct Listed {
    rows: usize,
    newest: Option<Timestamp>,
}

impl Listed {
    /// Fewer rows than this may have left a list by themselves.
    const SOME: usize = 2;
    /// A change this far from the edge of what was asked cannot have left it by age.
    const EDGE: Span = Span::from_hours(1);

    /// Takes a new list in; true when it is empty and what it held cannot have left it.
    fn emptied(&mut self, changes: &[Change], from: Option<Timestamp>) -> bool {
        let inside = |at: Timestamp| from.is_none_or(|from| at > from.plus(Self::EDGE));
        let left = changes.is_empty() && self.rows >= Self::SOME;
        if left && self.newest.is_some_and(inside) {
            return true;
        }
        self.rows = changes.len();
        self.newest = changes.iter().map(|c| c.created_at).max();
        false
    }
}

/// What fills `{from}`, `{to}` and `{step}`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct AskedStretch {
    from: Timestamp,
    to: Timestamp,
    step: Span,
}

impl AskedStretch {
    fn fill(self, text: &str) -> String {
        text.replace("{from}", &self.from.secs().to_string())
            .replace("{to}", &self.to.secs().to_string())
            .replace("{step}", &self.step.secs().max(1).to_string())
    }
}

impl RecordAsk {
    /// Since the last full window and that one again; changes over a week, checks up to now.
    fn stretch(&self, now: Timestamp, bucket: Span, lookback: Span) -> AskedStretch {
        let step = self.reader.window.unwrap_or(bucket).max(Span::from_secs(1));
        let to = match self.reader.kind {
            RecordKind::Observation => now.floor(step),
            RecordKind::Check | RecordKind::Change => now,
        };
        let oldest = match self.reader.kind {
            RecordKind::Change => to.minus(CHANGES.max(lookback)),
            _ => to.minus(lookback.min(step.times(WINDOWS))),
        };
        let from = match (self.reader.kind, self.done) {
            (RecordKind::Change, _) | (_, None) => oldest,
            (_, Some(done)) => done.minus(step.times(2)).max(oldest),
        };
        AskedStretch { from: from.floor(step), to, step }
    }
}

impl HttpJson {
    /// # Errors
    /// [`SourceError::GiveUp`] when the config cannot work.
    pub fn new(config: &SourceConfig, bucket: Span) -> Result<Self, SourceError> {
        if config.record.is_empty() {
            return Err(SourceError::give_up("no [[source.record]]"));
        }
        let limits = Limits::of(config);
        let ask = |record| {
            Ok(RecordAsk {
                reader: RecordReader::new(record)?,
                done: None,
                memory: EtagMemory::default(),
                last: Harvest::default(),
                listed: Listed::default(),
            })
        };
        Ok(Self {
            source: config.name.clone(),
            client: Client::new(config, limits)?,
            asks: config.record.iter().map(ask).collect::<Result<_, SourceError>>()?,
            bucket,
            lookback: config.lookback,
            plan: HistoryPlan::default(),
            now: Timestamp::EPOCH,
            turn: 0,
        })
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Asks every record once.
    ///
    /// # Errors
    /// [`SourceError`] when no question worked.
    pub async fn poll(&mut self, now: Timestamp) -> Result<Harvest, SourceError> {
        let mut round = PollRound::default();
        self.now = now;
        let count = self.asks.len();
        let turn = self.turn;
        for index in (0..count).map(|i| (i + turn) % count) {
            let Some(ask) = self.asks.get(index) else { continue };
            let stretch = ask.stretch(now, self.bucket, self.lookback);
            match self.ask(index, stretch).await {
                Ok(harvest) => {
                    round.out.absorb(harvest);
                    round.worked();
                    if let Some(ask) = self.asks.get_mut(index) {
                        ask.done = Some(stretch.to);
                    }
                }
                Err(error) => {
                    self.turn = (index + 1) % count;
                    let title = self.asks.get(index).map_or_else(String::new, |a| a.reader.title());
                    if round.failed(&title, error)? {
                        break;
                    }
                }
            }
        }
        round.finish()
    }

    /// Plans the back-history of `days`.
    pub fn history(&mut self, now: Timestamp, days: u32) {
        let asked = |(i, ask): (usize, &RecordAsk)| {
            let reader = &ask.reader;
            let series = reader.kind == RecordKind::Observation && reader.path.contains("{from}");
            (series && reader.window.is_none()).then_some((i, 0))
        };
        let asked: Vec<(usize, usize)> = self.asks.iter().enumerate().filter_map(asked).collect();
        self.now = now;
        self.plan = HistoryPlan::new(now, days, HISTORY, &asked);
    }

    /// The next piece of history; `None` when there is no more to ask.
    pub async fn next_history(&mut self, up: Up) -> Option<Result<Harvest, SourceError>> {
        let chunk = self.plan.next_chunk()?;
        let Chunk { index, start, end, .. } = chunk;
        let stretch = AskedStretch { from: start, to: end, step: self.plan.step() };
        let begun = up();
        let result = self.ask(index, stretch).await;
        Some(self.plan.settle(chunk, (up().saturating_sub(begun), 1), result))
    }

    /// How far the past of each record has been read.
    pub fn pasts(&self) -> Vec<Past> {
        let mut pasts = Vec::new();
        for (question, days, of_days) in self.plan.progress() {
            let Some(ask) = self.asks.get(question.index) else { continue };
            let by: Vec<Dim> = ask.reader.segment.iter().map(|(dim, _)| *dim).collect();
            let metrics = ask.reader.metrics.iter().map(|m| m.metric);
            pasts.extend(metrics.map(|m| question.past(m, by.clone(), (days, of_days))));
        }
        pasts
    }

    async fn ask(&mut self, index: usize, stretch: AskedStretch) -> Result<Harvest, SourceError> {
        let Some(ask) = self.asks.get_mut(index) else { return Ok(Harvest::default()) };
        let reader = &ask.reader;
        let url = below(self.client.base(), &stretch.fill(&reader.path))?;
        let answer = match reader.method {
            Method::Get => {
                let etag = reader.is_fixed().then(|| ask.memory.question(self.now)).flatten();
                self.client.get(url, etag.as_deref()).await?
            }
            Method::Post => {
                let body = stretch.fill(reader.body.as_deref().unwrap_or_default());
                self.client.post(url, "application/json", body).await?
            }
        };
        if ask.memory.unchanged(&answer) {
            return Ok(Harvest { skew: answer.skew(self.now), ..ask.last.clone() });
        }
        let read = decode(&answer, reader, &self.source, (stretch.step, self.now));
        if read.is_ok() && reader.is_fixed() {
            ask.memory.learn(&answer, self.now);
        }
        let mut harvest = read?;
        harvest.skew = answer.skew(self.now);
        let from = (!reader.is_fixed()).then_some(stretch.from);
        if reader.kind == RecordKind::Change && ask.listed.emptied(&harvest.changes, from) {
            harvest.flaws.push(Flaw::Emptied { what: reader.title() });
        }
        if reader.is_fixed() {
            ask.last = harvest.clone();
        }
        Ok(harvest)
    }
}

/// `path` below `base`, which keeps its own path.
fn below(base: &Url, path: &str) -> Result<Url, SourceError> {
    let mut root = base.clone();
    root.set_query(None);
    root.set_fragment(None);
    Url::parse(&format!("{}{path}", root.as_str().trim_end_matches('/')))
        .map_err(|_| SourceError::give_up("record path does not make an address"))
}

/// Reads the answer to one record's question. `(step, now)` are the asked window and the instant.
///
/// # Errors
/// By status, then [`SourceError::Malformed`] for what is not the expected document.
pub fn decode(
    answer: &HttpAnswer,
    reader: &RecordReader,
    source: &SourceId,
    (step, now): (Span, Timestamp),
) -> Result<Harvest, SourceError> {
    answer.check()?;
    let text = answer.json()?;
    let mut pass = RowPass::new(source, reader, (step, now));
    pass.skew = answer.skew(now).unwrap_or_default();
    let key = reader.rows.single_key().filter(|_| reader.each.is_none());
    let found = if let Some(key) = key {
        let root = stream::skeleton(text, key).map_err(|e| unread(&e))?;
        pass.take_bounds(&root);
        let each = &mut |here: &Json| pass.row(JsonRow { here, outer: &root });
        let found = stream::rows(text, key, each).map_err(|e| unread(&e))?;
        (found, told(&root))
    } else {
        let root: Json = serde_json::from_str(text).map_err(|e| unread(&e))?;
        pass.take_bounds(&root);
        (walk(&root, reader, &mut pass), told(&root))
    };
    match found {
        (RowsFound::Rows | RowsFound::Null, _) => Ok(pass.finish()),
        (RowsFound::Absent, Some(text)) => {
            Err(SourceError::malformed(format!("error with http 200: {text}")))
        }
        (RowsFound::Absent, None) => Err(SourceError::malformed("no rows where the config says")),
        (RowsFound::NoList, _) => Err(SourceError::malformed("rows are no list")),
        (RowsFound::NoneInside, _) => Err(SourceError::malformed(
            "no element of `each` holds a list at `rows`: where the elements are the rows, write \
             that path as `rows`, without `each`",
        )),
    }
}

fn walk(root: &Json, reader: &RecordReader, pass: &mut RowPass<'_>) -> RowsFound {
    let Some(each) = &reader.each else { return list(root, root, reader, pass) };
    match each.find(root).as_deref() {
        Some(Json::Array(all)) => {
            let lists = all.iter().filter(|outer| {
                !matches!(list(outer, outer, reader, pass), RowsFound::NoList | RowsFound::Absent)
            });
            if lists.count() == 0 && !all.is_empty() {
                RowsFound::NoneInside
            } else {
                RowsFound::Rows
            }
        }
        Some(Json::Null) => RowsFound::Null,
        Some(_) => RowsFound::NoList,
        None => RowsFound::Absent,
    }
}

fn list(root: &Json, outer: &Json, reader: &RecordReader, pass: &mut RowPass<'_>) -> RowsFound {
    match reader.rows.find(root).as_deref() {
        Some(Json::Array(all)) => {
            for here in all {
                pass.row(JsonRow { here, outer });
            }
            RowsFound::Rows
        }
        Some(Json::Null) => RowsFound::Null,
        Some(_) => RowsFound::NoList,
        None => RowsFound::Absent,
    }
}

/// An error message at the top of a document.
fn told(root: &Json) -> Option<String> {
    let value = ["error", "message", "errors"].iter().find_map(|key| root.get(key))?;
    Some(words(&value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
}

fn unread(error: &serde_json::Error) -> SourceError {
    let kind = if error.is_eof() { "cut off" } else { "no valid JSON" };
    SourceError::malformed(format!("{kind} at line {} column {}", error.line(), error.column()))
}

#[cfg(test)]
mod tests;
