//! Which deployments are meant: those to one environment, whatever its case; no previews, none of
//! environments that go away again. What else there is is counted, to be named where nothing fits.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::time::Timestamp;
use crate::source::error::{cut, words};

use super::identity::is_preview;
use super::wire::Deployment;

/// Environments named in one note, and letters of each.
const NAMED: usize = 6;
const SHORT: usize = 40;
/// Deployments that are counted by environment.
const COUNTED: usize = 2000;

/// Which environment is meant.
#[derive(Debug, Default)]
pub struct Wanted {
    /// As the config writes it; empty: all.
    pub name: String,
    /// Somebody wrote it: previews count where they were asked for.
    chosen: bool,
    /// As GitHub spells it, where that differs.
    pub spelled: Option<String>,
    /// What else was met, with the numbers of its deployments.
    pub others: BTreeMap<String, BTreeSet<u64>>,
    pub passing: BTreeSet<u64>,
    pub looked: Option<Timestamp>,
}

impl Wanted {
    /// `production` unless the config says another; empty means all.
    pub fn new(configured: Option<&str>) -> Self {
        let name = configured.unwrap_or("production").to_owned();
        Self { name, chosen: configured.is_some(), ..Self::default() }
    }

    /// Whether a deployment is one of those meant; counts the others.
    pub fn takes(&mut self, deployment: &Deployment) -> bool {
        let theirs = deployment.environment.as_str();
        let meant = self.name.is_empty() || theirs.eq_ignore_ascii_case(&self.name);
        if !meant {
            if self.others.values().map(BTreeSet::len).sum::<usize>() < COUNTED {
                self.others.entry(cut(theirs, SHORT).to_owned()).or_default().insert(deployment.id);
            }
            return false;
        }
        let preview = is_preview(theirs) && deployment.production_environment != Some(true);
        let passing = deployment.transient_environment == Some(true) || preview;
        if passing && (self.name.is_empty() || !self.chosen) {
            self.passing.insert(deployment.id);
            return false;
        }
        true
    }

    /// Why nothing was found, with what there is.
    pub fn missing(&self, repo: &str) -> String {
        if self.others.is_empty() {
            let meant = if self.name.is_empty() { "any environment" } else { &self.name };
            return format!(
                "{repo} has no deployment to {meant}: GitHub makes them for jobs with \
                 `environment:` or by its API"
            );
        }
        let counted = self.others.iter().map(|(name, ids)| (name, ids.len()));
        let mut all: Vec<(&String, usize)> = counted.collect();
        all.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        let named = all.iter().take(NAMED).map(|(name, n)| format!("`{}` ({n})", words(name)));
        let named: Vec<String> = named.collect();
        let more = all.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!(
            "no deployment to environment `{}` of {repo}; there are {}{more}: write one of them as \
             `environment`",
            self.name,
            named.join(", ")
        )
    }
}
