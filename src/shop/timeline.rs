//! The timeline of one shop: versions, deployments, announcements, experiments and effects.
//! Append-only towards the past: whatever changes starts at a minute that nobody has read yet.

use super::dims::{ALL_TEMPLATES, TemplateMask};
use super::effect::{Compiled, ShopHarm};
use crate::domain::time::Timestamp;

/// The services that are released on their own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Service {
    Theme,
    App,
    Config,
}

impl Service {
    pub const ALL: [Self; 3] = [Self::Theme, Self::App, Self::Config];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Theme => "theme",
            Self::App => "checkout-app",
            Self::Config => "rum-config",
        }
    }

    /// The kind of its releases and the head of its versions.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Theme => "theme",
            Self::App => "app",
            Self::Config => "config",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.name() == name)
    }
}

/// One deployment: a version of a service on some templates, in stages.
#[derive(Clone, PartialEq, Debug)]
pub struct ShopDeployment {
    pub id: u64,
    pub service: Service,
    /// Index into [`ShopTimeline::versions`].
    pub version: usize,
    pub previous: Option<usize>,
    pub templates: TemplateMask,
    pub created_at: Timestamp,
    /// (minute, share of visits), oldest first, at least one.
    pub stages: Vec<(i64, f64)>,
    pub rollback: bool,
    pub author: &'static str,
    pub description: String,
}

impl ShopDeployment {
    pub fn share(&self, minute: i64) -> f64 {
        self.stages.iter().rev().find(|(at, _)| *at <= minute).map_or(0.0, |(_, share)| *share)
    }
}

/// A campaign, flag, holiday, maintenance window or experiment, as the shop tells it.
#[derive(Clone, PartialEq, Debug)]
pub struct Announcement {
    pub id: String,
    pub kind: &'static str,
    pub name: String,
    pub from: i64,
    pub until: Option<i64>,
    pub templates: TemplateMask,
    pub share: f64,
}

/// Which versions serve a template: a visit with a lot below `below` gets `version`, first match.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Serving {
    /// In 65536ths of visits.
    pub below: u32,
    pub version: u16,
}

#[derive(Clone, PartialEq, Debug, Default)]
pub struct ShopTimeline {
    pub versions: Vec<String>,
    pub deployments: Vec<ShopDeployment>,
    pub announcements: Vec<Announcement>,
    pub effects: Vec<Compiled>,
}

/// A release about to be added.
#[derive(Clone, PartialEq, Debug)]
pub struct ReleasePlan<'a> {
    pub service: Service,
    pub templates: TemplateMask,
    pub stages: &'a [(i64, f64)],
    pub author: &'static str,
    pub description: &'a str,
}

impl ShopTimeline {
    /// Adds a release and gives its version; a plan without stages adds a release nobody meets.
    pub fn release(&mut self, plan: &ReleasePlan<'_>) -> String {
        let at = plan.stages.first().map_or(0, |s| s.0);
        let date = minute_time(at).utc().format("%Y.%m.%d").to_string();
        let head = format!("{}-{date}-", plan.service.kind());
        let number = self.versions.iter().filter(|v| v.starts_with(&head)).count() + 1;
        let version = format!("{head}{number}");
        let previous = self.live(plan.service, at).map(|d| d.version);
        self.versions.push(version.clone());
        let id = self.next_id();
        self.deployments.push(ShopDeployment {
            id,
            service: plan.service,
            version: self.versions.len() - 1,
            previous,
            templates: plan.templates,
            created_at: minute_time(at),
            stages: plan.stages.to_vec(),
            rollback: false,
            author: plan.author,
            description: plan.description.to_owned(),
        });
        version
    }

    fn next_id(&self) -> u64 {
        self.deployments.iter().map(|d| d.id).max().unwrap_or(4100) + 7
    }

    pub fn effect(&mut self, effect: ShopHarm) {
        self.effects.push(Compiled::new(effect, &self.versions));
    }

