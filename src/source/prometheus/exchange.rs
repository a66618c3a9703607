//! One question to a Prometheus-shaped server: its placeholders filled, in parts where it is asked
//! so, its numbers brought to one window. What is asked when stands in `prometheus`.

use std::time::Duration;

use crate::domain::time::{Span, Timestamp};
use crate::source::assemble::Answered;
use crate::source::error::SourceError;
use crate::source::history::Up;
use crate::source::http::Client;
use crate::source::query::{Query, QueryKind};

use super::grid::QueryGrid;
use super::turn::{ServerTurn, Urgency};
use super::{spacing, split, wire};

const FORM: &str = "application/x-www-form-urlencoded";
/// The server is told to give up at this share of our own patience, so that it says so itself and
/// nothing runs on there that nobody waits for.
const SERVERS_SHARE: f64 = 0.9;

/// The way to one server, and what the questions of this poll have in common.
pub(super) struct Wire {
    pub client: Client,
    /// The distance of samples that the config tells.
    pub told: Option<Span>,
    pub now: Timestamp,
    pub skew: Option<Span>,
    pub turn: ServerTurn,
    pub urgency: Urgency,
    /// The time a query may take in all.
    pub budget: Duration,
    /// How long the slowest query took since it was set to nothing, where time is told.
    pub up: Option<Up>,
    pub longest: Duration,
}

/// What one answer is asked for.
#[derive(Clone, Copy)]
struct RangeQuestion<'a> {
    expr: &'a str,
    matcher: Option<&'a str>,
    scrape: Span,
    /// Its numbers are events of the whole range.
    counts: bool,
}

impl RangeQuestion<'_> {
    /// The expression for windows of `step`, and what its numbers are to be multiplied by.
    fn filled(self, step: Span) -> (String, f64) {
        let rate = step.max(self.scrape.times(4));
        if !Query::looks_back(self.expr) {
            return (Query::filled(self.expr, step, rate), 1.0);
        }
        let reach = spacing::reach(step, self.scrape);
        let share = if self.counts { step.as_secs_f64() / reach.as_secs_f64() } else { 1.0 };
        (Query::filled(self.expr, reach, rate), share)
    }
}

impl Wire {
    /// An expression that has no placeholders.
    pub async fn plain(&mut self, expr: &str, grid: QueryGrid) -> Result<Answered, SourceError> {
        let scrape = grid.step;
        self.range(RangeQuestion { expr, matcher: None, scrape, counts: false }, grid).await
    }

    async fn range(
        &mut self,
        asked: RangeQuestion<'_>,
        grid: QueryGrid,
    ) -> Result<Answered, SourceError> {
        let seconds = |t: Timestamp| format!("{}.{:03}", t.secs(), t.millis().rem_euclid(1000));
        let step = grid.step.as_secs_f64().to_string();
        let (filled, share) = asked.filled(grid.step);
        let filled = match asked.matcher {
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
        let mut answered = wire::decode(&answer)?;
        answered.scale(share);
        Ok(answered)
    }

    /// The answer to one expression, whole or put together from its parts.
    pub async fn optional(
        &mut self,
        expr: Option<&str>,
        (query, scrape): (&Query, Span),
        parts: &[String],
        grid: QueryGrid,
    ) -> Result<Answered, SourceError> {
        let Some(expr) = expr else { return Ok(Answered::default()) };
        let counts =
            matches!(query.kind, QueryKind::Histogram | QueryKind::Ratio | QueryKind::Count);
        let asked = RangeQuestion { expr, matcher: None, scrape, counts };
        if parts.is_empty() {
            return self.range(asked, grid).await;
        }
        let mut all = Answered::default();
        for part in parts {
            let more = self.range(RangeQuestion { matcher: Some(part), ..asked }, grid).await?;
            all.lines.extend(more.lines);
            all.says.extend(more.says);
            all.dropped += more.dropped;
            all.partial |= more.partial;
            all.truncated |= more.truncated;
        }
        Ok(all)
    }
}
