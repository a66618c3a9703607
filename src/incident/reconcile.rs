//! Cases to records: what judging says now against what the journal says already.
//! Only the watcher calls this; it opens, updates, clears, reopens and closes, and never acts.

use std::borrow::Cow;

use super::compare::{is_news, writable};
use super::deadline::{record, watcher};
use super::event::{Event, Record};
use super::fold::{Incident, Phase};
use super::likeness::{likeness, pairs};
use super::rise::rose;
use super::tick::{Tick, claimed, keep};
use crate::domain::id::IncidentId;
use crate::domain::severity::Severity;
use crate::domain::time::Timestamp;
use crate::policy::response::ResponsePolicy;
use crate::verdict::{Case, Judgement};

/// The records that bring `incidents` (live ones and those closed lately) in line with `judgement`.
pub fn reconcile(
    incidents: &[Incident],
    judgement: &Judgement,
    policy: &ResponsePolicy,
    tick: Tick,
    mut new_id: impl FnMut() -> IncidentId,
) -> Vec<Record> {
    let round = Round { policy, now: tick.now };
    let settled = tick.now.since(tick.watching_since) >= policy.timing.settle;
    let mut records = Vec::new();
    let pairs = pairs(incidents, judgement, policy, tick);
    for (case, known) in judgement.cases.iter().zip(&pairs) {
        let case = &*evidenced(case, *known);
        let case = &*inherited(case, *known, tick);
        match known {
            Some(incident) if case.firing && incident.firing && !claimed(incident, tick) => {
                // from now on it has the key that this watcher gave it
                let event = Event::Updated { case: Box::new(writable(case)) };
                records.push(round.record(incident, event));
            }
            Some(incident) => records.extend(round.known(incident, case, &mut new_id)),
            None if case.firing => {
                let before = returned(incidents, case, policy, tick.now);
                records.extend(round.open(case, before, &mut new_id));
            }
            None => {}
        }
    }
    for incident in incidents {
        let seen = pairs.iter().flatten().any(|i| i.id == incident.id);
        if incident.firing && !seen && settled {
            records.push(record(incident, tick.now, "poll: the case is gone", Event::Cleared));
        }
        // What fires again in this round does not rest.
        let told = |r: &Record| {
            r.incident == incident.id
                && matches!(r.event, Event::Updated { .. } | Event::Reopened { .. })
        };
        if !records.iter().any(told) {
            records.extend(round.rest(incident));
        }
    }
    records
}

/// The earlier incident that has come back: the same key and place, and over for long.
fn returned<'a>(
    incidents: &'a [Incident],
    case: &Case,
    policy: &ResponsePolicy,
    now: Timestamp,
) -> Option<&'a IncidentId> {
    let gone = |i: &&Incident| !i.firing && !keep(i, policy, now) && i.case.key == case.key;
    let like = |i: &&Incident| likeness(&i.case, case).is_some();
    let newest = incidents.iter().filter(|i| gone(i) && like(i)).max_by_key(|i| i.opened_at);
    newest.map(|i| &i.id)
}

/// An earlier watcher saw the worst of it: what this one still finds of a case that costs far less
/// and is no more severe does not take its headline, its rule and what it cost a minute away.
fn inherited<'a>(case: &'a Case, known: Option<&Incident>, tick: Tick) -> Cow<'a, Case> {
    let cost = |c: &Case| c.burned_per_minute.or(c.risk_per_minute).map_or(0.0, |r| r.high);
    let earlier = known.filter(|i| i.opened_at < tick.watching_since && i.firing);
    let worst = earlier
        .map(|i| &i.case)
        .filter(|old| case.severity >= old.severity && cost(case) * FAR_LESS < cost(old));
    let Some(old) = worst else { return Cow::Borrowed(case) };
    Cow::Owned(Case {
        headline: old.headline.clone(),
        rule: old.rule.clone(),
        burned_per_minute: old.burned_per_minute.or(old.risk_per_minute),
        ..case.clone()
    })
}

/// A cost is far less where it is a quarter.
const FAR_LESS: f64 = 4.0;

/// No evidence line, no page: a case that cannot say why never becomes or rises to a Sev 1 or 2.
fn evidenced<'a>(case: &'a Case, known: Option<&Incident>) -> Cow<'a, Case> {
    let told = case.evidence_for.iter().any(|line| !line.trim().is_empty());
    let ceiling = known.filter(|i| i.is_live()).map_or(Severity::Sev3, |i| i.severity);
    if told || case.severity > Severity::Sev2 || case.severity >= ceiling {
        return Cow::Borrowed(case);
    }
    let rule = format!("{}; held at {ceiling}, for no line of evidence says why", case.rule);
    Cow::Owned(Case { severity: ceiling, rule, ..case.clone() })
}

struct Round<'a> {
    policy: &'a ResponsePolicy,
    now: Timestamp,
}

