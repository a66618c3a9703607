//! Power cuts over the product's own writes: sessions of orders are recorded call by call, cut at
//! any call, and the journal of that moment is opened by the product. Everything it had said by
//! then is there, nothing else is but a beginning of what was to come, and it is whole.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Signal, kill_process};

use super::book::Entry;
use super::disk::Disk;
use super::scene::{Scene, scratch};
use super::shim::{self, Kind, Note};
use super::sweep::arguments;
use super::{Plan, Tally, code, run, words};
use crate::child::Running;
use crate::pty::Session;
use crate::wait::{eventually, pause, secs};

/// A recorded session: where it began, what happened, what the journal was in the end.
struct Tape {
    name: &'static str,
    start: Disk,
    notes: Vec<Note>,
    truth: Vec<Entry>,
}

/// What must be there once a certain note was written.
struct Promise {
    after: usize,
    /// Of this process; 0 for any.
    pid: u64,
    kinds: &'static [&'static str],
    text: String,
}

/// Words of the product (or of the tests for it) and what they promise.
const WORDS: [(&str, &[&str]); 6] = [
    (" acknowledged", &["acknowledged"]),
    (" noted", &["noted"]),
    (" decided", &["decided"]),
    (" timer stored", &["timer_started"]),
    ("accepted (", &["action_prepared", "action_sent", "action_answered"]),
    ("POST", &["action_prepared", "action_sent"]),
];

fn promises(notes: &[Note]) -> Vec<Promise> {
    let mut all = Vec::new();
    for (after, note) in notes.iter().enumerate().filter(|(_, n)| n.kind == Kind::Said) {
        let said = String::from_utf8_lossy(&note.data).into_owned();
        let text = said.strip_prefix("seen: ").map(str::to_owned);
        let found = WORDS.iter().filter(|(words, _)| said.contains(words));
        all.extend(found.map(|(_, kinds)| Promise {
            after,
            pid: u64::from(note.pid),
            kinds,
            text: text.clone().unwrap_or_default(),
        }));
    }
    all
}

impl Promise {
    /// What of it is missing.
    fn broken(&self, entries: &[Entry]) -> Option<String> {
        let by = |e: &&Entry| self.pid == 0 || e.pid() == self.pid;
        let text = self.text.split_once(" noted").map_or("", |(text, _)| text);
        let there =
            |kind: &str| entries.iter().filter(by).any(|e| e.kind == kind && e.body.contains(text));
        let lost: Vec<&str> = self.kinds.iter().filter(|k| !there(k)).copied().collect();
        (!lost.is_empty()).then(|| format!("{lost:?} of process {} {text}", self.pid))
    }
}

/// What is wrong with the journal after a cut.
fn look(entries: &Result<Vec<Entry>, String>, truth: &[Entry], due: &[&Promise]) -> Vec<String> {
    let entries = match entries {
        Ok(entries) => entries.as_slice(),
        Err(_) if due.is_empty() => return Vec::new(), // nothing was promised of this file yet
        Err(why) => return vec![format!("it does not open: {why}")],
    };
    let mut found: Vec<String> = due.iter().filter_map(|p| p.broken(entries)).collect();
    if entries.len() > truth.len() || entries.iter().zip(truth).any(|(a, b)| a != b) {
        found.push("it holds what was never written so".to_owned());
    }
    found
}

/// Several orders by command, one after the other, each with the shim.
fn orders(scene: &Scene, log: &Path, rounds: usize) {
    let recorded = |args: &[&str]| {
        let mut command = scene.command(args);
        shim::preload(&mut command, &scene.folder());
        command.env("SHIM_LOG", log);
        let output = run(command).expect("it ends");
        assert_eq!(code(&output), 0, "{args:?}: {}", words(&output));
    };
    recorded(&["ack", &scene.id]);
    for n in 0..rounds {
        recorded(&["note", &scene.id, &format!("note {n} {}", "long ".repeat(n % 7 * 60))]);
    }
    recorded(&["timer", &scene.id, "--start", "4h"]);
    recorded(&arguments(scene, "rollback"));
    for n in 0..rounds {
        recorded(&["note", &scene.id, &format!("later {n}")]);
    }
    recorded(&arguments(scene, "decide"));
}

/// Commands alone: each opens, writes, closes and tidies up.
fn commands(rounds: usize) -> Tape {
    let scene = Scene::broken();
    scene.fresh();
    let (start, log) = (Disk::of(&scene.folder()), scene.beside("log"));
    scene.receiver.log(log.clone());
    orders(&scene, &log, rounds);
    tape("commands", &scene, start, &log)
}

