//! The Prometheus HTTP API and its relatives (Thanos, Mimir, VictoriaMetrics): range queries
//! aligned to the bucket, and back-history in hourly windows. Wire format in `wire`, meaning in
//! `assemble`.

pub mod wire;

use std::time::Duration;

use crate::domain::id::SourceId;
use crate::domain::time::{Span, Timestamp};

use super::assemble::builds::Live;
use super::assemble::histograms::Bounds;
use super::assemble::{Answered, Frame};
use super::config::SourceConfig;
use super::error::SourceError;
use super::harvest::Harvest;
use super::history::{Chunk, Plan};
use super::http::{Client, Limits};
use super::query::{Query, QueryKind};
use super::round::Round;

const FORM: &str = "application/x-www-form-urlencoded";
/// Most points a series in one question; the server refuses 11,000.
const POINTS: i64 = 10_000;
/// Windows of back-history, and how much of it one question asks.
const HISTORY: (Span, Span) = (Span::from_hours(1), Span::from_days(7));
/// Time for one answer of history.
const PATIENCE: Duration = Duration::from_secs(30);

/// A Prometheus-shaped server.
pub struct Prometheus {
    source: SourceId,
    wire: Wire,
    asks: Vec<Ask>,
    bucket: Span,
    lookback: Span,
    budget: Duration,
    plan: Plan,
    /// Where the next poll begins: after the question that failed last.
    turn: usize,
}

/// One query with what it remembers over polls.
#[derive(Clone, Debug)]
pub struct Ask {
    pub query: Query,
    pub bounds: Bounds,
    pub live: Live,
    done: Option<Timestamp>,
}

/// The ends of the windows to ask: `start`, `start + step`, ... `end`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Grid {
    start: Timestamp,
    end: Timestamp,
    step: Span,
}

struct Wire {
    client: Client,
    scrape: Span,
    now: Timestamp,
    skew: Option<Span>,
}

impl Ask {
    pub fn new(query: Query) -> Self {
        Self { query, bounds: Bounds::default(), live: Live::new(), done: None }
    }

    /// The windows since the last full one and that one again, since its scrape may have been late.
    fn grid(&self, now: Timestamp, bucket: Span, lookback: Span) -> Grid {
        let step = match self.query.kind {
            QueryKind::Check => self.query.step.unwrap_or(bucket).max(Span::from_secs(1)),
            _ => bucket,
        };
        let most = Span::from_millis(step.millis().saturating_mul(POINTS));
        let end = now.floor(step);
        let oldest = end.minus(lookback.min(most)).floor(step);
        let start = self.done.map_or(oldest, |done| done.minus(step).max(oldest));
        Grid { start: start.min(end), end, step }
    }
}

impl Prometheus {
    /// # Errors
    /// [`SourceError::GiveUp`] when the config cannot work.
    pub fn new(config: &SourceConfig, bucket: Span) -> Result<Self, SourceError> {
        if config.query.is_empty() {
            return Err(SourceError::give_up("no [[source.query]]"));
        }
        config.query.iter().try_for_each(Query::validate)?;
        let limits = Limits::of(config);
        Ok(Self {
            source: config.name.clone(),
            wire: Wire {
                client: Client::new(config, limits)?,
                scrape: config.scrape,
                now: Timestamp::EPOCH,
                skew: None,
            },
            asks: config.query.iter().cloned().map(Ask::new).collect(),
            bucket,
            lookback: config.lookback,
            budget: limits.total,
            plan: Plan::default(),
            turn: 0,
        })
    }

    pub fn client(&self) -> &Client {
        &self.wire.client
    }

    /// Asks every query once. A refused query is a note as long as another one works.
    ///
    /// # Errors
    /// [`SourceError`] when no query worked.
    pub async fn poll(&mut self, now: Timestamp) -> Result<Harvest, SourceError> {
        let mut round = Round::default();
        self.wire.now = now;
        self.wire.skew = None;
        self.wire.client.set_total(self.budget);
        let count = self.asks.len();
        let turn = self.turn;
        for index in (0..count).map(|i| (i + turn) % count) {
            let Some(ask) = self.asks.get_mut(index) else { continue };
            let grid = ask.grid(now, self.bucket, self.lookback);
            match collect(&mut self.wire, ask, (&self.source, grid), &mut round.out).await {
                Ok(()) => {
                    ask.done = Some(grid.end);
                    round.worked();
                }
                Err(error) => {
                    self.turn = (index + 1) % count;
                    if round.failed(ask.query.title(), error)? {
                        break;
                    }
                }
            }
        }
        round.out.skew = self.wire.skew;
        round.finish()
    }

