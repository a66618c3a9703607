//! The I/O sweep: call k of each kind fails, once or from then on, for k = 1, 2, 3 ... until the
//! command gets by without a fault. What the product says and what is in the journal agree, and the
//! next command works. Orders only; the opening of an incident is `opening`.

use std::path::Path;
use std::process::Output;

use super::book::{self, Entry};
use super::moods::MOODS;
use super::scene::Scene;
use super::shim;
use super::{Plan, Tally, code, run, words};

/// Kind of call, as the shim names it, and its letter in the count.
pub const KINDS: [(&str, u8); 7] = [
    ("open", b'o'),
    ("write", b'w'),
    ("sync", b's'),
    ("truncate", b't'),
    ("unlink", b'u'),
    ("rename", b'n'),
    ("mmap", b'm'),
];
/// How it fails; `SHORT` is for writes.
pub const WAYS: [&str; 4] = ["ENOSPC", "EIO", "EROFS", "SHORT"];
pub const MODES: [&str; 2] = ["once", "on"];

/// An order and the record that makes it stored.
const ORDERS: [(&str, &str); 4] = [
    ("ack", "acknowledged"),
    ("note", "noted"),
    ("decide", "decided"),
    ("rollback", "action_prepared"),
];

pub fn arguments<'a>(scene: &'a Scene, order: &'a str) -> Vec<&'a str> {
    match order {
        "note" => vec!["note", &scene.id, "written under fire"],
        "decide" => vec!["decide", &scene.id, "mitigate", "--reason", "under fire"],
        "rollback" => scene.rollback().to_vec(),
        _ => vec!["ack", &scene.id],
    }
}

/// One fault: letter of its kind, the shim's words for it.
pub struct Fault {
    pub letter: u8,
    pub nth: usize,
    pub text: String,
}

impl Fault {
    /// Whether so many calls of its kind were counted.
    pub fn struck(&self, counted: &Path) -> bool {
        let calls = String::from_utf8(std::fs::read(counted).unwrap_or_default());
        let same = |letter: &char| *letter == char::from(self.letter);
        calls.unwrap_or_default().chars().filter(same).count() >= self.nth
    }
}

/// Every way in which call `nth` of one kind may fail.
pub fn faults(kind: (&str, u8), nth: usize) -> Vec<Fault> {
    let mut all = Vec::new();
    for way in WAYS.iter().filter(|w| **w != "SHORT" || kind.0 == "write") {
        for mode in MODES {
            let text = format!("{}:{nth}:{way}:{mode}", kind.0);
            all.push(Fault { letter: kind.1, nth, text });
        }
    }
    all
}

/// What came of one order with one fault.
struct Shot {
    output: Option<Output>,
    /// The fault really struck.
    struck: bool,
}

fn shoot(scene: &Scene, order: &str, fault: &Fault) -> Shot {
    scene.fresh();
    scene.receiver.calm(0);
    let counted = scene.beside("calls");
    std::fs::remove_file(&counted).ok();
    let mut command = scene.command(&arguments(scene, order));
    shim::preload(&mut command, &scene.folder());
    command.env("SHIM_FAIL", &fault.text).env("SHIM_COUNT", &counted);
    let output = run(command);
    Shot { output, struck: fault.struck(&counted) }
}

fn sweep(plan: Plan, every: usize) {
    if shim::library().is_none() {
        return;
    }
    let scene = Scene::broken();
    let mut tally = Tally::new("I/O sweep", plan);
    let mut turn = plan.seed as usize;
    for (order, record) in ORDERS {
        for kind in KINDS {
            for nth in 1.. {
                let mut struck = false;
                for fault in faults(kind, nth) {
                    turn += 1;
                    if !turn.is_multiple_of(every) {
                        continue;
                    }
                    let shot = shoot(&scene, order, &fault);
                    struck |= shot.struck;
                    if shot.struck {
                        tally.count("failed calls");
                        let what = format!("{order} {}", fault.text);
                        let found = look(&scene, order, record, shot.output.as_ref());
                        tally.judge(&what, found);
                    }
                }
                // a slice leaves faults out: it goes on to where the whole sweep would end
                if (every == 1 && !struck) || nth >= plan.count {
                    break;
                }
            }
        }
    }
    tally.end();
}

