//! One running program put together: journal, lease, hub, pollers, boards for the viewers.
//! Starting and stopping only; no judgement, no drawing.

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use tokio::runtime::Handle;
use tokio::sync::watch as cell;
use tokio::task::JoinHandle;

use crate::board::{Board, Watcher};
use crate::config::Config;
use crate::detect::engine::Engine;
use crate::domain::time::{Span, Timestamp};
use crate::incident::fold;
use crate::journal::{Journal, JournalError};
use crate::source::http_json::config::RecordKind;
use crate::source::query::QueryKind;
use crate::source::{self, Kind};
use crate::watch::state::{Setup, SourceInfo, Watch};

use super::clock::Clock;
use super::hub::{self, Hub, Signal};
use super::poller::{self, Poller, random_u64};
use super::settings;

/// Length of the buckets that live judging works on (policy time).
pub const BUCKET: Span = Span::from_secs(60);
/// Past that is read at start.
const PAST_DAYS: u32 = 21;

/// Handles of a running watcher; stopping it is dropping the pollers and the last sender.
pub struct Watching {
    pub hub: Sender<Signal>,
    thread: Option<std::thread::JoinHandle<()>>,
    pollers: Vec<JoinHandle<()>>,
}

/// The receiving end of boards.
pub type Boards = cell::Receiver<Option<Arc<Board>>>;

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("journal: {0}")]
    Journal(#[from] JournalError),
    #[error("source {name}: {why}")]
    Source { name: String, why: String },
    #[error("cannot start a thread: {0}")]
    Thread(#[from] std::io::Error),
}

/// Builds sources, reads open incidents from the journal, starts hub and pollers.
pub async fn watch(
    config: &Config,
    journal: Arc<Journal>,
    clock: Clock,
    boards: hub::BoardCell,
) -> Result<Watching, StartError> {
    let pollers = pollers(config)?;
    let now = clock.now();
    let window = config.timing.reopen_window;
    let (incidents, seen) = stored(&journal, now.minus(window)).await?;
    let infos = config.sources.iter().map(info).collect();
    let engine = Engine::new(settings::of(config, BUCKET, now));
    let core = Watch::new(setup(config, clock, infos), engine, incidents, now);
    let (sender, receiver) = channel();
    let hub = Hub { watch: core, journal, clock, runtime: Handle::current(), boards, seen };
    let thread = Some(hub::spawn(hub, receiver)?);
    let pollers =
        pollers.into_iter().map(|p| tokio::spawn(poller::run(p, clock, sender.clone()))).collect();
    Ok(Watching { hub: sender, thread, pollers })
}

/// Open incidents and those that may reopen, folded, and the newest place in the journal.
async fn stored(
    journal: &Journal,
    ended_since: Timestamp,
) -> Result<(Vec<fold::Incident>, i64), JournalError> {
    let seen = journal.changed_since(-1).await?.unwrap_or(0);
    let mut incidents = Vec::new();
    for stored in journal.open_records(ended_since).await? {
        fold::absorb(&mut incidents, &stored.record);
    }
    Ok((incidents, seen))
}

fn info(source: &source::SourceConfig) -> SourceInfo {
    SourceInfo {
        name: source.name.clone(),
        kind: source.kind.name().to_owned(),
        every: source.every,
        changes: tells_changes(source),
        past: tells_past(source),
    }
}

fn tells_changes(source: &source::SourceConfig) -> bool {
    source.kind == Kind::Github
        || source.record.iter().any(|r| r.kind == RecordKind::Change)
        || source.query.iter().any(|q| q.kind == QueryKind::Build)
}

fn tells_past(source: &source::SourceConfig) -> bool {
    source.record.iter().any(|r| r.kind == RecordKind::Observation)
        || (source.kind == Kind::Prometheus
            && source.query.iter().any(|q| !matches!(q.kind, QueryKind::Check | QueryKind::Build)))
}

fn pollers(config: &Config) -> Result<Vec<Poller>, StartError> {
    config
        .sources
        .iter()
        .map(|c| {
            let source = source::build(c, BUCKET).map_err(|error| StartError::Source {
                name: c.name.to_string(),
                why: error.to_string(),
            })?;
            let past_days = if tells_past(c) { PAST_DAYS } else { 0 };
            Ok(Poller { name: c.name.clone(), every: c.every, source, past_days, phase: 0.0 })
        })
        .collect()
}

fn setup(config: &Config, clock: Clock, sources: Vec<SourceInfo>) -> Setup {
    let watcher = Watcher {
        host: super::identity::host(),
        pid: std::process::id(),
        since: clock.now(),
        lease_until: None,
    };
    Setup {
        site: config.shop.name.clone(),
        watcher,
        response: config.response(),
        actions: settings::actions(config),
        sources,
        currency: config.shop.currency.clone(),
        speed: clock.speed(),
        salt: random_u64(),
        series: settings::series(config),
    }
}

impl Watching {
    /// Ends polling and the hub, and waits for what it is storing.
    pub fn stop(mut self) {
        for poller in &self.pollers {
            poller.abort();
        }
        let _gone = self.hub.send(Signal::Stop);
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}