    /// Plans the back-history of `days`; [`Prometheus::next_history`] brings it chunk by chunk.
    pub fn history(&mut self, now: Timestamp, days: u32) {
        let with_history = |(i, ask): (usize, &Ask)| {
            let kind = ask.query.kind;
            (!matches!(kind, QueryKind::Check | QueryKind::Build)).then_some(i)
        };
        let indexes: Vec<usize> = self.asks.iter().enumerate().filter_map(with_history).collect();
        self.wire.now = now;
        self.plan = Plan::new(now, days, HISTORY, &indexes);
    }

    /// The next chunk of history; `None` when there is no more to ask.
    pub async fn next_history(&mut self) -> Option<Result<Harvest, SourceError>> {
        let chunk = self.plan.next_chunk()?;
        self.wire.client.set_total(PATIENCE.max(self.budget));
        let result = self.chunk(chunk).await;
        self.wire.client.set_total(self.budget);
        Some(self.plan.settle(chunk, result))
    }

    async fn chunk(&mut self, chunk: Chunk) -> Result<Harvest, SourceError> {
        let mut out = Harvest::default();
        let step = self.plan.step;
        let Some(ask) = self.asks.get_mut(chunk.index) else { return Ok(out) };
        let grid = Grid { start: chunk.start.plus(step), end: chunk.end, step };
        collect(&mut self.wire, ask, (&self.source, grid), &mut out).await?;
        Ok(out)
    }
}

impl Wire {
    async fn range(&mut self, expr: &str, grid: Grid) -> Result<Answered, SourceError> {
        let rate = grid.step.max(self.scrape.times(4));
        let seconds = |t: Timestamp| format!("{}.{:03}", t.secs(), t.millis().rem_euclid(1000));
        let step = grid.step.as_secs_f64().to_string();
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("query", &Query::filled(expr, grid.step, rate))
            .append_pair("start", &seconds(grid.start))
            .append_pair("end", &seconds(grid.end))
            .append_pair("step", &step)
            .finish();
        let url = self.client.at(&["api", "v1", "query_range"]);
        let answer = self.client.post(url, FORM, body).await?;
        self.skew = answer.skew(self.now).or(self.skew);
        wire::decode(&answer)
    }

    async fn optional(&mut self, expr: Option<&str>, grid: Grid) -> Result<Answered, SourceError> {
        match expr {
            Some(expr) => self.range(expr, grid).await,
            None => Ok(Answered::default()),
        }
    }
}

/// Asks all expressions of one query over `grid` and adds its records to `out`.
async fn collect(
    wire: &mut Wire,
    ask: &mut Ask,
    (source, grid): (&SourceId, Grid),
    out: &mut Harvest,
) -> Result<(), SourceError> {
    let now = wire.now;
    let query = &ask.query;
    let frame = Frame { source, query, window: grid.step, now };
    let main = query.expr.as_deref().or(query.trials.as_deref());
    let main = wire.optional(main, grid).await?;
    match query.kind {
        QueryKind::Histogram => frame.histogram(&main, &mut ask.bounds, out),
        QueryKind::Ratio => {
            let hits = wire.optional(query.hits.as_deref(), grid).await?;
            frame.ratio(&hits, &main, out);
        }
        QueryKind::Count | QueryKind::Gauge => frame.numbers(&main, out),
        QueryKind::Check => {
            let took = wire.optional(query.duration.as_deref(), grid).await?;
            let status = wire.optional(query.status.as_deref(), grid).await?;
            frame.checks((&main, &took, &status), out);
        }
        QueryKind::Build => frame.builds(&main, &mut ask.live, out),
    }
    Ok(())
}

#[cfg(test)]
mod tests;
