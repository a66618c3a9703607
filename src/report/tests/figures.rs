//! Every figure of review and postmortem, counted once more from the plan by other code: plain
//! loops over plain numbers, no fold and no record.

use std::collections::BTreeMap;

use super::plan::{Ended, PLACES, Plan, RAILS, plans};
use crate::domain::money::Range;
use crate::domain::severity::Severity;
use crate::domain::time::{Span, Timestamp};
use crate::incident::state::ActionState;
use crate::incident::tests::kit::{min, policy};
use crate::incident::truth::AlarmTruth;
use crate::policy::guardrail::Guardrail;
use crate::report::life::{Came, ClockKind, Life};
use crate::report::postmortem::{Beside, Postmortem, postmortem};
use crate::report::review::{Review, ReviewFrame, review};

const FROM: i64 = 1440;
const UNTIL: i64 = 8 * 1440;
const NOW: i64 = 13 * 1440;

fn within(minute: i64) -> bool {
    (FROM..UNTIL).contains(&minute)
}

fn rows() -> Vec<Guardrail> {
    let row = |name: &str, owner: &str| -> Guardrail {
        toml::from_str(&format!(
            "name = \"{name}\"\nclass = \"funnel\"\nmetric = \"orders\"\nowner = \"{owner}\"\n\
             response = \"look\"\ncondition = {{ kind = \"target\" }}"
        ))
        .expect("a row")
    };
    vec![row(RAILS[0], "checkout team"), row(RAILS[1], "frontend team")]
}

fn made(plans: &[Plan]) -> Review {
    let lives: Vec<Life> = plans.iter().filter_map(|p| Life::of(p.records())).collect();
    let seen = lives.into_iter().filter(|l| {
        let i = &l.incident;
        i.opened_at < min(UNTIL) && i.closed_at.is_none_or(|at| at >= min(FROM))
    });
    let (policy, rows) = (policy(), rows());
    let frame = ReviewFrame {
        now: min(NOW),
        week: None,
        zone: "UTC",
        from: min(FROM),
        until: min(UNTIL),
        policy: &policy,
        guardrails: &rows,
        left_out: &[],
    };
    review(&seen.collect::<Vec<_>>(), &frame)
}

/// The last closing.
fn closed(p: &Plan) -> Option<i64> {
    p.again.map(|after| p.opened + after + 42).or(p.closed)
}

/// Deadlines of a plan: what for, due, when it was answered or ended, and whether it was answered.
fn clocks(p: &Plan) -> Vec<(ClockKind, Timestamp, Option<i64>, bool)> {
    let over = p.mitigated.or(p.closed);
    let due =
        |at: i64| (policy().ack_due(p.severity, min(at)), policy().decide_due(p.severity, min(at)));
    let mut all = Vec::new();
    let answer = |answered: Option<i64>| match answered {
        Some(at) => (Some(at), true),
        None => (over, false),
    };
    let (ack, acked) = answer(p.acked.map(|a| a.0));
    let (decide, decided) = answer(p.decided.map(|d| d.0));
    all.push((ClockKind::Acknowledge, due(p.opened).0, ack, acked));
    all.push((ClockKind::Decide, due(p.opened).1, decide, decided));
    if let Some(after) = p.again {
        let at = p.opened + after;
        all.push((ClockKind::Acknowledge, due(at).0, Some(at + 1), true));
        all.push((ClockKind::Decide, due(at).1, Some(at + 32), false));
    }
    all
}

fn is_missed(due: Timestamp, end: Option<i64>, by: Timestamp) -> bool {
    end.map_or(by, min) > due
}

#[test]
fn counts_of_the_week_are_those_of_its_plan() {
    for seed in 0..5 {
        let (plans, c) = (plans(seed), made(&plans(seed)).counts);
        let n = |pass: &dyn Fn(&Plan) -> bool| plans.iter().filter(|p| pass(p)).count();
        assert_eq!(c.opened, n(&|p| within(p.opened)));
        assert_eq!(c.closed, n(&|p| p.opened < UNTIL && closed(p).is_some_and(within)));
        let cancelled = n(&|p| p.cancelled && p.opened < UNTIL && p.closed.is_some_and(within));
        assert_eq!(c.cancelled, cancelled);
        let after = |p: &Plan, at| closed(p).is_none_or(|c| c >= at);
        assert_eq!(c.carried_in, n(&|p| p.opened < FROM && after(p, FROM)));
        assert_eq!(c.still_open, n(&|p| p.opened < UNTIL && after(p, UNTIL)));
        let seen = |p: &Plan| p.opened < UNTIL && after(p, FROM);
        assert_eq!(c.reopened, n(&|p| seen(p) && p.again.is_some_and(|a| within(p.opened + a))));
        assert!(c.opened > 20 && c.cancelled > 0, "{c:?}");
    }
}