impl Round<'_> {
    fn known(
        &self,
        incident: &Incident,
        case: &Case,
        new_id: &mut impl FnMut() -> IncidentId,
    ) -> Vec<Record> {
        match (case.firing, incident.is_live()) {
            (true, true) if incident.firing => self.goes_on(incident, case),
            (true, true) => self.again(incident, case),
            (true, false) if incident.suppressed => Vec::new(),
            (true, false) if keep(incident, self.policy, self.now) => self.again(incident, case),
            (true, false) => self.open(case, Some(&incident.id), new_id).into_iter().collect(),
            (false, _) if incident.firing => self.ends(incident, case),
            (false, _) => Vec::new(),
        }
    }

    fn open(
        &self,
        case: &Case,
        recurrence_of: Option<&IncidentId>,
        new_id: &mut impl FnMut() -> IncidentId,
    ) -> Option<Record> {
        if self.policy.maintenance_for(&case.segments, self.now).is_some() {
            return None;
        }
        let event = Event::Opened {
            case: Box::new(writable(case)),
            ack_due_at: self.policy.ack_due(case.severity, self.now),
            decide_due_at: self.policy.decide_due(case.severity, self.now),
            recurrence_of: recurrence_of.cloned(),
        };
        let incident = new_id();
        Some(Record { at: self.now, incident, actor: watcher(), cause: "poll".to_owned(), event })
    }

    /// The last word on it is kept with its end: what was lost, and that it is over.
    fn ends(&self, incident: &Incident, case: &Case) -> Vec<Record> {
        let last = Case { firing: incident.case.firing, ..writable(case) };
        let news = last != incident.case;
        let case = Box::new(Case { firing: false, ..last });
        let told = news.then_some(Event::Updated { case });
        told.into_iter().chain([Event::Cleared]).map(|e| self.record(incident, e)).collect()
    }

    /// It fires again. While it flaps or an action is under way that is evidence, not a new start.
    fn again(&self, incident: &Incident, case: &Case) -> Vec<Record> {
        if self.policy.maintenance_for(&case.segments, self.now).is_some() {
            return Vec::new();
        }
        let case = Box::new(writable(case));
        let held = incident.phase == Phase::Open
            && (self.flapping(incident) || incident.action_in_flight().is_some());
        if held {
            return vec![self.record(incident, Event::Updated { case })];
        }
        let ack_due_at = self.policy.ack_due(case.severity, self.now);
        let decide_due_at = self.policy.decide_due(case.severity, self.now);
        vec![self.record(incident, Event::Reopened { case, ack_due_at, decide_due_at })]
    }

    fn goes_on(&self, incident: &Incident, case: &Case) -> Vec<Record> {
        let mut events = Vec::new();
        let rise = case.severity < incident.severity;
        if rise || self.fell(incident, case) {
            events.push(self.severity(incident, case));
        }
        events.extend(self.ask_again(incident, case));
        let since = self.now.since(incident.updated_at);
        let due = rise || since >= self.policy.timing.update_every;
        if due && is_news(&incident.case, &writable(case)) {
            events.push(Event::Updated { case: Box::new(writable(case)) });
        }
        events.into_iter().map(|e| self.record(incident, e)).collect()
    }

    /// What was acknowledged is clearly more by now.
    fn ask_again(&self, incident: &Incident, case: &Case) -> Option<Event> {
        let (from, to) = (incident.severity, case.severity);
        if incident.phase != Phase::Open || !incident.acked() {
            return None;
        }
        // A rise from Sev 3 or 4 asks by itself.
        let severity = (to < from && from < Severity::Sev3).then(|| format!("{from} -> {to}"));
        let rose = severity.or_else(|| rose(incident, case, self.policy, self.now))?;
        let due = self.policy.ack_due(to.min(from), self.now);
        let ack_due_at = due.max(self.now.plus(self.policy.timing.grace));
        Some(Event::AskedAgain { rose, ack_due_at })
    }

    /// The evidence has asked for a lower severity for long enough.
    fn fell(&self, incident: &Incident, case: &Case) -> bool {
        let long = |since: Timestamp| self.now.since(since) >= self.policy.timing.fall_after;
        case.severity > incident.severity && incident.lower_since.is_some_and(long)
    }

    /// The earlier of the old deadline and max(now + grace, opened + target); a clock that is
    /// asked for anew has no old deadline.
    fn severity(&self, incident: &Incident, case: &Case) -> Event {
        let (to, start) = (case.severity, incident.occurred_at);
        let soonest = self.now.plus(self.policy.timing.grace);
        let ack = self.policy.ack_due(to, start).max(soonest);
        let decide = self.policy.decide_due(to, start).max(soonest);
        let earlier = |old: Option<Timestamp>, new: Timestamp| old.map_or(new, |o| o.min(new));
        let direction = if to < incident.severity { "rose" } else { "fell" };
        Event::SeverityChanged {
            from: incident.severity,
            to,
            reason: format!("{direction} by rule {}", case.rule),
            ack_due_at: earlier(incident.ack_clock(), ack),
            decide_due_at: earlier(incident.decide_clock(), decide),
        }
    }

    /// What time alone brings to an incident that does not fire.
    fn rest(&self, incident: &Incident) -> Option<Record> {
        if incident.firing || self.flapping(incident) || incident.action_in_flight().is_some() {
            return None;
        }
        let timing = &self.policy.timing;
        let long =
            |since: Option<Timestamp>, span| since.is_some_and(|t| self.now.since(t) >= span);
        let event = match incident.phase {
            Phase::Open if long(incident.cleared_at, timing.mitigate_after) => Event::Mitigated,
            Phase::Mitigated if incident.needs_a_look() => return None,
            Phase::Mitigated if long(incident.mitigated_at, timing.resolve_after) => {
                Event::Resolved { reason: format!("clear for {}", timing.resolve_after) }
            }
            Phase::Open
            | Phase::Mitigated
            | Phase::Resolved
            | Phase::Reviewed
            | Phase::Cancelled => return None,
        };
        Some(self.record(incident, event))
    }

    fn flapping(&self, incident: &Incident) -> bool {
        is_flapping(incident, self.policy, self.now)
    }

    fn record(&self, incident: &Incident, event: Event) -> Record {
        record(incident, self.now, "poll", event)
    }
}

/// Four or more changes in half an hour (both policy) hold an incident open.
pub fn is_flapping(incident: &Incident, policy: &ResponsePolicy, now: Timestamp) -> bool {
    let window = now.minus(policy.timing.flap_window);
    incident.changes_since(window) >= policy.timing.flap_changes as usize
}
