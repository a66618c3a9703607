//! The Prometheus HTTP API and its relatives (Thanos, Mimir, VictoriaMetrics): range queries
//! aligned to the bucket, one at a time towards one server. One question in `exchange`, its format
//! in `wire`, meaning in `assemble`, how far it looks back in `pace`, whose turn it is in `turn`,
//! the past in `back`.

pub mod back;
pub mod exchange;
mod grid;
pub mod pace;
mod spacing;
pub mod split;
pub mod turn;
pub mod wire;

use std::time::Duration;

use crate::domain::id::SourceId;
use crate::domain::time::{Span, Timestamp};

use self::exchange::Wire;
use self::grid::QueryGrid;
use self::spacing::SamplePace;
use self::split::LabelShares;
use self::turn::{ServerTurn, Turns, Urgency};

use super::assemble::builds::LiveVersions;
use super::assemble::histograms::Bounds;
use super::assemble::{Answered, QueryFrame};
use super::config::SourceConfig;
use super::error::SourceError;
use super::harvest::Harvest;
use super::history::HistoryPlan;
use super::http::{Client, Limits};
use super::query::{Query, QueryKind};
use super::round::PollRound;

/// Most points a series in one question; the server refuses 11,000.
const POINTS: i64 = 10_000;
/// Series of one part of a question that is asked in parts; what is above the cap of `wire` is cut.
const PART: usize = 4000;
/// Parts of one live question.
const PARTS: usize = 16;
/// Observations of one poll beyond which no further lookback is asked in it: the first poll of many
/// large questions must not hold all their hours at once.
const ROOM: usize = 40_000;
/// Live windows asked again after an answer that was too much; of fewer nothing is left out.
const LEAST: i64 = 3;

/// A Prometheus-shaped server.
pub struct Prometheus {
    source: SourceId,
    wire: Wire,
    asks: Vec<PromAsk>,
    bucket: Span,
    lookback: Span,
    plan: HistoryPlan,
    /// Where the next poll begins: after the question that failed last.
    turn: usize,
}

/// One query with what it remembers over polls.
#[derive(Clone, Debug)]
pub struct PromAsk {
    pub query: Query,
    pub bounds: Bounds,
    pub live: LiveVersions,
    done: Option<Timestamp>,
    /// Windows that one answer can hold, where the whole lookback was too much.
    reach: Option<i64>,
    /// Observations of one window of the last live answer.
    rows: usize,
    /// Its series, and the values of their labels.
    width: usize,
    shares: LabelShares,
    /// How far apart the samples it is about are.
    pace: SamplePace,
    /// Matchers that part the question, live and for its past; none: it is asked whole.
    parts: Parts,
}

#[derive(Clone, PartialEq, Debug, Default)]
struct Parts {
    live: Vec<String>,
    past: Vec<String>,
}

/// What the source's own config and the buckets of judging make of time.
#[derive(Clone, Copy)]
struct QueryTimes {
    bucket: Span,
    lookback: Span,
    told: Option<Span>,
}

impl PromAsk {
    pub fn new(query: Query) -> Self {
        Self {
            query,
            bounds: Bounds::default(),
            live: LiveVersions::new(),
            done: None,
            reach: None,
            rows: 0,
            width: 0,
            shares: LabelShares::new(),
            pace: SamplePace::default(),
            parts: Parts::default(),
        }
    }

    /// The windows since the last full one and that one again: its scrape may have been late. The
    /// first question asks for the whole lookback, unless `brief`: then for the newest windows, and
    /// for the rest at a later poll.
    fn grid(&self, now: Timestamp, times: QueryTimes, brief: bool) -> QueryGrid {
        let QueryTimes { bucket, lookback, told } = times;
        // A run is told until the next one: asked more often, one failure would look like several.
        let runs = || bucket.max(self.pace.scrape(told));
        let step = match self.query.kind {
            QueryKind::Check => self.query.step.unwrap_or_else(runs).max(Span::from_secs(1)),
            _ => bucket,
        };
        let room = i64::try_from(ROOM / self.rows.max(1)).unwrap_or(POINTS).max(LEAST);
        let room = if self.done.is_none() { room } else { POINTS };
        let points = if brief { LEAST } else { self.reach.unwrap_or(room).min(room).min(POINTS) };
        let most = Span::from_millis(step.millis().saturating_mul(points));
        let end = now.floor(step);
        let oldest = end.minus(lookback.min(most)).floor(step);
        let start = self.done.map_or(oldest, |done| done.minus(step).max(oldest));
        QueryGrid { start: start.min(end), end, step }
    }

