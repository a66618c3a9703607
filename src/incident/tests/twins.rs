//! Two faults at one journey: each keeps its incident over a restart, a reused key and an end; and
//! an acknowledgement is asked for again when what it was given for has clearly grown.

use super::kit::*;
use crate::domain::id::IncidentId;
use crate::domain::money::Range;
use crate::domain::segment::{Dim, Scope};
use crate::domain::severity::Severity;
use crate::domain::time::Timestamp;
use crate::incident::event::{Event, Record};
use crate::incident::fold::Incident;
use crate::incident::id::incident_id;
use crate::incident::reconcile::reconcile;
use crate::incident::record::kind;
use crate::incident::tick::Tick;
use crate::verdict::{Case, Confidence, Suspect};

fn at(places: &[(Dim, &str)]) -> Vec<Scope> {
    vec![places.iter().fold(Scope::everything(), |s, (d, v)| s.with(*d, v))]
}

fn fault(key: &str, device: &str, onset: i64, release: Option<&str>) -> Case {
    Case {
        key: key.to_owned(),
        onset_at: min(onset),
        segments: at(&[(Dim::Template, "checkout"), (Dim::Device, device)]),
        suspect: Suspect {
            release: release.map(Into::into),
            confidence: if release.is_some() { Confidence::High } else { Confidence::None },
            ..Suspect::default()
        },
        ..case(Severity::Sev2)
    }
}

#[derive(Default)]
struct Kept {
    incidents: Vec<Incident>,
    count: u64,
}

impl Kept {
    /// One round of a watcher that has been there since a minute.
    fn round(&mut self, minute: i64, since: i64, cases: Vec<Case>) -> Vec<&'static str> {
        let tick = Tick { now: min(minute), watching_since: min(since) };
        let count = &mut self.count;
        let id = || -> IncidentId {
            *count += 1;
            incident_id(min(0), *count)
        };
        let judged = judged(min(minute), cases);
        let records = reconcile(&self.incidents, &judged, &policy(), tick, id);
        take(&mut self.incidents, &records);
        records.iter().map(|r: &Record| kind(&r.event)).collect()
    }

    fn of(&self, device: &str) -> &Incident {
        let here = |i: &&Incident| {
            i.case.segments[0].dims.get(&Dim::Device).is_some_and(|d| d.contains(device))
        };
        let found: Vec<&Incident> = self.incidents.iter().filter(here).collect();
        assert_eq!(found.len(), 1, "{device}");
        found[0]
    }

    fn ack(&mut self, i: usize, now: Timestamp) {
        let event = Event::Acknowledged { note: String::new(), expires_at: None };
        tell(&mut self.incidents[i], now, "ana", event);
    }
}

const FIRST: &str = "conversion:checkout";
const SECOND: &str = "conversion:checkout:2";

/// Both open; the ids of the one on mobiles and of the one on desktops.
fn two() -> (Kept, IncidentId, IncidentId) {
    let mut j = Kept::default();
    let cases = vec![
        fault(FIRST, "mobile", -2, Some("web-7")),
        fault(SECOND, "desktop", -1, Some("api-3")),
    ];
    assert_eq!(j.round(0, -60, cases), ["opened", "opened"]);
    let (a, b) = (j.of("mobile").id.clone(), j.of("desktop").id.clone());
    (j, a, b)
}

#[test]
fn a_new_watcher_goes_on_with_each_of_two_whatever_it_calls_them() {
    // The new watcher saw them the other way round: their keys are exchanged.
    let swapped = vec![
        fault(FIRST, "desktop", -1, Some("api-3")),
        fault(SECOND, "mobile", -2, Some("web-7")),
    ];
    let (mut j, a, b) = two();
    assert_eq!(j.round(6, 5, swapped.clone()), ["updated", "updated"]);
    assert_eq!((&j.of("mobile").id, &j.of("desktop").id), (&a, &b));
    assert_eq!(j.of("mobile").case.key, SECOND);
    assert_eq!(j.round(30, 5, swapped), Vec::<&str>::new(), "and stays with it");
    // It sees one of them only, under a key that the other had.
    let (mut j, a, b) = two();
    assert_eq!(j.round(6, 5, vec![fault(FIRST, "desktop", -1, None)]), ["updated"]);
    assert_eq!((j.of("desktop").id.clone(), j.of("desktop").case.key.as_str()), (b, FIRST));
    // A third one begins, under a key that is free for the new watcher and not in the journal.
    let third = fault(SECOND, "tablet", 6, Some("web-8"));
    assert_eq!(j.round(7, 5, vec![fault(FIRST, "desktop", -1, None), third]), ["opened"]);
    assert_eq!(j.incidents.len(), 3);
    assert!(j.incidents.iter().any(|i| i.id == a && i.firing), "not yet known to be over");
    let kinds = j.round(16, 5, vec![fault(FIRST, "desktop", -1, None)]);
    assert!(kinds.contains(&"cleared"), "{kinds:?}");
}

