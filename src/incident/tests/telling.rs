//! Who is told what when: each message once over restarts and takeovers, the ladder rung by rung,
//! tries with one key, and silence once somebody has it. A `Post` stands for the watcher.

use std::collections::BTreeMap;

use super::kit::*;
use crate::domain::severity::Severity;
use crate::domain::time::{Span, Timestamp};
use crate::incident::deadline::sweep;
use crate::incident::emission::{Notify, Occasion, SinkRow};
use crate::incident::event::{Event, Outcome, Record};
use crate::incident::fold::{Delivery, Incident, apply, fold};
use crate::incident::paging::{self, Look};
use crate::incident::record::{from_line, to_line};
use crate::policy::paging::Paging;
use crate::policy::response::ResponsePolicy;
use crate::verdict::{Finding, Verdict};

fn row(name: &str) -> SinkRow {
    SinkRow {
        name: name.to_owned(),
        takes: vec![Notify::Page, Notify::Ticket],
        severities: Severity::ALL.to_vec(),
        events: Occasion::ALL.to_vec(),
        whom: Vec::new(),
        tries: 3,
        timeout: Span::from_secs(15),
    }
}

/// The journal of one incident and who watches it.
struct Post {
    records: Vec<Record>,
    incident: Incident,
    paging: Paging,
    policy: ResponsePolicy,
    /// What a sink says to each try.
    says: fn(u32) -> Outcome,
    /// What left: time, sink, occasion, who was called.
    left: Vec<(Timestamp, String, &'static str, Option<String>)>,
}

fn yes(_: u32) -> Outcome {
    Outcome::Accepted { status: 202, detail: String::new() }
}

impl Post {
    fn new(severity: Severity, sinks: Vec<SinkRow>, ladder: &[&str]) -> Self {
        let mut record = opened(severity);
        if let Event::Opened { case, .. } = &mut record.event {
            case.findings = vec![breach()];
        }
        let ladder: Vec<String> = ladder.iter().map(|s| (*s).to_owned()).collect();
        let ladders = BTreeMap::from([("payment".into(), ladder)]);
        Self {
            incident: Incident::opened(&record).expect("opened"),
            records: vec![record],
            paging: Paging { sinks, ladders, currency: "EUR".to_owned() },
            policy: policy(),
            says: yes,
            left: Vec::new(),
        }
    }

    fn store(&mut self, record: &Record) {
        // all that is known is what a line of the journal tells
        let line = to_line(record).expect("a line");
        let record = from_line(&line).expect("a record");
        apply(&mut self.incident, &record);
        self.records.push(record);
    }

    fn happens(&mut self, at: Timestamp, who: &str, event: Event) {
        self.store(&record(at, who, event));
    }

    /// Everything that a watcher does at `now`; none of its memory goes on.
    fn look(&mut self, now: Timestamp) {
        for record in sweep(&self.incident, &self.policy, now) {
            self.store(&record);
        }
        loop {
            let (paging, policy) = (self.paging.clone(), self.policy.clone());
            let look = Look { paging: &paging, policy: &policy, now, speed: 1.0 };
            let mut new = paging::due(&self.incident, &look);
            new.extend(paging::sends(&self.incident, &look));
            if new.is_empty() {
                return;
            }
            for record in new {
                self.store(&record);
                if let Event::EmissionSent { key, try_no } = &record.event {
                    self.sent(&look, (key, *try_no));
                }
            }
        }
    }

    fn sent(&mut self, look: &Look<'_>, (key, try_no): (&crate::domain::id::EmissionId, u32)) {
        let run = self.incident.emissions.iter().find(|r| r.emission.key == *key).expect("known");
        let (emission, now) = (run.emission.clone(), look.now);
        let (what, whom) = (emission.occasion.name(), emission.whom.clone());
        self.left.push((now, emission.sink.clone(), what, whom));
        let answer = (self.says)(try_no);
        let row = look.paging.sink(&emission.sink).expect("configured");
        let retry_at = paging::follows(row, try_no, &answer).map(|wait| now.plus(wait));
        let key = emission.key;
        self.store(&record(
            now,
            "tillwatch",
            Event::EmissionAnswered { key, try_no, answer, retry_at },
        ));
    }

