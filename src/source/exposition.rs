//! A /metrics page read directly, for a shop without a Prometheus: the same queries, but each
//! expression is a family with label conditions. Counters become increases per bucket.

pub mod bins;
pub mod counters;
pub mod selector;
pub mod text;

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::domain::flaw::Flaw;
use crate::domain::id::SourceId;
use crate::domain::metric::Metric;
use crate::domain::time::{Span, Timestamp};

use self::counters::{CounterReading, Counters};
use self::selector::Selector;
use self::text::{ExpositionPage, Sample, read};

use super::answer::HttpAnswer;
use super::assemble::builds::LiveVersions;
use super::assemble::histograms::Bounds;
use super::assemble::{Answered, QueryFrame, SeriesLine};
use super::config::SourceConfig;
use super::error::SourceError;
use super::harvest::Harvest;
use super::http::{Client, Limits};
use super::query::{Labels, Query, QueryKind};

/// A sample that its sender stamped with a time this long ago is no reading of now: the time after
/// which Prometheus lets a series go.
const OLD: Span = Span::from_mins(5);
/// And one that is further ahead than clocks usually are is none at all.
const EARLY: Span = Span::from_mins(1);

/// A scraped page.
pub struct Exposition {
    client: Client,
    reader: ScrapeReader,
}

/// What is made of the pages, one after the other; works on recorded ones as well.
#[derive(Debug)]
pub struct ScrapeReader {
    source: SourceId,
    asks: Vec<ScrapeAsk>,
    bucket: Span,
    /// End of the last bucket whose gauges were given.
    gauged: Option<Timestamp>,
    repeats: Repeats,
}

#[derive(Debug)]
struct ScrapeAsk {
    query: Query,
    main: Selector,
    hits: Option<Selector>,
    duration: Option<Selector>,
    status: Option<Selector>,
    counted: Counters,
    hit: Counters,
    bounds: Bounds,
    live: LiveVersions,
}

impl ScrapeAsk {
    fn new(query: &Query) -> Result<Self, SourceError> {
        query.validate()?;
        let selector = |text: &Option<String>| text.as_deref().map(Selector::parse).transpose();
        let main = selector(&query.expr)?.or(selector(&query.trials)?).unwrap_or_default();
        Ok(Self {
            main,
            hits: selector(&query.hits)?,
            duration: selector(&query.duration)?,
            status: selector(&query.status)?,
            counted: Counters::default(),
            hit: Counters::default(),
            bounds: Bounds::default(),
            live: LiveVersions::new(),
            query: query.clone(),
        })
    }
}

impl Exposition {
    /// # Errors
    /// [`SourceError::GiveUp`] when the config cannot work.
    pub fn new(config: &SourceConfig, bucket: Span) -> Result<Self, SourceError> {
        let reader = ScrapeReader::new(config, bucket)?;
        Ok(Self { client: Client::new(config, Limits::of(config))?, reader })
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Scrapes once.
    ///
    /// # Errors
    /// [`SourceError`] when there is no page to read.
    pub async fn poll(&mut self, now: Timestamp) -> Result<Harvest, SourceError> {
        let url = self.client.base().clone();
        let answer = self.client.get(url, None).await?;
        let page = page(&answer)?;
        let mut out = self.reader.take(&page, now);
        out.skew = answer.skew(now);
        Ok(out)
    }
}

/// The samples of an answer.
///
/// # Errors
/// By status, then [`SourceError::Malformed`] when no line of the body is a sample.
pub fn page(answer: &HttpAnswer) -> Result<ExpositionPage, SourceError> {
    answer.check()?;
    answer.no_page()?;
    let page = read(answer.text()?);
    match (page.samples.is_empty(), page.unread) {
        (true, 0) => Err(SourceError::malformed("empty page")),
        (true, _) => Err(SourceError::malformed("not a metrics page")),
        (false, _) => Ok(page),
    }
}

impl ScrapeReader {
    /// # Errors
    /// [`SourceError::GiveUp`] when the config cannot work.
    pub fn new(config: &SourceConfig, bucket: Span) -> Result<Self, SourceError> {
        if config.query.is_empty() {
            return Err(SourceError::give_up("no [[source.query]]"));
        }
        Ok(Self {
            source: config.name.clone(),
            asks: config.query.iter().map(ScrapeAsk::new).collect::<Result<_, _>>()?,
            bucket,
            gauged: None,
            repeats: Repeats::default(),
        })
    }

