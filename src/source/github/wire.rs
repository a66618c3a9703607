//! GitHub's deployments and statuses as they come, and one deployment as a change. Payloads are
//! whatever a CI wrote: object, string or null.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value as Json;

use crate::domain::change::{Change, ChangeKind, ChangeStatus, Stage};
use crate::domain::id::SourceId;
use crate::domain::time::Timestamp;
use crate::source::answer::HttpAnswer;
use crate::source::error::{SourceError, cut};
use crate::source::http_json::config::TimeFormat;
use crate::source::http_json::rows::read_time;
use crate::source::query::LABEL;

use super::name::{DeploymentName, is_tag};

/// One row of `GET /repos/{repo}/deployments`.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Deployment {
    pub id: u64,
    #[serde(default, deserialize_with = "some_text")]
    pub sha: String,
    #[serde(default, rename = "ref")]
    pub reference: String,
    #[serde(default)]
    pub task: String,
    #[serde(default)]
    pub payload: Json,
    #[serde(default)]
    pub environment: String,
    pub created_at: Json,
    #[serde(default)]
    pub creator: Option<Person>,
    #[serde(default)]
    pub url: String,
    #[serde(default)]
    pub repository_url: Option<String>,
    #[serde(default)]
    pub transient_environment: Option<bool>,
    #[serde(default)]
    pub production_environment: Option<bool>,
}

/// Text, or nothing for null.
fn some_text<'de, D: serde::Deserializer<'de>>(d: D) -> Result<String, D::Error> {
    Ok(Option::<String>::deserialize(d)?.unwrap_or_default())
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Person {
    #[serde(default)]
    pub login: String,
}

/// One row of a deployment's statuses.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct StatusRow {
    pub state: String,
    #[serde(default)]
    pub created_at: Json,
    #[serde(default)]
    pub log_url: Option<String>,
}

/// Decodes a list answer.
///
/// # Errors
/// By status, then [`SourceError::Malformed`] for anything but a list of such rows.
pub fn list<T: for<'de> Deserialize<'de>>(answer: &HttpAnswer) -> Result<Vec<T>, SourceError> {
    answer.check()?;
    serde_json::from_str(answer.json()?).map_err(|e| {
        let kind = if e.is_eof() { "cut off" } else { "not a GitHub list" };
        SourceError::malformed(format!("{kind} at line {} column {}", e.line(), e.column()))
    })
}

/// The address of `rel="next"` in a `Link` header.
pub fn next_page(link: &str) -> Option<&str> {
    link.split(',').find_map(|part| {
        let (address, params) = part.trim().strip_prefix('<')?.split_once('>')?;
        let next = params.split(';').any(|p| matches!(p.trim(), "rel=\"next\"" | "rel=next"));
        next.then_some(address)
    })
}

impl Deployment {
    pub fn created(&self) -> Option<Timestamp> {
        read_time(&self.created_at, TimeFormat::Auto)
    }

    fn payload(&self) -> Json {
        match &self.payload {
            Json::String(text) => serde_json::from_str(text).unwrap_or(Json::Null),
            other => other.clone(),
        }
    }

    /// The version that its CI states, or the tag that was shipped.
    pub fn stated_version(&self) -> Option<String> {
        let payload = self.payload();
        let tag = || Some(self.reference.as_str()).filter(|r| is_tag(r));
        text(&payload, "version").or_else(tag).map(|v| cut(v, LABEL).to_owned())
    }

    /// Owner and name of its repository, as GitHub calls it now.
    pub fn repository(&self) -> Option<(String, String)> {
        let mut parts = self.repository_url.as_ref()?.rsplit('/');
        let (repo, owner) = (parts.next()?, parts.next()?);
        let good = |t: &str| !t.is_empty() && t.len() <= LABEL && !t.contains(char::is_whitespace);
        (good(owner) && good(repo)).then(|| (owner.to_owned(), repo.to_owned()))
    }

    /// The deployment as a change named `name`. `statuses` may be in any order.
    pub fn change(
        &self,
        (source, name, service): (&SourceId, &DeploymentName, &str),
        statuses: &[StatusRow],
    ) -> Option<Change> {
        let payload = self.payload();
        let created_at = self.created()?;
        let stages = stages(&payload);
        let times = StageTimes::of(statuses, !stages.is_empty());
        let short = |t: &str| cut(t, LABEL).to_owned();
        let templates = payload.get("templates").and_then(Json::as_array);
        let templates: BTreeSet<String> =
            templates.into_iter().flatten().filter_map(Json::as_str).take(50).map(short).collect();
        Some(Change {
            source: source.clone(),
            id: name.id.as_str().into(),
            kind: self.kind(&payload),
            service: text(&payload, "service").map_or_else(|| service.to_owned(), short),
            environment: short(&self.environment),
            version: name.version.clone(),
            previous: text(&payload, "previous").map(|p| cut(p, LABEL).into()),
            status: times.status,
            created_at,
            started_at: times.started,
            finished_at: times.finished,
            stages,
            templates,
            rolled_back_at: None,
            ran_before: false,
            author: self.creator.as_ref().map_or_else(String::new, |p| short(&p.login)),
            url: times.log.unwrap_or_else(|| self.url.clone()),
        })
    }

