//! A live case: the shifts and failing checks that share one cause, from opening to clearing.
//! Which findings belong together is decided in `agree`; of the measuring itself here.

use super::accrued::CumulativeImpact;
use super::kinds::{is_arrival, is_cause, is_measuring, is_surge, is_visit_loss, is_whole_funnel};
use super::parts::{FailingChecks, Join, QualityFlaw, SilentSources, TakenBack};
use crate::detect::cube::place::{alike, siblings, templates, widest, within};
use crate::detect::scan::shift::Shift;
use crate::domain::id::JourneyId;
use crate::domain::segment::{Dim, Scope};
use crate::domain::time::{Span, Timestamp};
use crate::policy::judging::Policy;
use crate::verdict::{Class, Suspect};

#[derive(Clone, PartialEq, Debug)]
pub struct OpenCase {
    pub key: String,
    pub opened: i64,
    pub shifts: Vec<Shift>,
    pub failing_checks: Vec<FailingChecks>,
    pub blind: Option<SilentSources>,
    /// A flaw of the telling; such a case holds nothing else.
    pub flaw: Option<QualityFlaw>,
    /// Nats for "recovered" of all its shifts together, and the last bucket bad in sum.
    pub good: f64,
    pub last_bad: i64,
    /// Set when everything in it has been good for the clear time.
    pub closed: Option<i64>,
    pub suspect: Suspect,
    /// Its suspect was taken back and it heals.
    pub back: Option<TakenBack>,
    /// Why what came later belongs to it.
    pub joins: Vec<Join>,
    /// What it has cost so far.
    pub cumulative: CumulativeImpact,
}

/// Buckets within which the parts of a case end by one recovery.
const RECOVERY: i64 = 15;
/// Findings this close in time may share a cause.
const TOGETHER: Span = Span::from_mins(20);
/// Beacons that come late are missing first, and are late within this time.
const LATE: Span = Span::from_hours(3);

impl OpenCase {
    pub fn new(key: String, opened: i64) -> Self {
        Self {
            key,
            opened,
            shifts: Vec::new(),
            failing_checks: Vec::new(),
            blind: None,
            flaw: None,
            good: 0.0,
            last_bad: opened,
            closed: None,
            suspect: Suspect::default(),
            back: None,
            joins: Vec::new(),
            cumulative: CumulativeImpact::default(),
        }
    }

    /// Remembers why something joined; the newest reasons are kept.
    pub fn joined(&mut self, join: Join) {
        if join.why.is_empty() || self.joins.contains(&join) {
            return;
        }
        if self.joins.len() >= REASONS {
            self.joins.remove(0);
        }
        self.joins.push(join);
    }

    pub fn is_telemetry(&self) -> bool {
        self.blind.is_some() || self.flaw.is_some() || self.shifts.iter().any(is_measuring)
    }

    /// Its orders surge; such a case holds nothing else.
    pub fn is_surge(&self) -> bool {
        self.shifts.iter().any(is_surge)
    }

    /// Effects that are still there, or all when none is.
    pub fn present(&self) -> Vec<&Shift> {
        let now: Vec<&Shift> = self.shifts.iter().filter(|e| e.until.is_none()).collect();
        if now.is_empty() { self.shifts.iter().collect() } else { now }
    }

    /// Effects that the words are about: those still there and those that ended in the same
    /// recovery, so that the headline stays what it was while one after the other ends.
    pub fn told(&self) -> Vec<&Shift> {
        let lately = |until: i64| self.last_bad - until <= RECOVERY;
        let all = self.shifts.iter();
        let now: Vec<&Shift> = all.filter(|e| e.until.is_none_or(lately)).collect();
        if self.shifts.iter().all(|e| e.until.is_some()) || now.is_empty() {
            return self.shifts.iter().collect();
        }
        now
    }

    /// Everything in it looks well now, proven or not.
    pub fn looks_well(&self) -> bool {
        let something = !self.shifts.is_empty() || !self.failing_checks.is_empty();
        something
            && self.shifts.iter().all(|e| e.until.is_some() || e.looks_well())
            && self.failing_checks.iter().all(FailingChecks::is_well)
    }

    fn has_cause(&self) -> bool {
        self.shifts.iter().any(is_cause)
    }

    pub fn class(&self) -> Class {
        let efficiency = |e: &Shift| e.cuboid.family.0 == crate::domain::metric::Metric::CacPayback;
        if self.is_telemetry() {
            Class::Telemetry
        } else if self.is_surge() {
            Class::Surge
        } else if !self.failing_checks.is_empty() || self.shifts.iter().any(is_visit_loss) {
            Class::Availability
        } else if self.shifts.iter().any(efficiency) {
            Class::Efficiency
        } else if self.has_cause() {
            Class::Regression
        } else {
            Class::Conversion
        }
    }

