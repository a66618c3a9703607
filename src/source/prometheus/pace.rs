//! How far apart the samples of a series are: told by the config or measured at one series, because
//! a range that holds fewer than two samples holds no increase. Words for what follows from it.

use std::collections::BTreeMap;

use crate::domain::time::{Span, Timestamp};
use crate::source::assemble::{Answered, SeriesLine};
use crate::source::error::SourceError;
use crate::source::harvest::Harvest;
use crate::source::query::{Query, QueryKind};

use super::PromAsk;
use super::exchange::Wire;
use super::grid::QueryGrid;
use super::spacing::{STEP, USUAL, reach};
use super::split::first_selector;

/// How far back a series is looked at, and how finely.
const BACK: Span = Span::from_mins(11);
/// Distances that count: the newest, because a past may be kept coarser than it is told now.
const NEWEST: usize = 8;
/// Intervals people set, in seconds; what is measured is one of them where it is near.
const NICE: [i64; 12] = [1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 240, 300];

impl PromAsk {
    /// True where it matters how far apart samples are.
    fn is_paced(&self) -> bool {
        let placed = |e: &str| Query::looks_back(e) || e.contains("$rate_window");
        self.query.kind == QueryKind::Check || self.query.exprs().any(placed)
    }

    /// Measures before the first question where nothing is told, and after one that brought
    /// nothing; true when the question looks farther back now.
    pub(super) async fn measure(
        &mut self,
        wire: &mut Wire,
        now: Timestamp,
        empty: bool,
    ) -> Result<bool, SourceError> {
        let wanted = empty || wire.told.is_none() || self.pace.is_slow(wire.told);
        if !wanted || !self.is_paced() || !self.pace.is_due(now, wire.told) {
            return Ok(false);
        }
        let before = self.pace.scrape(wire.told);
        self.pace.looked = Some(now);
        let Some(selector) = self.query.exprs().next().and_then(first_selector) else {
            return Ok(false);
        };
        let one = format!("topk(1, count_over_time({}[{}s]))", selector.whole(), BACK.secs());
        let newest = now.floor(Span::from_secs(1));
        let answer = wire.plain(&one, QueryGrid { start: newest, end: newest, step: STEP }).await?;
        self.pace.nothing = answer.lines.is_empty();
        let Some(line) = answer.lines.first() else { return Ok(false) };
        let same = format!("timestamp({})", selector.of(&line.labels));
        let grid = QueryGrid { start: newest.minus(BACK), end: newest, step: STEP };
        self.pace.found = apart(&wire.plain(&same, grid).await?).or(self.pace.found);
        Ok(self.pace.scrape(wire.told) > before)
    }

    /// Says what follows from the distance of samples, with what to change.
    pub(super) fn tell_pace(&self, told: Option<Span>, window: Span, out: &mut Harvest) {
        let title = self.query.title();
        let scrape = self.pace.scrape(told);
        if self.pace.nothing {
            let selector = self.query.exprs().next().and_then(first_selector);
            if let Some(selector) = selector {
                let whole = selector.whole();
                out.note(format!(
                    "{title}: no series matches {whole}: look at its name and labels"
                ));
            }
        }
        let Some(found) = self.pace.found else { return };
        // closer than the steps it is looked at by cannot be told apart
        if told.is_some_and(|told| told < found && found > STEP) {
            let told = told.unwrap_or(USUAL);
            out.note(format!(
                "{title}: samples come every {found}, the config says {told}: write scrape = \
                 \"{found}\" or leave it out"
            ));
        }
        let reach = reach(window, scrape);
        if self.query.kind != QueryKind::Check && reach > window {
            out.note(format!(
                "{title}: samples come every {found}, so each {window} is a mean over {reach}: \
                 what breaks is seen later; scrape every 15s to see it within a minute"
            ));
        }
        if self.query.kind == QueryKind::Check && scrape > window && self.query.step.is_none() {
            out.note(format!("{title}: one run every {scrape}, as its samples come"));
        }
    }
}

