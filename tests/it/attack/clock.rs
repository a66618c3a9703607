//! The wall clock steps under a watcher with an open incident, its source alive or dying at that
//! moment: no deadline gets later, the step is told where it matters, and a dead source is not
//! called live. The clock is that of `crate::shim`; monotonic time stays true.

use rustix::process::{Signal, kill_process};
use tillwatch::board::{Board, SourceState};

use super::scene::Scene;
use super::{Plan, Tally, code, run, words};
use crate::child::Running;
use crate::shim::WallClock;
use crate::wait::{Deadline, pause, secs, unix_now};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// Steps in milliseconds; `TO_1970` is made of the present.
const STEPS: [i64; 12] = [
    -1_000,
    -2_500,
    -10_000,
    -60_000,
    -600_000,
    -HOUR * 1000,
    -DAY * 1000,
    -365 * DAY * 1000,
    TO_1970,
    HOUR * 1000,
    DAY * 1000,
    3650 * DAY * 1000,
];
const TO_1970: i64 = i64::MIN;
/// A step that nobody needs to hear of.
const SMALL: i64 = 2_000;
/// What reading and storing may add, milliseconds.
const SLACK: i64 = 2_500;

fn seconds(step: i64) -> f64 {
    if step == TO_1970 { (DAY - unix_now()) as f64 } else { step as f64 / 1000.0 }
}

/// Milliseconds left until each deadline, by the board's own time.
fn left(board: &Board) -> Vec<(&'static str, i64)> {
    let Some(incident) = board.incidents.first() else { return Vec::new() };
    let dues = [("decide", incident.decide_due_at), ("timer", incident.timer_due_at)];
    let span = |due: tillwatch::domain::time::Timestamp| due.since(board.generated_at).millis();
    dues.into_iter().filter_map(|(name, due)| Some((name, span(due?)))).collect()
}

struct Watched {
    scene: Scene,
    watcher: Running,
    clock: WallClock,
    began: Deadline,
}

/// Long enough for one step.
const LONG: u64 = 600;

impl Watched {
    /// A watcher, its incident, an acknowledgement and a timer of two hours.
    fn start() -> Option<Self> {
        let mut scene = Scene::calm();
        let clock = WallClock::new(scene.home())?;
        scene.breaks();
        let mut command = scene.command(&["watch"]);
        command.envs(clock.environment());
        let watcher = Running::start(command);
        scene.wait_incident();
        for order in [vec!["ack", &scene.id], vec!["timer", &scene.id, "--start", "2h"]] {
            let mut command = scene.command(&order);
            command.envs(clock.environment());
            let output = run(command).expect("it ends");
            assert_eq!(code(&output), 0, "{order:?}: {}", words(&output));
        }
        pause(secs(3));
        Some(Self { scene, watcher, clock, began: Deadline::after(secs(LONG)) })
    }

    fn board(&self) -> Board {
        self.scene.reader.board(&self.scene.journal()).unwrap_or_default()
    }

    /// True milliseconds since it stood ready.
    fn passed(&self) -> i64 {
        i64::try_from(secs(LONG).saturating_sub(self.began.left()).as_millis()).unwrap_or(0)
    }

    fn look(mut self, step: i64, dies: bool) -> Vec<String> {
        let (before, began) = (self.board(), self.passed());
        if dies {
            self.scene.dies();
        }
        self.clock.set(seconds(step));
        pause(secs(6));
        let (after, took) = (self.board(), self.passed() - began);
        let mut found = Vec::new();
        if after.generated_at == before.generated_at {
            found.push("the board stands still".to_owned());
        }
        for (name, was) in left(&before) {
            let now = left(&after).into_iter().find(|(n, _)| *n == name).map(|(_, ms)| ms);
            if let Some(now) = now.filter(|now| *now > was - took + SLACK) {
                found.push(format!("{name}: {was} ms were left, {took} ms later {now} ms"));
            }
        }
        let told = after.notices.iter().any(|n| n.to_lowercase().contains("clock"));
        if told != (step == TO_1970 || step.abs() > SMALL) {
            found.push(format!("notices: {:?}", after.notices));
        }
        let live = after.sources.iter().any(|s| s.state == SourceState::Live);
        if dies == live {
            found.push(format!("its source {}", if live { "is live" } else { "is not live" }));
        }
        found.extend(self.end());
        found
    }

    fn end(&mut self) -> Vec<String> {
        kill_process(self.watcher.pid(), Signal::TERM).ok();
        let deadline = Deadline::after(secs(5));
        while self.watcher.exited().is_none() && !deadline.passed() {
            pause(std::time::Duration::from_millis(50));
        }
        let bad = self.watcher.exited().is_none() || self.watcher.said().contains("panicked");
        if bad { vec![format!("it ends badly: {}", self.watcher.said())] } else { Vec::new() }
    }
}

fn attack(plan: Plan) {
    let mut tally = Tally::new("clock steps", plan);
    let first = plan.dice(0).below(24);
    for n in 0..plan.count.min(24) {
        let pair = (first + n * 5) % 24;
        let (step, dies) = (STEPS[pair / 2], pair % 2 == 1);
        let Some(watched) = Watched::start() else { return };
        let what = format!("{} s, source {}", seconds(step), if dies { "dies" } else { "lives" });
        tally.count("steps");
        let found = watched.look(step, dies);
        tally.judge(&what, found);
    }
    tally.end();
}

#[test]
fn a_step_of_the_clock_makes_nothing_later() {
    attack(Plan::slice(2));
}

#[test]
#[ignore = "twenty-four steps: ./attack clock"]
fn full() {
    attack(Plan::full(24));
}
