//! A plan of a week: incidents with people who acknowledge, decide late, err or never come, as
//! plain numbers; and the records that a journal would hold of it.

use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64;

use crate::domain::metric::Metric;
use crate::domain::money::Range;
use crate::domain::segment::{Dim, Scope};
use crate::domain::severity::Severity;
use crate::domain::time::{Span, Timestamp};
use crate::incident::event::{Actor, Event, Intent, Outcome, Record};
use crate::incident::tests::kit::{case, min, person, policy};
use crate::incident::truth::AlarmTruth;
use crate::policy::severity::Choice;
use crate::verdict::{Candidate, Case, Finding, Verdict};

pub const RAILS: [&str; 3] = ["checkout-steps", "inp-priority", "check-checkout"];
pub const PLACES: [&str; 2] = ["checkout", "pdp"];

/// One incident in minutes after `T0`.
#[derive(Clone, PartialEq, Debug)]
pub struct Plan {
    pub id: String,
    pub severity: Severity,
    pub rail: usize,
    pub place: usize,
    pub began: i64,
    pub opened: i64,
    pub acked: Option<(i64, &'static str)>,
    pub decided: Option<(i64, &'static str)>,
    /// A rollback, sent with the decision; how it ended.
    pub action: Option<Ended>,
    pub cleared: Option<i64>,
    pub mitigated: Option<i64>,
    pub closed: Option<i64>,
    pub cancelled: bool,
    /// Came back so many minutes after its opening, and was acknowledged a minute later.
    pub again: Option<i64>,
    pub truth: Option<AlarmTruth>,
    /// What it had cost when its evidence was told last.
    pub lost: Option<(f64, f64)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    Verified,
    Unknown,
    NotSentYet,
}

/// Sixty incidents over nine days; the second to the eighth are the week.
pub fn plans(seed: u64) -> Vec<Plan> {
    let mut rng = Pcg64::seed_from_u64(seed);
    (0..60).map(|n| one(&mut rng, n)).collect()
}

fn one(rng: &mut Pcg64, n: usize) -> Plan {
    let opened = rng.random_range(0..9 * 1440);
    let maybe = |rng: &mut Pcg64, share: f64, within: i64| {
        let who = ["ana", "ben", "cleo"][rng.random_range(0..3)];
        rng.random_bool(share).then(|| (opened + rng.random_range(1..within), who))
    };
    let mut plan = Plan {
        id: format!("INC-{n:05}"),
        severity: Severity::ALL[rng.random_range(0..4)],
        rail: rng.random_range(0..RAILS.len()),
        place: rng.random_range(0..PLACES.len()),
        began: opened - rng.random_range(0..30),
        opened,
        acked: maybe(rng, 0.7, 12),
        decided: maybe(rng, 0.6, 40),
        action: None,
        cleared: None,
        mitigated: None,
        closed: None,
        cancelled: false,
        again: None,
        truth: [None, Some(AlarmTruth::True), Some(AlarmTruth::False), Some(AlarmTruth::Unsure)]
            [rng.random_range(0..4)],
        lost: rng
            .random_bool(0.8)
            .then(|| (f64::from(n as u32) * 10.0, f64::from(n as u32) * 15.0)),
    };
    if plan.decided.is_some() && rng.random_bool(0.2) {
        (plan.cancelled, plan.closed) = (true, plan.decided.map(|(at, _)| at));
        plan.acked = plan.acked.filter(|(at, _)| Some(*at) < plan.closed);
        return plan;
    }
    if plan.decided.is_some() && rng.random_bool(0.4) {
        let all = [Ended::Verified, Ended::Unknown, Ended::NotSentYet];
        plan.action = Some(all[rng.random_range(0..3)]);
    }
    if rng.random_bool(0.85) {
        let cleared = opened + rng.random_range(45..300);
        plan.cleared = Some(cleared);
        plan.mitigated = Some(cleared + 2);
        plan.closed = Some(cleared + 12);
        plan.again = rng.random_bool(0.2).then(|| cleared - opened + 20);
    } else {
        plan.truth = None;
    }
    plan
}

impl Plan {
    fn case(&self, lost: bool) -> Case {
        let finding = Finding {
            guardrail: RAILS[self.rail].into(),
            verdict: Verdict::Breach,
            metric: [Metric::PaymentRate, Metric::Inp, Metric::CheckSuccess][self.rail],
            stat: "rate".to_owned(),
            segment: self.scope(),
            value: Some(0.18),
            unit: "ratio".to_owned(),
            n: 500.0,
            baseline: Some(0.61),
            now: None,
            bad_until: None,
            basis: None,
            test: "5.0 sigma".to_owned(),
            text: "payment step 18% (usual 61%)".to_owned(),
        };
        let mut case = case(self.severity);
        case.findings = vec![finding];
        case.segments = vec![self.scope()];
        case.onset_at = min(self.began);
        case.lost = self.lost.filter(|_| lost).map(|(low, high)| Range::new(low, high));
        let release = "theme-2026.11.20-3".into();
        case.suspect.candidates = vec![Candidate { release, share: 0.83, previous: None }];
        case
    }

    fn scope(&self) -> Scope {
        Scope::everything().with(Dim::Template, PLACES[self.place])
    }

    pub fn intent(&self) -> Intent {
        Intent {
            id: format!("act-{}", self.id).as_str().into(),
            action: "rollback".to_owned(),
            environment: "production".to_owned(),
            service: "theme".to_owned(),
            from: "theme-2026.11.20-3".into(),
            to: "theme-2026.11.20-2".into(),
            attempt: 1,
            dry_run: false,
            body: r#"{"to":"theme-2026.11.20-2"}"#.to_owned(),
        }
    }

    /// Its records in the order in which they would be written.
    pub fn records(&self) -> Vec<Record> {
        let mut log: Vec<(Timestamp, &str, Event)> = Vec::new();
        let (p, severity) = (policy(), self.severity);
        let due = |at: i64| (p.ack_due(severity, min(at)), p.decide_due(severity, min(at)));
        let (ack_due_at, decide_due_at) = due(self.opened);
        log.push((
            min(self.opened),
            "tillwatch",
            Event::Opened {
                case: Box::new(self.case(false)),
                ack_due_at,
                decide_due_at,
                recurrence_of: None,
            },
        ));
        let told = Event::Updated { case: Box::new(self.case(true)) };
        log.push((min(self.opened).plus(Span::from_secs(30)), "tillwatch", told));
        if let Some((at, who)) = self.acked {
            let event = Event::Acknowledged { note: String::new(), expires_at: None };
            log.push((min(at), who, event));
        }
        self.choice(&mut log);
        let mut tell = |at: Option<i64>, event: Event| {
            log.extend(at.map(|at| (min(at), "tillwatch", event)));
        };
        tell(self.cleared, Event::Cleared);
        tell(self.mitigated, Event::Mitigated);
        let resolved = || Event::Resolved { reason: "stayed well".to_owned() };
        tell(self.closed.filter(|_| !self.cancelled), resolved());
        if let Some(after) = self.again {
            let at = self.opened + after;
            let (ack_due_at, decide_due_at) = due(at);
            let case = Box::new(self.case(true));
            tell(Some(at), Event::Reopened { case, ack_due_at, decide_due_at });
            tell(Some(at + 30), Event::Cleared);
            tell(Some(at + 32), Event::Mitigated);
            tell(Some(at + 42), resolved());
            let event = Event::Acknowledged { note: String::new(), expires_at: None };
            log.push((min(at + 1), "ana", event));
        }
        if let Some(verdict) = self.truth {
            let event = Event::Reviewed { text: "looked back".to_owned(), verdict: Some(verdict) };
            log.push((min(12 * 1440), "ana", event));
        }
        log.sort_by_key(|(at, _, _)| *at);
        let made = log.into_iter().map(|(at, who, event)| self.record(at, who, event));
        made.collect()
    }

    fn choice(&self, log: &mut Vec<(Timestamp, &str, Event)>) {
        let Some((at, who)) = self.decided else { return };
        let reason = "by the runbook".to_owned();
        let choice = match (self.cancelled, self.action) {
            (true, _) => Choice::NotIncident,
            (false, Some(_)) => Choice::Rollback,
            (false, None) => Choice::Mitigate,
        };
        log.push((min(at), who, Event::Decided { choice, reason, recheck_at: None }));
        if self.cancelled {
            log.push((min(at), who, Event::Cancelled { reason: "a test".to_owned() }));
        }
        let Some(ended) = self.action else { return };
        let intent = self.intent();
        let id = intent.id.clone();
        log.push((min(at), who, Event::ActionPrepared { intent, waived: None, chosen: None }));
        if ended == Ended::NotSentYet {
            return;
        }
        log.push((min(at), who, Event::ActionSent { id: id.clone(), try_no: 1 }));
        let soon = min(at).plus(Span::from_secs(2));
        let answer = match ended {
            Ended::Verified => Outcome::Accepted { status: 202, detail: "queued".to_owned() },
            Ended::Unknown | Ended::NotSentYet => Outcome::unknown("timeout"),
        };
        log.push((soon, who, Event::ActionAnswered { id: id.clone(), answer }));
        if ended == Ended::Verified {
            let evidence = "the step is back".to_owned();
            log.push((min(at + 3), "tillwatch", Event::ActionVerified { id, evidence }));
        }
    }

    fn record(&self, at: Timestamp, who: &str, event: Event) -> Record {
        let actor: Actor = person(who);
        Record { at, incident: self.id.as_str().into(), actor, cause: "test".to_owned(), event }
    }
}