    /// The smallest list of places that explains it: causes before their consequences.
    pub fn segments(&self, policy: &Policy) -> Vec<Scope> {
        let causes = |e: &&Shift| is_cause(e) || is_visit_loss(e) && !self.is_blurred(e);
        let mut out: Vec<Scope> =
            self.shifts.iter().filter(causes).map(|e| e.place.clone()).collect();
        let journeys = self.failing_checks.iter().filter_map(|t| checks_place(policy, &t.journey));
        let journeys: Vec<Scope> = journeys.collect();
        if out.is_empty() || !journeys.is_empty() {
            out.retain(|s| journeys.iter().all(|j| !within(j, s)));
            out.extend(journeys);
        }
        // Who pays by what is told by steps alone: errors of a service do not know it.
        let paying = |s: &&Scope| s.dims.contains_key(&Dim::PaymentMethod);
        if !out.is_empty() && !out.iter().any(|s| paying(&s)) {
            out.extend(self.shifts.iter().map(|e| &e.place).filter(paying).cloned());
        }
        if out.is_empty() {
            // The whole funnel says nothing about where, as long as a step does.
            let steps = || self.shifts.iter().filter(|e| !is_whole_funnel(e));
            let all = || self.shifts.iter().map(|e| e.place.clone()).collect();
            out = steps().map(|e| e.place.clone()).collect();
            out = if out.is_empty() { all() } else { out };
        }
        widest(out)
    }

    /// Missing visits by a cut that cannot tell where, beside one that can and says a part of it:
    /// the sum falls because the part does.
    fn is_blurred(&self, e: &Shift) -> bool {
        let finer = |other: &Shift| {
            let told = other.place.dims.keys().any(|dim| !e.cuboid.dims.contains(dim));
            told && within(&other.place, &e.place)
        };
        self.shifts.iter().filter(|other| is_visit_loss(other)).any(finer)
    }

    pub fn onset(&self, start_of: impl Fn(i64) -> Timestamp) -> Timestamp {
        let shifts = self.shifts.iter().filter(|e| is_cause(e) || !self.has_cause());
        let times = shifts.map(|e| start_of(e.from()));
        let blind = self.blind.iter().map(|b| b.since);
        let blind = blind.chain(self.flaw.iter().map(|f| f.since));
        times
            .chain(self.failing_checks.iter().map(|t| t.since))
            .chain(blind)
            .min()
            .unwrap_or_default()
    }
}

fn gap(a: &Shift, b: &Shift, bucket: Span) -> Span {
    // Onsets are posteriors: the distance between the nearest ends of the two.
    let apart = (a.onset.low - b.onset.high).max(b.onset.low - a.onset.high).max(0);
    let after = a.until.map_or(apart, |u| (b.onset.low - u).max(0));
    bucket.times(apart.min(after))
}

/// One cause behind two shifts that tell of the measuring?
pub fn related(mine: &Shift, new: &Shift, bucket: Span) -> bool {
    let apart = gap(mine, new, bucket);
    let same_metric = mine.cuboid.family == new.cuboid.family;
    let nested = within(&mine.place, &new.place) || within(&new.place, &mine.place);
    let overlap = mine.place.overlaps(&new.place);
    if same_metric && overlap {
        return apart <= Span::from_hours(1) || nested;
    }
    let touching = nested
        || same_metric && siblings(&mine.place, &new.place)
        || alike(&mine.place, &new.place);
    if apart <= TOGETHER && touching {
        return true;
    }
    // What is late is missing first and comes long after.
    is_arrival(mine) && is_arrival(new) && overlap && apart <= LATE
}

/// The place a journey's checks speak for.
pub fn checks_place(policy: &Policy, journey: &JourneyId) -> Option<Scope> {
    let row = policy.journey.iter().find(|j| j.name == *journey)?;
    let template = row.templates.first()?;
    Some(Scope::everything().with(Dim::Template, template))
}

/// The journey a case belongs to: the one of its first segment's template.
pub fn journey_of(policy: &Policy, live: &OpenCase, segments: &[Scope]) -> Option<JourneyId> {
    if let Some(t) = live.failing_checks.first() {
        return Some(t.journey.clone());
    }
    let mut hit: Vec<&str> = segments.iter().filter_map(templates).flatten().collect();
    hit.sort_by_key(|t| std::cmp::Reverse(policy.journey.iter().position(|j| j.has_template(t))));
    hit.first().and_then(|t| policy.journey_of(t)).map(|j| j.name.clone())
}

/// So many reasons for joining are told of a case.
const REASONS: usize = 6;
