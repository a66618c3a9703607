//! The hub beside a journal that fails: one case is one incident, what was stored is folded in,
//! what could not be stored waits, what cannot be read is named. No disk, no thread.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::*;
use crate::board::IncidentView;
use crate::config::load;
use crate::detect::engine::Engine;
use crate::domain::time::Span;
use crate::incident::event::{Actor, Event as Told};
use crate::incident::unread::UnreadWhy;
use crate::journal::JournalReading;
use crate::shell::{session, settings};
use crate::watch::state::SourceInfo;

/// Rows as a journal has them, and what fails.
#[derive(Default)]
struct Rows {
    all: Vec<Result<Record, UnreadWhy>>,
    refuses: Option<&'static str>,
    unreadable: bool,
    moved: bool,
    writes: usize,
}

#[derive(Clone, Default)]
struct Fake(Arc<Mutex<Rows>>);

impl Fake {
    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn opened(&self) -> usize {
        let rows = self.rows();
        let told = rows.all.iter().flatten();
        told.filter(|r| matches!(r.event, Told::Opened { .. })).count()
    }
}

impl Keeper for Fake {
    fn append(&self, records: &[Record]) -> Result<i64, JournalError> {
        let mut rows = self.rows();
        rows.writes += 1;
        if let Some(why) = rows.refuses {
            return Err(JournalError::NotStored(why.to_owned()));
        }
        rows.all.extend(records.iter().cloned().map(Ok));
        Ok(i64::try_from(rows.all.len()).expect("few"))
    }

    fn since(&self, seq: i64, limit: u32) -> Result<JournalReading, JournalError> {
        let rows = self.rows();
        if rows.unreadable {
            return Err(JournalError::Unreadable("disk error".to_owned()));
        }
        let mut reading = JournalReading::default();
        let from = usize::try_from(seq).expect("a place");
        for (row, seq) in rows.all.iter().skip(from).zip(seq + 1..).take(limit as usize) {
            match row {
                Ok(record) => reading.records.push(Stored { seq, record: record.clone() }),
                Err(why) => {
                    let why = why.clone();
                    reading.unread.push(Unread { seq, incident: "INC-BAD".into(), why });
                }
            }
        }
        Ok(reading)
    }

    fn put_board(&self, _board: &Board) -> Result<(), JournalError> {
        match self.rows().refuses {
            Some(why) => Err(JournalError::NotStored(why.to_owned())),
            None => Ok(()),
        }
    }

    fn standing(&self) -> Result<(), JournalError> {
        if self.rows().moved { Err(JournalError::NotStored("moved away".into())) } else { Ok(()) }
    }
}

/// A hub with one source that never answers, begun long enough ago for that to be an incident.
struct Scene {
    hub: Hub,
    fake: Fake,
    boards: cell::Receiver<Option<Arc<Board>>>,
    begun: Timestamp,
}

impl Scene {
    fn new() -> Self {
        let config = load::builtin().config.expect("defaults");
        let clock = Clock::system();
        let begun = clock.now().minus(Span::from_mins(10));
        let source = SourceInfo {
            name: "shop".into(),
            kind: "prometheus".to_owned(),
            every: Span::from_secs(5),
            changes: false,
            past: false,
            url: String::new(),
            metrics: Vec::new(),
        };
        let setup = session::setup(&config, clock, vec![source], settings::actions(&config));
        let engine = Engine::new(settings::of(&config, session::BUCKET, begun));
        let watch = Watch::new(setup, engine, Vec::new(), begun);
        let (sender, boards) = cell::channel(None);
        let fake = Fake::default();
        let hub = Hub::new(watch, Box::new(fake.clone()), clock, sender, (0, Vec::new()));
        Self { hub, fake, boards, begun }
    }

    /// The source fails for ten minutes, up to now.
    fn fail(&mut self) {
        for step in 0..40 {
            let at = self.begun.plus(Span::from_secs(step * 15));
            let (source, why) = ("shop".into(), "refused".to_owned());
            let next_at = at.plus(Span::from_secs(15));
            self.hub.handle(WatchEvent::PollFailed { source, why, at, next_at });
        }
    }

    fn board(&self) -> Arc<Board> {
        self.boards.borrow().clone().expect("a board")
    }

    fn only(&self) -> IncidentView {
        let board = self.board();
        assert_eq!(board.incidents.len(), 1, "{:?}", board.notices);
        board.incidents[0].clone()
    }