/// What is wrong with what was said, in the light of what is in the journal.
fn look(scene: &Scene, order: &str, record: &str, output: Option<&Output>) -> Vec<String> {
    let Some(output) = output else { return vec!["it hangs".to_owned()] };
    let said = words(output);
    let mut found = Vec::new();
    if said.contains("panicked") || code(output) < 0 || code(output) == 101 {
        found.push(format!("it does not end by itself: {said}"));
    }
    let mut next = scene.command(&["note", &scene.id, "the next one"]);
    next.env("RUST_BACKTRACE", "0");
    let next = run(next);
    if next.as_ref().is_none_or(|o| code(o) != 0) {
        let said = next.as_ref().map(words);
        found.push(format!("the next command does not work: {said:?}"));
    }
    let entries = match scene.reader.recovered(&scene.journal()) {
        Ok(entries) => entries,
        Err(why) => {
            found.push(format!("the journal is broken: {why}"));
            return found;
        }
    };
    let mine = entries.iter().filter(|e| !e.body.contains("the next one"));
    let mine: Vec<Entry> = mine.cloned().collect();
    let next = entries.len() - mine.len();
    if next != 1 {
        found.push(format!("the next note is stored {next} times"));
    }
    let stored = book::count(&mine, record);
    let yes = code(output) == 0;
    let wrong = match order {
        "rollback" => sent(scene, &mine, output),
        _ if yes && stored != 1 => Some(format!("said stored, is there {stored} times")),
        _ if !yes && stored != 0 && !open_answer(&said) => {
            Some(format!("said not stored, is there {stored} times"))
        }
        _ => None,
    };
    found.extend(wrong.map(|w| format!("{w}; exit {}: {}", code(output), said.trim())));
    found
}

/// It says that it cannot know, and where to look.
pub fn open_answer(said: &str) -> bool {
    let said = said.to_lowercase();
    ["may be stored", "may have been stored", "may be in the journal", "stored or not", "unknown"]
        .iter()
        .any(|words| said.contains(words))
}

/// What is wrong with a rollback: its words, its records, its effect.
fn sent(scene: &Scene, entries: &[Entry], output: &Output) -> Option<String> {
    let effects = scene.receiver.seen().effects;
    let of = |kind| book::count(entries, kind);
    let (prepared, sent, answered) =
        (of("action_prepared"), of("action_sent"), of("action_answered"));
    let (yes, said) = (code(output) == 0, words(output));
    if effects > 1 || prepared > 1 || sent > 1 {
        return Some(format!("{effects} effects, {prepared} prepared, {sent} sent"));
    }
    if effects == 1 && (prepared, sent) != (1, 1) {
        return Some("an effect without a stored intent".to_owned());
    }
    if yes && (effects, answered) != (1, 1) {
        return Some(format!("said accepted: {effects} effects, {answered} answers stored"));
    }
    let told = open_answer(&said) || said.contains("accepted");
    if !yes && effects == 1 && !told {
        return Some("it was carried out and nothing says so".to_owned());
    }
    None
}

#[test]
fn a_call_that_fails_is_never_a_lie() {
    sweep(Plan::slice(3), 12);
}

#[test]
#[ignore = "the full sweep: ./attack sweep"]
fn full() {
    sweep(Plan::full(500), 1);
}

#[test]
fn the_moods_are_those_the_table_names() {
    let names: std::collections::BTreeSet<_> = MOODS.iter().map(|m| m.name).collect();
    assert_eq!(names.len(), 32);
}
