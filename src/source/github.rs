//! GitHub deployments and their statuses: conditional questions, Link pages on the same host only,
//! rate limits honoured. What a deployment says is read in `wire`, what their order says in `feed`.

pub mod wire;

use std::collections::{BTreeMap, BTreeSet};

use url::Url;

use crate::domain::change::Change;
use crate::domain::flaw::Flaw;
use crate::domain::id::SourceId;
use crate::domain::time::{Span, Timestamp};

use self::wire::{Deployment, StatusRow, is_final, list, next_page};

use super::answer::Answer;
use super::config::SourceConfig;
use super::error::{SourceError, words};
use super::etag::Memory;
use super::feed;
use super::harvest::Harvest;
use super::http::{Client, Limits, same_place};

/// Pages and bytes of one poll (apis.md section 10).
const PAGES: usize = 20;
const BYTES: usize = 5 << 20;
/// Status questions of one poll.
const STATUSES: usize = 30;
/// How far back the first poll reads, and after which age an unfinished deployment is left alone.
const HORIZON: Span = Span::from_days(30);
const STALE: Span = Span::from_days(2);
/// Deployments remembered.
const KEPT: usize = 500;

/// The deployments of one repository.
pub struct Github {
    source: SourceId,
    client: Client,
    owner: String,
    repo: String,
    environment: String,
    service: String,
    memory: Memory,
    known: BTreeMap<u64, Known>,
    names: BTreeSet<String>,
    /// The rate limit is used up until then.
    hold: Option<Timestamp>,
}

struct Known {
    deployment: Deployment,
    created: Timestamp,
    name: String,
    statuses: Vec<StatusRow>,
    asked: bool,
    sent: Option<Change>,
}