/// A watcher from the very first file on; commands beside it; its end.
fn beside_a_watcher(rounds: usize) -> Tape {
    let mut scene = Scene::calm();
    let (start, log) = (Disk::default(), scene.beside("log"));
    scene.receiver.log(log.clone());
    scene.breaks();
    let mut command = scene.command(&["watch"]);
    shim::preload(&mut command, &scene.folder());
    let mut watcher = Running::start({
        command.env("SHIM_LOG", &log);
        command
    });
    scene.wait_incident();
    orders(&scene, &log, rounds);
    kill_process(watcher.pid(), Signal::TERM).expect("there");
    eventually("the end of the watcher", secs(20), || watcher.exited());
    tape("beside a watcher", &scene, start, &log)
}

/// Keys in a dashboard that watches.
fn keys(rounds: usize) -> Tape {
    let mut scene = Scene::calm();
    let (start, log) = (Disk::default(), scene.beside("log"));
    scene.breaks();
    let text = |path: &Path| path.display().to_string();
    let library = text(shim::library().expect("built"));
    let folder = format!("{}/", text(&scene.folder()));
    let mut session = scene.dashboard(&[
        ("LD_PRELOAD", &library),
        ("SHIM_DIR", &folder),
        ("SHIM_LOG", &text(&log)),
    ]);
    scene.wait_incident();
    session.wait_for(&scene.id, secs(20));
    let pid = session.pid().as_raw_nonzero().get().unsigned_abs();
    session.keys("a");
    session.wait_for("Acknowledged and stored", secs(20));
    shim::mark(&log, pid, "seen:  acknowledged");
    for n in 0..rounds {
        note(&mut session, &log, pid, &format!("k{n}"));
    }
    session.keys("q");
    session.wait_exit(secs(20));
    tape("keys", &scene, start, &log)
}

/// A note by keys; it is on the page once it is stored, where the message line of the note before
/// may still stand.
fn note(session: &mut Session, log: &Path, pid: u32, text: &str) {
    session.keys("n");
    pause(Duration::from_millis(900)); // a fresh dialog takes no key
    session.type_by_hand(text);
    pause(Duration::from_millis(600)); // Enter right after a letter is no decision
    session.type_by_hand("\r");
    session.wait_for(&format!("note: {text}"), secs(20));
    shim::mark(log, pid, &format!("seen: {text} noted"));
}

fn tape(name: &'static str, scene: &Scene, start: Disk, log: &Path) -> Tape {
    let truth = scene.reader.recovered(&scene.journal()).expect("the journal opens");
    Tape { name, start, notes: shim::read(log), truth }
}

/// Cuts one tape at `count` places, in their order, so that it is played once.
fn cut(tape: &Tape, plan: Plan, tally: &mut Tally) {
    let promises = promises(&tape.notes);
    assert!(!promises.is_empty(), "{}: nothing was said", tape.name);
    let mut dice = plan.dice(tape.name.len());
    let mut places: Vec<usize> =
        (0..plan.count).map(|_| dice.below(tape.notes.len() + 1)).collect();
    places.sort_unstable();
    let reader = super::book::Reader::new();
    let (mut disk, mut played) = (tape.start.clone(), 0);
    for (n, place) in places.into_iter().enumerate() {
        for note in tape.notes.iter().take(place).skip(played) {
            disk.play(note);
        }
        played = place;
        let folder = scratch();
        let mut dice = plan.dice(n);
        disk.cut(folder.path(), &mut dice);
        let path: PathBuf = folder.path().join("journal.db");
        let due: Vec<&Promise> = promises.iter().filter(|p| p.after < place).collect();
        let there = path.exists();
        let entries =
            if there { reader.recovered(&path) } else { Err("there is no file".to_owned()) };
        let found = look(&entries, &tape.truth, &due);
        tally.count("power cuts");
        tally.add("promises looked at", due.len());
        let calls = tape.notes.len();
        tally.judge(&format!("{}, cut at call {place} of {calls}, number {n}", tape.name), found);
    }
}

fn attack(plan: Plan, rounds: usize) {
    if shim::library().is_none() {
        return;
    }
    let tapes = [commands(rounds), beside_a_watcher(rounds), keys(rounds.min(4))];
    let mut tally = Tally::new("power cuts", plan);
    for tape in &tapes {
        tally.add("recorded calls", tape.notes.len());
        let count = plan.count.div_ceil(tapes.len());
        cut(tape, Plan { count, ..plan }, &mut tally);
    }
    tally.end();
}

#[test]
fn a_power_cut_takes_nothing_that_was_said() {
    attack(Plan::slice(300), 2);
}

#[test]
fn a_disk_that_lies_is_noticed() {
    if shim::library().is_none() {
        return;
    }
    let mut tape = commands(2);
    tape.start.lies = true;
    let plan = Plan::slice(60);
    let mut tally = Tally::new("power cuts of a disk that lies", plan);
    cut(&tape, plan, &mut tally);
    assert!(tally.faults.len() > 10, "only {} of 60 cuts were noticed", tally.faults.len());
}

#[test]
#[ignore = "ten thousand cuts: ./attack cuts"]
fn full() {
    attack(Plan::full(10_000), 12);
}
