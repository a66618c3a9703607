//! What a deployment is called: by the version its CI states or the tag it shipped, else by its
//! commit, because a branch (`main`) is the name of many. And which environments are meant.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::error::cut;
use crate::source::query::LABEL;

use super::name::DeploymentName;
use super::wire::Deployment;

/// Letters of a commit that name it: as good as all of them to git.
const SHORT: usize = 12;

/// The names given so far.
#[derive(Debug, Default)]
pub struct Names {
    ids: BTreeSet<String>,
    /// The commit that a stated version means.
    commits: BTreeMap<String, String>,
}

impl Names {
    /// Names a deployment; the oldest come first, so that names are the same after a restart. The
    /// first one of a version carries its name, a later one its number as well.
    pub fn name(&mut self, deployment: &Deployment) -> DeploymentName {
        let sha = cut(deployment.sha.trim(), LABEL);
        let stated = deployment.stated_version().filter(|stated| {
            let known = self.commits.entry(stated.clone()).or_insert_with(|| sha.to_owned());
            sha.is_empty() || known == sha
        });
        let reference = || cut(&deployment.reference, LABEL).to_owned();
        let (short, version) = match stated {
            Some(version) => (version.clone(), version),
            None if sha.is_empty() => (reference(), reference()),
            None => (cut(sha, SHORT).to_owned(), sha.to_owned()),
        };
        let free = !short.is_empty() && self.ids.insert(short.clone());
        let id = if free { short } else { format!("{short}#{}", deployment.id) };
        DeploymentName { id, version }
    }

    pub fn forget(&mut self, name: &DeploymentName) {
        self.ids.remove(&name.id);
        self.commits.remove(&name.version);
    }
}

/// An environment that comes and goes with a change under review.
pub fn is_preview(environment: &str) -> bool {
    let lower = environment.to_lowercase();
    let mut words = lower.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
    words.any(|word| {
        let number = word.strip_prefix("pr").is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
        number || matches!(word, "preview" | "previews" | "review" | "pull" | "ephemeral")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::github::name::is_tag;

    fn named(
        names: &mut Names,
        id: u64,
        reference: &str,
        sha: &str,
        payload: &str,
    ) -> DeploymentName {
        let text = format!(
            "{{\"id\":{id},\"ref\":\"{reference}\",\"sha\":\"{sha}\",\"payload\":{payload},\
             \"created_at\":\"2026-11-20T10:00:00Z\"}}"
        );
        names.name(&serde_json::from_str(&text).expect("a deployment"))
    }

    #[test]
    fn github_a_change_is_named_by_its_commit_where_the_ref_is_a_branch() {
        let mut names = Names::default();
        let (a, b) = ("a".repeat(40), "b".repeat(40));
        let first = named(&mut names, 1, "main", &a, "{}");
        assert_eq!((first.id.as_str(), &first.version), ("aaaaaaaaaaaa", &a));
        assert_eq!(named(&mut names, 2, "main", &b, "\"\"").id, "bbbbbbbbbbbb");
        assert_eq!(named(&mut names, 3, "main", &a, "null").id, "aaaaaaaaaaaa#3");
        let tag = named(&mut names, 4, "web-2026.11.21-2", &"c".repeat(40), "{}");
        assert_eq!(tag.id, "web-2026.11.21-2");
        let moved = named(&mut names, 5, "web-2026.11.21-2", &"d".repeat(40), "{}");
        assert_eq!(moved.id, "dddddddddddd", "the same words for another commit");
        assert_eq!(named(&mut names, 6, "x", &b, "{\"version\":\"shop-7\"}").id, "shop-7");
    }

    #[test]
    fn tags_branches_and_previews_are_told_apart() {
        for tag in ["v1.2.3", "1.2.3", "web-2026.11.21-2", "shop-v10.0.1-rc1", "rel-20261121"] {
            assert!(is_tag(tag), "{tag}");
        }
        for branch in ["main", "hotfix/cart", "release/1.2.3", "release-1.2", "fix-12", "", "v2"] {
            assert!(!is_tag(branch), "{branch}");
        }
        for name in ["Preview", "preview/pr-12", "pr-7", "PR12", "review-app", "pull/3"] {
            assert!(is_preview(name), "{name}");
        }
        for name in ["production", "Production - shop", "print", "prod", "staging", "promo"] {
            assert!(!is_preview(name), "{name}");
        }
    }
}
