//! Two to five people at once, each a process: one effect at the receiver, one record, and whoever
//! lost is told who won. A receiver without keys, so that a second request is a second effect.

use std::process::{Child, Output, Stdio};

use super::book::{self, Entry};
use super::scene::Scene;
use super::{Dice, Plan, Tally, code, run, words};
use crate::child::finish;
use crate::wait::secs;

const PEOPLE: [&str; 5] = ["ana", "ben", "cleo", "dora", "emil"];

/// What they do at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Race {
    Rollback,
    Extend,
    /// One person at several terminals.
    Acknowledge,
    Undo,
    ResolveAndRollback,
    CancelAndDecide,
    CancelAndRollback,
}

const RACES: [Race; 7] = [
    Race::Rollback,
    Race::Extend,
    Race::Acknowledge,
    Race::Undo,
    Race::ResolveAndRollback,
    Race::CancelAndDecide,
    Race::CancelAndRollback,
];

impl Race {
    /// What runner `n` orders.
    fn order(self, scene: &Scene, n: usize) -> Vec<&str> {
        let id = scene.id.as_str();
        let cancel = || vec!["decide", id, "not-incident", "--reason", "a drill"];
        match (self, n % 2) {
            (Self::Rollback, _) | (Self::ResolveAndRollback | Self::CancelAndRollback, 0) => {
                scene.rollback().to_vec()
            }
            (Self::Extend, _) => vec!["timer", id, "--extend", "10m", "--reason", "looking"],
            (Self::Acknowledge, _) => vec!["ack", id],
            (Self::Undo, _) => vec!["ack", id, "--undo"],
            (Self::ResolveAndRollback, _) => vec!["resolve", id, "--reason", "it is over"],
            (Self::CancelAndDecide, 0) => vec!["decide", id, "mitigate", "--reason", "trying"],
            (Self::CancelAndDecide | Self::CancelAndRollback, _) => cancel(),
        }
    }

    /// Who runs as number `n`.
    fn runner(self, n: usize) -> &'static str {
        match self {
            Self::Acknowledge | Self::Undo => PEOPLE[0],
            Self::Rollback
            | Self::Extend
            | Self::ResolveAndRollback
            | Self::CancelAndDecide
            | Self::CancelAndRollback => PEOPLE[n],
        }
    }

    /// What is ordered before, alone.
    fn before(self, scene: &Scene) -> Option<Vec<&str>> {
        match self {
            Self::Extend => Some(vec!["timer", &scene.id, "--start", "30m"]),
            Self::Undo => Some(vec!["ack", &scene.id]),
            Self::Rollback
            | Self::Acknowledge
            | Self::ResolveAndRollback
            | Self::CancelAndDecide
            | Self::CancelAndRollback => None,
        }
    }

    /// The record that may be there once.
    const fn once(self) -> Option<&'static str> {
        match self {
            Self::Rollback | Self::ResolveAndRollback | Self::CancelAndRollback => {
                Some("action_sent")
            }
            Self::Extend => Some("timer_extended"),
            Self::Acknowledge => Some("acknowledged"),
            Self::Undo => Some("ack_undone"),
            Self::CancelAndDecide => None,
        }
    }
}

fn start(scene: &Scene, race: Race, n: usize) -> Child {
    let mut command = scene.command_of(race.runner(n), &race.order(scene, n));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the product starts")
}

/// All at once; what each of them said.
fn round(scene: &Scene, race: Race, runners: usize) -> Option<Vec<Output>> {
    scene.fresh();
    scene.receiver.calm(0);
    if let Some(order) = race.before(scene) {
        let output = run(scene.command_of(PEOPLE[0], &order))?;
        assert_eq!(code(&output), 0, "{order:?}: {}", words(&output));
    }
    let children: Vec<Child> = (0..runners).map(|n| start(scene, race, n)).collect();
    children.into_iter().map(|child| finish(child, secs(30))).collect()
}

/// Nothing is sent or decided after the end.
fn after_the_end(entries: &[Entry]) -> Vec<String> {
    let ends = |e: &&Entry| matches!(e.kind.as_str(), "resolved" | "cancelled");
    let Some(end) = entries.iter().find(ends) else { return Vec::new() };
    let late = entries.iter().filter(|e| e.seq > end.seq).filter(|e| {
        matches!(e.kind.as_str(), "action_prepared" | "action_sent" | "decided" | "cancelled")
    });
    late.map(|e| format!("{} after {}", e.kind, end.kind)).collect()
}

fn look(scene: &Scene, race: Race, outputs: &[Output]) -> Vec<String> {
    let entries = match scene.reader.recovered(&scene.journal()) {
        Ok(entries) => entries,
        Err(why) => return vec![format!("the journal is broken: {why}")],
    };
    let mut found = after_the_end(&entries);
    let seen = scene.receiver.seen();
    if seen.keys.len() > 1 {
        found.push(format!("{} requests, {} effects", seen.keys.len(), seen.effects));
    }
    if seen.keys.len() > book::count(&entries, "action_sent") {
        found.push("a request left that is not in the journal".to_owned());
    }
    if let Some(kind) = race.once() {
        let stored = book::count(&entries, kind);
        let both = matches!(race, Race::ResolveAndRollback | Race::CancelAndRollback);
        if stored > 1 || (stored == 0 && !both) {
            found.push(format!("{kind} is stored {stored} times"));
        }
    }
    found.extend(said(race, outputs, &entries));
    found
}

/// Winners say so and are in the journal; losers name the winner.
fn said(race: Race, outputs: &[Output], entries: &[Entry]) -> Vec<String> {
    let mut found = Vec::new();
    let winners = outputs.iter().filter(|o| code(o) == 0).count();
    if winners == 0 {
        found.push("nobody won".to_owned());
    }
    for (n, output) in outputs.iter().enumerate() {
        let (text, code) = (words(output), code(output));
        if text.contains("panicked") || code < 0 {
            found.push(format!("{} ended badly: {text}", race.runner(n)));
        }
        let alone = race.once().is_some() && matches!(race, Race::Rollback | Race::Extend);
        if code == 0 || !alone {
            continue;
        }
        let names = entries.iter().rev().filter(|e| race.once() == Some(e.kind.as_str()));
        let winner = names.map(Entry::by).next().unwrap_or_default();
        if !text.contains(&winner) {
            found.push(format!("a loser is not told that {winner} won: {}", text.trim()));
        }
    }
    if matches!(race, Race::Rollback | Race::Extend | Race::Acknowledge | Race::Undo) && winners > 1
    {
        found.push(format!("{winners} were told that they won"));
    }
    found
}

fn attack(plan: Plan) {
    let scene = Scene::broken();
    let mut tally = Tally::new("races", plan);
    for n in 0..plan.count {
        let mut dice: Dice = plan.dice(n);
        let race = RACES[n % RACES.len()];
        let runners = 2 + dice.below(PEOPLE.len() - 1);
        let what = format!("{race:?} of {runners}, round {n}");
        tally.count("rounds");
        tally.add("processes", runners);
        match round(&scene, race, runners) {
            None => tally.fault(format!("{what}: somebody hangs")),
            Some(outputs) => {
                let found = look(&scene, race, &outputs);
                tally.judge(&what, found);
            }
        }
    }
    tally.end();
}

#[test]
fn of_several_at_once_one_wins() {
    attack(Plan::slice(14));
}

#[test]
#[ignore = "five hundred rounds: ./attack races"]
fn full() {
    attack(Plan::full(500));
}
