//! Reconciling round by round: opening, news, severity, clearing, reopening, flapping, maintenance.
//! Steps are instants handed in; no clock, no journal.

use super::kit::*;
use crate::domain::id::IncidentId;
use crate::domain::money::Range;
use crate::domain::segment::{Dim, Scope};
use crate::domain::severity::Severity;
use crate::domain::time::{Span, Timestamp};
use crate::incident::event::{Event, Record};
use crate::incident::fold::Incident;
use crate::incident::id::incident_id;
use crate::incident::reconcile::{is_flapping, reconcile};
use crate::incident::record::kind;
use crate::incident::state::State;
use crate::incident::tick::{Tick, keep};
use crate::policy::response::ResponsePolicy;
use crate::verdict::{Case, Judgement};

struct Watch {
    policy: ResponsePolicy,
    incidents: Vec<Incident>,
    log: Vec<Record>,
    count: u64,
}

impl Watch {
    fn new() -> Self {
        Self { policy: policy(), incidents: Vec::new(), log: Vec::new(), count: 0 }
    }

    fn judge(&mut self, now: Timestamp, judgement: &Judgement) -> Vec<&'static str> {
        let tick = Tick { now, watching_since: min(-60) };
        let count = &mut self.count;
        let new_id = || -> IncidentId {
            *count += 1;
            incident_id(now, *count)
        };
        let records = reconcile(&self.incidents, judgement, &self.policy, tick, new_id);
        take(&mut self.incidents, &records);
        let kinds = records.iter().map(|r| kind(&r.event)).collect();
        self.log.extend(records);
        kinds
    }

    fn fires(&mut self, minute: i64, severity: Severity) -> Vec<&'static str> {
        self.judge(min(minute), &judged(min(minute), vec![case(severity)]))
    }

    fn clear(&mut self, minute: i64) -> Vec<&'static str> {
        let case = Case { firing: false, ..case(Severity::Sev1) };
        self.judge(min(minute), &judged(min(minute), vec![case]))
    }

    fn quiet(&mut self, minute: i64) -> Vec<&'static str> {
        self.judge(min(minute), &judged(min(minute), Vec::new()))
    }

    fn ack(&mut self, minute: i64) {
        let event = Event::Acknowledged { note: String::new(), expires_at: None };
        tell(self.incidents.last_mut().expect("incident"), min(minute), "ana", event);
    }

    fn only(&self) -> &Incident {
        assert_eq!(self.incidents.len(), 1);
        &self.incidents[0]
    }
}

/// Another watcher looks at what one before it opened: it saw another sign first.
#[test]
fn a_watcher_that_comes_later_goes_on_with_the_incident_whatever_it_calls_the_case() {
    let mut w = Watch::new();
    w.fires(0, Severity::Sev1);
    w.ack(1);
    let renamed = Case { key: "regression:checkout".to_owned(), ..case(Severity::Sev1) };
    let late = |w: &Watch, minute: i64, case: Case| {
        let tick = Tick { now: min(minute), watching_since: min(5) };
        let id = || incident_id(min(minute), 99);
        reconcile(&w.incidents, &judged(min(minute), vec![case]), &w.policy, tick, id)
    };
    let kinds = |records: &[Record]| records.iter().map(|r| kind(&r.event)).collect::<Vec<_>>();
    let records = late(&w, 6, renamed.clone());
    assert_eq!(kinds(&records), ["updated"]);
    let far = Case { segments: vec![Scope::everything().with(Dim::Template, "home")], ..renamed };
    let elsewhere = Case { journey: Some("search".into()), ..far.clone() };
    for other in [far.clone(), elsewhere] {
        assert_eq!(kinds(&late(&w, 6, other)), ["opened"], "another place");
    }
    take(&mut w.incidents, &records);
    assert_eq!(w.only().case.key, "regression:checkout");
    assert!(w.only().owner().is_some(), "who has it still has it");
    let again = Case { segments: w.only().case.segments.clone(), ..far };
    assert_eq!(kinds(&late(&w, 30, again)), Vec::<&str>::new(), "known by its key for good");
    let other = Case { key: "other:checkout".to_owned(), ..case(Severity::Sev1) };
    assert_eq!(kinds(&late(&w, 30, other)), ["opened", "cleared"], "settled: it knows its own");
}

#[test]
fn a_case_is_one_incident_from_opening_to_resolved() {
    let mut w = Watch::new();
    assert_eq!(w.fires(0, Severity::Sev1), ["opened"]);
    let i = w.only();
    assert_eq!((i.ack_due_at, i.decide_due_at), (min(5), min(15)));
    assert_eq!(w.fires(1, Severity::Sev1), Vec::<&str>::new());
    w.ack(2);
    assert_eq!(w.clear(10), ["cleared"]);
    assert_eq!(w.quiet(11), Vec::<&str>::new());
    assert_eq!(w.quiet(12), ["mitigated"]);
    assert_eq!(w.quiet(21), Vec::<&str>::new());
    assert_eq!(w.quiet(22), ["resolved"]);
    assert_eq!(w.only().state(), State::Resolved);
    assert_eq!(w.quiet(23), Vec::<&str>::new());
}