    /// Looks every ten seconds from one minute to another.
    fn pass(&mut self, from: i64, to: i64) {
        for second in (from * 60..=to * 60).step_by(10) {
            self.look(sec(second));
        }
    }

    /// The watcher dies; the next one knows what the journal tells.
    fn restart(&mut self) {
        self.incident = fold(&self.records).expect("an incident");
    }

    fn told(&self, sink: &str) -> Vec<&'static str> {
        self.left.iter().filter(|l| l.1 == sink).map(|l| l.2).collect()
    }

    fn called(&self) -> Vec<(i64, &str)> {
        let minute = |at: Timestamp| at.since(min(0)).millis() / 60_000;
        self.left.iter().filter_map(|l| Some((minute(l.0), l.3.as_deref()?))).collect()
    }
}

fn breach() -> Finding {
    Finding {
        guardrail: "payment".into(),
        verdict: Verdict::Breach,
        metric: crate::domain::metric::Metric::Orders,
        stat: "count".to_owned(),
        segment: crate::domain::segment::Scope::everything(),
        value: None,
        unit: String::new(),
        n: 0.0,
        baseline: None,
        now: None,
        bad_until: None,
        basis: None,
        test: String::new(),
        text: String::new(),
    }
}

fn ack() -> Event {
    Event::Acknowledged { note: String::new(), expires_at: None }
}

#[test]
fn the_opening_is_told_once_to_each_sink_whoever_watches() {
    let mut post = Post::new(Severity::Sev1, vec![row("a"), row("b")], &[]);
    for _ in 0..5 {
        post.pass(0, 2);
        post.restart();
    }
    assert_eq!((post.told("a"), post.told("b")), (vec!["opened"], vec!["opened"]));
    let key = &post.incident.emissions[0].emission.key;
    assert_eq!(key.as_str(), "INC-00001.opened.1.a");
}

#[test]
fn the_ladder_goes_up_one_rung_at_a_time_and_each_is_called_once() {
    let mut post = Post::new(Severity::Sev1, vec![row("a")], &["lead", "manager", "head"]);
    post.pass(0, 7);
    post.restart();
    post.pass(7, 60);
    // five minutes to acknowledge, again five for each rung, fifteen to decide
    assert_eq!(post.called(), [(5, "lead"), (10, "manager"), (15, "head")]);
    assert_eq!(
        post.told("a"),
        ["opened", "ack_late", "ack_late", "ack_late", "decision_late"],
        "the last one calls nobody: all were called"
    );
}

#[test]
fn a_long_sleep_calls_one_rung_and_not_the_whole_ladder_at_once() {
    let mut post = Post::new(Severity::Sev1, vec![row("a")], &["lead", "manager", "head"]);
    post.look(min(0));
    post.look(min(14));
    assert_eq!(post.called(), [(14, "lead")]);
    post.look(min(18));
    assert_eq!(post.called().len(), 2, "the decision is late by now, the ladder goes on with it");
}

#[test]
fn an_acknowledgement_stops_calling_and_is_told_when_it_can_not_be_taken_back() {
    let mut post = Post::new(Severity::Sev1, vec![row("a")], &["lead", "manager"]);
    post.pass(0, 6);
    post.happens(min(6), "ana", ack());
    post.look(min(6).plus(Span::from_secs(9)));
    assert_eq!(post.told("a"), ["opened", "ack_late"]);
    post.happens(min(6).plus(Span::from_secs(9)), "ana", Event::AckUndone);
    post.happens(min(7), "ben", ack());
    post.pass(7, 14);
    assert_eq!(post.told("a"), ["opened", "ack_late", "acknowledged"]);
    let by = post.incident.emissions.last().and_then(|r| r.emission.notice.by.clone());
    assert_eq!(by.as_deref(), Some("ben"));
    post.pass(14, 40);
    let decided = ["opened", "ack_late", "acknowledged", "decision_late"];
    assert_eq!(post.told("a"), decided, "who has it did not decide: the next rung");
    assert_eq!(post.called().last(), Some(&(15, "manager")));
}

