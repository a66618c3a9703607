//! GitHub deployments and their statuses: conditional questions, Link pages on the same host only,
//! rate limits honoured. What a deployment says is read in `wire`, what it is called in `identity`,
//! what its order says in `feed`; how often may be asked is `budget`.

pub mod budget;
pub mod identity;
mod name;
pub mod refusal;
pub mod wanted;
pub mod wire;

use std::collections::{BTreeMap, BTreeSet};

use url::Url;

use crate::domain::change::Change;
use crate::domain::flaw::Flaw;
use crate::domain::id::SourceId;
use crate::domain::time::{Span, Timestamp};

use self::budget::RateBudget;
use self::identity::Names;
use self::name::DeploymentName;
use self::wanted::Wanted;
use self::wire::{Deployment, StatusRow, is_final, list, next_page};

use super::answer::HttpAnswer;
use super::config::SourceConfig;
use super::error::{SourceError, words};
use super::etag::EtagMemory;
use super::feed;
use super::harvest::Harvest;
use super::http::{Client, Limits, same_place};

/// Pages and bytes of one poll.
const PAGES: usize = 20;
const BYTES: usize = 5 << 20;
/// How far back the first poll reads, and after which age an unfinished deployment is left alone.
const HORIZON: Span = Span::from_days(30);
const STALE: Span = Span::from_days(2);
/// Deployments remembered.
const KEPT: usize = 500;
/// How often it is looked whether what is wanted goes by another name.
const LOOK: Span = Span::from_mins(10);

/// The deployments of one repository.
pub struct Github {
    source: SourceId,
    client: Client,
    owner: String,
    repo: String,
    signed: bool,
    every: Span,
    wanted: Wanted,
    service: String,
    memory: EtagMemory,
    known: BTreeMap<u64, KnownDeployment>,
    names: Names,
    budget: RateBudget,
    /// GitHub forwards to the repository's new place.
    forwarded: bool,
}

struct KnownDeployment {
    deployment: Deployment,
    created: Timestamp,
    name: DeploymentName,
    statuses: Vec<StatusRow>,
    memory: EtagMemory,
    asked: bool,
    sent: Option<Change>,
}

impl KnownDeployment {
    /// Somebody has to approve it: nothing of it happened yet.
    fn waits(&self) -> bool {
        wire::newest(&self.statuses).is_some_and(|s| s.state == "waiting")
    }

    /// Its statuses may still say something new.
    fn is_open(&self, now: Timestamp) -> bool {
        let waits = |s: &StatusRow| matches!(s.state.as_str(), "waiting" | "queued" | "pending");
        let young = now.since(self.created) < STALE;
        !self.asked || (!is_final(&self.statuses) && (young || self.statuses.iter().any(waits)))
    }
}

