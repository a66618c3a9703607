//! A small shop for tests: a checkout case, two theme releases, people, policy.
//! Times are minutes after `T0`, a Wednesday at 10:00 UTC.

use std::collections::BTreeSet;

use crate::domain::change::{Change, ChangeKind, ChangeStatus};
use crate::domain::id::{IncidentId, ReleaseId};
use crate::domain::metric::Metric;
use crate::domain::money::Range;
use crate::domain::segment::{Dim, Scope};
use crate::domain::severity::Severity;
use crate::domain::time::{Span, Timestamp};
use crate::incident::event::{Actor, Event, Record};
use crate::incident::facts::{OrderFacts, SourceTold};
use crate::incident::fold::{Incident, absorb};
use crate::incident::id::confirm_token;
use crate::incident::order::Order;
use crate::policy::action::{ActionPolicy, Signing};
use crate::policy::response::ResponsePolicy;
use crate::verdict::{Case, Class, Confidence, Judgement, Suspect};

pub const T0: i64 = 1_794_996_000_000;

pub fn min(minutes: i64) -> Timestamp {
    Timestamp::from_millis(T0).plus(Span::from_mins(minutes))
}

pub fn sec(seconds: i64) -> Timestamp {
    Timestamp::from_millis(T0).plus(Span::from_secs(seconds))
}

pub fn policy() -> ResponsePolicy {
    ResponsePolicy::builtin().expect("default policy")
}

pub fn person(name: &str) -> Actor {
    Actor {
        name: name.to_owned(),
        os_user: name.to_owned(),
        host: "bastion".to_owned(),
        ..Actor::default()
    }
}

pub fn case(severity: Severity) -> Case {
    Case {
        key: "funnel/checkout/theme-3".to_owned(),
        class: Class::Conversion,
        severity,
        rule: "checkout down".to_owned(),
        raise: String::new(),
        journey: Some("checkout".into()),
        headline: "Payment step 61% -> 18%".to_owned(),
        segments: vec![Scope::everything().with(Dim::Template, "checkout")],
        onset_at: min(-5),
        firing: true,
        findings: Vec::new(),
        evidence_for: vec!["5 of 5 checks failed".to_owned()],
        evidence_against: Vec::new(),
        suspect: Suspect {
            release: Some("theme-2026.11.20-3".into()),
            confidence: Confidence::High,
            reasons: vec!["onset 2 min after it".to_owned()],
            ..Suspect::default()
        },
        risk_per_minute: Some(Range::new(80.0, 120.0)),
        lost: Some(Range::new(400.0, 600.0)),
        affected: None,
        burned_per_minute: None,
        counted: None,
        money_method: "share of sessions".to_owned(),
    }
}

pub fn judged(at: Timestamp, cases: Vec<Case>) -> Judgement {
    Judgement { at, cases, ..Judgement::default() }
}

pub fn change(id: &str, minute: i64, status: ChangeStatus) -> Change {
    Change {
        source: "github".into(),
        id: id.into(),
        kind: ChangeKind::Theme,
        service: "theme".to_owned(),
        environment: "production".to_owned(),
        version: id.to_owned(),
        previous: None,
        status,
        created_at: min(minute),
        started_at: Some(min(minute)),
        finished_at: Some(min(minute + 1)),
        stages: Vec::new(),
        templates: BTreeSet::new(),
        rolled_back_at: None,
        ran_before: false,
        author: "dev".to_owned(),
        url: String::new(),
    }
}

/// Theme 2 lived for a day, theme 3 replaced it seven minutes before `T0`.
pub fn changes() -> Vec<Change> {
    vec![
        change("theme-2026.11.20-2", -1440, ChangeStatus::Inactive),
        change("theme-2026.11.20-3", -7, ChangeStatus::Succeeded),
    ]
}

/// What the feed shows after a rollback that took effect at `minute`.
pub fn rolled_back(minute: i64) -> Vec<Change> {
    let mut bad = change("theme-2026.11.20-3", -7, ChangeStatus::Inactive);
    bad.rolled_back_at = Some(min(minute));
    vec![change("theme-2026.11.20-2", minute, ChangeStatus::Succeeded), bad]
}

pub fn actions() -> Vec<ActionPolicy> {
    vec![ActionPolicy {
        name: "rollback".to_owned(),
        service: "theme".to_owned(),
        environment: "production".to_owned(),
        host: "deploy.example".to_owned(),
        cooldown: Span::from_mins(10),
        verify: Span::from_mins(5),
        verify_within: Span::from_mins(30),
        timeout: Span::from_secs(15),
        reversible: true,
        signing: Signing::Usable,
    }]
}

/// Everything a rule may ask for, owned.
pub struct World {
    pub policy: ResponsePolicy,
    pub changes: Vec<Change>,
    pub actions: Vec<ActionPolicy>,
    pub incidents: Vec<Incident>,
    pub sources: Vec<SourceTold>,
    pub kill_switch: Option<&'static str>,
    pub may_act: bool,
    pub speed: f64,
}

impl World {
    pub fn new() -> Self {
        Self {
            policy: policy(),
            changes: changes(),
            actions: actions(),
            incidents: Vec::new(),
            sources: vec![heard("rum", &[Metric::PageViews]), heard("github", &[])],
            kill_switch: None,
            may_act: true,
            speed: 1.0,
        }
    }

    pub fn facts(&self) -> OrderFacts<'_> {
        OrderFacts {
            policy: &self.policy,
            changes: &self.changes,
            actions: &self.actions,
            incidents: &self.incidents,
            cases: &[],
            kill_switch: self.kill_switch,
            sources: &self.sources,
            may_act: self.may_act,
            speed: self.speed,
            currency: "EUR",
        }
    }
}

/// A source that is heard and measures `metrics`.
pub fn heard(name: &str, metrics: &[Metric]) -> SourceTold {
    let metrics = metrics.to_vec();
    SourceTold { name: name.into(), metrics, good_at: Some(min(1_000_000)), blind: false }
}

/// What confirms a rollback to theme 2.
pub fn token() -> String {
    confirm_token(&ReleaseId::from("theme-2026.11.20-2"))
}

pub fn id() -> IncidentId {
    IncidentId::from("INC-00001")
}

pub fn record(at: Timestamp, who: &str, event: Event) -> Record {
    Record { at, incident: id(), actor: person(who), cause: "test".to_owned(), event }
}

pub fn opened(severity: Severity) -> Record {
    let p = policy();
    let event = Event::Opened {
        case: Box::new(case(severity)),
        ack_due_at: p.ack_due(severity, min(0)),
        decide_due_at: p.decide_due(severity, min(0)),
        recurrence_of: None,
    };
    record(min(0), "tillwatch", event)
}

pub fn incident(severity: Severity) -> Incident {
    Incident::opened(&opened(severity)).expect("opened")
}

/// Takes a command and applies its events; the refusal's rule when it is refused.
pub fn order(
    incident: &mut Incident,
    world: &World,
    who: &str,
    command: &Order,
    at: Timestamp,
) -> Result<Vec<Event>, &'static str> {
    let events = crate::incident::gate::decide(incident, command, &person(who), &world.facts(), at)
        .map_err(|refusal| refusal.rule)?;
    for event in &events {
        tell(incident, at, who, event.clone());
    }
    Ok(events)
}

pub fn tell(incident: &mut Incident, at: Timestamp, who: &str, event: Event) {
    let mut record = record(at, who, event);
    record.incident = incident.id.clone();
    crate::incident::fold::apply(incident, &record);
}

pub fn take(incidents: &mut Vec<Incident>, records: &[Record]) {
    for record in records {
        absorb(incidents, record);
    }
}
