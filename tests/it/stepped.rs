//! A watcher in this process with a stepped clock: days in minutes, no waiting. What it reads is
//! reached over loopback HTTP as in life: the embedded shop, whose truth tests alone may read, or
//! a server of the test's own.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tillwatch::board::{Board, IncidentView};
use tillwatch::config::{Config, load};
use tillwatch::detect::Engine;
use tillwatch::domain::severity::Severity;
use tillwatch::domain::time::{Span, Timestamp};
use tillwatch::incident::event::Record;
use tillwatch::policy::paging::Paging;
use tillwatch::shell::settings;
use tillwatch::shop::{self, Clocks, Options};
use tillwatch::source::{self, Source, SourceConfig, SourceKind};
use tillwatch::watch::event::{Batch, WatchEffect, WatchEvent};
use tillwatch::watch::state::{SourceInfo, Watch, WatchSetup};
use tillwatch::watch::update::update;
use tokio::runtime::Runtime;

use crate::configs::{SECRET, action, demo_sources};
use crate::cores::{self, Share};
use crate::wait::{pause, secs};

const BUCKET: Span = Span::from_mins(1);
const PAST_DAYS: u32 = 21;

/// An incident's severity and places are held against the truth so long after it was opened.
const SETTLED: Span = Span::from_mins(15);

/// What became of one incident: the worst it was, as it stood after a quarter of an hour, and
/// whom it blamed at the end.
#[derive(Clone, Debug)]
pub struct Seen {
    pub opened_at: Timestamp,
    pub worst: Severity,
    pub settled: IncidentView,
    pub last: IncidentView,
}

pub struct Stepped {
    runtime: Runtime,
    now: Arc<AtomicI64>,
    shop: Option<shop::Running>,
    sources: Vec<(SourceConfig, Source)>,
    watch: Watch,
    pub board: Board,
    pub seen: BTreeMap<String, Seen>,
    /// Boards from before the past was read, while they are kept.
    early: Vec<Board>,
    _core: Share,
}

impl Stepped {
    /// A shop in `scenario` that starts at `start` (RFC 3339), with its past read; its sources are
    /// asked once a minute.
    pub fn start(scenario: &str, seed: u64, start: &str, truth: bool) -> Self {
        let options = |start| Options { truth, ..Options::new(scenario, seed, start, SECRET) };
        Self::shop_every("1m", start, options)
    }

    /// The same with a past of `days` days, which is drawn sooner.
    pub fn young(scenario: &str, seed: u64, start: &str, days: u32) -> Self {
        let options =
            |start| Options { history_days: days, ..Options::new(scenario, seed, start, SECRET) };
        Self::shop_every("1m", start, options)
    }

    /// A calm shop whose sources are asked every five minutes.
    pub fn calm(seed: u64, start: &str) -> Self {
        Self::shop_every("5m", start, |start| Options::new("calm-day", seed, start, SECRET))
    }

    /// The config says `every`, so that silence is judged by the interval really kept.
    fn shop_every(every: &str, start: &str, options: impl Fn(Timestamp) -> Options) -> Self {
        let runtime = runtime();
        let start: Timestamp = start.parse().expect("a time");
        let now = Arc::new(AtomicI64::new(start.millis()));
        let clock = Arc::clone(&now);
        let tell = Arc::new(move || Timestamp::from_millis(clock.load(Ordering::Relaxed)));
        let clocks = Clocks { shop: tell.clone(), wall: tell };
        let shop = runtime.block_on(shop::serve(options(start), clocks)).expect("a shop");
        let shop_url = shop.url();
        let mut config = demo_sources(&shop_url) + &maintenance(shop.shop()) + &action(&shop_url);
        for own in ["15s", "30s"] {
            let line = |every: &str| format!("every = \"{every}\"");
            config = config.replace(&line(own), &line(every));
        }
        Self::new(runtime, now, Some(shop), &config)
    }

    /// A watcher that starts at `start` with the sources of `text`.
    pub fn reading(text: &str, start: &str) -> Self {
        let start: Timestamp = start.parse().expect("a time");
        Self::new(runtime(), Arc::new(AtomicI64::new(start.millis())), None, text)
    }

    fn new(runtime: Runtime, now: Arc<AtomicI64>, shop: Option<shop::Running>, text: &str) -> Self {
        let core = cores::share();
        let start = Timestamp::from_millis(now.load(Ordering::Relaxed));
        let config = config(text);
        let build = |c: &SourceConfig| {
            let mut source = source::build(c, BUCKET).expect("a source");
            source.set_own_time(true);
            (c.clone(), source)
        };
        let sources: Vec<(SourceConfig, Source)> = config.sources.iter().map(build).collect();
        let engine = Engine::new(settings::of(&config, BUCKET, start));
        let watch = Watch::new(setup(&config), engine, Vec::new(), start);
        let (board, seen) = (Board::default(), BTreeMap::new());
        let early = Vec::new();
        let mut this = Self { runtime, now, shop, sources, watch, board, seen, early, _core: core };
        this.read_past();
        this
    }

    /// The boards that were shown before the past had been read.
    pub fn before_the_past(&self) -> Vec<Board> {
        self.early.clone()
    }

    /// What a person did is in the journal and is told to the watcher.
    pub fn record(&mut self, record: Record) {
        self.handle(WatchEvent::Journaled { records: vec![record], at: self.now() });
    }

    /// The shop behind the HTTP face.
    pub fn shop(&self) -> &Arc<shop::Shop> {
        self.shop.as_ref().expect("a shop").shop()
    }