    fn kind(&self, payload: &Json) -> ChangeKind {
        let word = text(payload, "kind").unwrap_or(&self.task).to_lowercase();
        let known = serde_json::from_value(Json::String(word.clone())).ok();
        known.unwrap_or(if word.starts_with("rollback") {
            ChangeKind::Rollback
        } else {
            ChangeKind::Deploy
        })
    }
}

fn text<'a>(payload: &'a Json, key: &str) -> Option<&'a str> {
    payload.get(key).and_then(Json::as_str).filter(|t| !t.is_empty())
}

/// `[{"at": time, "share": 0.1}, ...]` or `[[time, 0.1], ...]`, sorted.
fn stages(payload: &Json) -> Vec<Stage> {
    let rows = payload.get("stages").and_then(Json::as_array);
    let stage = |row: &Json| {
        let (at, share) = match row {
            Json::Array(pair) => (pair.first()?, pair.get(1)?),
            other => (other.get("at")?, other.get("share")?),
        };
        let share = share.as_f64().filter(|s| (0.0..=1.0).contains(s))?;
        Some(Stage { at: read_time(at, TimeFormat::Auto)?, share })
    };
    let mut stages: Vec<Stage> = rows.into_iter().flatten().filter_map(stage).take(50).collect();
    stages.sort_by_key(|s| s.at);
    stages
}

struct StageTimes {
    status: ChangeStatus,
    started: Option<Timestamp>,
    finished: Option<Timestamp>,
    log: Option<String>,
}

impl StageTimes {
    /// `staged`: it goes out step by step, so shoppers meet it from its start on.
    fn of(statuses: &[StatusRow], staged: bool) -> Self {
        let rows = in_order(statuses);
        let first = |states: &[&str]| {
            rows.iter().find(|(_, s)| states.contains(&s.state.as_str())).and_then(|(at, _)| *at)
        };
        let lived = rows.iter().any(|(_, s)| s.state == "success");
        let live = first(&["success"]);
        // A job may start several times; the last start before it went live is the one.
        let mut starts =
            rows.iter().filter(|(_, s)| s.state == "in_progress").filter_map(|(at, _)| *at);
        let started = match live {
            Some(live) => starts.rfind(|at| *at <= live),
            None => starts.next(),
        };
        Self {
            status: meaning(
                rows.last().map_or("", |(_, s)| s.state.as_str()),
                lived,
                staged && started.is_some(),
            ),
            started,
            finished: live.or_else(|| first(&["failure", "error"])),
            log: rows.last().and_then(|(_, s)| s.log_url.clone()).filter(|u| !u.is_empty()),
        }
    }
}

/// Statuses by their time, the oldest first.
fn in_order(statuses: &[StatusRow]) -> Vec<(Option<Timestamp>, &StatusRow)> {
    let timed = |s: &'_ StatusRow| read_time(&s.created_at, TimeFormat::Auto);
    let mut rows: Vec<(Option<Timestamp>, &StatusRow)> =
        statuses.iter().map(|s| (timed(s), s)).collect();
    // Newest first in the feed: a stable sort of the reverse keeps that order among equals, and
    // among those that do not say when they were.
    rows.reverse();
    if rows.iter().all(|(at, _)| at.is_some()) {
        rows.sort_by_key(|(at, _)| *at);
    }
    rows
}

/// The status that holds now.
pub fn newest(statuses: &[StatusRow]) -> Option<&StatusRow> {
    in_order(statuses).last().map(|(_, s)| *s)
}

/// The newest state, and whether there ever was a `success`: nothing else is live. No status at all
/// is GitHub's `pending`; `inactive` is what was replaced, or given up before it was live;
/// `waiting` stands for an approval. `met`: shoppers met it before that, in steps.
fn meaning(state: &str, lived: bool, met: bool) -> ChangeStatus {
    match state {
        "failure" | "error" => ChangeStatus::Failed,
        "inactive" if lived || met => ChangeStatus::Inactive,
        "inactive" => ChangeStatus::Cancelled,
        "success" | "in_progress" | "queued" | "pending" | "waiting" | "" if lived => {
            ChangeStatus::Succeeded
        }
        "in_progress" => ChangeStatus::Running,
        "queued" | "pending" | "waiting" | "" => ChangeStatus::Queued,
        _ => ChangeStatus::Unknown,
    }
}

/// True when no later status changes what the deployment did.
pub fn is_final(statuses: &[StatusRow]) -> bool {
    statuses
        .iter()
        .any(|s| matches!(s.state.as_str(), "success" | "failure" | "error" | "inactive"))
}