impl Github {
    /// # Errors
    /// [`SourceError::GiveUp`] when the config cannot work.
    pub fn new(config: &SourceConfig) -> Result<Self, SourceError> {
        let repo = config.repo.as_deref().unwrap_or_default();
        let (owner, name) = repo
            .split_once('/')
            .filter(|(o, n)| !o.is_empty() && !n.is_empty() && !n.contains('/'))
            .ok_or_else(|| SourceError::give_up("repo is written owner/name"))?;
        let mut config = config.clone();
        if config.url.is_empty() {
            "https://api.github.com".clone_into(&mut config.url);
        }
        config.headers.entry("accept".into()).or_insert("application/vnd.github+json".into());
        config.headers.entry("x-github-api-version".into()).or_insert("2022-11-28".into());
        Ok(Self {
            client: Client::new(&config, Limits::of(&config))?,
            owner: owner.to_owned(),
            repo: name.to_owned(),
            environment: config.environment.unwrap_or_else(|| "production".to_owned()),
            service: config.service.unwrap_or_else(|| name.to_owned()),
            source: config.name,
            memory: Memory::default(),
            known: BTreeMap::new(),
            names: BTreeSet::new(),
            hold: None,
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
        if let Some(until) = self.hold.filter(|until| now < *until) {
            let why = "rate limit used up".to_owned();
            return Err(SourceError::Retry { why, after: Some(until.since(now)) });
        }
        let mut out = Harvest::default();
        self.list(now, &mut out).await?;
        self.ask_statuses(now, &mut out).await?;
        out.changes = self.news();
        Ok(out)
    }

    async fn list(&mut self, now: Timestamp, out: &mut Harvest) -> Result<(), SourceError> {
        let mut url = self.client.at(&["repos", &self.owner, &self.repo, "deployments"]);
        url.query_pairs_mut().append_pair("per_page", "100");
        if !self.environment.is_empty() {
            url.query_pairs_mut().append_pair("environment", &self.environment);
        }
        let first = self.known.is_empty();
        let (mut bytes, mut seen) = (0, BTreeSet::new());
        let mut etag = self.memory.question(now);
        loop {
            let answer = self.get(url.clone(), etag.take().as_deref(), now).await?;
            out.skew = answer.skew(now).or(out.skew);
            if seen.is_empty() && self.memory.unchanged(&answer) {
                return Ok(());
            }
            let rows: Vec<Deployment> = list(&answer)?;
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
        self.name_new();
        self.forget();
        Ok(())
    }

    async fn get(
        &mut self,
        url: Url,
        etag: Option<&str>,
        now: Timestamp,
    ) -> Result<Answer, SourceError> {
        let answer = self.client.get(url, etag).await?;
        self.hold = answer.exhausted().map(|wait| now.plus(wait));
        Ok(answer)
    }

    /// Takes rows in; true when the next page may hold something of interest.
    fn take(&mut self, rows: Vec<Deployment>, now: Timestamp) -> bool {
        let mut more = !rows.is_empty();
        for deployment in rows {
            let wanted = self.environment.is_empty() || deployment.environment == self.environment;
            let Some(created) = deployment.created().filter(|_| wanted) else { continue };
            more &= now.since(created) < HORIZON;
            if let Some(known) = self.known.get_mut(&deployment.id) {
                known.deployment = deployment;
                continue;
            }
            let known = Known {
                created,
                name: String::new(),
                statuses: Vec::new(),
                asked: false,
                sent: None,
                deployment,
            };
            self.known.insert(known.deployment.id, known);
        }
        more
    }

    /// The first deployment of a version carries its name; a later one its number as well.
    fn name_new(&mut self) {
        let mut new: Vec<&mut Known> =
            self.known.values_mut().filter(|k| k.name.is_empty()).collect();
        new.sort_by_key(|k| (k.created, k.deployment.id));
        for known in new {
            let version = known.deployment.version();
            let id = known.deployment.id;
            let free = !version.is_empty() && self.names.insert(version.clone());
            known.name = if free { version } else { format!("{version}#{id}") };
        }
    }

    fn forget(&mut self) {
        while self.known.len() > KEPT {
            let oldest = self.known.iter().min_by_key(|(_, k)| k.created).map(|(id, _)| *id);
            match oldest.and_then(|id| self.known.remove(&id)) {
                Some(gone) => self.names.remove(&gone.name),
                None => return,
            };
        }
    }

    /// Asks for the statuses of unfinished deployments, the newest first.
    async fn ask_statuses(&mut self, now: Timestamp, out: &mut Harvest) -> Result<(), SourceError> {
        let open =
            |k: &&Known| !k.asked || (!is_final(&k.statuses) && now.since(k.created) < STALE);
        let mut todo: Vec<(Timestamp, u64)> =
            self.known.values().filter(open).map(|k| (k.created, k.deployment.id)).collect();
        todo.sort_by(|a, b| b.cmp(a));
        for (_, id) in todo.into_iter().take(STATUSES) {
            let parts =
                ["repos", &self.owner, &self.repo, "deployments", &id.to_string(), "statuses"];
            let mut url = self.client.at(&parts);
            url.query_pairs_mut().append_pair("per_page", "100");
            let answer = self.get(url, None, now).await;
            match answer.and_then(|a| list::<StatusRow>(&a)) {
                Ok(statuses) => {
                    if let Some(known) = self.known.get_mut(&id) {
                        known.statuses = statuses;
                        known.asked = true;
                    }
                }
                Err(error) => {
                    out.partial = true;
                    out.note(format!("status of deployment {id}: {}", words(error.why())));
                    if !matches!(error, SourceError::GiveUp { .. } | SourceError::Malformed { .. })
                    {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    fn news(&mut self) -> Vec<Change> {
        let mut all: Vec<(u64, Change)> = self
            .known
            .values()
            .filter_map(|k| {
                let whose = (&self.source, k.name.as_str(), self.service.as_str());
                Some((k.deployment.id, k.deployment.change(whose, &k.statuses)?))
            })
            .collect();
        all.sort_by_key(|(id, c)| (c.created_at, *id));
        let (ids, mut changes): (Vec<u64>, Vec<Change>) = all.into_iter().unzip();
        feed::link(&mut changes);
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