    fn noted(&self, id: &IncidentId) {
        let (actor, cause) = (Actor { name: "ana".to_owned(), ..Actor::default() }, String::new());
        let event = Told::Noted { text: "seen".to_owned() };
        let at = self.hub.clock.now();
        let record = Record { at, incident: id.clone(), actor, cause, event };
        self.fake.rows().all.push(Ok(record));
    }
}

fn notes(incident: &IncidentView) -> usize {
    incident.timeline.iter().filter(|line| line.actor == "ana").count()
}

#[test]
fn an_unreadable_record_is_named_and_everything_after_it_is_read() {
    let mut scene = Scene::new();
    for why in [UnreadWhy::Newer(2), UnreadWhy::Damaged, UnreadWhy::Event("exploded".to_owned())] {
        scene.fake.rows().all.push(Err(why));
    }
    scene.fail();
    assert_eq!(scene.fake.opened(), 1, "one case, one incident");
    let id = scene.only().id;
    scene.fake.rows().all.push(Err(UnreadWhy::Newer(9)));
    scene.noted(&id);
    scene.hub.tail();
    assert_eq!(notes(&scene.only()), 1, "what came after it");
    assert_eq!(scene.hub.seen, i64::try_from(scene.fake.rows().all.len()).expect("few"));
    let told = scene.board().notices.join("\n");
    for words in ["record 1 of INC-BAD", "record 2 of", "`exploded`", "(version 9)", "update"] {
        assert!(told.contains(words), "{words} not in {told}");
    }
}

#[test]
fn what_was_stored_is_folded_in_once_although_it_cannot_be_read_back() {
    let mut scene = Scene::new();
    scene.fake.rows().unreadable = true;
    scene.fail();
    assert_eq!(scene.fake.opened(), 1, "one case, one incident");
    let blind = scene.only();
    assert!(blind.stored);
    assert!(scene.board().notices[0].contains("cannot be read"), "{:?}", scene.board().notices);
    scene.noted(&blind.id);
    scene.fake.rows().unreadable = false;
    scene.hub.tail();
    let seen = scene.only();
    assert_eq!(notes(&seen), 1);
    assert_eq!(seen.timeline.len(), blind.timeline.len() + 1, "nothing twice");
    assert!(scene.hub.ahead.is_empty());
    assert!(!scene.board().notices.iter().any(|n| n.contains("cannot be read")));
}

#[test]
fn what_is_refused_waits_and_is_stored_first_with_the_same_name_and_clocks() {
    let mut scene = Scene::new();
    scene.fake.rows().refuses = Some("disk full");
    scene.fail();
    let kept = scene.only();
    assert!(!kept.stored, "the journal does not have it");
    let told = scene.board().notices[0].clone();
    assert!(told.starts_with(&format!("NOT STORED - disk full: {} in memory", kept.id)), "{told}");
    assert_eq!(told.matches("NOT STORED").count(), 1);
    assert!(scene.fake.rows().writes < 45, "a try for each event at most");
    assert_eq!(scene.hub.left(), std::slice::from_ref(&kept.id), "an end is honest");

    scene.fake.rows().refuses = None;
    scene.hub.handle(WatchEvent::Flush { at: scene.hub.clock.now() });
    let stored = scene.only();
    let clocks = |i: &IncidentView| (i.id.clone(), i.opened_at, i.ack_due_at, i.decide_due_at);
    assert_eq!(clocks(&stored), clocks(&kept));
    assert!(stored.stored && scene.hub.left().is_empty());
    assert_eq!(scene.fake.opened(), 1);
    assert!(matches!(scene.fake.rows().all[0], Ok(Record { event: Told::Opened { .. }, .. })));
    assert!(!scene.board().notices.iter().any(|n| n.contains("NOT STORED")));
}

#[test]
fn a_write_that_works_again_is_found_without_an_order() {
    let mut scene = Scene::new();
    scene.fake.rows().refuses = Some("disk full");
    scene.fail();
    scene.fake.rows().refuses = None;
    let at = scene.hub.clock.now().plus(Span::from_secs(2));
    scene.hub.handle(WatchEvent::Woke { at });
    assert!(scene.only().stored);
}

#[test]
fn a_journal_that_was_moved_is_a_standing_notice() {
    let mut scene = Scene::new();
    scene.hub.tail();
    scene.fake.rows().moved = true;
    scene.hub.tail();
    scene.hub.tail();
    assert_eq!(scene.board().notices, ["moved away"]);
    scene.fake.rows().moved = false;
    scene.hub.tail();
    assert!(scene.board().notices.is_empty());
}
