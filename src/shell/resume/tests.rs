//! A watcher whose clock is set under it, that was stopped for a while, or that begins after its
//! journal. The cores alone: instants are handed in.

use super::*;
use crate::config::load;
use crate::detect::Engine;
use crate::incident::event::{Event as Told, Record};
use crate::incident::fold::absorb;
use crate::shell::{session, settings};
use crate::watch::event::{Batch, WatchEffect, WatchEvent};
use crate::watch::state::{SourceInfo, Watch};
use crate::watch::update::update;

const EVERY: Span = Span::from_secs(15);

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(1_800_000_000 + secs)
}

/// One source, a journal that stores everything, the newest board.
struct Scene {
    watch: Watch,
    stored: Vec<Record>,
    board: Board,
}

impl Scene {
    fn new() -> Self {
        let config = load::builtin().config.expect("defaults");
        let source = SourceInfo {
            name: "shop".into(),
            kind: "prometheus".to_owned(),
            every: EVERY,
            changes: false,
            past: false,
            url: String::new(),
            metrics: Vec::new(),
        };
        let setup = session::setup(&config, Clock::system(), vec![source], Vec::new());
        let engine = Engine::new(settings::of(&config, session::BUCKET, at(0)));
        let watch = Watch::new(setup, engine, Vec::new(), at(0));
        Self { watch, stored: Vec::new(), board: Board::default() }
    }

    fn take(&mut self, event: WatchEvent, now: Timestamp) {
        let mut queue = vec![event];
        while let Some(event) = queue.pop() {
            for effect in update(&mut self.watch, event) {
                match effect {
                    WatchEffect::Append(records) => {
                        self.stored.extend(records.clone());
                        queue.push(WatchEvent::Journaled { records, at: now });
                    }
                    WatchEffect::Publish(board) => self.board = *board,
                    WatchEffect::Emit(_) => {}
                }
            }
        }
    }

    fn answers(&mut self, from: i64, to: i64) {
        for now in (from..=to).step_by(15).map(at) {
            let (source, next_at) = ("shop".into(), now.plus(EVERY));
            self.take(
                WatchEvent::Polled { source, batch: Batch::default(), at: now, next_at },
                now,
            );
        }
    }

    fn fails(&mut self, from: i64, to: i64) {
        for now in (from..=to).step_by(15).map(at) {
            let (source, why, next_at) = ("shop".into(), "refused".to_owned(), now.plus(EVERY));
            self.take(WatchEvent::PollFailed { source, why, at: now, next_at }, now);
        }
    }

    fn wakes(&mut self, now: i64) {
        self.take(WatchEvent::Woke { at: at(now) }, at(now));
    }

    fn opened(&self) -> usize {
        self.stored.iter().filter(|r| matches!(r.event, Told::Opened { .. })).count()
    }

    fn incidents(&self) -> Vec<Incident> {
        let mut incidents = Vec::new();
        self.stored.iter().for_each(|record| absorb(&mut incidents, record));
        incidents
    }
}

/// Three minutes in which this process does not run; told of it or not.
fn stopped(told: bool) -> Scene {
    let mut scene = Scene::new();
    scene.answers(0, 120);
    if told {
        let (by, now) = (Span::from_mins(3), at(300));
        scene.take(WatchEvent::Paused { by, at: now }, now);
    }
    scene.wakes(300);
    scene
}

#[test]
fn a_pause_of_our_own_opens_no_incident_and_is_told() {
    assert_eq!(stopped(false).opened(), 1, "without being told it blames the source");
    let mut scene = stopped(true);
    scene.answers(301, 301);
    scene.wakes(302);
    assert_eq!(scene.opened(), 0);
    assert_eq!(scene.board.sources[0].state, crate::board::SourceState::Live);
    assert!(scene.board.notices[0].contains("paused 3 min"), "{:?}", scene.board.notices);
    scene.fails(316, 500);
    assert_eq!(scene.opened(), 1, "silence after it is silence");
}

#[test]
fn a_source_that_died_during_a_pause_is_told_in_time() {
    let mut scene = stopped(true);
    scene.fails(300, 436);
    assert_eq!(scene.opened(), 1);
}

#[test]
fn deadlines_come_earlier_by_what_the_clock_gained_and_never_later() {
    let mut scene = Scene::new();
    scene.fails(0, 300);
    assert_eq!(scene.opened(), 1);
    let due = |scene: &Scene| scene.incidents()[0].ack_due_at;
    let first = due(&scene);
    let step = |scene: &mut Scene, by: i64, off: i64, earlier: i64, now: i64| {
        let (by, off) = (Span::from_mins(by), Span::from_mins(off));
        let earlier = Span::from_mins(earlier);
        scene.take(WatchEvent::ClockStepped { by, off, earlier, at: at(now) }, at(now));
    };
    step(&mut scene, -60, -60, 0, 310);
    assert_eq!(due(&scene), first);
    assert!(scene.board.notices[0].starts_with("clock stepped back 1h at"));
    step(&mut scene, 90, 30, 30, 320);
    assert_eq!(due(&scene), first.minus(Span::from_mins(30)));
    assert!(scene.board.notices[0].starts_with("clock stepped forward 1h30m at"));
    step(&mut scene, -30, 0, 0, 330);
    assert_eq!(due(&scene), first.minus(Span::from_mins(30)), "it stays");
    let times: Vec<Timestamp> = scene.stored.iter().map(|r| r.at).collect();
    assert!(times.is_sorted(), "records are in the order of their times");
}

/// Where a watcher goes on whose journal's newest record is `ahead` of the machine's clock.
fn resumed(ahead: Span, closed: bool) -> (Span, Span) {
    let mut scene = Scene::new();
    scene.fails(0, 300);
    let mut incidents = scene.incidents();
    let newest = incidents[0].timeline.last().expect("entries").at;
    if closed {
        let event = Told::Resolved { reason: "done".to_owned() };
        let last = scene.stored.last().expect("a record").clone();
        absorb(&mut incidents, &Record { event, ..last });
    }
    let machine = Clock::system().going_on(newest.minus(ahead));
    let (clock, earlier) = resume(machine, None, &incidents);
    let gained = clock.now().since(machine.now()).millis() as f64 / 1000.0;
    (Span::from_secs(gained.round() as i64), earlier)
}

#[test]
fn a_watcher_begins_no_earlier_than_its_journal_ends() {
    let hour = Span::from_hours(1);
    assert_eq!(resumed(hour, false), (hour, Span::ZERO));
    assert_eq!(resumed(hour, true), (Span::ZERO, Span::ZERO), "nothing runs");
    assert_eq!(resumed(hour.times(-1), false), (Span::ZERO, Span::ZERO));
    let (gained, earlier) = resumed(Span::from_days(4000), false);
    assert_eq!(gained, Span::ZERO);
    assert!(earlier > Span::from_days(3999), "a record of a wrong clock is no time to go on with");
}
