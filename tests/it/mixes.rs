//! Sources whose histories differ in length, whose answers lag or that never answer: none of them
//! keeps the others from being judged. Facts are made here and handed to the watcher's core with a
//! stepped clock; no server, no waiting.

use std::collections::BTreeSet;

use tillwatch::board::{Board, Watcher};
use tillwatch::config::{Config, load};
use tillwatch::detect::Engine;
use tillwatch::domain::check::{Check, CheckOutcome};
use tillwatch::domain::id::SourceId;
use tillwatch::domain::metric::Metric;
use tillwatch::domain::observation::{Observation, Quality, Value, Window};
use tillwatch::domain::segment::{Dim, DimValue, Segment};
use tillwatch::domain::severity::Severity;
use tillwatch::domain::time::{Span, Timestamp};
use tillwatch::policy::paging::Paging;
use tillwatch::shell::settings;
use tillwatch::verdict::{Judged, Verdict};
use tillwatch::watch::event::{Batch, WatchEffect, WatchEvent};
use tillwatch::watch::state::{SourceInfo, Watch, WatchSetup};
use tillwatch::watch::update::update;

const BUCKET: Span = Span::from_mins(1);
const START: &str = "2026-11-30T09:00:20Z";
const JOURNEYS: usize = 12;

/// What a source tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Tells {
    Checks,
    Rum,
    Business,
}

/// One source of a mix: its past in days, and how many whole minutes its newest answer lags.
#[derive(Clone, Copy, Debug)]
struct Part {
    tells: Tells,
    days: i64,
    lag: i64,
}

const CHECKS: Part = Part { tells: Tells::Checks, days: 0, lag: 0 };

const fn rum(days: i64, lag: i64) -> Part {
    Part { tells: Tells::Rum, days, lag }
}

const fn business(days: i64, lag: i64) -> Part {
    Part { tells: Tells::Business, days, lag }
}

impl Part {
    fn name(self) -> SourceId {
        match self.tells {
            Tells::Checks => "synthetic".into(),
            Tells::Rum => "rum".into(),
            Tells::Business => "business".into(),
        }
    }

    fn info(self) -> SourceInfo {
        SourceInfo {
            name: self.name(),
            kind: "http_json".to_owned(),
            every: Span::from_secs(15),
            changes: false,
            past: self.tells != Tells::Checks,
            url: String::new(),
            metrics: Vec::new(),
        }
    }

    /// The facts of one window.
    fn facts(self, start: Timestamp, length: Span) -> Vec<Observation> {
        let minutes = length.as_mins_f64();
        let fact = |metric, segment: Segment, value| Observation {
            source: self.name(),
            metric,
            segment,
            window: Window { start, end: start.plus(length) },
            value,
            quality: Quality::GOOD,
        };
        match self.tells {
            Tells::Checks => Vec::new(),
            Tells::Rum => (0..JOURNEYS)
                .flat_map(|n| {
                    let template = DimValue::Value(format!("page-{n}").as_str().into());
                    let place = Segment::all().with(Dim::Template, template);
                    let views = (200.0 * minutes).round();
                    let errors = Value::Ratio { hits: (views * 0.01).round(), trials: views };
                    [
                        fact(Metric::PageViews, place.clone(), Value::Count(views)),
                        fact(Metric::JsErrorRate, place, errors),
                    ]
                })
                .collect(),
            Tells::Business => [(Metric::Sessions, 300.0), (Metric::Orders, 20.0)]
                .map(|(metric, n)| fact(metric, Segment::all(), Value::Count(n * minutes)))
                .to_vec(),
        }
    }
}

fn config() -> Config {
    let row = |n: usize| {
        format!(
            "[[journey]]\nname = \"j-{n}\"\ntemplates = [\"page-{n}\"]\nchecks = [\"j-{n}\"]\n\
             every = \"1m\"\n"
        )
    };
    let text: String = (0..JOURNEYS).map(row).collect();
    load::from_text(std::path::Path::new("mix.toml"), &text).config.expect("a config")
}

fn setup(config: &Config, parts: &[Part]) -> WatchSetup {
    WatchSetup {
        site: "mix".to_owned(),
        watcher: Watcher {
            host: "test".to_owned(),
            pid: 1,
            since: START.parse().expect("a time"),
            lease_until: None,
            wall_at: None,
            beat: None,
        },
        response: config.response(),
        actions: Vec::new(),
        sources: parts.iter().map(|p| p.info()).collect(),
        currency: "EUR".to_owned(),
        speed: 1.0,
        salt: 7,
        series: settings::series(config),
        paging: Paging::default(),
    }
}

