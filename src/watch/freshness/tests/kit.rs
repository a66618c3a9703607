//! A watcher with a stepped clock over two made-up sources that can lie in every way that status
//! 200 allows. It asserts nothing.

use std::path::Path;

use super::super::*;
use crate::board::{self, Board, SourceState, Watcher};
use crate::config::load;
use crate::detect::Engine;
use crate::domain::check::{Check, CheckOutcome};
use crate::domain::observation::{Observation, Quality, Value, Window};
use crate::domain::segment::{Dim, DimValue, Segment};
use crate::shell::settings;
use crate::verdict::Verdict;
use crate::watch::event::{WatchEffect, WatchEvent};
use crate::watch::state::{SourceInfo, Watch, WatchSetup};
use crate::watch::update::update;

/// 2025-03-10 12:00 UTC.
pub const START: Timestamp = Timestamp::from_secs(1_741_608_000);
pub const EVERY: i64 = 15;
const MINUTE: Span = Span::from_mins(1);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mood {
    Good,
    Empty,
    TwoHoursAgo,
    Frozen,
    Restamped,
    Future,
    Timeless,
    HalfItems,
    HalfQueries,
    Negative,
}

impl Mood {
    /// All but the good one.
    pub const ALL: [Self; 9] = [
        Self::Empty,
        Self::TwoHoursAgo,
        Self::Frozen,
        Self::Restamped,
        Self::Future,
        Self::Timeless,
        Self::HalfItems,
        Self::HalfQueries,
        Self::Negative,
    ];
}

pub struct Room {
    watch: Watch,
    now: Timestamp,
    lied_since: Option<Timestamp>,
    pub lying: &'static str,
    board: Board,
}

fn number(metric: Metric, segment: &Segment, end: Timestamp, value: Value) -> Observation {
    Observation {
        source: "rum".into(),
        metric,
        segment: segment.clone(),
        window: Window::ending(end, MINUTE),
        value,
        quality: Quality::GOOD,
    }
}

