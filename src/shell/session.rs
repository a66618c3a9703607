//! One running program put together: journal, lease, hub, pollers, boards for the viewers.
//! Starting and stopping only; no judgement, no drawing.

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::sync::watch as cell;
use tokio::task::JoinHandle;

use crate::board::{Board, Watcher};
use crate::config::Config;
use crate::detect::Engine;
use crate::domain::id::IncidentId;
use crate::domain::time::{Span, Timestamp};
use crate::incident::fold;
use crate::incident::unread::Unread;
use crate::journal::{Journal, JournalError};
use crate::policy::action::ActionPolicy;
use crate::policy::paging::Paging;
use crate::source::http_json::config::RecordKind;
use crate::source::mask::Mask;
use crate::source::query::QueryKind;
use crate::source::{self, SourceKind, Turns};
use crate::watch::state::{SourceInfo, Watch, WatchSetup};

use super::clock::Clock;
use super::hub::{self, Hub, Signal};
use super::keeper::Held;
use super::poller::{self, Poller, random_u64};
use super::post::{self, PostOffice};
use super::resume::resume;
use super::{settings, signing};

/// Length of the buckets that live judging works on (policy time).
pub const BUCKET: Span = crate::policy::buckets::LIVE_BUCKET;
/// Longer than this nobody waits for a journal that does not answer.
const STOPS_WITHIN: Duration = Duration::from_millis(1200);

/// Handles of a running watcher; stopping it is dropping the pollers, who sends messages, and the
/// last sender.
pub struct WatchSession {
    pub hub: Sender<Signal>,
    /// Answers when the hub has ended.
    ended: Option<oneshot::Receiver<Vec<IncidentId>>>,
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
    pollers(config, &mut Turns::default()).map(drop)
}

/// Builds sources, reads open incidents from the journal, starts hub and pollers. The lease must be
/// `owner`'s: everything is written under it.
pub async fn watch(
    config: &Config,
    journal: Arc<Journal>,
    clock: Clock,
    boards: hub::BoardCell,
    owner: &str,
    post: Option<Arc<PostOffice>>,
) -> Result<WatchSession, StartError> {
    let mut turns = Turns::default();
    let pollers = pollers(config, &mut turns)?;
    let now = clock.now();
    let past = config.sources.iter().map(|s| s.past).max().unwrap_or(Span::ZERO);
    let window = config.timing.reopen_window.max(past);
    let (mut incidents, known) = stored(&journal, now.minus(window)).await?;
    let board = journal.board_head().await.ok().flatten();
    inherit(&mut incidents, board.as_ref());
    let (clock, earlier) = resume(clock, board.as_ref(), &incidents);
    let now = clock.now();
    let infos = config.sources.iter().map(info).collect();
    let engine = Engine::new(settings::of(config, BUCKET, now));
    let mut setup = setup(config, clock, infos, signing::seen(config).await);
    if let Some(post) = &post {
        setup.paging = post.paging.clone();
    }
    let core = Watch::new(setup, engine, incidents, now);
    let (sender, receiver) = channel();
    let (letters, posted) = post::open(post, clock, sender.clone());
    let held = Held { journal, runtime: Handle::current(), owner: owner.to_owned() };
    let hub = Hub::new(core, Box::new(held), clock, boards, known).earlier(earlier).post(letters);
    let (alive, ended) = oneshot::channel();
    hub::spawn(hub, receiver, alive)?;
    let start = |(poller, source): (Poller, &source::SourceConfig)| {
        let (source, mut turns) = (source.clone(), turns.clone());
        let again = move || self::poller(&source, &mut turns).ok();
        tokio::spawn(poller::guarded(poller, again, clock, sender.clone()))
    };
    let pollers = pollers.into_iter().zip(&config.sources).map(start);
    let pollers = pollers.chain(posted).collect();
    Ok(WatchSession { hub: sender, ended: Some(ended), pollers })
}