/// A watcher over made-up sources.
struct Mix {
    parts: Vec<Part>,
    watch: Watch,
    now: Timestamp,
    /// Checks fail from here on, but those of every seventh journey.
    failing: Timestamp,
    board: Board,
}

impl Mix {
    /// Every source has answered once and told its past, in the order given.
    fn start(parts: &[Part], failing_after: Span) -> Self {
        let (config, now): (_, Timestamp) = (config(), START.parse().expect("a time"));
        let engine = Engine::new(settings::of(&config, BUCKET, now));
        let watch = Watch::new(setup(&config, parts), engine, Vec::new(), now);
        let failing = now.plus(failing_after);
        let mut mix = Self { parts: parts.to_vec(), watch, now, failing, board: Board::default() };
        mix.handle(WatchEvent::Woke { at: now });
        mix.poll();
        for part in parts.iter().filter(|p| p.tells != Tells::Checks) {
            mix.past(*part);
        }
        mix
    }

    fn past(&mut self, part: Part) {
        let hour = Span::from_hours(1);
        let newest = self.now.floor(hour);
        let facts =
            (1..=part.days * 24).flat_map(|n| part.facts(newest.minus(hour.times(n)), hour));
        let batch = Batch { observations: facts.collect(), ..Batch::default() };
        self.handle(WatchEvent::PastRead { source: part.name(), batch });
        self.handle(WatchEvent::PastEnded { source: part.name(), at: self.now });
    }

    /// Asks every source for its last ten minutes.
    fn poll(&mut self) {
        for part in self.parts.clone() {
            let newest = self.now.floor(BUCKET).minus(BUCKET.times(part.lag));
            let windows = (1..=10).map(|n| newest.minus(BUCKET.times(n)));
            let observations = windows.flat_map(|start| part.facts(start, BUCKET)).collect();
            let checks = if part.tells == Tells::Checks { self.checks() } else { Vec::new() };
            let batch = Batch { observations, checks, ..Batch::default() };
            let next_at = self.now.plus(Span::from_secs(15));
            self.handle(WatchEvent::Polled { source: part.name(), batch, at: self.now, next_at });
        }
    }

    fn checks(&self) -> Vec<Check> {
        let rounds = (0..10).map(|n| self.now.floor(BUCKET).minus(BUCKET.times(n)));
        let run = |at: Timestamp, n: usize, location: &str| Check {
            source: CHECKS.name(),
            journey: format!("j-{n}").as_str().into(),
            location: location.to_owned(),
            at,
            duration_ms: None,
            message: String::new(),
            outcome: if at > self.failing && !n.is_multiple_of(7) {
                CheckOutcome::Fail("status".to_owned())
            } else {
                CheckOutcome::Pass
            },
        };
        let places = |at| (0..JOURNEYS).flat_map(move |n| ["eu", "us"].map(|l| (at, n, l)));
        rounds.flat_map(places).map(|(at, n, l)| run(at, n, l)).collect()
    }

    fn handle(&mut self, event: WatchEvent) {
        let mut queue = vec![event];
        while let Some(event) = queue.pop() {
            for effect in update(&mut self.watch, event) {
                match effect {
                    WatchEffect::Append(records) => {
                        queue.push(WatchEvent::Journaled { records, at: self.now });
                    }
                    WatchEffect::Emit(_) => {}
                    WatchEffect::Publish(board) => self.board = *board,
                }
            }
        }
    }

    /// Lets time pass with a poll every 15 s.
    fn pass(&mut self, span: Span) {
        let end = self.now.plus(span);
        while self.now < end {
            self.now = self.now.plus(Span::from_secs(15));
            self.poll();
        }
    }

    fn worst(&self) -> Option<Severity> {
        self.board.incidents.iter().filter(|i| i.state.is_open()).map(|i| i.severity).min()
    }

    fn row(&self, name: &str) -> (Judged, Verdict) {
        let row = self.board.guardrails.iter().find(|g| g.guardrail.as_str() == name);
        row.map(|g| (g.judged, g.verdict)).expect("a row")
    }
}

/// The mixes: with and without a past, short or long, prompt or late, in different orders.
fn mixes() -> Vec<Vec<Part>> {
    let mut all = Vec::new();
    for days in [0, 2, 28] {
        for lag in [0, 1, 2, 5] {
            all.push(vec![CHECKS, rum(days, lag)]);
            all.push(vec![rum(days, lag), business(28 - days, lag), CHECKS]);
            all.push(vec![business(days, lag), CHECKS, rum(2, 1)]);
        }
    }
    all.push(vec![CHECKS]);
    all
}