    /// Takes a page scraped at `now`. Checks come at once; gauges with each new bucket (the value
    /// found then); counts and histograms when their bucket is over.
    pub fn take(&mut self, page: &ExpositionPage, now: Timestamp) -> Harvest {
        let mut out = Harvest::default();
        if self.repeats.again(page) {
            out.note(
                "metrics page: the same samples once more, and they always changed".to_owned(),
            );
            return out;
        }
        let fresh = self.fresh(page, now, &mut out);
        let page = &fresh;
        let end = now.floor(self.bucket);
        let gauges = self.gauged.is_none_or(|g| end > g).then_some(end);
        self.gauged = self.gauged.max(gauges);
        if page.unread > 0 || page.dropped > 0 {
            let (unread, dropped) = (page.unread, page.dropped);
            out.note(format!("metrics page: {unread} lines not read, {dropped} too many"));
        }
        let cut = page.dropped > 0;
        for ask in &mut self.asks {
            ask.take(page, (&self.source, self.bucket, now, gauges), &mut out);
        }
        out.partial |= cut;
        out
    }
}

impl ScrapeReader {
    /// The page without the samples that their sender stamped with a time long gone, or to come.
    fn fresh(&self, page: &ExpositionPage, now: Timestamp, out: &mut Harvest) -> ExpositionPage {
        let old = |s: &Sample| s.at.is_some_and(|at| now.since(at) > OLD.max(self.bucket.times(4)));
        let early = |s: &Sample| s.at.is_some_and(|at| at > now.plus(EARLY));
        let mut fresh = ExpositionPage {
            unread: page.unread,
            dropped: page.dropped,
            ..ExpositionPage::default()
        };
        let wanted = |s: &&Sample| self.asks.iter().any(|ask| ask.wants(s));
        fresh.samples.extend(page.samples.iter().filter(|s| !old(s) && !early(s)).cloned());
        for ask in &self.asks {
            let mine = page.samples.iter().filter(|s| ask.wants(s));
            let (rows, ahead) = (mine.clone().count(), mine.clone().filter(|s| early(s)).count());
            let stale = mine.filter(|s| old(s)).count();
            if stale + ahead > 0 {
                let metric = match ask.query.kind {
                    QueryKind::Check => Some(Metric::CheckSuccess),
                    _ => ask.query.metric,
                };
                let timeless = 0;
                out.flaws.push(Flaw::Times {
                    what: ask.query.title().to_owned(),
                    metrics: metric.into_iter().collect(),
                    rows,
                    timeless,
                    ahead,
                    stale,
                });
            }
        }
        out.waiting = fresh.samples.iter().any(|s| wanted(&s));
        fresh
    }
}

/// Whether a page came back unchanged though it changed every time before: a stuck cache.
#[derive(Debug, Default)]
struct Repeats {
    print: Option<u64>,
    /// Changes in a row, each from one scrape to the next.
    changes: u32,
}

impl Repeats {
    /// Changes in a row after which no change is odd.
    const ALWAYS: u32 = 20;

    fn again(&mut self, page: &ExpositionPage) -> bool {
        let mut hash = DefaultHasher::new();
        for s in &page.samples {
            (&s.name, &s.labels, s.value.to_bits()).hash(&mut hash);
        }
        let print = Some(hash.finish());
        if self.print == print {
            let always = self.changes >= Self::ALWAYS;
            self.changes = if always { self.changes } else { 0 };
            return always;
        }
        self.print = print;
        self.changes = self.changes.saturating_add(1);
        false
    }
}

type ScrapeScene<'a> = (&'a SourceId, Span, Timestamp, Option<Timestamp>);

impl ScrapeAsk {
    fn wants(&self, sample: &Sample) -> bool {
        self.main.takes(sample, suffix(self.query.kind))
    }