    /// The last live question was too much: the next one is smaller.
    fn ease(&mut self, grid: QueryGrid) {
        let windows = i64::try_from(grid.windows()).unwrap_or(POINTS) - 1;
        if windows > LEAST {
            self.reach = Some((windows / 4).max(LEAST));
        } else if let Some(parts) = self.finer(&self.parts.live, PARTS) {
            self.parts.live = parts;
        }
    }

    /// The same question in more parts, where it can be had in such.
    fn finer(&self, parts: &[String], most: usize) -> Option<Vec<String>> {
        let count = (parts.len() * 2).clamp(4, most);
        self.in_parts(count).filter(|finer| finer.len() > parts.len())
    }

    fn in_parts(&self, count: usize) -> Option<Vec<String>> {
        let parts = split::matchers(&self.shares, count)?;
        let query = &self.query;
        let exprs = [&query.expr, &query.hits, &query.trials];
        let first = parts.first()?;
        let mut all = exprs.into_iter().flatten();
        let data = !matches!(query.kind, QueryKind::Check | QueryKind::Build);
        (data && all.all(|e| split::narrowed(e, first).is_some())).then_some(parts)
    }

    /// Remembers what a live answer looked like; the next one comes in parts when this one was cut.
    fn learn(&mut self, main: &Answered) {
        if main.lines.len() != self.width || self.shares.is_empty() {
            self.shares = split::shares(&main.lines);
            self.width = main.lines.len();
        }
        if main.dropped > 0 {
            let count = (self.width + main.dropped).div_ceil(PART).clamp(2, PARTS);
            let count = count.max(self.parts.live.len() * 2).min(PARTS);
            if let Some(parts) = self.in_parts(count) {
                self.parts.live = parts;
            }
        }
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
                client: Client::new(&tidied(config), limits)?,
                told: config.scrape,
                now: Timestamp::EPOCH,
                skew: None,
                turn: ServerTurn::default(),
                urgency: Urgency::Live,
                budget: limits.total,
                up: None,
                longest: Duration::ZERO,
            },
            asks: config.query.iter().cloned().map(PromAsk::new).collect(),
            bucket,
            lookback: config.lookback,
            plan: HistoryPlan::default(),
            turn: 0,
        })
    }

    pub fn client(&self) -> &Client {
        &self.wire.client
    }

    /// Takes its turn with every other source that asks the same server.
    pub fn take_turns(&mut self, turns: &mut Turns) {
        self.wire.turn = turns.of(self.wire.client.base());
    }

    /// Measures how far apart samples are, whatever the config says; what to change where that
    /// differs.
    pub async fn paces(&mut self) -> Harvest {
        let (now, told) = (self.wire.now, self.wire.told);
        let mut out = Harvest::default();
        for ask in &mut self.asks {
            let _measured = ask.measure(&mut self.wire, now, true).await;
            ask.tell_pace(told, self.bucket, &mut out);
        }
        out
    }

    /// Asks every query once. A refused query is a note as long as another one works.
    ///
    /// # Errors
    /// [`SourceError`] when no query worked.
    pub async fn poll(&mut self, now: Timestamp) -> Result<Harvest, SourceError> {
        let mut round = PollRound::default();
        self.wire.now = now;
        self.wire.skew = None;
        self.wire.urgency = Urgency::Live;
        let count = self.asks.len();
        let turn = self.turn;
        for index in (0..count).map(|i| (i + turn) % count) {
            let Some(ask) = self.asks.get_mut(index) else { continue };
            let brief = ask.done.is_none() && round.out.observations.len() > ROOM;
            let (bucket, lookback, told) = (self.bucket, self.lookback, self.wire.told);
            // What it cannot measure it does without; the question itself says why.
            let _measured = ask.measure(&mut self.wire, now, false).await;
            let grid = ask.grid(now, QueryTimes { bucket, lookback, told }, brief);
            let before = round.out.observations.len();
            match live(&mut self.wire, ask, (&self.source, grid), &mut round.out).await {
                Ok(()) => {
                    ask.rows = (round.out.observations.len() - before) / grid.windows();
                    ask.done = Some(grid.end).filter(|_| !brief);
                    ask.tell_pace(told, bucket, &mut round.out);
                    round.worked();
                }
                Err(error) => {
                    if error.is_heavy() {
                        ask.ease(grid);
                    }
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
}

/// The config with the address of the server itself, where that of its API or of one of its pages
/// was pasted.
fn tidied(config: &SourceConfig) -> SourceConfig {
    const PAGES: [&str; 11] = [
        "/graph",
        "/query",
        "/alerts",
        "/targets",
        "/rules",
        "/config",
        "/flags",
        "/status",
        "/tsdb-status",
        "/service-discovery",
        "/metrics",
    ];
    let mut tidy = config.clone();
    let url = config.url.split(['?', '#']).next().unwrap_or_default();
    let url = url.split_once("/api/v1").map_or(url, |(before, _)| before).trim_end_matches('/');
    let url = PAGES.iter().find_map(|page| url.strip_suffix(page)).unwrap_or(url);
    let url = url.strip_suffix("/classic").unwrap_or(url);
    url.clone_into(&mut tidy.url);
    tidy
}

/// Asks one query live, and once more when samples turn out to be farther apart than thought.
async fn live(
    wire: &mut Wire,
    ask: &mut PromAsk,
    (source, grid): (&SourceId, QueryGrid),
    out: &mut Harvest,
) -> Result<(), SourceError> {
    let now = wire.now;
    if collect(wire, ask, (source, grid), out).await? == 0
        && let Ok(true) = ask.measure(wire, now, true).await
    {
        collect(wire, ask, (source, grid), out).await?;
    }
    Ok(())
}

/// Asks all expressions of one query over `grid` and adds its records to `out`. Series of the main
/// answer.
async fn collect(
    wire: &mut Wire,
    ask: &mut PromAsk,
    (source, grid): (&SourceId, QueryGrid),
    out: &mut Harvest,
) -> Result<usize, SourceError> {
    let now = wire.now;
    let live = wire.urgency == Urgency::Live;
    let parts = if live { ask.parts.live.clone() } else { ask.parts.past.clone() };
    let scrape = ask.pace.scrape(wire.told);
    let main = ask.query.expr.as_deref().or(ask.query.trials.as_deref());
    let main = wire.optional(main, (&ask.query, scrape), &parts, grid).await?;
    if live {
        ask.learn(&main);
    }
    let query = &ask.query;
    let how = (query, scrape);
    let frame = QueryFrame { source, query, window: grid.step, now };
    frame.tell_answer(&main, out);
    match query.kind {
        QueryKind::Histogram => frame.histogram(&main, &mut ask.bounds, out),
        QueryKind::Ratio => {
            let hits = wire.optional(query.hits.as_deref(), how, &parts, grid).await?;
            frame.tell_answer(&hits, out);
            frame.ratio(&hits, &main, out);
        }
        QueryKind::Count | QueryKind::Gauge => frame.numbers(&main, out),
        QueryKind::Check => {
            let took = wire.optional(query.duration.as_deref(), how, &[], grid).await?;
            let status = wire.optional(query.status.as_deref(), how, &[], grid).await?;
            frame.checks((&main, &took, &status), out);
        }
        QueryKind::Build => frame.builds(&main, &mut ask.live, out),
    }
    Ok(main.lines.len())
}

#[cfg(test)]
mod tests;