/// Sums that the watcher before this one showed are not taken back.
fn inherit(incidents: &mut [fold::Incident], board: Option<&Board>) {
    let shown = board.map(|b| b.incidents.as_slice()).unwrap_or_default();
    for incident in incidents {
        if let Some(x) = shown.iter().find(|x| x.id == incident.id) {
            incident.toll.shown(x.lost, x.affected);
        }
    }
}

/// Open incidents, those that may reopen and those of the past that is read, folded; the newest
/// place in the journal, and what cannot be read.
async fn stored(
    journal: &Journal,
    ended_since: Timestamp,
) -> Result<(Vec<fold::Incident>, (i64, Vec<Unread>)), JournalError> {
    let newest = journal.changed_since(-1).await?.unwrap_or(0);
    let reading = journal.open_records(ended_since).await?;
    // somebody may have stored more between the two looks
    let seen = reading.last().map_or(newest, |last| last.max(newest));
    Ok((reading.incidents(), (seen, reading.unread)))
}

fn info(source: &source::SourceConfig) -> SourceInfo {
    SourceInfo {
        name: source.name.clone(),
        kind: source.kind.name().to_owned(),
        every: source.every,
        changes: settings::tells_changes(source),
        past: tells_past(source) && source.past_days() > 0,
        url: place(&source.url),
        metrics: settings::metrics(source),
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

fn tells_past(source: &source::SourceConfig) -> bool {
    source.record.iter().any(|r| r.kind == RecordKind::Observation)
        || (source.kind == SourceKind::Prometheus
            && source.query.iter().any(|q| !matches!(q.kind, QueryKind::Check | QueryKind::Build)))
}

fn pollers(config: &Config, turns: &mut Turns) -> Result<Vec<Poller>, StartError> {
    config.sources.iter().map(|source| poller(source, turns)).collect()
}

fn poller(config: &source::SourceConfig, turns: &mut Turns) -> Result<Poller, StartError> {
    let mut source = source::build(config, BUCKET).map_err(|error| StartError::Source {
        name: config.name.to_string(),
        why: error.to_string(),
    })?;
    source.take_turns(turns);
    let past_days = if tells_past(config) { config.past_days() } else { 0 };
    let (name, every) = (config.name.clone(), config.every);
    Ok(Poller { name, every, source, past_days, phase: 0.0 })
}

/// What a watcher with these sources is told about itself.
pub(super) fn setup(
    config: &Config,
    clock: Clock,
    sources: Vec<SourceInfo>,
    actions: Vec<ActionPolicy>,
) -> WatchSetup {
    let watcher = Watcher {
        host: super::identity::host(),
        pid: std::process::id(),
        since: clock.now(),
        lease_until: None,
        wall_at: None,
        beat: None,
    };
    WatchSetup {
        site: config.shop.name.clone(),
        watcher,
        response: config.response(),
        actions,
        sources,
        currency: config.shop.currency.clone(),
        speed: clock.speed(),
        salt: random_u64(),
        series: settings::series(config),
        paging: Paging::default(),
    }
}

impl WatchSession {
    /// Ends polling and the hub, and waits for what it is storing, though not for a journal that
    /// does not answer. Incidents that are in no journal then.
    pub async fn stop(mut self) -> Vec<IncidentId> {
        for poller in &self.pollers {
            poller.abort();
        }
        let _gone = self.hub.send(Signal::Stop);
        if self.ended.is_none() {
            return Vec::new();
        }
        tokio::time::timeout(STOPS_WITHIN, self.over()).await.unwrap_or_default()
    }

    /// Waits until the hub has ended by itself: its lease is another's.
    pub async fn over(&mut self) -> Vec<IncidentId> {
        let Some(ended) = &mut self.ended else { return std::future::pending().await };
        let left = ended.await.unwrap_or_default();
        self.ended = None;
        left
    }
}

/// What is said of incidents that end with the process; none when there are none.
pub fn left_words(left: &[IncidentId]) -> Option<String> {
    let names: Vec<String> = left.iter().map(ToString::to_string).collect();
    (!names.is_empty()).then(|| {
        format!(
            "NOT STORED: {} was in memory only and ended with this process; what goes on is opened \
             again under another name",
            names.join(", ")
        )
    })
}