#[test]
fn failing_checks_page_within_two_rounds_whatever_the_other_sources_tell() {
    for parts in mixes() {
        let mut mix = Mix::start(&parts, Span::from_secs(60));
        // two rounds that fail, one minute apart, and the minute in which the second is judged
        mix.pass(Span::from_mins(4));
        assert!(mix.worst().is_some_and(|s| s <= Severity::Sev2), "{parts:?}: {:?}", mix.worst());
        assert_eq!(mix.row("availability"), (Judged::Yes, Verdict::Breach), "{parts:?}");
    }
}

#[test]
fn checks_that_fail_already_at_the_start_page_with_the_first_judgement() {
    for parts in mixes() {
        let mut mix = Mix::start(&parts, Span::from_mins(-4));
        // beside nothing else, checks are judged when their first whole minute is over
        let alone = parts.len() == 1;
        mix.pass(if alone { BUCKET } else { Span::from_secs(15) });
        assert!(mix.worst().is_some_and(|s| s <= Severity::Sev2), "{parts:?}: {:?}", mix.worst());
    }
}

#[test]
fn judging_goes_on_minute_by_minute_in_every_mix() {
    for parts in mixes() {
        let mut mix = Mix::start(&parts, Span::from_hours(1));
        let mut ends = BTreeSet::new();
        for _ in 0..5 {
            mix.pass(BUCKET);
            ends.extend(mix.board.judged_until);
            let late = mix.board.judged_until.map(|end| mix.now.since(end));
            assert!(late.is_some_and(|l| l <= Span::from_mins(2)), "{parts:?}: {late:?}");
        }
        assert!(ends.len() >= 5, "{parts:?}: {ends:?}");
        assert_eq!(mix.row("availability"), (Judged::Yes, Verdict::Ok), "{parts:?}");
    }
}

#[test]
fn a_row_without_a_past_of_its_own_is_learning_while_others_have_a_verdict() {
    let mut mix = Mix::start(&[CHECKS, rum(0, 1), business(28, 0)], Span::from_hours(1));
    mix.pass(Span::from_mins(2));
    assert_eq!(mix.row("error-rate"), (Judged::Learning, Verdict::Unsure));
    assert_eq!(mix.row("visits"), (Judged::Yes, Verdict::Ok));
    let mut mix = Mix::start(&[CHECKS, rum(28, 1), business(0, 0)], Span::from_hours(1));
    mix.pass(Span::from_mins(2));
    assert_eq!(mix.row("error-rate"), (Judged::Yes, Verdict::Ok));
    assert_eq!(mix.row("visits").0, Judged::Learning);
}

#[test]
fn before_the_histories_are_read_every_row_is_there_and_none_has_a_verdict() {
    let (config, now): (_, Timestamp) = (config(), START.parse().expect("a time"));
    let engine = Engine::new(settings::of(&config, BUCKET, now));
    let mut watch = Watch::new(setup(&config, &[CHECKS, rum(2, 0)]), engine, Vec::new(), now);
    let effects = update(&mut watch, WatchEvent::Woke { at: now });
    let [WatchEffect::Publish(board)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(board.guardrails.len(), config.guardrails.len());
    assert!(board.guardrails.iter().all(|g| g.judged == Judged::Learning), "{board:#?}");
    assert_eq!(board.journeys.len(), config.journeys.len());
    let learning = board.learning.as_ref().expect("it says so");
    assert_eq!((learning.histories_read, learning.histories), (0, 1));
}

#[test]
fn with_every_source_blind_no_row_is_ok() {
    let mut mix = Mix::start(&[CHECKS, rum(28, 0), business(28, 0)], Span::from_hours(1));
    mix.pass(Span::from_mins(2));
    assert!(mix.board.guardrails.iter().any(|g| g.verdict == Verdict::Ok));
    for _ in 0..20 {
        mix.now = mix.now.plus(Span::from_secs(15));
        mix.handle(WatchEvent::Woke { at: mix.now });
    }
    let board = &mix.board;
    let told = || board.guardrails.iter().filter(|g| g.verdict == Verdict::Ok);
    assert_eq!(told().count(), 0, "{:?}", told().collect::<Vec<_>>());
    assert!(board.cells.iter().all(|c| c.verdict != Verdict::Ok));
    assert!(board.funnel.iter().all(|s| s.verdict != Verdict::Ok));
    assert!(board.journeys.iter().all(|j| j.verdict != Verdict::Ok));
    assert!(board.checklist.iter().all(|c| !c.pass), "{:?}", board.checklist);
}
