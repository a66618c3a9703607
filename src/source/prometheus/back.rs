//! The past of a Prometheus-shaped server: hourly windows in pieces that the server can answer
//! within the source's own `timeout`, by time and, where one hour alone is too much, by series.

use std::time::Duration;

use crate::domain::past::Past;
use crate::domain::time::{Span, Timestamp};

use super::grid::QueryGrid;
use super::turn::Urgency;
use super::{PromAsk, Prometheus, collect};
use crate::source::error::SourceError;
use crate::source::harvest::Harvest;
use crate::source::history::{Chunk, HistoryPlan, Measure, PastForecast, PastQuestion, Up};
use crate::source::query::QueryKind;

const HOUR: Span = Span::from_hours(1);
/// The longest piece.
const MOST: Span = Span::from_days(7);
/// How long one answer should take at most: live questions wait for it.
const AIM: Duration = Duration::from_millis(1500);
/// Of the time that one answer may take, what a piece should need: the next one may be slower.
const AIMED_SHARE: u32 = 4;
/// Parts of one hour of a question.
const PARTS: usize = 64;

impl Prometheus {
    /// Plans the back-history of `days`; [`Prometheus::next_history`] brings it piece by piece.
    pub fn history(&mut self, now: Timestamp, days: u32) {
        let asks = self.asks.iter().enumerate().filter(|(_, ask)| has_past(ask));
        let questions: Vec<(usize, usize)> = asks.map(|(i, ask)| (i, ask.width)).collect();
        for ask in &mut self.asks {
            ask.parts.past.clone_from(&ask.parts.live);
        }
        self.wire.now = now;
        self.plan = HistoryPlan::new(now, days, self.measure(), &questions);
    }

    /// The next piece of history; `None` when there is no more to ask.
    pub async fn next_history(&mut self, up: Up) -> Option<Result<Harvest, SourceError>> {
        let chunk = self.plan.next_chunk()?;
        self.wire.up = Some(up);
        self.wire.longest = Duration::ZERO;
        self.wire.urgency = Urgency::Past;
        let mut harvest = Harvest::default();
        let answered = self.piece(chunk, &mut harvest).await;
        self.wire.urgency = Urgency::Live;
        let least = self.plan.is_least(chunk);
        if let Err(error) = &answered
            && error.is_heavy()
            && least
            && self.narrow(chunk.index)
        {
            return Some(Err(error.clone()));
        }
        let width = answered.as_ref().copied().unwrap_or(0);
        let result = answered.map(|_| harvest);
        Some(self.plan.settle(chunk, (self.wire.longest, width), result))
    }

    /// How far the past of each question has been read.
    pub fn pasts(&self) -> Vec<Past> {
        self.pasts_by_ask().into_iter().map(|(_, past)| past).collect()
    }

    fn pasts_by_ask(&self) -> Vec<(usize, Past)> {
        let of = |(question, days, of_days): (&PastQuestion, u32, u32)| {
            let query = &self.asks.get(question.index)?.query;
            let by = query.labels.keys().copied().collect();
            Some((question.index, question.past(query.metric?, by, (days, of_days))))
        };
        self.plan.progress().filter_map(of).collect()
    }

    /// What would be read of `days`, by one hour of each question that was polled.
    pub async fn forecast(&mut self, days: u32, up: Up) -> Vec<PastForecast> {
        self.history(self.wire.now, days);
        let measure = self.measure();
        let newest = self.wire.now.floor(HOUR);
        self.wire.up = Some(up);
        self.wire.urgency = Urgency::Past;
        let mut told = Vec::new();
        for (index, past) in self.pasts_by_ask() {
            let (start, end) = (newest.minus(HOUR), newest);
            self.wire.longest = Duration::ZERO;
            let asked = self.piece(Chunk { index, start, end }, &mut Harvest::default()).await;
            let took = self.wire.longest;
            let live = self.asks.get(index).map_or(0, |ask| ask.width);
            let series = asked.as_ref().copied().unwrap_or(0).max(live);
            told.push(PastForecast {
                title: past.title(),
                series,
                points: series.saturating_mul(24).saturating_mul(days as usize),
                pieces: asked.is_ok().then(|| measure.pieces(series, took, days)),
                took,
                limit: self.wire.budget,
                too_much: asked.as_ref().is_err_and(SourceError::is_heavy),
                error: asked.err().map(|e| e.to_string()),
            });
        }
        self.wire.urgency = Urgency::Live;
        told
    }

    fn measure(&self) -> Measure {
        let aim = AIM.min(self.wire.budget / AIMED_SHARE);
        Measure { step: HOUR, most: MOST, aim }
    }

    async fn piece(&mut self, chunk: Chunk, out: &mut Harvest) -> Result<usize, SourceError> {
        let step = self.plan.step();
        let Some(ask) = self.asks.get_mut(chunk.index) else { return Ok(0) };
        let grid = QueryGrid { start: chunk.start.plus(step), end: chunk.end, step };
        collect(&mut self.wire, ask, (&self.source, grid), out).await
    }

    /// One hour of it is too much: it is asked by groups of series, if that can be done.
    fn narrow(&mut self, index: usize) -> bool {
        let Some(ask) = self.asks.get_mut(index) else { return false };
        let finer = ask.finer(&ask.parts.past, PARTS);
        let found = finer.is_some();
        ask.parts.past = finer.unwrap_or_else(|| std::mem::take(&mut ask.parts.past));
        found
    }
}

fn has_past(ask: &PromAsk) -> bool {
    !matches!(ask.query.kind, QueryKind::Check | QueryKind::Build)
}

#[cfg(test)]
mod tests;