    fn take(
        &mut self,
        page: &ExpositionPage,
        (source, bucket, now, gauges): ScrapeScene<'_>,
        out: &mut Harvest,
    ) {
        let frame = QueryFrame { source, query: &self.query, window: bucket, now };
        let truncated = page.dropped > 0;
        let wrap = |lines| Answered { lines, truncated, ..Answered::default() };
        let found = |selector: &Selector| wrap(stamped(page, selector, now));
        let runs = |selector: &Selector| wrap(stamped(page, selector, now));
        match self.query.kind {
            QueryKind::Histogram => {
                let (parts, odd) = bins::of(page, &self.main);
                for note in odd {
                    out.note(format!("{}: {note}", self.query.title()));
                }
                let lines = self.counted.scrape(now, bucket, &parts);
                if !lines.is_empty() {
                    frame.histogram(&wrap(lines), &mut self.bounds, out);
                }
            }
            QueryKind::Count => {
                let lines = self.counted.scrape(now, bucket, &values(page, &self.main, ""));
                if !lines.is_empty() {
                    frame.numbers(&wrap(lines), out);
                }
            }
            QueryKind::Ratio => {
                let trials = values(page, &self.main, "");
                let hits = self.hits.as_ref().map(|s| values(page, s, "")).unwrap_or_default();
                let grown = self.counted.take(now, bucket, &trials, 0.0);
                self.hit.take(now, bucket, &hits, grown);
                // Both count the same minutes: one that waits for a series makes the other wait.
                let ready = self.counted.ready(bucket).min(self.hit.ready(bucket));
                let trials = self.counted.finish(ready, bucket);
                let hits = self.hit.finish(ready, bucket);
                if !trials.is_empty() {
                    frame.ratio(&wrap(hits), &wrap(trials), out);
                }
            }
            QueryKind::Gauge => {
                if let Some(end) = gauges {
                    frame.numbers(&wrap(at(page, &self.main, (end, bucket))), out);
                }
            }
            QueryKind::Check => {
                let took = self.duration.as_ref().map(runs).unwrap_or_default();
                let status = self.status.as_ref().map(runs).unwrap_or_default();
                frame.checks((&runs(&self.main), &took, &status), out);
            }
            QueryKind::Build => frame.builds(&found(&self.main), &mut self.live, out),
        }
        let quiet = matches!(self.query.kind, QueryKind::Gauge | QueryKind::Check);
        if !quiet && values(page, &self.main, suffix(self.query.kind)).is_empty() {
            out.note(format!("{}: no data", self.query.title()));
        }
    }
}

fn suffix(kind: QueryKind) -> &'static str {
    if kind == QueryKind::Histogram { "_bucket" } else { "" }
}

fn values(
    page: &ExpositionPage,
    selector: &Selector,
    suffix: &str,
) -> BTreeMap<Labels, CounterReading> {
    let taken = page.samples.iter().filter(|s| selector.takes(s, suffix));
    taken.map(|s| (s.labels.clone(), CounterReading { value: s.value, at: s.at })).collect()
}

/// Each sample in the bucket that ends now, or in the one that its sender says it is of.
fn at(
    page: &ExpositionPage,
    selector: &Selector,
    (end, bucket): (Timestamp, Span),
) -> Vec<SeriesLine> {
    let taken = page.samples.iter().filter(|s| selector.takes(s, ""));
    let own = |s: &Sample| s.at.map_or(end, |at| at.floor(bucket).min(end));
    let line = |s: &Sample| SeriesLine {
        labels: s.labels.clone(),
        points: vec![(own(s), s.value)],
        natives: Vec::new(),
    };
    taken.map(line).collect()
}

/// Each sample at its own time where it has one: an old run is no run of now.
fn stamped(page: &ExpositionPage, selector: &Selector, now: Timestamp) -> Vec<SeriesLine> {
    let taken = page.samples.iter().filter(|s| selector.takes(s, ""));
    let line = |s: &Sample| SeriesLine {
        labels: s.labels.clone(),
        points: vec![(s.at.map_or(now, |at| at.min(now)), s.value)],
        natives: Vec::new(),
    };
    taken.map(line).collect()
}

#[cfg(test)]
mod tests;
