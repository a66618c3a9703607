//! A live case: the effects and failing checks that share one cause, from opening to clearing.
//! Which findings belong together is decided here (detection.md section 6, "Grouping").

use std::collections::BTreeMap;

use crate::detect::verdict::{Class, Suspect};
use crate::domain::id::{JourneyId, SourceId};
use crate::domain::segment::{Dim, Scope};
use crate::domain::time::{Span, Timestamp};
use crate::policy::judging::Policy;

use super::effect::Effect;
use super::flaws::Spot;
use super::place::{alike, siblings, templates, widest, within};
use super::stat::Shape;
use super::surge::is_surge;
use super::table::Role;
use super::toll::Toll;

/// Failing checks of one journey inside a case.
#[derive(Clone, PartialEq, Debug)]
pub struct Trouble {
    pub journey: JourneyId,
    pub place: Option<Scope>,
    pub since: Timestamp,
    pub over: bool,
    pub text: String,
}

/// A source that tells nothing any more.
#[derive(Clone, PartialEq, Debug)]
pub struct BlindSpot {
    /// Sources that fell silent together, and since when each.
    pub sources: BTreeMap<SourceId, Timestamp>,
    pub since: Timestamp,
    pub over: bool,
    pub checkout: bool,
}

impl BlindSpot {
    /// `rum`, `orders and rum`, `orders, probes and 3 more`.
    pub fn names(&self) -> String {
        let names: Vec<&str> = self.sources.keys().map(SourceId::as_str).collect();
        match names.as_slice() {
            [] => "a source".to_owned(),
            [one] => (*one).to_owned(),
            [one, two] => format!("{one} and {two}"),
            [one, two, three] => format!("{one}, {two} and {three}"),
            [one, two, rest @ ..] => format!("{one}, {two} and {} more", rest.len()),
        }
    }
}

#[derive(Clone, PartialEq, Debug)]
pub struct Live {
    pub key: String,
    pub opened: i64,
    pub effects: Vec<Effect>,
    pub troubles: Vec<Trouble>,
    pub blind: Option<BlindSpot>,
    /// A flaw of the telling; such a case holds nothing else.
    pub flaw: Option<Spot>,
    /// Nats for "recovered" of all its effects together, and the last bucket bad in sum.
    pub good: f64,
    pub last_bad: i64,
    /// Set when everything in it has been good for the clear time.
    pub closed: Option<i64>,
    pub suspect: Suspect,
    /// What it has cost so far.
    pub toll: Toll,
}

/// Findings this close in time may share a cause.
const TOGETHER: Span = Span::from_mins(20);
/// A funnel loss joins trouble upstream that began within this time.
const DOWNSTREAM: Span = Span::from_hours(3);

impl Live {
    pub fn new(key: String, opened: i64) -> Self {
        Self {
            key,
            opened,
            effects: Vec::new(),
            troubles: Vec::new(),
            blind: None,
            flaw: None,
            good: 0.0,
            last_bad: opened,
            closed: None,
            suspect: Suspect::default(),
            toll: Toll::default(),
        }
    }

    pub fn is_telemetry(&self) -> bool {
        self.blind.is_some() || self.flaw.is_some() || self.effects.iter().any(is_measuring)
    }

    /// Its orders surge; such a case holds nothing else.
    pub fn is_surge(&self) -> bool {
        self.effects.iter().any(is_surge)
    }

    /// Effects that are still there, or all when none is.
    pub fn present(&self) -> Vec<&Effect> {
        let now: Vec<&Effect> = self.effects.iter().filter(|e| e.until.is_none()).collect();
        if now.is_empty() { self.effects.iter().collect() } else { now }
    }

    fn has_cause(&self) -> bool {
        self.effects.iter().any(is_cause)
    }

    pub fn class(&self) -> Class {
        let efficiency = |e: &Effect| e.table.family.0 == crate::domain::metric::Metric::CacPayback;
        if self.is_telemetry() {
            Class::Telemetry
        } else if self.is_surge() {
            Class::Surge
        } else if !self.troubles.is_empty() || self.effects.iter().any(is_visit_loss) {
            Class::Availability
        } else if self.effects.iter().any(efficiency) {
            Class::Efficiency
        } else if self.has_cause() {
            Class::Regression
        } else {
            Class::Conversion
        }
    }

    /// The smallest list of places that explains it: causes before their consequences.
    pub fn segments(&self, policy: &Policy) -> Vec<Scope> {
        let causes = |e: &&Effect| is_cause(e) || is_visit_loss(e);
        let mut out: Vec<Scope> =
            self.effects.iter().filter(causes).map(|e| e.place.clone()).collect();
        let journeys = self.troubles.iter().filter_map(|t| trouble_place(policy, &t.journey));
        let journeys: Vec<Scope> = journeys.collect();
        if out.is_empty() || !journeys.is_empty() {
            out.retain(|s| journeys.iter().all(|j| !within(j, s)));
            out.extend(journeys);
        }
        if out.is_empty() {
            // The whole funnel says nothing about where, as long as a step does.
            let steps = || self.effects.iter().filter(|e| !is_whole_funnel(e));
            let all = || self.effects.iter().map(|e| e.place.clone()).collect();
            out = steps().map(|e| e.place.clone()).collect();
            out = if out.is_empty() { all() } else { out };
        }
        widest(out)
    }

    pub fn onset(&self, start_of: impl Fn(i64) -> Timestamp) -> Timestamp {
        let effects = self.effects.iter().filter(|e| is_cause(e) || !self.has_cause());
        let times = effects.map(|e| start_of(e.from()));
        let blind = self.blind.iter().map(|b| b.since);
        let blind = blind.chain(self.flaw.iter().map(|f| f.since));
        times.chain(self.troubles.iter().map(|t| t.since)).chain(blind).min().unwrap_or_default()
    }