    /// The newest deployment of a service that has started by `minute`.
    pub fn live(&self, service: Service, minute: i64) -> Option<&ShopDeployment> {
        self.started(minute).filter(|d| d.service == service).max_by_key(|d| start_of(d))
    }

    fn started(&self, minute: i64) -> impl Iterator<Item = &ShopDeployment> {
        self.deployments.iter().filter(move |d| start_of(d).0 <= minute)
    }

    pub fn version_name(&self, version: usize) -> &str {
        self.versions.get(version).map_or("", String::as_str)
    }

    /// The versions that serve each template at `minute`, newest first.
    pub fn serving(&self, minute: i64) -> [Vec<Serving>; 6] {
        let mut order: Vec<&ShopDeployment> = self.started(minute).collect();
        order.sort_by_key(|d| std::cmp::Reverse(start_of(d)));
        let mut table: [Vec<Serving>; 6] = Default::default();
        for (template, list) in table.iter_mut().enumerate() {
            for d in order.iter().filter(|d| d.templates >> template & 1 == 1) {
                let below = (d.share(minute) * 65536.0).round() as u32;
                list.push(Serving { below, version: u16::try_from(d.version).unwrap_or(0) });
                if below >= 65536 {
                    break;
                }
            }
        }
        table
    }

    /// Ends every effect that still hurts at `minute`.
    pub fn mend(&mut self, minute: i64) {
        let lasting = self.effects.iter_mut().map(|c| &mut c.effect);
        for effect in lasting.filter(|e| e.until.is_none_or(|u| u > minute)) {
            effect.until = Some(minute);
        }
    }

    /// Takes every version of `service` newer than `target` back at `at`; effects those versions
    /// cause end with the minute they cease to serve. Gives the versions taken back, or `None` when
    /// `target` was never live.
    pub fn roll_back(
        &mut self,
        service: Service,
        target: &str,
        at: Timestamp,
    ) -> Option<Vec<String>> {
        let minute = ceil_minute(at);
        let version = self.versions.iter().position(|v| v == target)?;
        let first = self
            .started(minute)
            .filter(|d| d.service == service && d.version == version)
            .map(start_of)
            .min()?;
        let newer: Vec<(usize, TemplateMask)> = self
            .started(minute)
            .filter(|d| d.service == service && !d.rollback && start_of(d) > first)
            .map(|d| (d.version, d.templates))
            .collect();
        let previous = self.live(service, minute).map(|d| d.version);
        let names: Vec<String> =
            newer.iter().map(|(v, _)| self.version_name(*v).to_owned()).collect();
        for effect in self.effects.iter_mut().map(|c| &mut c.effect) {
            let caused = effect.cause.as_ref().is_some_and(|cause| names.contains(cause));
            if caused && effect.until.is_none_or(|u| u > minute) {
                effect.until = Some(minute);
            }
        }
        let id = self.next_id();
        self.deployments.push(ShopDeployment {
            id,
            service,
            version,
            previous,
            templates: newer.iter().fold(0, |m, (_, t)| m | t) & ALL_TEMPLATES,
            created_at: at,
            stages: vec![(minute, 1.0)],
            rollback: true,
            author: "tillwatch",
            description: format!("Roll back {} to {target}", service.name()),
        });
        Some(names)
    }
}

fn start_of(d: &ShopDeployment) -> (i64, u64) {
    (d.stages.first().map_or(i64::MAX, |s| s.0), d.id)
}

/// The instant a minute starts.
pub const fn minute_time(minute: i64) -> Timestamp {
    Timestamp::from_secs(minute.saturating_mul(60))
}

/// The minute that holds an instant.
pub const fn minute_of(at: Timestamp) -> i64 {
    at.secs().div_euclid(60)
}

/// The first minute that starts at or after an instant.
pub const fn ceil_minute(at: Timestamp) -> i64 {
    at.millis().saturating_add(59_999).div_euclid(60_000)
}

#[cfg(test)]
mod tests;
