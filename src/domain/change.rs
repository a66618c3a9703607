//! Change: anything that changed the shop, as its source tells it: deploy, theme, flag, campaign.
//! A Release is a Change that shipped code or theme. Blame is decided elsewhere.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::id::{ReleaseId, SourceId};
use super::time::Timestamp;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    Deploy,
    Theme,
    App,
    Flag,
    Experiment,
    Config,
    Campaign,
    Rollback,
    /// Somebody whom the shop calls says that they are in trouble (a status page).
    Provider,
}

impl ChangeKind {
    /// The kind that a word means, as feeds and people say it; none for a word nobody knows.
    pub fn named(word: &str) -> Option<Self> {
        let plain: String = word
            .trim()
            .to_lowercase()
            .chars()
            .map(|c| if " -".contains(c) { '_' } else { c })
            .collect();
        Some(match plain.as_str() {
            "deploy" | "release" | "deployment" | "rollout" | "hotfix" => Self::Deploy,
            "theme" => Self::Theme,
            "app" => Self::App,
            "flag" | "feature_flag" => Self::Flag,
            "experiment" | "ab_test" => Self::Experiment,
            "config" | "configuration" => Self::Config,
            "campaign" => Self::Campaign,
            "rollback" | "revert" => Self::Rollback,
            "provider" | "status_page" | "third_party" => Self::Provider,
            _ => return None,
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeStatus {
    Queued,
    Running,
    Succeeded,
    Failed,
    Cancelled,
    /// Replaced by a later one; not a failure.
    Inactive,
    Unknown,
}

/// Share of traffic that a change reached from an instant on.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Stage {
    pub at: Timestamp,
    /// 0..=1.
    pub share: f64,
}

/// One change. The key is (source, id); later news about the same id replaces earlier.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Change {
    pub source: SourceId,
    /// Stable id; for a release its version as people say it (`theme-2026.11.20-3`).
    pub id: ReleaseId,
    pub kind: ChangeKind,
    pub service: String,
    pub environment: String,
    pub version: String,
    /// The version that was live before, when the source tells or the feed's order shows it.
    pub previous: Option<ReleaseId>,
    pub status: ChangeStatus,
    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    /// Rollout in steps, oldest first; empty means everything at once.
    pub stages: Vec<Stage>,
    /// Templates in scope when known; empty means unknown.
    pub templates: BTreeSet<String>,
    /// Set when it was taken back.
    pub rolled_back_at: Option<Timestamp>,
    /// It ran already when its source first told of its service, since when nobody knows: something
    /// to go back to, and no cause of what begins near its first sight.
    #[serde(default)]
    pub ran_before: bool,
    pub author: String,
    pub url: String,
}

impl Change {
    /// When shoppers first met it: started, else finished, else created.
    pub fn effective_at(&self) -> Timestamp {
        self.stages
            .first()
            .map(|s| s.at)
            .or(self.started_at)
            .or(self.finished_at)
            .unwrap_or(self.created_at)
    }

    /// Share of traffic at `now`, 0..=1.
    pub fn share_at(&self, now: Timestamp) -> f64 {
        if now < self.effective_at() || self.rolled_back_at.is_some_and(|t| t <= now) {
            return 0.0;
        }
        self.stages.iter().rev().find(|s| s.at <= now).map_or(1.0, |s| s.share)
    }

    /// True for changes that shipped code or theme.
    pub fn is_release(&self) -> bool {
        matches!(
            self.kind,
            ChangeKind::Deploy | ChangeKind::Theme | ChangeKind::App | ChangeKind::Rollback
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_a_deploy_in_every_spelling_and_an_unknown_word_is_none() {
        for word in ["release", "Release", " DEPLOY ", "deployment", "rollout"] {
            assert_eq!(ChangeKind::named(word), Some(ChangeKind::Deploy), "{word}");
        }
        assert_eq!(ChangeKind::named("Feature-Flag"), Some(ChangeKind::Flag));
        assert_eq!(ChangeKind::named("revert"), Some(ChangeKind::Rollback));
        assert_eq!((ChangeKind::named("quiz"), ChangeKind::named("")), (None, None));
    }
}