/// The usual distance of the samples that an answer of their timestamps shows: at the series that
/// has most of them, because others may just have begun or ended.
fn apart(answer: &Answered) -> Option<Span> {
    let times = |line: &SeriesLine| {
        let mut all: Vec<i64> =
            line.points.iter().map(|(_, at)| (at * 1000.0).round() as i64).collect();
        all.dedup();
        all
    };
    let times = answer.lines.iter().map(times).max_by_key(Vec::len)?;
    let mut seen: BTreeMap<i64, usize> = BTreeMap::new();
    let newest = times.get(times.len().saturating_sub(NEWEST + 1)..)?;
    for pair in newest.windows(2) {
        *seen.entry(nice((pair.get(1)? - pair.first()?).max(1))).or_default() += 1;
    }
    let usual = seen.into_iter().max_by_key(|(ms, n)| (*n, -ms));
    usual.map(|(ms, _)| Span::from_millis(ms))
}

/// The interval that somebody set, where a measured one is within a tenth of it.
fn nice(ms: i64) -> i64 {
    let near = NICE.iter().map(|s| s * 1000).find(|n| (ms - n).abs() * 10 <= *n);
    near.unwrap_or(ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::query::Labels;

    #[test]
    fn prometheus_09_a_range_holds_three_samples_and_whole_windows() {
        let minute = Span::from_mins(1);
        for (scrape, secs) in [(5, 60), (15, 60), (20, 60), (30, 120), (60, 180), (300, 900)] {
            assert_eq!(reach(minute, Span::from_secs(scrape)), Span::from_secs(secs), "{scrape}");
        }
        assert_eq!(reach(Span::from_hours(1), Span::from_mins(5)), Span::from_hours(1));
    }

    #[test]
    fn the_distance_of_samples_is_what_most_of_them_have() {
        let at = Timestamp::from_secs(1_795_207_980);
        let of = |every: f64, jitter: f64| {
            let points = (0..132_i32).map(|n| {
                let t = f64::from(n) * 5.0;
                let k = (t / every).floor();
                (at, 1e9 + k * every + jitter * (k % 3.0))
            });
            apart(&Answered {
                lines: vec![SeriesLine { points: points.collect(), ..SeriesLine::default() }],
                ..Answered::default()
            })
        };
        for secs in [5, 15, 30, 60, 300] {
            let every = Span::from_secs(secs);
            assert_eq!(of(secs as f64, 0.0), Some(every), "{secs}");
            assert_eq!(of(secs as f64, 0.07), Some(every), "{secs} with jitter");
        }
        // a past of five minutes' steps before a present of five seconds
        let past = [0.0, 300.0].map(|t| (at, 1e9 - 700.0 + t));
        let now = (0..12_i32).map(|n| (at, 1e9 + f64::from(n) * 5.0));
        let points = past.into_iter().chain(now).collect();
        let answer = Answered {
            lines: vec![SeriesLine { points, ..SeriesLine::default() }],
            ..Answered::default()
        };
        assert_eq!(apart(&answer), Some(Span::from_secs(5)));
        assert_eq!(of(45.0, 0.0), Some(Span::from_secs(45)));
        assert_eq!(apart(&Answered::default()), None);
    }

    #[test]
    fn one_series_of_a_question_can_be_asked_for() {
        let of = |expr: &str| first_selector(expr).map(|s| s.whole());
        assert_eq!(of("increase(x_bucket[$window])").as_deref(), Some("x_bucket"));
        let expr = "sum by (le) (rate(x{a=\"}\", b!=\"c\"}[$rate_window])) * $window_s";
        assert_eq!(of(expr).as_deref(), Some("x{a=\"}\", b!=\"c\"}"));
        assert_eq!(
            of("sum(increase({\"http.x\",a=\"1\"}[5m]))").as_deref(),
            Some("{\"http.x\",a=\"1\"}")
        );
        assert_eq!(of("1 + 2"), None);
        let labels = [("__name__", "x"), ("a b", "c\"d"), ("pod", "1")];
        let labels: Labels = labels.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        let one = first_selector("x{job=\"j\"}").expect("one").of(&labels);
        assert_eq!(one, "x{job=\"j\",\"a b\"=\"c\\\"d\",pod=\"1\"}");
    }
}
