//! A rollback against a receiver in every mood, killed at every moment of its life: at most one
//! effect, the outcome told is true, and after the death the next look shows how far it got.

use rustix::process::Pid;
use serde_json::Value;

use super::book::{self, Entry};
use super::moods::{MOODS, Mood, Truth};
use super::scene::Scene;
use super::shim;
use super::sweep::{arguments, open_answer};
use super::{Plan, Tally, code, run, words};
use crate::child::finish;
use crate::wait::secs;

/// When the product dies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Death {
    Never,
    /// Before or after the write that holds this text is on the disk.
    At(&'static str),
    /// The moment the receiver has read the request.
    Read,
}

/// Each moment with the states in which the action may be found afterwards. "Prepared" and "sent"
/// are one write: there is no moment between them.
const DEATHS: [(Death, &[&str]); 8] = [
    (Death::Never, &[]),
    (Death::At("before:action_prepared"), &["none"]),
    (Death::At("after:action_prepared"), &["sent", "unknown"]),
    (Death::At("before:action_sent"), &["none"]),
    (Death::At("after:action_sent"), &["sent", "unknown"]),
    (Death::Read, &["sent", "unknown"]),
    (Death::At("before:action_answered"), &["sent", "unknown"]),
    (Death::At("after:action_answered"), &[]),
];

/// How the product ended: its code (negative for a kill) and its words.
struct Told {
    code: i32,
    said: String,
}

fn order(scene: &Scene, death: Death) -> Option<Told> {
    let mut command = scene.command(&arguments(scene, "rollback"));
    shim::preload(&mut command, &scene.folder());
    if let Death::At(moment) = death {
        command.env("SHIM_KILL", moment);
    }
    command.stdin(std::process::Stdio::null());
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let child = command.spawn().expect("the product starts");
    if death == Death::Read {
        scene.receiver.victim(Pid::from_child(&child));
    }
    let output = finish(child, secs(20))?;
    Some(Told { code: code(&output), said: words(&output) })
}

/// The state of the newest action as the next look at the board shows it.
fn shown(scene: &Scene) -> Result<String, String> {
    let output = run(scene.command(&["once", "--json"])).ok_or("once hangs")?;
    let board: Value = serde_json::from_slice(&output.stdout).map_err(|e| e.to_string())?;
    let rows = board["incidents"].as_array().cloned().unwrap_or_default();
    let own = rows.iter().find(|i| i["id"] == *scene.id).ok_or("the incident is not shown")?;
    Ok(own["action"]["state"].as_str().unwrap_or("none").to_owned())
}

/// What the words claim; none for words that claim nothing.
fn claim(told: &Told) -> Option<Truth> {
    let said = told.said.to_lowercase();
    match told.code {
        0 if said.contains("accepted") => Some(Truth::Accepted),
        _ if open_answer(&said) => Some(Truth::Unknown),
        _ if said.contains("refused") => Some(Truth::Refused),
        _ if said.contains("not sent") => Some(Truth::NotAccepted),
        _ => None,
    }
}

fn untrue(mood: &Mood, told: &Told) -> Option<String> {
    let claim = claim(told);
    let fits = match mood.truth {
        Truth::Accepted => claim == Some(Truth::Accepted),
        Truth::Refused => claim == Some(Truth::Refused),
        Truth::Unknown => claim == Some(Truth::Unknown),
        // carried out or not, nobody was told: a claim of neither kind would be true
        Truth::NotAccepted if mood.acts => claim == Some(Truth::Unknown),
        Truth::NotAccepted => claim.is_some() && claim != Some(Truth::Accepted),
    };
    (!fits).then(|| format!("{:?} is true, told (exit {}): {}", mood.truth, told.code, told.said))
}

fn look(scene: &Scene, mood: &Mood, death: (Death, &[&str]), told: &Told) -> Vec<String> {
    let seen = scene.receiver.seen();
    let mut found = Vec::new();
    if seen.keys.len() > 1 || seen.effects > 1 || seen.elsewhere > 0 {
        found.push(format!("more than one request: {seen:?}"));
    }
    let entries = match scene.reader.recovered(&scene.journal()) {
        Ok(entries) => entries,
        Err(why) => return vec![format!("the journal is broken: {why}")],
    };
    if !seen.keys.is_empty() && book::count(&entries, "action_sent") != 1 {
        found.push("a request left that is not in the journal".to_owned());
    }
    // some moods are over before a certain moment comes: then it lives
    let died = told.code < 0;
    if !died {
        found.extend(untrue(mood, told));
        found.extend(unlike(&entries, told));
    }
    match shown(scene) {
        Err(why) => found.push(why),
        Ok(state) if died && !death.1.is_empty() && !death.1.contains(&state.as_str()) => {
            found.push(format!("after the death it is shown as {state}"));
        }
        Ok(_) => {}
    }
    let after = scene.receiver.seen();
    if after.keys.len() > seen.keys.len() {
        found.push("the next look sent it again".to_owned());
    }
    found
}

/// The journal and the words of one answer.
fn unlike(entries: &[Entry], told: &Told) -> Option<String> {
    let stored = entries.iter().rev().find(|e| e.kind == "action_answered")?.outcome();
    let fits = match claim(told) {
        Some(Truth::Accepted) => stored == "accepted",
        Some(Truth::Refused) => stored == "refused",
        Some(Truth::Unknown) => stored == "unknown",
        Some(Truth::NotAccepted) => stored == "not_sent",
        None => false,
    };
    (!fits).then(|| format!("stored {stored}, told: {}", told.said))
}

fn attack(plan: Plan) {
    if shim::library().is_none() {
        return;
    }
    let scene = Scene::broken();
    let mut tally = Tally::new("receivers", plan);
    let all = MOODS.len() * DEATHS.len();
    let mut dice = plan.dice(0);
    let offset = dice.below(all);
    for n in 0..plan.count.min(all) {
        // a step that shares no factor with 256 meets every pair once
        let pair = (offset + n * 37) % all;
        let (mood, death) = (pair % MOODS.len(), DEATHS[pair / MOODS.len()]);
        scene.fresh();
        scene.receiver.calm(mood);
        let what = format!("{} {:?}", MOODS[mood].name, death.0);
        match order(&scene, death.0) {
            None => tally.fault(format!("{what}: it hangs")),
            Some(told) => {
                tally.count(if told.code < 0 { "deaths" } else { "answers" });
                let found = look(&scene, &MOODS[mood], death, &told);
                tally.judge(&what, found);
            }
        }
    }
    tally.end();
}

#[test]
fn a_rollback_happens_once_at_most_and_is_told_as_it_was() {
    attack(Plan::slice(16));
}

#[test]
#[ignore = "every mood at every moment: ./attack receivers"]
fn full() {
    attack(Plan::full(256));
}
