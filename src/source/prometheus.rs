//! The Prometheus HTTP API and its relatives (Thanos, Mimir, VictoriaMetrics): range queries
//! aligned to the bucket, one at a time towards one server. Wire format in `wire`, meaning in
//! `assemble`, whose turn it is in `turn`, the past in `back`.

pub mod back;
pub mod split;
pub mod turn;
pub mod wire;

use std::time::Duration;

use crate::domain::id::SourceId;
use crate::domain::time::{Span, Timestamp};

use self::split::Shares;
use self::turn::{Turn, Turns, Urgency};

use super::assemble::builds::Live;
use super::assemble::histograms::Bounds;
use super::assemble::{Answered, Frame};
use super::config::SourceConfig;
use super::error::SourceError;
use super::harvest::Harvest;
use super::history::{Plan, Up};
use super::http::{Client, Limits};
use super::query::{Query, QueryKind};
use super::round::Round;

const FORM: &str = "application/x-www-form-urlencoded";
/// Most points a series in one question; the server refuses 11,000.
const POINTS: i64 = 10_000;
/// The server is told to give up at this share of our own patience, so that it says so itself and
/// nothing runs on there that nobody waits for.
const SERVERS_SHARE: f64 = 0.9;
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
    asks: Vec<Ask>,
    bucket: Span,
    lookback: Span,
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
    /// Windows that one answer can hold, where the whole lookback was too much.
    reach: Option<i64>,
    /// Observations of one window of the last live answer.
    rows: usize,
    /// Its series, and the values of their labels.
    width: usize,
    shares: Shares,
    /// Matchers that part the question, live and for its past; none: it is asked whole.
    parts: Parts,
}

#[derive(Clone, PartialEq, Debug, Default)]
struct Parts {
    live: Vec<String>,
    past: Vec<String>,
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
    turn: Turn,
    urgency: Urgency,
    /// The time a query may take in all.
    budget: Duration,
    /// How long the slowest query took since it was set to nothing, where time is told.
    up: Option<Up>,
    longest: Duration,
}

impl Grid {
    fn windows(self) -> usize {
        let steps = self.end.since(self.start).millis() / self.step.millis().max(1);
        usize::try_from(steps).unwrap_or(0) + 1
    }
}

impl Ask {
    pub fn new(query: Query) -> Self {
        Self {
            query,
            bounds: Bounds::default(),
            live: Live::new(),
            done: None,
            reach: None,
            rows: 0,
            width: 0,
            shares: Shares::new(),
            parts: Parts::default(),
        }
    }

    /// The windows since the last full one and that one again: its scrape may have been late. The
    /// first question asks for the whole lookback, unless `brief`: then for the newest windows, and
    /// for the rest at a later poll.
    fn grid(&self, now: Timestamp, (bucket, lookback): (Span, Span), brief: bool) -> Grid {
        let step = match self.query.kind {
            QueryKind::Check => self.query.step.unwrap_or(bucket).max(Span::from_secs(1)),
            _ => bucket,
        };
        let room = i64::try_from(ROOM / self.rows.max(1)).unwrap_or(POINTS).max(LEAST);
        let room = if self.done.is_none() { room } else { POINTS };
        let points = if brief { LEAST } else { self.reach.unwrap_or(room).min(room).min(POINTS) };
        let most = Span::from_millis(step.millis().saturating_mul(points));
        let end = now.floor(step);
        let oldest = end.minus(lookback.min(most)).floor(step);
        let start = self.done.map_or(oldest, |done| done.minus(step).max(oldest));
        Grid { start: start.min(end), end, step }
    }

    /// The last live question was too much: the next one is smaller.
    fn ease(&mut self, grid: Grid) {
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
                client: Client::new(config, limits)?,
                scrape: config.scrape,
                now: Timestamp::EPOCH,
                skew: None,
                turn: Turn::default(),
                urgency: Urgency::Live,
                budget: limits.total,
                up: None,
                longest: Duration::ZERO,
            },
            asks: config.query.iter().cloned().map(Ask::new).collect(),
            bucket,
            lookback: config.lookback,
            plan: Plan::default(),
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

