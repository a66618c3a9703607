//! Any sequence of events: no panic, one meaning, no deadline later, one order of the list.
//! Random events only; named stories are in the files beside it.

use std::cmp::Ordering;

use proptest::prelude::*;

use super::kit::*;
use crate::domain::id::{ActionId, IncidentId};
use crate::domain::money::Range;
use crate::domain::severity::Severity;
use crate::domain::time::{Span, Timestamp};
use crate::incident::event::{Event, Intent, Outcome, Record};
use crate::incident::fold::{Incident, apply, fold};
use crate::incident::record::{from_line, to_line};
use crate::incident::{deadline, rank};
use crate::policy::severity::Choice;

fn at() -> impl Strategy<Value = Timestamp> {
    (-100_i64..100_000).prop_map(sec)
}

fn severity() -> impl Strategy<Value = Severity> {
    prop::sample::select(Severity::ALL.to_vec())
}

fn a_case() -> impl Strategy<Value = Box<crate::verdict::Case>> {
    (severity(), any::<bool>(), prop::option::of(0_i32..10_000), ".{0,12}", any::<bool>()).prop_map(
        |(severity, firing, money, headline, known)| {
            let mut c = case(severity);
            c.firing = firing;
            c.risk_per_minute = money.map(|m| Range::new(0.0, f64::from(m) / 4.0));
            c.headline = headline;
            if !known {
                c.key = "other".to_owned();
            }
            Box::new(c)
        },
    )
}

fn an_id() -> impl Strategy<Value = ActionId> {
    prop::sample::select(vec!["a", "b", "c"]).prop_map(ActionId::from)
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        (any::<u16>(), ".{0,8}").prop_map(|(status, detail)| Outcome::Accepted { status, detail }),
        (any::<u16>(), prop::option::of(any::<u64>())).prop_map(|(status, retry_after_s)| {
            Outcome::Refused { status, detail: "no".to_owned(), retry_after_s }
        }),
        (".{0,8}", any::<u16>(), prop::option::of(any::<u64>())).prop_map(
            |(detail, status, retry_after_s)| {
                let run_id = None;
                Outcome::Unknown { detail, status, retry_after_s, run_id }
            }
        ),
        ".{0,8}".prop_map(|detail| Outcome::NotSent { detail }),
    ]
}

fn intent() -> impl Strategy<Value = Intent> {
    (an_id(), any::<bool>(), 1_u32..4).prop_map(|(id, dry_run, attempt)| Intent {
        id,
        action: "rollback".to_owned(),
        environment: "production".to_owned(),
        service: "theme".to_owned(),
        from: "v3".into(),
        to: "v2".into(),
        attempt,
        dry_run,
        body: "{}".to_owned(),
    })
}

fn evidence() -> impl Strategy<Value = Event> {
    prop_oneof![
        (a_case(), at(), at(), any::<bool>()).prop_map(|(case, a, d, again)| Event::Opened {
            case,
            ack_due_at: a,
            decide_due_at: d,
            recurrence_of: again.then(|| IncidentId::from("INC-00000")),
        }),
        a_case().prop_map(|case| Event::Updated { case }),
        (severity(), severity(), at(), at()).prop_map(|(from, to, a, d)| Event::SeverityChanged {
            from,
            to,
            reason: "r".to_owned(),
            ack_due_at: a,
            decide_due_at: d,
        }),
        Just(Event::Cleared),
        (a_case(), at(), at()).prop_map(|(case, ack_due_at, decide_due_at)| Event::Reopened {
            case,
            ack_due_at,
            decide_due_at
        }),
        Just(Event::Mitigated),
        Just(Event::Resolved { reason: "r".to_owned() }),
        Just(Event::Reviewed { text: "t".to_owned(), verdict: None }),
        (0_i64..60).prop_map(|m| Event::ClockStepped { by: Span::from_mins(m) }),
        Just(Event::Cancelled { reason: "r".to_owned() }),
        ".{0,20}".prop_map(|text| Event::Noted { text }),
    ]
}

fn promise() -> impl Strategy<Value = Event> {
    prop_oneof![
        prop::option::of(at())
            .prop_map(|expires_at| Event::Acknowledged { note: String::new(), expires_at }),
        Just(Event::AckUndone),
        at().prop_map(|ack_due_at| Event::AckExpired { ack_due_at }),
        at().prop_map(|ack_due_at| Event::AskedAgain { rose: "wider".into(), ack_due_at }),
        at().prop_map(|due_at| Event::TimerStarted { due_at }),
        at().prop_map(|due_at| Event::TimerExtended { due_at, reason: "r".to_owned() }),
        Just(Event::TimerStopped),
        (prop::sample::select(Choice::ALL.to_vec()), prop::option::of(at())).prop_map(
            |(choice, recheck_at)| Event::Decided { choice, reason: "r".to_owned(), recheck_at }
        ),
        Just(Event::DecisionExpired),
        at().prop_map(|decide_due_at| Event::RecheckDue { decide_due_at }),
        intent().prop_map(|intent| Event::ActionPrepared { intent, waived: None, chosen: None }),
        (an_id(), 1_u32..4).prop_map(|(id, try_no)| Event::ActionSent { id, try_no }),
        (an_id(), outcome()).prop_map(|(id, answer)| Event::ActionAnswered { id, answer }),
        an_id().prop_map(|id| Event::ActionVerified { id, evidence: "e".to_owned() }),
        (an_id(), at()).prop_map(|(id, decide_due_at)| Event::ActionNotHelping {
            id,
            evidence: "e".to_owned(),
            decide_due_at
        }),
    ]
}

