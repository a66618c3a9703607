//! A message leaves when its record is stored, once, and its answer is written when it came.

use super::*;
use crate::domain::severity::Severity;
use crate::domain::time::Span;
use crate::incident::emission::{Notify, Occasion, SinkRow};
use crate::incident::event::Outcome;
use crate::incident::fold::apply;
use crate::incident::tests::kit::{incident, policy, sec};
use crate::policy::paging::Paging;

fn paging() -> Paging {
    let row = SinkRow {
        name: "ops".to_owned(),
        takes: vec![Notify::Page],
        severities: Severity::ALL.to_vec(),
        events: Occasion::ALL.to_vec(),
        whom: Vec::new(),
        tries: 3,
        timeout: Span::from_secs(15),
    };
    Paging { sinks: vec![row], currency: "EUR".to_owned(), ..Paging::default() }
}

fn letters(outbox: &mut Outbox) -> Vec<Letter> {
    let effects = outbox.leave().into_iter();
    effects
        .filter_map(|e| match e {
            WatchEffect::Emit(letter) => Some(*letter),
            WatchEffect::Append(_) | WatchEffect::Publish(_) => None,
        })
        .collect()
}

#[test]
fn nothing_leaves_before_it_is_stored_and_nothing_of_another_watcher() {
    let (paging, policy) = (paging(), policy());
    let look = |now, speed| Look { paging: &paging, policy: &policy, now, speed };
    let mut all = vec![incident(Severity::Sev1)];
    let mut outbox = Outbox::default();
    let prepared = outbox.records(&all, &look(sec(0), 10.0), false);
    assert_eq!(prepared.len(), 1);
    apply(&mut all[0], &prepared[0]);
    outbox.stored(&all, &prepared);
    let sent = outbox.records(&all, &look(sec(0), 10.0), false);
    assert!(matches!(sent[0].event, Event::EmissionSent { try_no: 1, .. }));
    assert!(letters(&mut outbox).is_empty(), "asked for, not stored");
    apply(&mut all[0], &sent[0]);
    Outbox::default().stored(&all, &sent);
    let mut other = Outbox::default();
    other.stored(&all, &sent);
    assert!(letters(&mut other).is_empty(), "a try of the watcher before");
    outbox.stored(&all, &sent);
    outbox.stored(&all, &sent);
    let left = letters(&mut outbox);
    assert_eq!((left.len(), left[0].try_no), (1, 1));
    assert!(outbox.records(&all, &look(sec(1), 10.0), false).is_empty(), "it is on its way");
    let key = left[0].emission.key.clone();
    let (incident, sink, answer) = (all[0].id.clone(), "ops".to_owned(), Outcome::unknown("?"));
    let reply = Reply { incident, key, sink, try_no: 1, answer, at: sec(2) };
    outbox.replied(reply, &look(sec(2), 10.0));
    let written = outbox.records(&all, &look(sec(2), 10.0), true);
    let Event::EmissionAnswered { retry_at, .. } = &written[0].event else { panic!("{written:?}") };
    assert_eq!(*retry_at, Some(sec(52)), "five seconds on the wall are fifty of the shop");
    assert_eq!(written.len(), 1, "the journal refuses: nothing new is decided");
}