#[test]
fn a_promise_that_ran_out_calls_again() {
    let mut post = Post::new(Severity::Sev1, vec![row("a")], &["lead", "manager"]);
    post.look(min(0));
    let expires_at = Some(min(10));
    post.happens(min(1), "ana", Event::Acknowledged { note: String::new(), expires_at });
    post.happens(
        min(2),
        "ana",
        Event::Decided {
            choice: crate::policy::severity::Choice::Mitigate,
            reason: "fix".to_owned(),
            recheck_at: None,
        },
    );
    post.pass(2, 30);
    let told = ["opened", "acknowledged", "ack_late", "ack_late"];
    assert_eq!(post.told("a"), told);
    assert_eq!(post.called(), [(15, "lead"), (20, "manager")]);
}

#[test]
fn a_rise_is_told_and_reaches_sinks_that_take_the_new_severity() {
    let pages = SinkRow { takes: vec![Notify::Page], ..row("pager") };
    let mut post = Post::new(Severity::Sev3, vec![row("chat"), pages], &[]);
    post.pass(0, 1);
    assert_eq!((post.told("chat"), post.told("pager")), (vec!["opened"], vec![]));
    post.happens(min(1), "ana", ack());
    post.pass(1, 2);
    post.happens(
        min(3),
        "tillwatch",
        Event::SeverityChanged {
            from: Severity::Sev3,
            to: Severity::Sev1,
            reason: "checks fail".to_owned(),
            ack_due_at: min(8),
            decide_due_at: min(18),
        },
    );
    post.pass(3, 5);
    post.restart();
    post.pass(5, 7);
    assert_eq!(post.told("chat"), ["opened", "acknowledged", "raised"]);
    assert_eq!(post.told("pager"), ["opened"], "the first it hears of it");
    assert_eq!(
        post.incident.emissions.last().map(|r| r.emission.notice.severity),
        Some(Severity::Sev1)
    );
}

#[test]
fn what_is_over_is_told_where_somebody_was_asked_and_nothing_after_it() {
    let late = SinkRow { whom: vec!["Manager".to_owned()], ..row("phone") };
    let mut post = Post::new(Severity::Sev1, vec![row("a"), late], &["lead", "manager"]);
    post.pass(0, 4);
    post.happens(min(4), "ana", Event::Resolved { reason: "fixed".to_owned() });
    post.pass(4, 40);
    assert_eq!(post.told("a"), ["opened", "resolved"]);
    assert!(post.told("phone").is_empty(), "its rung was never called");
    // and a sink that is named for a rung hears from then on
    let late = SinkRow { whom: vec!["Manager".to_owned()], ..row("phone") };
    let mut post = Post::new(Severity::Sev1, vec![row("a"), late], &["lead", "manager"]);
    post.pass(0, 11);
    post.happens(min(11), "ana", ack());
    post.pass(11, 12);
    post.happens(min(12), "ana", Event::Resolved { reason: "fixed".to_owned() });
    post.pass(12, 13);
    assert_eq!(post.told("phone"), ["ack_late", "acknowledged", "resolved"]);
    assert_eq!(post.told("a"), ["opened", "ack_late", "ack_late", "acknowledged", "resolved"]);
}

#[test]
fn tries_keep_their_key_wait_longer_and_end() {
    let mut post = Post::new(Severity::Sev1, vec![row("a")], &[]);
    post.says = |_| Outcome::unknown("timeout");
    post.pass(0, 4);
    let run = post.incident.emissions[0].clone();
    assert_eq!((run.tries, run.state), (3, Delivery::Dead));
    let at: Vec<i64> = post.left.iter().map(|l| l.0.since(min(0)).millis() / 1000).collect();
    assert_eq!(at, [0, 10, 20], "5 s, then 10 s, seen every ten");
    assert_eq!(post.incident.emissions.len(), 1, "one message, one key");
    // a refusal for good is not asked again, one of too many requests waits as it was told
    let refused =
        |status, retry_after_s| Outcome::Refused { status, detail: String::new(), retry_after_s };
    let secs = |s| Some(Span::from_secs(s));
    assert_eq!(paging::follows(&row("a"), 1, &refused(400, Some(9))), None);
    assert_eq!(paging::follows(&row("a"), 1, &refused(429, Some(90))), secs(90));
    assert_eq!(paging::follows(&row("a"), 2, &refused(429, None)), secs(10));
    assert_eq!(paging::follows(&row("a"), 3, &refused(429, None)), None);
    assert_eq!(paging::follows(&row("a"), 1, &yes(1)), None);
}