fn middle(mut all: Vec<i64>) -> (usize, Option<i64>, Option<i64>) {
    all.sort_unstable();
    let half = all.len() / 2;
    let median = match (all.len(), all.len() % 2) {
        (0, _) => None,
        (_, 1) => Some(all[half] * 60),
        _ => Some((all[half - 1] + all[half]) * 30),
    };
    (all.len(), median, all.last().map(|m| m * 60))
}

#[test]
fn times_per_severity_are_those_of_the_plan() {
    for seed in 0..5 {
        let (plans, review) = (plans(seed), made(&plans(seed)));
        for (row, severity) in review.severities.iter().zip(Severity::ALL) {
            let mine: Vec<&Plan> =
                plans.iter().filter(|p| within(p.opened) && p.severity == severity).collect();
            let times = |when: &dyn Fn(&Plan) -> Option<i64>| {
                middle(mine.iter().filter_map(|p| Some(when(p)? - p.opened)).collect())
            };
            // who never came at first came when it was back
            let acked =
                |p: &Plan| p.acked.map(|a| a.0).or(p.again.map(|after| p.opened + after + 1));
            assert_eq!((row.severity, row.opened), (severity, mine.len()));
            for (stat, want) in [
                (row.acknowledge, times(&acked)),
                (row.decide, times(&|p| p.decided.map(|d| d.0))),
                (row.mitigate, times(&|p| p.mitigated)),
                (row.close, times(&|p| closed(p))),
            ] {
                assert_eq!((stat.n, stat.median_seconds, stat.worst_seconds), want);
            }
        }
    }
}

#[test]
fn deadlines_that_were_missed_are_those_of_the_plan() {
    for seed in 0..5 {
        let (plans, review) = (plans(seed), made(&plans(seed)));
        let mut want: Vec<(String, ClockKind, Timestamp, i64)> = Vec::new();
        for p in plans.iter().filter(|p| p.opened < UNTIL) {
            if closed(p).is_some_and(|at| at < FROM) {
                continue;
            }
            for (asked, due, end, _) in clocks(p) {
                let in_week = due >= min(FROM) && due < min(UNTIL);
                if in_week && is_missed(due, end, min(UNTIL)) {
                    let late = end.map_or(min(UNTIL), min).since(due).secs();
                    want.push((p.id.clone(), asked, due, late));
                }
            }
        }
        let told = review.missed.iter();
        let mut told: Vec<_> = told
            .map(|m| (m.incident.to_string(), m.ask.asked, m.ask.due_at, m.late_seconds))
            .collect();
        want.sort();
        told.sort();
        assert_eq!(told, want);
        assert!(want.len() > 5);
    }
}

#[test]
fn alarms_pages_and_what_recurs_are_those_of_the_plan() {
    for seed in 0..5 {
        let (plans, review) = (plans(seed), made(&plans(seed)));
        let opened: Vec<&Plan> = plans.iter().filter(|p| within(p.opened)).collect();
        for (rail, name) in RAILS.into_iter().enumerate() {
            let mine: Vec<&&Plan> = opened.iter().filter(|p| p.rail == rail).collect();
            let said = |t| mine.iter().filter(|p| p.truth == t).count();
            let row = review.guardrails.iter().find(|g| g.guardrail == name).expect("a row");
            let (yes, no) = (said(Some(AlarmTruth::True)), said(Some(AlarmTruth::False)));
            assert_eq!((row.opened, row.unmarked), (mine.len(), said(None)));
            assert_eq!((row.true_alarms, row.false_alarms), (yes, no));
            assert_eq!(row.unsure, said(Some(AlarmTruth::Unsure)));
            let precision = (yes + no > 0).then(|| yes as f64 / (yes + no) as f64);
            assert_eq!(row.precision, precision);
        }
        let wrong = opened.iter().filter(|p| p.truth == Some(AlarmTruth::False));
        let wrong: Vec<&str> = wrong.map(|p| p.id.as_str()).collect();
        let told = review.false_alarms.iter();
        assert_eq!(told.map(|f| f.incident.as_str()).collect::<Vec<_>>(), wrong);
        assert!(review.false_alarms.iter().all(|f| f.reason == "looked back"));
        let mut pages: BTreeMap<Option<&str>, usize> = BTreeMap::new();
        let mut back: BTreeMap<(&str, String), usize> = BTreeMap::new();
        let seen = plans.iter().filter(|p| closed(p).is_none_or(|at| at >= FROM));
        for p in seen.filter(|p| p.opened < UNTIL) {
            let starts = [Some(p.opened), p.again.map(|after| p.opened + after)];
            let times = starts.into_iter().flatten().filter(|at| within(*at)).count();
            let owner = [Some("checkout team"), Some("frontend team"), None][p.rail];
            if p.severity <= Severity::Sev2 && times > 0 {
                *pages.entry(owner).or_default() += times;
            }
            *back.entry((RAILS[p.rail], place(p.place))).or_default() += times;
        }
        let told: BTreeMap<Option<&str>, usize> =
            review.pages.iter().map(|p| (p.person.as_deref(), p.count)).collect();
        assert_eq!(told, pages);
        back.retain(|_, times| *times > 1);
        let told: BTreeMap<(&str, String), usize> = review
            .recurring
            .iter()
            .map(|r| ((r.guardrail.as_str(), r.place.clone()), r.times))
            .collect();
        assert_eq!(told, back);
    }
}