impl Github {
    /// # Errors
    /// [`SourceError::GiveUp`] when the config cannot work.
    pub fn new(config: &SourceConfig) -> Result<Self, SourceError> {
        let (owner, name) = config.repository()?;
        let mut config = config.clone();
        if config.url.is_empty() {
            "https://api.github.com".clone_into(&mut config.url);
        }
        config.headers.entry("accept".into()).or_insert("application/vnd.github+json".into());
        config.headers.entry("x-github-api-version".into()).or_insert("2022-11-28".into());
        Ok(Self {
            client: Client::new(&config, Limits::of(&config))?,
            owner,
            signed: config.auth.is_some(),
            every: config.every,
            wanted: Wanted::new(config.environment.as_deref()),
            service: config.service.unwrap_or_else(|| name.clone()),
            repo: name,
            source: config.name,
            memory: EtagMemory::default(),
            known: BTreeMap::new(),
            names: Names::default(),
            budget: RateBudget::default(),
            forwarded: false,
        })
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Brings the changes that are new or not what they were.
    ///
    /// # Errors
    /// [`SourceError`] when the list cannot be had.
    pub async fn poll(&mut self, now: Timestamp) -> Result<Harvest, SourceError> {
        self.budget.left(now)?;
        let mut out = Harvest::default();
        if !self.budget.rests(now) {
            self.budget.begin();
            self.list(now, &mut out).await?;
            self.ask_statuses(now, &mut out).await;
            let open = self.known.values().filter(|k| k.is_open(now)).count();
            self.budget.settle(now, self.every, open);
        }
        out.changes = self.news();
        self.tell(now, &mut out);
        Ok(out)
    }

    /// What is left out or not as it seems, with the key to change.
    fn tell(&self, now: Timestamp, out: &mut Harvest) {
        if let Some(note) = self.budget.note(now) {
            out.note(note);
        }
        if self.known.is_empty() {
            out.note(self.wanted.missing(&self.full_name()));
        }
        if !self.wanted.passing.is_empty() {
            let n = self.wanted.passing.len();
            out.note(format!("{n} deployments to previews and transient environments left out"));
        }
        if self.forwarded {
            let name = self.full_name();
            out.note(format!("the repository is called {name} now: change `repo`"));
        }
        let known = || self.known.values();
        let silent = known().filter(|k| k.asked && k.statuses.is_empty()).count();
        if silent > 0 {
            out.note(format!(
                "{silent} of {} deployments have no status: one counts as live from its status \
                 `success` on, so their CI must send it",
                self.known.len()
            ));
        }
        let waiting = known().filter(|k| k.waits()).count();
        if waiting > 0 {
            out.note(format!("{waiting} deployments wait for an approval: no change until then"));
        }
        let unasked = known().filter(|k| !k.asked).count();
        if unasked > 0 {
            out.note(format!("{unasked} older deployments wait for their status to be asked"));
        }
    }

    fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.repo)
    }

    fn deployments(&self, environment: Option<&str>) -> Url {
        let mut url = self.client.at(&["repos", &self.owner, &self.repo, "deployments"]);
        url.query_pairs_mut().append_pair("per_page", "100");
        if let Some(environment) = environment.filter(|e| !e.is_empty()) {
            url.query_pairs_mut().append_pair("environment", environment);
        }
        url
    }

    async fn list(&mut self, now: Timestamp, out: &mut Harvest) -> Result<(), SourceError> {
        let spelled = self.wanted.spelled.as_ref().unwrap_or(&self.wanted.name);
        let mut url = self.deployments(Some(spelled));
        let first = self.known.is_empty();
        let (mut bytes, mut seen) = (0, BTreeSet::new());
        let mut etag = self.memory.question(now);
        loop {
            let answer = self.get(url.clone(), etag.take().as_deref(), now).await?;
            out.skew = answer.skew(now).or(out.skew);
            if seen.is_empty() && self.memory.unchanged(&answer) {
                return Ok(());
            }
            let rows: Vec<Deployment> = self.rows(&answer)?;
            if seen.is_empty() && rows.is_empty() && !self.known.is_empty() {
                // Deployments are never taken back: where some were, none is no answer.
                out.flaws.push(Flaw::Emptied { what: "deployments".to_owned() });
                return Ok(());
            }
            if seen.is_empty() {
                self.memory.learn(&answer, now);
            }
            bytes += answer.body.len();
            seen.insert(url.to_string());
            let older = self.take(rows, now);
            let next = answer.header("link").and_then(next_page).and_then(|l| url.join(l).ok());
            let Some(next) = next.filter(|_| older && (first || seen.len() < 2)) else { break };
            if !same_place(&next, self.client.base()) {
                out.note("next page is on another host: not followed".to_owned());
                break;
            }
            if seen.contains(next.as_str()) || seen.len() >= PAGES || bytes >= BYTES {
                out.partial = true;
                out.note(format!("deployments cut after {} pages", seen.len()));
                break;
            }
            url = next;
        }
        self.look_around(now).await?;
        self.name_new();
        self.forget();
        Ok(())
    }

    /// Where nothing is known under the configured name: what environments there are at all, and
    /// whether one differs in its case alone.
    async fn look_around(&mut self, now: Timestamp) -> Result<(), SourceError> {
        let due = self.wanted.looked.is_none_or(|at| now.since(at) >= LOOK);
        if !self.known.is_empty() || self.wanted.name.is_empty() || !due {
            return Ok(());
        }
        self.wanted.looked = Some(now);
        self.wanted.others.clear();
        let answer = self.get(self.deployments(None), None, now).await?;
        let rows: Vec<Deployment> = self.rows(&answer)?;
        let name = &self.wanted.name;
        let theirs = rows.iter().map(|row| &row.environment);
        let alike = theirs.clone().find(|e| e.eq_ignore_ascii_case(name) && *e != name);
        self.wanted.spelled = alike.cloned();
        self.take(rows, now);
        Ok(())
    }

    /// The rows of a list, and the repository's own name for itself.
    fn rows(&mut self, answer: &HttpAnswer) -> Result<Vec<Deployment>, SourceError> {
        let rows: Vec<Deployment> = list(answer)?;
        let theirs = rows.iter().find_map(Deployment::repository);
        if let Some((owner, repo)) = theirs.filter(|_| self.forwarded) {
            (self.owner, self.repo) = (owner, repo);
        }
        Ok(rows)
    }

    /// One answer; a repository that was renamed is followed on its host.
    async fn get(
        &mut self,
        url: Url,
        etag: Option<&str>,
        now: Timestamp,
    ) -> Result<HttpAnswer, SourceError> {
        let mut answer = self.client.get(url.clone(), etag).await?;
        let moved = matches!(answer.status, 301 | 302 | 307 | 308);
        let place = answer.header("location").filter(|_| moved).and_then(|l| url.join(l).ok());
        if let Some(place) = place.filter(|place| same_place(place, self.client.base())) {
            answer = self.client.get(place, etag).await?;
            self.forwarded = true;
        }
        self.budget.heard(&answer, now);
        if answer.status != 304 {
            refusal::judged(&answer, &self.full_name(), self.signed)?;
        }
        Ok(answer)
    }

    /// Takes rows in; true when the next page may hold something of interest.
    fn take(&mut self, rows: Vec<Deployment>, now: Timestamp) -> bool {
        let mut more = !rows.is_empty();
        for deployment in rows {
            let Some(created) = deployment.created() else { continue };
            if !self.wanted.takes(&deployment) {
                continue;
            }
            more &= now.since(created) < HORIZON;
            if let Some(known) = self.known.get_mut(&deployment.id) {
                known.deployment = deployment;
                continue;
            }
            let known = KnownDeployment {
                created,
                name: DeploymentName::default(),
                statuses: Vec::new(),
                memory: EtagMemory::default(),
                asked: false,
                sent: None,
                deployment,
            };
            self.known.insert(known.deployment.id, known);
        }
        more
    }

    fn name_new(&mut self) {
        let mut new: Vec<&mut KnownDeployment> =
            self.known.values_mut().filter(|k| k.name.id.is_empty()).collect();
        new.sort_by_key(|k| (k.created, k.deployment.id));
        for known in new {
            known.name = self.names.name(&known.deployment);
        }
    }

    fn forget(&mut self) {
        while self.known.len() > KEPT {
            let oldest = self.known.iter().min_by_key(|(_, k)| k.created).map(|(id, _)| *id);
            match oldest.and_then(|id| self.known.remove(&id)) {
                Some(gone) => self.names.forget(&gone.name),
                None => return,
            }
        }
    }

    /// Asks for the statuses of unfinished deployments, the newest first.
    async fn ask_statuses(&mut self, now: Timestamp, out: &mut Harvest) {
        let open = self.known.values().filter(|k| k.is_open(now));
        let mut todo: Vec<(Timestamp, u64)> = open.map(|k| (k.created, k.deployment.id)).collect();
        todo.sort_by_key(|one| std::cmp::Reverse(*one));
        for (_, id) in todo.into_iter().take(self.budget.statuses()) {
            if let Err(error) = self.ask_status(id, now).await {
                out.partial = true;
                out.note(format!("status of deployment {id}: {}", words(error.why())));
                if !matches!(error, SourceError::GiveUp { .. } | SourceError::Malformed { .. }) {
                    return;
                }
            }
        }
    }

    async fn ask_status(&mut self, id: u64, now: Timestamp) -> Result<(), SourceError> {
        let name = id.to_string();
        let mut url =
            self.client.at(&["repos", &self.owner, &self.repo, "deployments", &name, "statuses"]);
        url.query_pairs_mut().append_pair("per_page", "100");
        let etag = self.known.get_mut(&id).and_then(|k| k.memory.question(now));
        let answer = self.get(url, etag.as_deref(), now).await?;
        let Some(known) = self.known.get_mut(&id) else { return Ok(()) };
        if known.memory.unchanged(&answer) {
            return Ok(());
        }
        known.statuses = list::<StatusRow>(&answer)?;
        known.memory.learn(&answer, now);
        known.asked = true;
        Ok(())
    }

    fn news(&mut self) -> Vec<Change> {
        let name = self.wanted.name.as_str();
        let change = |k: &KnownDeployment| {
            let whose = (&self.source, &k.name, self.service.as_str());
            let mut change = k.deployment.change(whose, &k.statuses)?;
            if !name.is_empty() {
                name.clone_into(&mut change.environment);
            }
            Some((k.deployment.id, change))
        };
        let asked = self.known.values().filter(|k| k.asked && !k.waits());
        let mut all: Vec<(u64, Change)> = asked.filter_map(change).collect();
        all.sort_by_key(|(id, c)| (c.created_at, *id));
        let (ids, mut changes): (Vec<u64>, Vec<Change>) = all.into_iter().unzip();
        feed::link(&mut changes);
        feed::name_previous(&mut changes);
        let mut news = Vec::new();
        for (id, change) in ids.into_iter().zip(changes) {
            let Some(known) = self.known.get_mut(&id) else { continue };
            if known.sent.as_ref() != Some(&change) {
                known.sent = Some(change.clone());
                news.push(change);
            }
        }
        news
    }
}

#[cfg(test)]
mod tests;
