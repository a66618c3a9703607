//! The I/O sweep over the opening of an incident: a watcher starts on a shop that is broken, and
//! call k on its way to the stored incident fails. The incident is there once when writes work
//! again, can be acknowledged, and the watcher neither panics nor outlives its signal.

use rustix::process::{Signal, kill_process};

use super::book;
use super::scene::Scene;
use super::shim;
use super::sweep::{Fault, KINDS, faults};
use super::{Plan, Tally, code, run, words};
use crate::child::Running;
use crate::wait::{Deadline, pause, secs};

/// Looked for so often.
const STEP: std::time::Duration = std::time::Duration::from_millis(20);
/// A watcher that finds no usable journal ends with this.
const NO_JOURNAL: i32 = 5;

/// A step of the sweep: a watcher on its way, and its fault.
struct Step<'a> {
    scene: &'a Scene,
    fault: &'a Fault,
    watcher: Running,
}

/// Waits until `pass`; false when it does not come.
fn within(seconds: u64, mut pass: impl FnMut() -> bool) -> bool {
    let deadline = Deadline::after(secs(seconds));
    while !pass() {
        if deadline.passed() {
            return false;
        }
        pause(STEP);
    }
    true
}

impl<'a> Step<'a> {
    fn start(scene: &'a Scene, fault: &'a Fault) -> Self {
        scene.fresh();
        std::fs::remove_file(scene.beside("calls")).ok();
        std::fs::write(scene.beside("arm"), "").expect("armed");
        let mut command = scene.command(&["watch"]);
        shim::preload(&mut command, &scene.folder());
        command.env("SHIM_FAIL", &fault.text).env("SHIM_ARM", scene.beside("arm"));
        command.env("SHIM_COUNT", scene.beside("calls"));
        Self { scene, fault, watcher: Running::start(command) }
    }

    fn opened(&self) -> usize {
        let entries = self.scene.reader.rows(&self.scene.journal()).unwrap_or_default();
        book::count(&entries, "opened")
    }

    /// The fault; true when it struck before the incident was stored.
    fn strike(&mut self) -> bool {
        let ended = within(3, || self.opened() > 0 || self.watcher.exited().is_some());
        let struck = self.fault.struck(&self.scene.beside("calls"));
        // from now on writes work again
        std::fs::remove_file(self.scene.beside("arm")).ok();
        if struck && !ended {
            within(10, || self.opened() > 0 || self.watcher.exited().is_some());
        }
        struck
    }

    fn look(mut self) -> Vec<String> {
        let mut found = Vec::new();
        if let Some(status) = self.watcher.exited() {
            let said = self.watcher.said();
            if status.code() != Some(NO_JOURNAL) || !said.contains("journal") {
                found.push(format!("the watcher ended by itself: {status}, {said}"));
            }
            // as whoever started it starts it again
            self.watcher = Running::start(self.scene.command(&["watch"]));
            within(10, || self.opened() > 0);
        }
        if self.opened() != 1 {
            let board = self.scene.reader.board(&self.scene.journal()).unwrap_or_default();
            found.push(format!(
                "opened {} times, 10 s after writes work again; notices {:?}, {} incidents, {}",
                self.opened(),
                board.notices,
                board.incidents.len(),
                self.watcher.said()
            ));
        }
        kill_process(self.watcher.pid(), Signal::TERM).ok();
        if !within(5, || self.watcher.exited().is_some()) {
            found.push("it does not end within 5 s of SIGTERM".to_owned());
        }
        let said = self.watcher.said();
        if said.contains("panicked") {
            found.push(said);
        }
        match self.scene.reader.recovered(&self.scene.journal()) {
            Err(why) => found.push(format!("the journal is broken: {why}")),
            Ok(entries) => match entries.iter().find(|e| e.kind == "opened") {
                Some(one) if found.is_empty() => {
                    let output = run(self.scene.command(&["ack", &one.incident]));
                    if output.as_ref().is_none_or(|o| code(o) != 0) {
                        let said = output.as_ref().map(words);
                        found.push(format!("it cannot be acknowledged: {said:?}"));
                    }
                }
                Some(_) | None => {}
            },
        }
        found
    }
}

/// `every`: of so many faults one is tried; a sweep of all goes on until none strikes any more.
fn sweep(plan: Plan, every: usize) {
    if shim::library().is_none() {
        return;
    }
    let scene = Scene::about_to_break();
    let mut tally = Tally::new("I/O sweep, opening", plan);
    let mut turn = plan.seed as usize;
    for kind in KINDS {
        for nth in 1..=plan.count {
            let mut struck = false;
            for fault in faults(kind, nth) {
                turn += 1;
                if !turn.is_multiple_of(every) {
                    continue;
                }
                let mut step = Step::start(&scene, &fault);
                if step.strike() {
                    struck = true;
                    tally.count("failed calls");
                    let found = step.look();
                    tally.judge(&format!("open {}", fault.text), found);
                }
            }
            if every == 1 && !struck {
                break;
            }
        }
    }
    tally.end();
}

#[test]
fn an_incident_that_opens_while_a_call_fails_is_kept() {
    sweep(Plan::slice(6), 11);
}

#[test]
#[ignore = "every call of an opening: ./attack opening"]
fn full() {
    sweep(Plan::full(500), 1);
}