fn place(place: usize) -> String {
    use crate::domain::segment::{Dim, Scope};
    Scope::everything().with(Dim::Template, PLACES[place]).to_string()
}

#[test]
fn actions_and_those_nobody_took_are_those_of_the_plan() {
    let state = |ended| match ended {
        Ended::Verified => ActionState::Verified,
        Ended::Unknown => ActionState::Unknown,
        Ended::NotSentYet => ActionState::Prepared,
    };
    for seed in 0..5 {
        let (plans, review) = (plans(seed), made(&plans(seed)));
        let acted = plans.iter().filter(|p| p.decided.is_some_and(|d| within(d.0)));
        let acted: Vec<&Plan> = acted.filter(|p| p.action.is_some()).collect();
        assert_eq!(review.actions.all.len(), acted.len());
        for ended in [Ended::Verified, Ended::Unknown, Ended::NotSentYet] {
            let want = acted.iter().filter(|p| p.action == Some(ended)).count();
            let told = review.actions.outcomes.iter().find(|o| o.state == state(ended));
            assert_eq!(told.map_or(0, |o| o.count), want);
        }
        let never = plans.iter().filter(|p| within(p.opened));
        let mut never: Vec<&str> = never
            .filter(|p| p.acked.is_none() && p.again.is_none())
            .map(|p| p.id.as_str())
            .collect();
        let mut told: Vec<&str> = review.never_acknowledged.iter().map(|b| b.id.as_str()).collect();
        never.sort_unstable();
        told.sort_unstable();
        assert_eq!(told, never);
    }
}

fn paper(p: &Plan) -> Postmortem {
    let life = Life::of(p.records()).expect("a life");
    postmortem(&life, &Beside { now: min(NOW), currency: "EUR", others: &[], left_out: &[] })
}

#[test]
fn every_figure_of_a_postmortem_is_that_of_the_plan() {
    for p in plans(1) {
        let paper = paper(&p);
        let t = paper.times;
        let again = p.again.map(|after| p.opened + after);
        let acked = p.acked.map(|a| a.0).or(again.map(|at| at + 1));
        let sent = p.decided.filter(|_| p.action.is_some_and(|a| a != Ended::NotSentYet));
        let cleared = again.map(|at| at + 30).or(p.cleared);
        assert_eq!((t.began, t.opened), (Some(min(p.began)), Some(min(p.opened))));
        assert_eq!((t.acknowledged, t.decided), (acked.map(min), p.decided.map(|d| min(d.0))));
        assert_eq!((t.acted, t.mitigated), (sent.map(|d| min(d.0)), p.mitigated.map(min)));
        assert_eq!((t.recovered, t.closed), (cleared.map(min), closed(&p).map(min)));
        let seconds = |from, to| {
            let found = paper.intervals.iter().find(|i| (i.from, i.to) == (from, to));
            found.expect("an interval").seconds
        };
        assert_eq!(seconds("began", "opened"), Some((p.opened - p.began) * 60));
        assert_eq!(seconds("opened", "decided"), p.decided.map(|d| (d.0 - p.opened) * 60));
        assert_eq!(seconds("opened", "closed"), closed(&p).map(|at| (at - p.opened) * 60));
        let lost = paper.impact.lost.as_ref().map(|m| Range::new(m.low, m.high));
        assert_eq!(lost, p.lost.map(|(low, high)| Range::new(low, high)));
        assert_eq!(paper.impact.places, [place(p.place)]);
        deadlines(&p, &paper);
        let known: Vec<i64> = paper.decisions.iter().map(|d| d.evidence_age_seconds).collect();
        let age = p.decided.map(|d| Span::from_mins(d.0 - p.opened).secs() - 30);
        let ordered = usize::from(p.decided.is_some());
        assert_eq!(known, vec![age.unwrap_or(0); ordered]);
        assert!(
            paper.decisions.iter().all(|d| d.suspects.len() == 1 && d.suspects[0].share == 0.83)
        );
    }
}

fn deadlines(p: &Plan, paper: &Postmortem) {
    let mut want: Vec<(ClockKind, Timestamp, Came)> = clocks(p)
        .into_iter()
        .map(|(asked, due, end, answered)| {
            let came = match (end, answered) {
                (Some(at), true) if min(at) <= due => Came::Kept,
                (Some(at), false) if min(at) <= due => Came::NotNeeded,
                (None, _) if min(NOW) <= due => Came::Running,
                _ => Came::Missed,
            };
            (asked, due, came)
        })
        .collect();
    let mut told: Vec<_> =
        paper.deadlines.iter().map(|d| (d.ask.asked, d.ask.due_at, d.came)).collect();
    let key = |d: &(ClockKind, Timestamp, Came)| (d.0, d.1);
    want.sort_by_key(key);
    told.sort_by_key(key);
    assert_eq!(told, want, "{}", p.id);
}
