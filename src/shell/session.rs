//! One running program put together: journal, lease, hub, pollers, boards for the viewers.
//! Starting and stopping only; no judgement, no drawing.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::sync::watch as cell;
use tokio::task::JoinHandle;

use crate::board::{Board, Watcher};
use crate::config::Config;
use crate::detect::engine::Engine;
use crate::domain::metric::Metric;
use crate::domain::time::{Span, Timestamp};
use crate::incident::fold;
use crate::journal::{Journal, JournalError};
use crate::policy::action::ActionPolicy;
use crate::source::http_json::config::RecordKind;
use crate::source::mask::Mask;
use crate::source::query::QueryKind;
use crate::source::{self, Kind};
use crate::watch::state::{Setup, SourceInfo, Watch};

use super::clock::Clock;
use super::hub::{self, Hub, Signal};
use super::poller::{self, Poller, random_u64};
use super::{settings, signing};

/// Length of the buckets that live judging works on (policy time).
pub const BUCKET: Span = crate::detect::settings::LIVE_BUCKET;
/// Past that is read at start.
const PAST_DAYS: u32 = 21;

/// Handles of a running watcher; stopping it is dropping the pollers and the last sender.
pub struct Watching {
    pub hub: Sender<Signal>,
    /// Closed when the hub has ended by itself: its lease is another's.
    pub ended: oneshot::Receiver<()>,
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

/// Says what is wrong with the sources before anything starts.
pub fn check(config: &Config) -> Result<(), StartError> {
    pollers(config).map(drop)
}

/// Builds sources, reads open incidents from the journal, starts hub and pollers. The lease must be
/// `owner`'s: everything is written under it.
pub async fn watch(
    config: &Config,
    journal: Arc<Journal>,
    clock: Clock,
    boards: hub::BoardCell,
    owner: &str,
) -> Result<Watching, StartError> {
    let pollers = pollers(config)?;
    let now = clock.now();
    let window = config.timing.reopen_window.max(Span::from_days(PAST_DAYS.into()));
    let (incidents, seen) = stored(&journal, now.minus(window)).await?;
    let infos = config.sources.iter().map(info).collect();
    let engine = Engine::new(settings::of(config, BUCKET, now));
    let core = Watch::new(
        setup(config, clock, infos, signing::seen(config).await),
        engine,
        incidents,
        now,
    );
    let (sender, receiver) = channel();
    let hub = Hub {
        watch: core,
        journal,
        clock,
        runtime: Handle::current(),
        boards,
        seen,
        owner: owner.to_owned(),
        lease_until: None,
        lost: false,
    };
    let (alive, ended) = oneshot::channel();
    let thread = Some(hub::spawn(hub, receiver, alive)?);
    let start = |(poller, source): (Poller, &source::SourceConfig)| {
        let source = source.clone();
        let again = move || self::poller(&source).ok();
        tokio::spawn(poller::guarded(poller, again, clock, sender.clone()))
    };
    let pollers = pollers.into_iter().zip(&config.sources).map(start).collect();
    Ok(Watching { hub: sender, ended, thread, pollers })
}

/// Open incidents, those that may reopen and those of the past that is read, folded, and the newest
/// place in the journal.
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
        changes: settings::tells_changes(source),
        past: tells_past(source),
        url: place(&source.url),
        metrics: metrics(source),
    }
}

/// An address as it may be shown: no user, no password, no query, no part that looks like a secret.
fn place(address: &str) -> String {
    let Ok(mut url) = url::Url::parse(address) else { return String::new() };
    let bare = url.set_username("").and_then(|()| url.set_password(None));
    url.set_query(None);
    url.set_fragment(None);
    let mut mask = Mask::default();
    mask.learn_address(address);
    if bare.is_err() && url.has_authority() { String::new() } else { mask.text(url.as_str()) }
}

/// What a source measures, checks included.
fn metrics(source: &source::SourceConfig) -> Vec<Metric> {
    let queried = source.query.iter().filter_map(|q| match q.kind {
        QueryKind::Check => Some(Metric::CheckSuccess),
        _ => q.metric,
    });
    let read = source.record.iter().flat_map(|r| {
        let check = (r.kind == RecordKind::Check).then_some(Metric::CheckSuccess);
        check.into_iter().chain(r.metric.iter().map(|m| m.metric))
    });
    queried.chain(read).collect::<BTreeSet<_>>().into_iter().collect()
}

fn tells_past(source: &source::SourceConfig) -> bool {
    source.record.iter().any(|r| r.kind == RecordKind::Observation)
        || (source.kind == Kind::Prometheus
            && source.query.iter().any(|q| !matches!(q.kind, QueryKind::Check | QueryKind::Build)))
}

fn pollers(config: &Config) -> Result<Vec<Poller>, StartError> {
    config.sources.iter().map(poller).collect()
}

fn poller(config: &source::SourceConfig) -> Result<Poller, StartError> {
    let source = source::build(config, BUCKET).map_err(|error| StartError::Source {
        name: config.name.to_string(),
        why: error.to_string(),
    })?;
    let past_days = if tells_past(config) { PAST_DAYS } else { 0 };
    let (name, every) = (config.name.clone(), config.every);
    Ok(Poller { name, every, source, past_days, phase: 0.0 })
}

fn setup(
    config: &Config,
    clock: Clock,
    sources: Vec<SourceInfo>,
    actions: Vec<ActionPolicy>,
) -> Setup {
    let watcher = Watcher {
        host: super::identity::host(),
        pid: std::process::id(),
        since: clock.now(),
        lease_until: None,
        wall_at: None,
    };
    Setup {
        site: config.shop.name.clone(),
        watcher,
        response: config.response(),
        actions,
        sources,
        currency: config.shop.currency.clone(),
        speed: clock.speed(),
        salt: random_u64(),
        series: settings::series(config),
    }
}

impl Watching {
    /// Ends polling and the hub, and waits for what it is storing.
    pub async fn stop(mut self) {
        for poller in &self.pollers {
            poller.abort();
        }
        let _gone = self.hub.send(Signal::Stop);
        if let Some(thread) = self.thread.take() {
            let _panicked = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}