    /// Does a new effect share this case's cause?
    pub fn takes(&self, e: &Effect, bucket: Span) -> bool {
        let telemetry = is_measuring(e);
        if self.blind.is_some() || self.flaw.is_some() || telemetry != self.is_telemetry() {
            return false;
        }
        let other = is_surge(e) != self.is_surge();
        if other && !(self.effects.is_empty() && self.troubles.is_empty()) {
            return false;
        }
        self.effects.iter().any(|mine| related(mine, e, bucket)) || self.trouble_takes(e, bucket)
    }

    /// Failing checks take what hurts their journey's pages, or any funnel loss, at the same time.
    fn trouble_takes(&self, e: &Effect, bucket: Span) -> bool {
        let start = |b: i64| Timestamp::from_millis(b.saturating_mul(bucket.millis()));
        self.troubles.iter().any(|t| {
            let slack = TOGETHER.times(2);
            let near = start(e.onset.low).minus(slack) <= t.since
                && t.since <= start(e.onset.high).plus(slack);
            near && (is_loss(e)
                || is_visit_loss(e)
                || t.place.as_ref().is_some_and(|p| within(&e.place, p)))
        })
    }

    /// Do failing checks of a journey share this case's cause?
    pub fn takes_trouble(
        &self,
        place: Option<&Scope>,
        since: Timestamp,
        start_of: impl Fn(i64) -> Timestamp,
    ) -> bool {
        if self.is_telemetry() || self.is_surge() {
            return false;
        }
        let near = |t: Timestamp| t.since(since).millis().abs() <= Span::from_mins(40).millis();
        let touches = |s: &Scope| place.is_some_and(|p| same_templates(p, s));
        self.effects.iter().any(|e| near(start_of(e.from())) && touches(&e.place))
            || self.troubles.iter().any(|t| near(t.since))
    }
}

fn same_templates(a: &Scope, b: &Scope) -> bool {
    match (a.dims.get(&Dim::Template), b.dims.get(&Dim::Template)) {
        (Some(x), Some(y)) => !x.is_disjoint(y),
        _ => true,
    }
}

/// It tells of the measuring, not of the shop: beacons per visit, their lag, orphans.
pub fn is_measuring(e: &Effect) -> bool {
    e.table.family.1 == Role::Beacon || e.table.family.0.is_about_measuring()
}

/// Speed or errors: something that causes losses.
pub fn is_cause(e: &Effect) -> bool {
    matches!(e.shape, Shape::Mean | Shape::Fault | Shape::Level) && !is_measuring(e)
}

/// Visits or requests themselves are missing, by the server's count.
pub fn is_visit_loss(e: &Effect) -> bool {
    e.shape == Shape::Flow && e.table.family.1 == Role::Plain
}

/// Beacons that do not come, come late or come twice.
fn is_arrival(e: &Effect) -> bool {
    let metric = e.table.family.0;
    e.table.family.1 == Role::Beacon || metric == crate::domain::metric::Metric::BeaconLag
}

fn is_loss(e: &Effect) -> bool {
    e.shape == Shape::Step
}

/// Orders per session: every step in one number.
pub fn is_whole_funnel(e: &Effect) -> bool {
    e.table.family.0 == crate::domain::metric::Metric::ConversionRate
}

fn gap(a: &Effect, b: &Effect, bucket: Span) -> Span {
    // Onsets are posteriors: the distance between the nearest ends of the two.
    let apart = (a.onset.low - b.onset.high).max(b.onset.low - a.onset.high).max(0);
    let after = a.until.map_or(apart, |u| (b.onset.low - u).max(0));
    bucket.times(apart.min(after))
}

/// One cause behind two effects?
fn related(mine: &Effect, new: &Effect, bucket: Span) -> bool {
    let apart = gap(mine, new, bucket);
    let same_metric = mine.table.family == new.table.family;
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
    if is_arrival(mine) && is_arrival(new) && overlap {
        // What is late is missing first and comes long after.
        return apart <= DOWNSTREAM;
    }
    if is_loss(new) && is_cause(mine) {
        return apart <= DOWNSTREAM && downstream(&mine.place, &new.place);
    }
    if is_cause(new) && is_loss(mine) {
        return apart <= TOGETHER.times(2) && downstream(&new.place, &mine.place);
    }
    is_loss(new)
        && is_loss(mine)
        && apart <= TOGETHER.times(2)
        && open_overlap(&mine.place, &new.place)
}

/// The loss may follow from the cause: no dimension but the template rules them apart.
fn downstream(cause: &Scope, loss: &Scope) -> bool {
    open_overlap(cause, loss)
}

fn open_overlap(a: &Scope, b: &Scope) -> bool {
    let bare = |s: &Scope| {
        let mut s = s.clone();
        s.dims.remove(&Dim::Template);
        s
    };
    bare(a).overlaps(&bare(b))
}

/// The place a journey's checks speak for.
pub fn trouble_place(policy: &Policy, journey: &JourneyId) -> Option<Scope> {
    let row = policy.journey.iter().find(|j| j.name == *journey)?;
    let template = row.templates.first()?;
    Some(Scope::everything().with(Dim::Template, template))
}

/// The journey a case belongs to: the one of its first segment's template.
pub fn journey_of(policy: &Policy, live: &Live, segments: &[Scope]) -> Option<JourneyId> {
    if let Some(t) = live.troubles.first() {
        return Some(t.journey.clone());
    }
    let mut hit: Vec<&str> = segments.iter().filter_map(templates).flatten().collect();
    hit.sort_by_key(|t| std::cmp::Reverse(policy.journey.iter().position(|j| j.has_template(t))));
    hit.first().and_then(|t| policy.journey_of(t)).map(|j| j.name.clone())
}