    pub fn url(&self) -> String {
        self.shop.as_ref().expect("a shop").url()
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now.load(Ordering::Relaxed))
    }

    /// The shop's server ends; whoever asks is refused.
    pub fn silence(&mut self) {
        if let Some(shop) = self.shop.take() {
            self.runtime.block_on(shop.shutdown());
        }
    }

    /// Lets a minute pass, polls every source once, and judges.
    pub fn minute(&mut self) {
        self.step(BUCKET);
    }

    /// The same for sources that are asked once in `span`.
    pub fn step(&mut self, span: Span) {
        self.now.store(self.now().plus(span).millis(), Ordering::Relaxed);
        for n in 0..self.sources.len() {
            self.poll(n, span);
        }
        self.handle(WatchEvent::Woke { at: self.now() });
    }

    pub fn minutes(&mut self, count: i64) {
        for _ in 0..count {
            self.minute();
        }
    }

    fn poll(&mut self, n: usize, span: Span) {
        let at = self.now();
        let Some((config, source)) = self.sources.get_mut(n) else { return };
        let answer = self.runtime.block_on(source.poll(at));
        let (source, next_at) = (config.name.clone(), at.plus(span));
        let event = match answer {
            Ok(harvest) => WatchEvent::Polled { source, batch: Batch::from(harvest), at, next_at },
            Err(error) => WatchEvent::PollFailed { source, why: error.to_string(), at, next_at },
        };
        self.handle(event);
    }

    /// The watcher's own order: everything is asked once, then each source tells its past.
    fn read_past(&mut self) {
        for n in 0..self.sources.len() {
            self.poll(n, BUCKET);
            self.early.push(self.board.clone());
        }
        let at = self.now();
        for n in 0..self.sources.len() {
            let Some((config, _)) = self.sources.get(n) else { continue };
            let (source, past) = (config.name.clone(), config.kind != SourceKind::Github);
            if past {
                for batch in self.past(n) {
                    self.handle(WatchEvent::PastRead { source: source.clone(), batch });
                }
            }
            self.handle(WatchEvent::PastEnded { source, at });
        }
    }

    fn past(&mut self, n: usize) -> Vec<Batch> {
        let (at, mut found) = (self.now(), Vec::new());
        let Some((_, source)) = self.sources.get_mut(n) else { return found };
        source.history(at, PAST_DAYS);
        let mut refused = 0;
        while let Some(part) =
            self.runtime.block_on(source.next_history(|| std::time::Duration::ZERO))
        {
            match part {
                Ok(harvest) => found.push(Batch::from(harvest)),
                Err(error) => {
                    // the shop draws its past in the background and says so until it is ready
                    refused += 1;
                    assert!(refused < 60, "the past is refused: {error}");
                    pause(secs(1));
                }
            }
        }
        found
    }

    fn handle(&mut self, event: WatchEvent) {
        let mut queue = vec![event];
        while let Some(event) = queue.pop() {
            for effect in update(&mut self.watch, event) {
                match effect {
                    WatchEffect::Append(records) => {
                        queue.push(WatchEvent::Journaled { records, at: self.now() });
                    }
                    WatchEffect::Emit(_) => {}
                    WatchEffect::Publish(board) => self.note(*board),
                }
            }
        }
    }

    fn note(&mut self, board: Board) {
        for incident in &board.incidents {
            let fresh = || Seen {
                opened_at: incident.opened_at,
                worst: incident.severity,
                settled: incident.clone(),
                last: incident.clone(),
            };
            let seen = self.seen.entry(incident.id.to_string()).or_insert_with(fresh);
            seen.worst = seen.worst.min(incident.severity);
            if incident.state.is_open() {
                seen.last = incident.clone();
                if board.generated_at.since(seen.opened_at) <= SETTLED {
                    seen.settled = incident.clone();
                }
            }
        }
        self.board = board;
    }
}

fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().expect("a runtime")
}

/// The shop's announced work as an operator writes it into the config.
fn maintenance(shop: &shop::Shop) -> String {
    let local = |minute: i64| shop::timeline::minute_time(minute).utc().format("%Y-%m-%dT%H:%M");
    let timeline = shop.timeline();
    let works = timeline.announcements.iter().filter(|a| a.kind == "maintenance");
    let rows = works.map(|a| {
        let (from, to) = (local(a.from), local(a.until.unwrap_or(a.from + 60)));
        let name = &a.name;
        format!("[[maintenance]]\nfrom = \"{from}\"\nto = \"{to}\"\nreason = \"{name}\"\n")
    });
    rows.collect()
}

fn config(text: &str) -> Config {
    let loaded = load::from_text(Path::new("demo_sources.toml"), text);
    loaded.config.unwrap_or_else(|| {
        let problems: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
        panic!("{}", problems.join("\n"))
    })
}

fn setup(config: &Config) -> WatchSetup {
    let info = |c: &SourceConfig| SourceInfo {
        name: c.name.clone(),
        kind: c.kind.name().to_owned(),
        every: c.every,
        changes: c.kind == SourceKind::Github,
        past: true,
        url: c.url.clone(),
        metrics: settings::metrics(c),
    };
    WatchSetup {
        site: "stepped".to_owned(),
        watcher: tillwatch::board::Watcher {
            host: "test".to_owned(),
            pid: 1,
            since: Timestamp::from_millis(0),
            lease_until: None,
            wall_at: None,
            beat: None,
        },
        response: config.response(),
        actions: settings::actions(config),
        sources: config.sources.iter().map(info).collect(),
        currency: config.shop.currency.clone(),
        speed: 1.0,
        salt: 1,
        series: settings::series(config),
        paging: Paging::default(),
    }
}
