//! kill -9 at any moment of an order, by command and by keys: what was said is stored, nothing is
//! stored twice, nothing is carried out twice, and the journal opens again.

use std::time::Duration;

use super::book::{self, Entry};
use super::scene::Scene;
use super::sweep::arguments;
use super::{Dice, Plan, Tally, run};
use crate::child::Running;
use crate::wait::{Deadline, pause, secs};

/// An order, the words that say it is stored, the records that must be there then.
const ORDERS: [(&str, &str, &[&str]); 4] = [
    ("ack", " acknowledged", &["acknowledged"]),
    ("note", " noted", &["noted"]),
    ("rollback", "accepted (", &["action_prepared", "action_sent", "action_answered"]),
    ("decide", " decided", &["decided"]),
];

/// What may be there once at most in a round that orders each thing once.
const ONCE: [&str; 5] =
    ["acknowledged", "noted", "action_prepared", "action_sent", "action_answered"];

fn lost(entries: &[Entry], promised: &[&str]) -> Vec<String> {
    let gone = promised.iter().filter(|kind| book::count(entries, kind) == 0);
    gone.map(|kind| format!("{kind} was said to be stored and is lost")).collect()
}

fn doubled(entries: &[Entry]) -> Vec<String> {
    let twice = ONCE.iter().filter(|kind| book::count(entries, kind) > 1);
    let mut found: Vec<String> =
        twice.map(|kind| format!("{kind} is there {} times", book::count(entries, kind))).collect();
    // ordering a rollback is a decision too
    let mine = |e: &&Entry| e.kind == "decided" && e.body.contains("under fire");
    if entries.iter().filter(mine).count() > 1 {
        found.push("the decision is there more than once".to_owned());
    }
    found
}

/// How long an order takes on this machine now, and half as long again.
fn longest(scene: &Scene) -> usize {
    let patience = secs(20);
    let clock = Deadline::after(patience);
    scene.fresh();
    run(scene.command(&arguments(scene, "rollback")));
    (patience.saturating_sub(clock.left()).as_millis() * 3 / 2) as usize
}

/// One round: each order once, each killed at a moment of its own, on one journal.
fn by_command(scene: &Scene, longest: usize, dice: &mut Dice, tally: &mut Tally) {
    scene.fresh();
    scene.receiver.calm(0);
    let mut promised: Vec<&str> = Vec::new();
    for (order, words, kinds) in ORDERS {
        let mut child = Running::start(scene.command(&arguments(scene, order)));
        pause(Duration::from_millis(dice.below(longest.max(1)) as u64));
        let over = child.exited().is_some();
        tally.count(if over { "orders that were over" } else { "kills" });
        child.kill();
        pause(Duration::from_millis(2)); // what it wrote last is read by another thread
        if child.said().contains(words) {
            promised.extend(kinds);
            tally.count("orders said to be stored");
        }
        look(scene, &promised, order, tally);
    }
}

fn look(scene: &Scene, promised: &[&str], what: &str, tally: &mut Tally) {
    let entries = match scene.reader.recovered(&scene.journal()) {
        Ok(entries) => entries,
        Err(why) => return tally.fault(format!("{what}: the journal does not open: {why}")),
    };
    let mut found = lost(&entries, promised);
    found.extend(doubled(&entries));
    let effects = scene.receiver.seen().effects;
    if effects > book::count(&entries, "action_sent") {
        found.push(format!("{effects} effects without as many records"));
    }
    tally.judge(what, found);
}

/// What a dashboard is asked for, and the words on its screen.
const KEYS: [(&str, &str, &str); 2] =
    [("a", "Acknowledged and stored", "acknowledged"), ("nk\r", "Note written", "noted")];

/// One dashboard on one journal, killed a moment after the last key.
fn by_keys(scene: &Scene, dice: &mut Dice, tally: &mut Tally) {
    scene.fresh();
    scene.receiver.calm(0);
    let (keys, words, kind) = KEYS[dice.below(KEYS.len())];
    let mut session = scene.dashboard(&[]);
    session.wait_for(&scene.id, secs(30));
    for key in keys.chars() {
        session.keys(key.encode_utf8(&mut [0; 4]));
        if key != '\r' && keys.len() > 1 {
            pause(Duration::from_millis(900)); // neither a fresh dialog nor a burst takes a key
        }
    }
    let deadline = Deadline::after(Duration::from_millis(dice.below(120) as u64));
    while !deadline.passed() {
        pause(Duration::from_millis(1));
    }
    session.signal(rustix::process::Signal::KILL);
    session.wait_exit(secs(10));
    let promised: Vec<&str> =
        if session.screen().contains(words) { vec![kind] } else { Vec::new() };
    tally.count("kills");
    tally.count("of them by keys");
    tally.add("orders said to be stored", promised.len());
    look(scene, &promised, keys, tally);
}

fn attack(plan: Plan) {
    let scene = Scene::broken();
    let mut tally = Tally::new("kill -9", plan);
    let longest = longest(&scene);
    for round in 0.. {
        if tally.counts.get("kills").is_some_and(|kills| *kills >= plan.count) {
            break;
        }
        let mut dice = plan.dice(round);
        by_command(&scene, longest, &mut dice, &mut tally);
        if round % 5 == 4 {
            by_keys(&scene, &mut dice, &mut tally);
        }
    }
    assert!(tally.counts.contains_key("orders said to be stored"), "nothing was ever stored");
    tally.end();
}

#[test]
fn a_kill_takes_nothing_that_was_said_and_doubles_nothing() {
    attack(Plan::slice(30));
}

#[test]
#[ignore = "a thousand kills: ./attack kills"]
fn full() {
    attack(Plan::full(1_000));
}