#[test]
fn news_is_written_at_most_once_a_minute_and_wobble_never() {
    let mut w = Watch::new();
    w.fires(0, Severity::Sev1);
    let with_risk =
        |high| Case { risk_per_minute: Some(Range::new(80.0, high)), ..case(Severity::Sev1) };
    let mut go =
        |seconds, high| w.judge(sec(seconds), &judged(sec(seconds), vec![with_risk(high)]));
    assert_eq!(go(15, 200.0), Vec::<&str>::new());
    assert_eq!(go(60, 200.0), ["updated"]);
    assert_eq!(go(119, 400.0), Vec::<&str>::new());
    assert_eq!(go(120, 400.0), ["updated"]);
    assert_eq!(go(300, 420.0), Vec::<&str>::new());
}

#[test]
fn a_rise_is_at_once_and_a_fall_only_when_it_lasts() {
    let mut w = Watch::new();
    w.fires(0, Severity::Sev3);
    w.ack(1);
    assert_eq!(w.fires(2, Severity::Sev1), ["severity_changed", "updated"]);
    let i = w.only();
    // opened + 5 min and now + 5 min grace: the later one, 7; asked for anew because it was Sev 3.
    assert_eq!((i.ack_clock(), i.decide_clock()), (Some(min(7)), Some(min(15))));
    assert_eq!(i.owner().map(|a| a.name.as_str()), Some("ana"));
    assert_eq!(w.fires(5, Severity::Sev3), ["updated"]);
    assert_eq!(w.fires(14, Severity::Sev3), Vec::<&str>::new());
    assert_eq!(w.fires(15, Severity::Sev3), ["severity_changed"]);
    assert_eq!(w.only().severity, Severity::Sev3);
    assert_eq!(w.only().decide_clock(), Some(min(15)));
}

#[test]
fn firing_again_inside_the_window_is_the_same_incident_and_later_a_recurrence() {
    let mut w = Watch::new();
    w.fires(0, Severity::Sev1);
    w.ack(1);
    w.clear(10);
    w.quiet(12);
    assert_eq!(w.quiet(22), ["resolved"]);
    assert_eq!(w.fires(51, Severity::Sev1), ["reopened"]);
    let i = w.only();
    assert_eq!((i.state(), i.occurrences, i.acked()), (State::Triggered, 2, false));
    assert_eq!(i.ack_clock(), Some(min(56)));
    w.ack(52);
    w.clear(60);
    w.quiet(62);
    w.quiet(72);
    assert!(keep(w.only(), &w.policy, min(102)));
    assert!(!keep(w.only(), &w.policy, min(103)));
    assert_eq!(w.fires(103, Severity::Sev1), ["opened"]);
    assert_eq!(w.incidents.len(), 2);
    assert_eq!(w.incidents[1].recurrence_of.as_ref(), Some(&w.incidents[0].id));
}

#[test]
fn flapping_holds_it_open_without_asking_again() {
    let mut w = Watch::new();
    w.fires(0, Severity::Sev2);
    w.clear(1);
    assert_eq!(w.fires(2, Severity::Sev2), ["reopened"]);
    w.ack(3);
    w.clear(3);
    assert!(is_flapping(w.only(), &w.policy, min(4)));
    assert_eq!(w.fires(4, Severity::Sev2), ["updated"]);
    assert!(w.only().acked(), "a held incident does not ask again");
    w.clear(5);
    assert_eq!(w.quiet(10), Vec::<&str>::new(), "not mitigated while it flaps");
    // The fourth newest change leaves the window at minute 32.
    assert_eq!(w.quiet(33), ["mitigated"]);
}

#[test]
fn closed_by_hand_while_firing_stays_quiet_until_it_clears() {
    let mut w = Watch::new();
    w.fires(0, Severity::Sev1);
    let event = Event::Resolved { reason: "known".to_owned() };
    tell(&mut w.incidents[0], min(1), "ana", event);
    for minute in [2, 40, 500] {
        assert_eq!(w.fires(minute, Severity::Sev1), Vec::<&str>::new());
        assert!(keep(w.only(), &w.policy, min(minute)));
    }
    assert_eq!(w.clear(501), ["cleared"]);
    assert_eq!(w.fires(502, Severity::Sev1), ["reopened"]);
}

#[test]
fn a_cleared_sev_1_nobody_looked_at_stays() {
    let mut w = Watch::new();
    w.fires(0, Severity::Sev1);
    w.clear(1);
    w.quiet(3);
    assert_eq!(w.quiet(300), Vec::<&str>::new());
    assert_eq!(w.only().state(), State::Mitigated);
    w.ack(301);
    assert_eq!(w.quiet(302), ["resolved"]);
    let mut low = Watch::new();
    low.fires(0, Severity::Sev4);
    low.clear(1);
    low.quiet(3);
    assert_eq!(low.quiet(13), ["resolved"]);
}