/// A number that looks random and is the same for the same window and place.
fn noise(seed: i64) -> f64 {
    let mixed = (seed as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
    (mixed % 100) as f64
}

fn window(end: Timestamp, out: &mut Batch) {
    for (n, template) in ["home", "pdp", "cart", "checkout"].into_iter().enumerate() {
        for (m, device) in ["mobile", "desktop"].into_iter().enumerate() {
            let value = |v: &str| DimValue::Value(v.into());
            let segment = Segment::all()
                .with(Dim::Template, value(template))
                .with(Dim::Device, value(device));
            let views = 400.0 + noise(end.secs() + i64::try_from(n * 7 + m).expect("small"));
            let hits = (views * 0.01).round();
            let ratio = Value::Ratio { hits, trials: views };
            out.observations.push(number(Metric::PageViews, &segment, end, Value::Count(views)));
            out.observations.push(number(Metric::JsErrorRate, &segment, end, ratio));
        }
    }
}

/// The newest `windows` windows that are over at `at`.
pub fn batch(at: Timestamp, windows: i64) -> Batch {
    let mut out = Batch::default();
    for back in (0..windows).rev() {
        window(at.floor(MINUTE).minus(MINUTE.times(back)), &mut out);
    }
    out
}

/// A run a minute from two places, over the last `minutes`.
pub fn runs(at: Timestamp, minutes: i64) -> Batch {
    let mut out = Batch::default();
    for back in (0..minutes).rev() {
        for location in ["eu", "us"] {
            out.checks.push(Check {
                source: "probes".into(),
                journey: "checkout".into(),
                location: location.to_owned(),
                at: at.floor(MINUTE).minus(MINUTE.times(back)),
                outcome: CheckOutcome::Pass,
                duration_ms: Some(300.0),
                message: String::new(),
            });
        }
    }
    out
}

fn shifted(mut batch: Batch, by: Span) -> Batch {
    for o in &mut batch.observations {
        o.window = Window { start: o.window.start.plus(by), end: o.window.end.plus(by) };
    }
    for c in &mut batch.checks {
        c.at = c.at.plus(by);
    }
    batch
}

fn lied(mood: Mood, at: Timestamp, since: Timestamp, good: &dyn Fn(Timestamp) -> Batch) -> Batch {
    let mut batch = good(at);
    match mood {
        Mood::Good => batch,
        Mood::Empty => Batch::default(),
        Mood::TwoHoursAgo => good(at.minus(Span::from_hours(2))),
        Mood::Frozen => good(since),
        Mood::Restamped => shifted(good(since), at.floor(MINUTE).since(since.floor(MINUTE))),
        Mood::Future => shifted(batch, Span::from_secs(900)),
        Mood::Timeless => {
            let metrics = vec![Metric::PageViews, Metric::JsErrorRate];
            let (rows, timeless, ahead, stale) = (17, 14, 0, 0);
            let what = "/rum".to_owned();
            batch.flaws.push(Flaw::Times { what, metrics, rows, timeless, ahead, stale });
            batch
        }
        Mood::Negative => {
            let mut batch = batch;
            for o in &mut batch.observations {
                if let Value::Count(x) = &mut o.value {
                    *x = -*x;
                }
            }
            batch
        }
        Mood::HalfItems => {
            let desktop = |o: &Observation| o.segment.get(Dim::Device).as_str() == "desktop";
            batch.observations.retain(desktop);
            batch
        }
        Mood::HalfQueries => {
            batch.observations.retain(|o| o.metric != Metric::PageViews);
            batch
        }
    }
}

impl Room {
    /// Three weeks of past and half an hour of good answers.
    pub fn warm() -> Self {
        let mut room = Self::new();
        let mut past = Batch::default();
        for hour in 1..=21 * 24 {
            let end = START.minus(Span::from_hours(hour));
            let mut one = Batch::default();
            window(end, &mut one);
            for mut o in one.observations {
                o.window = Window::ending(end, Span::from_hours(1));
                o.value = match o.value {
                    Value::Count(n) => Value::Count(n * 60.0),
                    Value::Ratio { hits, trials } => {
                        Value::Ratio { hits: hits * 60.0, trials: trials * 60.0 }
                    }
                    other => other,
                };
                past.observations.push(o);
            }
        }
        room.poll("rum", batch(room.now, 60));
        room.poll("probes", runs(room.now, 60));
        room.handle(WatchEvent::PastRead { source: "rum".into(), batch: past });
        room.handle(WatchEvent::PastEnded { source: "rum".into(), at: room.now });
        room.pass(Mood::Good, 1800);
        room
    }

    fn new() -> Self {
        let loaded = load::from_text(Path::new("none.toml"), "");
        let config = loaded.config.expect("the defaults");
        let info = |name: &str, past, metrics: &[Metric]| SourceInfo {
            name: name.into(),
            kind: "http_json".to_owned(),
            every: Span::from_secs(EVERY),
            changes: false,
            past,
            url: String::new(),
            metrics: metrics.to_vec(),
        };
        let sources = vec![
            info("rum", true, &[Metric::PageViews, Metric::JsErrorRate]),
            info("probes", false, &[Metric::CheckSuccess]),
        ];
        let watcher = Watcher {
            host: "test".to_owned(),
            pid: 1,
            since: START,
            lease_until: None,
            wall_at: None,
            beat: None,
        };
        let setup = WatchSetup {
            site: "made up".to_owned(),
            watcher,
            response: config.response(),
            actions: Vec::new(),
            sources,
            currency: "EUR".to_owned(),
            speed: 1.0,
            salt: 1,
            series: settings::series(&config),
            paging: crate::policy::paging::Paging::default(),
        };
        let engine = Engine::new(settings::of(&config, MINUTE, START));
        let watch = Watch::new(setup, engine, Vec::new(), START);
        let (lied_since, lying) = (None, "rum");
        Self { watch, now: START, lied_since, lying, board: Board::default() }
    }

    pub fn board(&self) -> Board {
        self.board.clone()
    }

    /// One interval: both sources are asked, one of them in `mood`.
    fn step(&mut self, mood: Mood) {
        let since = *self.lied_since.get_or_insert(self.now);
        if mood == Mood::Good {
            self.lied_since = None;
        }
        self.now = self.now.plus(Span::from_secs(EVERY));
        let at = self.now;
        for (name, good) in [("rum", &batch as &dyn Fn(Timestamp, i64) -> Batch), ("probes", &runs)]
        {
            let mood = if name == self.lying { mood } else { Mood::Good };
            self.poll(name, lied(mood, at, since, &|t| good(t, 3)));
        }
    }

    /// Lets `secs` pass.
    pub fn pass(&mut self, mood: Mood, secs: i64) {
        for _ in 0..secs / EVERY {
            self.step(mood);
        }
    }

    /// Seconds until the board says `what`, for at most `secs`.
    pub fn until(&mut self, mood: Mood, secs: i64, what: impl Fn(&Board) -> bool) -> Option<i64> {
        (1..=secs / EVERY).find_map(|n| {
            self.step(mood);
            what(&self.board).then_some(n * EVERY)
        })
    }

    fn poll(&mut self, name: &str, batch: Batch) {
        let (at, source) = (self.now, name.into());
        let next_at = at.plus(Span::from_secs(EVERY));
        self.handle(WatchEvent::Polled { source, batch, at, next_at });
    }

    fn handle(&mut self, event: WatchEvent) {
        let mut queue = vec![event];
        while let Some(event) = queue.pop() {
            for effect in update(&mut self.watch, event) {
                match effect {
                    WatchEffect::Append(records) => {
                        queue.push(WatchEvent::Journaled { records, at: self.now });
                    }
                    WatchEffect::Publish(board) => self.board = *board,
                    WatchEffect::Emit(_) => {}
                }
            }
        }
    }
}

pub fn source<'a>(board: &'a Board, name: &str) -> &'a board::SourceView {
    board.sources.iter().find(|s| s.name.as_str() == name).expect("the source")
}

pub fn state(board: &Board, name: &str) -> SourceState {
    source(board, name).state
}

pub fn doubt(board: &Board, name: &str, metric: Metric) -> Option<String> {
    source(board, name).told.iter().find(|t| t.metric == metric)?.doubt.clone()
}

pub fn cells(board: &Board, metric: Metric, verdict: Verdict) -> usize {
    board.cells.iter().filter(|c| c.metric == metric && c.verdict == verdict).count()
}