#[test]
fn what_was_on_its_way_when_the_watcher_died_is_tried_again_with_the_same_key() {
    let mut post = Post::new(Severity::Sev1, vec![row("a")], &[]);
    let (paging, policy) = (post.paging.clone(), post.policy.clone());
    let at = |now| Look { paging: &paging, policy: &policy, now, speed: 1.0 };
    for record in paging::due(&post.incident, &at(min(0))) {
        post.store(&record);
    }
    for record in paging::sends(&post.incident, &at(min(0))) {
        post.store(&record);
    }
    post.restart();
    assert!(paging::sends(&post.incident, &at(sec(44))).is_empty(), "its answer may still come");
    assert_eq!(paging::next_wake(&post.incident, &at(sec(1))), Some(sec(45)));
    post.look(sec(45));
    assert_eq!(post.incident.emissions.len(), 1);
    let run = &post.incident.emissions[0];
    assert_eq!((run.tries, run.state), (2, Delivery::Delivered));
    post.restart();
    post.pass(1, 4);
    assert_eq!(post.told("a").len(), 1, "the first try was the dead one's");
}

#[test]
fn a_message_that_nobody_needs_any_more_is_not_tried_and_holds_nothing_up() {
    let mut post = Post::new(Severity::Sev1, vec![row("a")], &[]);
    post.says = |_| Outcome::NotSent { detail: "refused".to_owned() };
    post.look(min(0));
    post.happens(sec(2), "ana", ack());
    post.says = yes;
    post.pass(0, 2);
    let states: Vec<Delivery> =
        post.incident.emissions.iter().map(|r| paging::state(&post.incident, r)).collect();
    assert_eq!(states, [Delivery::Moot, Delivery::Delivered]);
    assert_eq!(post.told("a"), ["opened", "acknowledged"]);
}

#[test]
fn behind_a_message_that_is_tried_again_the_next_one_waits() {
    let mut post = Post::new(Severity::Sev1, vec![SinkRow { tries: 9, ..row("a") }], &["lead"]);
    post.says = |try_no| if try_no < 8 { Outcome::unknown("timeout") } else { yes(0) };
    post.pass(0, 30);
    let told = post.told("a");
    assert_eq!(told.iter().filter(|t| **t == "opened").count(), 8);
    assert_eq!(told.iter().position(|t| *t == "ack_late"), Some(8), "after it: {told:?}");
}

#[test]
fn another_occurrence_asks_anew() {
    let mut post = Post::new(Severity::Sev1, vec![row("a")], &["lead"]);
    post.pass(0, 1);
    post.happens(min(2), "tillwatch", Event::Cleared);
    post.happens(min(4), "tillwatch", Event::Mitigated);
    post.pass(4, 5);
    let case = Box::new(crate::verdict::Case { findings: vec![breach()], ..case(Severity::Sev1) });
    let again = Event::Reopened { case, ack_due_at: min(11), decide_due_at: min(21) };
    post.happens(min(6), "tillwatch", again);
    post.pass(6, 13);
    assert_eq!(post.told("a"), ["opened", "reopened", "ack_late"]);
}

#[test]
fn who_cannot_send_decides_nothing_and_a_sink_that_is_gone_is_told_as_that() {
    let mut post = Post::new(Severity::Sev1, vec![row("a"), row("b")], &[]);
    post.says = |_| Outcome::unknown("timeout");
    post.look(min(0));
    post.paging.sinks.clear();
    post.pass(1, 3);
    assert_eq!(post.left.len(), 2);
    post.paging.sinks = vec![row("b")];
    post.look(min(4));
    assert_eq!(post.incident.emissions[0].state, Delivery::Dead);
}