    /// Asks every query once. A refused query is a note as long as another one works.
    ///
    /// # Errors
    /// [`SourceError`] when no query worked.
    pub async fn poll(&mut self, now: Timestamp) -> Result<Harvest, SourceError> {
        let mut round = Round::default();
        self.wire.now = now;
        self.wire.skew = None;
        self.wire.urgency = Urgency::Live;
        let count = self.asks.len();
        let turn = self.turn;
        for index in (0..count).map(|i| (i + turn) % count) {
            let Some(ask) = self.asks.get_mut(index) else { continue };
            let brief = ask.done.is_none() && round.out.observations.len() > ROOM;
            let grid = ask.grid(now, (self.bucket, self.lookback), brief);
            let before = round.out.observations.len();
            match collect(&mut self.wire, ask, (&self.source, grid), &mut round.out).await {
                Ok(_) => {
                    ask.rows = (round.out.observations.len() - before) / grid.windows();
                    ask.done = Some(grid.end).filter(|_| !brief);
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

impl Wire {
    async fn range(
        &mut self,
        (expr, matcher): (&str, Option<&str>),
        grid: Grid,
    ) -> Result<Answered, SourceError> {
        let rate = grid.step.max(self.scrape.times(4));
        let seconds = |t: Timestamp| format!("{}.{:03}", t.secs(), t.millis().rem_euclid(1000));
        let step = grid.step.as_secs_f64().to_string();
        let filled = Query::filled(expr, grid.step, rate);
        let filled = match matcher {
            Some(matcher) => split::narrowed(&filled, matcher)
                .ok_or_else(|| SourceError::give_up("this question cannot be asked in parts"))?,
            None => filled,
        };
        let patience = format!("{:.3}", self.budget.as_secs_f64() * SERVERS_SHARE);
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("query", &filled)
            .append_pair("start", &seconds(grid.start))
            .append_pair("end", &seconds(grid.end))
            .append_pair("step", &step)
            .append_pair("timeout", &patience)
            .finish();
        let url = self.client.at(&["api", "v1", "query_range"]);
        let turn = self.turn.clone();
        let _pass = turn.pass(self.urgency).await;
        let begun = self.up.map(|up| up());
        let answer = self.client.post(url, FORM, body).await;
        if let (Some(up), Some(begun)) = (self.up, begun) {
            self.longest = self.longest.max(up().saturating_sub(begun));
        }
        let answer = answer?;
        self.skew = answer.skew(self.now).or(self.skew);
        wire::decode(&answer)
    }

    /// The answer to one expression, whole or put together from its parts.
    async fn optional(
        &mut self,
        expr: Option<&str>,
        parts: &[String],
        grid: Grid,
    ) -> Result<Answered, SourceError> {
        let Some(expr) = expr else { return Ok(Answered::default()) };
        if parts.is_empty() {
            return self.range((expr, None), grid).await;
        }
        let mut all = Answered::default();
        for part in parts {
            let more = self.range((expr, Some(part)), grid).await?;
            all.lines.extend(more.lines);
            all.dropped += more.dropped;
            all.partial |= more.partial;
            all.truncated |= more.truncated;
        }
        Ok(all)
    }
}

/// Asks all expressions of one query over `grid` and adds its records to `out`. Series of the main
/// answer.
async fn collect(
    wire: &mut Wire,
    ask: &mut Ask,
    (source, grid): (&SourceId, Grid),
    out: &mut Harvest,
) -> Result<usize, SourceError> {
    let now = wire.now;
    let live = wire.urgency == Urgency::Live;
    let parts = if live { ask.parts.live.clone() } else { ask.parts.past.clone() };
    let query = &ask.query;
    let main = query.expr.as_deref().or(query.trials.as_deref());
    let main = wire.optional(main, &parts, grid).await?;
    if live {
        ask.learn(&main);
    }
    let query = &ask.query;
    let frame = Frame { source, query, window: grid.step, now };
    match query.kind {
        QueryKind::Histogram => frame.histogram(&main, &mut ask.bounds, out),
        QueryKind::Ratio => {
            let hits = wire.optional(query.hits.as_deref(), &parts, grid).await?;
            frame.ratio(&hits, &main, out);
        }
        QueryKind::Count | QueryKind::Gauge => frame.numbers(&main, out),
        QueryKind::Check => {
            let took = wire.optional(query.duration.as_deref(), &[], grid).await?;
            let status = wire.optional(query.status.as_deref(), &[], grid).await?;
            frame.checks((&main, &took, &status), out);
        }
        QueryKind::Build => frame.builds(&main, &mut ask.live, out),
    }
    Ok(main.lines.len())
}

#[cfg(test)]
mod tests;