fn a_record() -> impl Strategy<Value = Record> {
    let who = prop::sample::select(vec!["ana", "ben", "tillwatch"]);
    let event = prop_oneof![evidence(), promise()];
    (at(), who, event).prop_map(|(at, who, event)| record(at, who, event))
}

pub fn records() -> impl Strategy<Value = Vec<Record>> {
    prop::collection::vec(a_record(), 0..40)
}

fn live(severity: Severity, rest: &[Record]) -> Incident {
    let mut i = incident(severity);
    for record in rest {
        apply(&mut i, record);
    }
    i
}

/// The clocks that no event but these may start anew.
fn starts_a_clock(event: &Event) -> bool {
    matches!(
        event,
        Event::Reopened { .. }
            | Event::TimerExtended { .. }
            | Event::RecheckDue { .. }
            | Event::ActionNotHelping { .. }
            | Event::AckExpired { .. }
            | Event::AskedAgain { .. }
            | Event::TimerStarted { .. }
    )
}

fn later(before: Option<Timestamp>, after: Option<Timestamp>) -> bool {
    matches!((before, after), (Some(b), Some(a)) if a > b)
}

proptest! {
    #[test]
    fn a_log_and_its_steps_mean_the_same(first in severity(), rest in records()) {
        let mut all = vec![opened(first)];
        all.extend(rest.clone());
        let whole = fold(&all).expect("opened");
        prop_assert_eq!(&whole, &live(first, &rest));
        for (_, due) in deadline::clocks(&whole) {
            prop_assert!(due.millis() != i64::MAX);
        }
    }

    #[test]
    fn any_log_folds_without_panic(log in records()) {
        let opening = log.iter().position(|r| matches!(r.event, Event::Opened { .. }));
        prop_assert_eq!(fold(&log).is_some(), opening.is_some());
    }

    #[test]
    fn no_running_clock_moves_later_without_a_record_that_says_so(
        first in severity(),
        rest in records(),
    ) {
        let mut i = incident(first);
        for record in &rest {
            let before = i.clone();
            apply(&mut i, record);
            if starts_a_clock(&record.event) {
                continue;
            }
            prop_assert!(!later(before.ack_clock(), i.ack_clock()), "{record:?}");
            prop_assert!(!later(before.decide_clock(), i.decide_clock()), "{record:?}");
            let due = |i: &Incident| i.timer.map(|t| t.due_at);
            prop_assert!(!later(due(&before), due(&i)), "{record:?}");
        }
    }

    #[test]
    fn an_extension_is_given_once_per_clock(first in severity(), rest in records()) {
        let mut i = incident(first);
        for record in &rest {
            let before = i.clone();
            apply(&mut i, record);
            let extended = matches!(record.event, Event::TimerExtended { .. });
            let moved = before.decide_due_at != i.decide_due_at;
            prop_assert!(!(extended && moved && before.decide_extended));
        }
    }

    #[test]
    fn the_order_of_incidents_is_total(
        a in records(), b in records(), c in records(), s in (severity(), severity(), severity()),
    ) {
        let named = |name: &str, severity, rest: &[Record]| {
            let mut i = live(severity, rest);
            i.id = name.into();
            i
        };
        let list = [named("INC-A", s.0, &a), named("INC-B", s.1, &b), named("INC-C", s.2, &c)];
        for x in &list {
            prop_assert_eq!(rank::compare(x, x), Ordering::Equal);
            for y in &list {
                prop_assert_eq!(rank::compare(x, y), rank::compare(y, x).reverse());
                prop_assert_eq!(rank::compare(x, y) == Ordering::Equal, x.id == y.id);
                for z in &list {
                    let chain = rank::compare(x, y).is_lt() && rank::compare(y, z).is_lt();
                    prop_assert!(!chain || rank::compare(x, z).is_lt());
                }
            }
        }
    }

    #[test]
    fn lines_keep_every_record(record in a_record()) {
        let line = to_line(&record).expect("line");
        prop_assert!(!line.contains('\n'));
        prop_assert_eq!(from_line(&line).expect("back"), record);
    }

    #[test]
    fn no_text_is_a_line_by_accident_and_none_panics(text in ".{0,60}") {
        prop_assert!(from_line(&text).is_err());
    }
}