#[test]
fn onset_and_suspect_tell_two_at_one_place_apart() {
    let wide = |key: &str, onset, release| Case {
        segments: at(&[(Dim::Template, "checkout")]),
        ..fault(key, "", onset, release)
    };
    let mut j = Kept::default();
    let cases = vec![wide(FIRST, -40, Some("web-7")), wide(SECOND, -1, Some("api-3"))];
    assert_eq!(j.round(0, -60, cases), ["opened", "opened"]);
    let ids: Vec<IncidentId> = j.incidents.iter().map(|i| i.id.clone()).collect();
    let later = vec![wide(FIRST, -2, Some("api-3")), wide(SECOND, -38, Some("web-7"))];
    assert_eq!(j.round(3, 2, later), ["updated", "updated"]);
    let key = |n: usize| j.incidents.iter().find(|i| i.id == ids[n]).map(|i| i.case.key.clone());
    assert_eq!((key(0).as_deref(), key(1).as_deref()), (Some(SECOND), Some(FIRST)));
}

#[test]
fn what_begins_after_the_end_is_no_return_of_the_old_one() {
    let mut j = Kept::default();
    let first = fault(FIRST, "mobile", -2, None);
    assert_eq!(j.round(0, -60, vec![first.clone()]), ["opened"]);
    let over = Case { firing: false, ..first.clone() };
    assert_eq!(j.round(10, -60, vec![over]), ["cleared"]);
    // The same case fires again: it has kept its onset.
    assert_eq!(j.round(15, -60, vec![first.clone()]), ["reopened"]);
    let over = Case { firing: false, ..first };
    j.round(20, -60, vec![over]);
    // Judging gave the key to another fault, which began after the end of this one.
    let other = fault(FIRST, "desktop", 21, None);
    let kinds = j.round(22, -60, vec![other]);
    assert!(kinds.contains(&"opened") && !kinds.contains(&"reopened"), "{kinds:?}");
    assert_eq!(j.of("desktop").recurrence_of, None);
    assert_eq!(j.of("mobile").occurrences, 2);
}

#[test]
fn a_new_watcher_takes_what_comes_back_for_the_same_only_when_it_is_alike() {
    let gone = |device: &str, release| {
        let mut j = Kept::default();
        j.round(0, -60, vec![fault(FIRST, "mobile", -2, Some("web-7"))]);
        let over = Case { firing: false, ..fault(FIRST, "mobile", -2, Some("web-7")) };
        j.round(10, -60, vec![over]);
        j.round(25, 20, vec![fault(FIRST, device, 24, release)])
    };
    assert!(gone("mobile", Some("web-7")).contains(&"reopened"));
    assert!(gone("mobile", None).contains(&"reopened"));
    assert!(gone("desktop", None).contains(&"opened"), "another place");
    assert!(gone("mobile", Some("api-3")).contains(&"opened"), "another cause");
}

type Grow = fn(&Case) -> Case;

#[test]
fn what_rose_is_said_and_asked_for_again() {
    let open = || {
        let mut j = Kept::default();
        let start = Case {
            risk_per_minute: Some(Range::new(80.0, 120.0)),
            ..fault(FIRST, "mobile", -2, None)
        };
        j.round(0, -60, vec![start.clone()]);
        j.ack(0, min(1));
        (j, start)
    };
    let wider = |c: &Case| Case { segments: at(&[(Dim::Template, "checkout")]), ..c.clone() };
    let other = |c: &Case| {
        let mut segments = c.segments.clone();
        segments.extend(at(&[(Dim::Template, "search")]));
        Case { segments, ..c.clone() }
    };
    let dearer = |c: &Case| Case { risk_per_minute: Some(Range::new(300.0, 500.0)), ..c.clone() };
    let worse = |c: &Case| Case { severity: Severity::Sev1, ..c.clone() };
    let grown: [(Grow, &str); 3] = [
        (wider, "the place is wider: checkout · mobile -> checkout"),
        (other, "also in search"),
        (dearer, "money at risk: 120 -> 300 a minute at least"),
    ];
    for (grow, words) in grown {
        let (mut j, start) = open();
        assert_eq!(j.round(3, -60, vec![grow(&start)]), ["updated"], "{words}: it may be a wobble");
        assert!(j.incidents[0].acked());
        assert!(j.round(4, -60, vec![grow(&start)]).contains(&"asked_again"), "{words}");
        let i = &j.incidents[0];
        assert!(!i.acked() && i.owner().is_some(), "asked again, and the owner stays");
        assert!(i.timeline.iter().any(|l| l.text.ends_with(words)), "{:?}", i.timeline);
        j.ack(0, min(5));
        let kinds = j.round(8, -60, vec![grow(&start)]);
        assert!(!kinds.contains(&"asked_again"), "what was seen is seen");
    }
    let (mut j, start) = open();
    let kinds = j.round(3, -60, vec![worse(&start)]);
    assert_eq!(&kinds[..2], ["severity_changed", "asked_again"]);
    assert!(j.incidents[0].ack_clock().is_some_and(|due| due >= min(8)));
    let (mut j, start) = open();
    let narrow = Case { segments: at(&[(Dim::Template, "checkout")]), ..start.clone() };
    j.round(3, -60, vec![narrow]);
    assert!(!j.round(5, -60, vec![start]).contains(&"asked_again"), "it went back");
}
