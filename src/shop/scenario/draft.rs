//! Draft: the small language scenarios are written in: releases, harms, announcements, truth.
//! Times are minutes around the onset; nothing here may start before the first unread minute.

use crate::domain::segment::{Dim, Scope};
use crate::shop::dims::TemplateMask;
use crate::shop::effect::{HarmKind, HarmShape, ShopHarm};
use crate::shop::timeline::{Announcement, ReleasePlan, Service, ShopTimeline, minute_time};
use crate::shop::truth::{Benign, TrueIncident, Truth};

/// A scenario being written down.
#[derive(Debug)]
pub struct ScenarioDraft<'a> {
    pub name: &'static str,
    pub timeline: &'a mut ShopTimeline,
    pub truth: &'a mut Truth,
    /// The first minute nobody has read yet; nothing may start before it.
    pub earliest: i64,
    /// The minute the fault starts; its release comes a little earlier.
    pub onset: i64,
}

/// A harm in the making.
#[derive(Clone, Debug)]
pub struct Harm {
    kind: HarmKind,
    scope: Scope,
    shape: HarmShape,
    after: i64,
    length: Option<i64>,
    cause: Option<String>,
    only_release: bool,
}

/// A harm of this kind within `scope`, from the onset on, for ever.
pub const fn harm(kind: HarmKind, scope: Scope) -> Harm {
    Harm {
        kind,
        scope,
        shape: HarmShape::Step,
        after: 0,
        length: None,
        cause: None,
        only_release: false,
    }
}

impl Harm {
    pub const fn shape(mut self, shape: HarmShape) -> Self {
        self.shape = shape;
        self
    }

    /// Starts so many minutes after the onset.
    pub const fn after(mut self, minutes: i64) -> Self {
        self.after = minutes;
        self
    }

    pub const fn lasting(mut self, minutes: i64) -> Self {
        self.length = Some(minutes);
        self
    }

    /// Ends when the release is taken back.
    pub fn by(mut self, release: &str) -> Self {
        self.cause = Some(release.to_owned());
        self
    }

    /// Hits only what the release served.
    pub fn only_by(mut self, release: &str) -> Self {
        self.only_release = true;
        self.cause = Some(release.to_owned());
        self
    }
}

/// A scope from (dimension, value) pairs; values of one dimension are alternatives.
pub fn scope(pairs: &[(Dim, &str)]) -> Scope {
    pairs.iter().fold(Scope::everything(), |scope, (dim, value)| scope.with(*dim, value))
}

/// What a scenario says about an incident.
#[derive(Clone, Debug)]
pub struct TrueVerdict<'a> {
    pub class: &'static str,
    pub severity: u8,
    pub segments: Vec<Scope>,
    pub release: Option<&'a str>,
    /// Minutes until it ends by itself.
    pub lasts: Option<i64>,
    pub note: &'static str,
}

impl ScenarioDraft<'_> {
    /// A release to everyone, `before` minutes before the onset.
    pub fn release(&mut self, service: Service, templates: TemplateMask, before: i64) -> String {
        self.staged(service, templates, &[(-before, 1.0)])
    }

    /// A release in stages: (minutes from the onset, share).
    pub fn staged(
        &mut self,
        service: Service,
        templates: TemplateMask,
        stages: &[(i64, f64)],
    ) -> String {
        self.plan("Scheduled release", service, templates, stages)
    }

    /// A release to everyone with the onset that describes itself by the path of a page.
    pub fn release_of(&mut self, path: &'static str, service: Service, on: TemplateMask) {
        self.plan(path, service, on, &[(0, 1.0)]);
    }

    fn plan(
        &mut self,
        description: &'static str,
        service: Service,
        templates: TemplateMask,
        stages: &[(i64, f64)],
    ) -> String {
        let stages: Vec<_> = stages
            .iter()
            .map(|(at, share)| ((self.onset + at).max(self.earliest), *share))
            .collect();
        self.timeline.release(&ReleasePlan {
            service,
            templates,
            stages: &stages,
            author: "mara",
            description,
        })
    }

    pub fn harm(&mut self, harm: Harm) {
        let from = self.onset + harm.after;
        self.timeline.effect(ShopHarm {
            scope: harm.scope,
            kind: harm.kind,
            shape: harm.shape,
            from,
            until: harm.length.map(|l| from + l),
            cause: harm.cause,
            only_release: harm.only_release,
        });
    }

    /// Announces something from `after` minutes on; campaigns and work are told in advance.
    pub fn announce(&mut self, kind: &'static str, name: &str, lasts: Option<i64>) {
        self.announce_share(kind, name, lasts, (crate::shop::dims::ALL_TEMPLATES, 1.0));
    }

    /// The same on some templates for a share of visits.
    pub fn announce_share(
        &mut self,
        kind: &'static str,
        name: &str,
        lasts: Option<i64>,
        reach: (TemplateMask, f64),
    ) {
        let number = self.timeline.announcements.len() + 1;
        self.timeline.announcements.push(Announcement {
            id: format!("{kind}-{number}"),
            kind,
            name: name.to_owned(),
            from: self.onset,
            until: lasts.map(|l| self.onset + l),
            templates: reach.0,
            share: reach.1,
        });
    }

    /// Writes an incident into the truth, `after` minutes after the onset.
    pub fn incident(&mut self, after: i64, verdict: TrueVerdict<'_>) {
        let start = self.onset + after;
        let number = self.truth.incidents.len() + 1;
        let release = verdict.release.map(str::to_owned);
        let healed_by_rollback =
            release.as_ref().is_some_and(|r| self.timeline.versions.contains(r));
        self.truth.incidents.push(TrueIncident {
            id: format!("truth-{number}"),
            scenario: self.name,
            class: verdict.class,
            severity: verdict.severity,
            segments: verdict.segments,
            healed_by_rollback,
            release,
            onset: minute_time(start),
            end: verdict.lasts.map(|l| minute_time(start + l)),
            healed_at: None,
            note: verdict.note,
        });
    }

    pub fn benign(&mut self, lasts: Option<i64>, why: &'static str) {
        self.truth.benign.push(Benign {
            scenario: self.name,
            start: minute_time(self.onset),
            end: lasts.map(|l| minute_time(self.onset + l)),
            why,
        });
    }
}