#[test]
fn maintenance_keeps_new_incidents_away_but_not_the_end_of_old_ones() {
    let mut w = Watch::new();
    let window = r#"from = "2026-11-18T10:00"
        to = "2026-11-18T11:00"
        scope = { template = ["checkout"] }
        reason = "payment provider moves""#;
    w.fires(-5, Severity::Sev1);
    w.ack(-4);
    w.policy.maintenance.push(toml::from_str(window).expect("window"));
    assert_eq!(w.clear(5), ["cleared"]);
    assert_eq!(w.fires(6, Severity::Sev1), Vec::<&str>::new());
    let mut other = Watch { policy: w.policy.clone(), ..Watch::new() };
    assert_eq!(other.fires(10, Severity::Sev1), Vec::<&str>::new());
    // At the end what is still bad opens, and its clocks start then.
    assert_eq!(other.fires(60, Severity::Sev1), ["opened"]);
    assert_eq!(other.only().ack_due_at, min(65));
}

#[test]
fn a_new_watcher_does_not_take_silence_for_recovery() {
    let mut w = Watch::new();
    w.fires(0, Severity::Sev1);
    w.ack(1);
    let fresh = |now, since| {
        let tick = Tick { now: min(now), watching_since: min(since) };
        reconcile(&w.incidents, &judged(min(now), Vec::new()), &w.policy, tick, id)
    };
    assert_eq!(fresh(20, 19), Vec::<Record>::new());
    assert_eq!(fresh(29, 19).len(), 1);
}

#[test]
fn figures_that_json_cannot_hold_never_reach_the_journal() {
    let mut w = Watch::new();
    let mut bad = case(Severity::Sev1);
    bad.risk_per_minute = Some(Range { low: f64::NAN, high: f64::INFINITY });
    let policy_span = Span::from_mins(1);
    w.judge(min(0), &judged(min(0), vec![bad.clone()]));
    w.judge(min(0).plus(policy_span), &judged(min(1), vec![bad]));
    for record in &w.log {
        let line = crate::incident::record::to_line(record).expect("line");
        assert_eq!(&crate::incident::record::from_line(&line).expect("back"), record);
    }
    assert_eq!(w.log.len(), 1);
}

#[test]
fn no_evidence_line_no_page() {
    let mut watch = Watch::new();
    let silent = |severity| Case { evidence_for: vec![" ".to_owned()], ..case(severity) };
    let judge = |watch: &mut Watch, minute, case| {
        watch.judge(min(minute), &judged(min(minute), vec![case]))
    };
    assert_eq!(judge(&mut watch, 0, silent(Severity::Sev1)), ["opened"]);
    assert_eq!(watch.incidents[0].severity, Severity::Sev3, "it opens, and pages nobody");
    assert!(watch.incidents[0].case.rule.contains("no line of evidence"));
    assert_eq!(judge(&mut watch, 5, silent(Severity::Sev2)), Vec::<&str>::new());
    assert!(judge(&mut watch, 6, case(Severity::Sev2)).contains(&"severity_changed"));
    assert!(!judge(&mut watch, 7, silent(Severity::Sev1)).contains(&"severity_changed"));
    assert_eq!(
        watch.incidents[0].severity,
        Severity::Sev2,
        "evidence that ends takes nothing back"
    );
    let paged = watch.log.iter().filter(|r| match &r.event {
        Event::Opened { case, .. } => case.severity <= Severity::Sev2,
        Event::SeverityChanged { to, .. } => *to <= Severity::Sev2,
        _ => false,
    });
    assert_eq!(paged.count(), 1, "the one with evidence");
}

#[test]
fn a_later_watcher_that_sees_the_rest_of_it_keeps_the_headline_of_the_worst_moment() {
    let mut w = Watch::new();
    w.fires(0, Severity::Sev1);
    let told = |cost: f64| {
        let seen = Case {
            headline: "JS errors 0.6% -> 62%".to_owned(),
            risk_per_minute: Some(Range::new(0.0, cost)),
            ..case(Severity::Sev1)
        };
        let tick = Tick { now: min(20), watching_since: min(19) };
        let records = reconcile(&w.incidents, &judged(min(20), vec![seen]), &w.policy, tick, id);
        let cases = records.into_iter().filter_map(|r| match r.event {
            Event::Updated { case } => Some((case.headline, case.burned_per_minute)),
            _ => None,
        });
        cases.last().expect("an update")
    };
    let worst = Some(Range::new(80.0, 120.0));
    assert_eq!(told(2.0), ("Payment step 61% -> 18%".to_owned(), worst));
    assert_eq!(told(100.0).0, "JS errors 0.6% -> 62%");
}
