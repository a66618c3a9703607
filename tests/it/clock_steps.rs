//! The machine's clock is set under a running watcher, and the watcher itself is stopped for a
//! while: deadlines keep, silence is told in time, a pause of our own is nobody's fault.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::{Signal, kill_process};
use serde_json::{Value, json};

use crate::child::{Running, output};
use crate::product::{json as document, open, tillwatch, told};
use crate::servers::home;
use crate::shim::WallClock;
use crate::stub::{Asked, Said, Stub};
use crate::wait::{eventually, pause, secs, unix_now};

const HOUR: f64 = 3600.0;

/// Checks of checkout that all fail, and a page of changes, until it is told to refuse.
fn answer(refuse: &AtomicBool, asked: &Asked) -> Said {
    if refuse.load(Ordering::Relaxed) {
        return (503, "text/plain", b"down".to_vec());
    }
    let now = unix_now();
    let row =
        |location: &str| json!({ "t": now, "journey": "checkout", "at": location, "ok": false });
    let rows = match asked.path.split('?').next().unwrap_or_default() {
        "/checks" => vec![row("fra"), row("ams"), row("lon")],
        _ => Vec::new(),
    };
    (200, "application/json", Value::from(rows).to_string().into_bytes())
}

fn config(home: &Path, url: &str) -> String {
    let text = format!(
        "[[source]]\nname = \"checks\"\nkind = \"http_json\"\nurl = \"{url}\"\nevery = \"1s\"\n\
         [[source.record]]\nkind = \"check\"\npath = \"/checks\"\ntime = \"t\"\n\
         check = {{ journey = \"journey\", ok = \"ok\", location = \"at\" }}\n"
    );
    let path = home.join("tillwatch.toml");
    std::fs::write(&path, text).expect("written");
    path.display().to_string()
}

/// One machine: its clock, its journal, its config.
struct Machine<'a> {
    home: &'a Path,
    config: String,
    clock: WallClock,
}

impl Machine<'_> {
    fn watch(&self) -> Running {
        let mut command = tillwatch(self.home, &["watch", "--config", &self.config]);
        command.envs(self.clock.environment());
        Running::start(command)
    }

    fn run(&self, args: &[&str]) -> std::process::Output {
        let mut command = tillwatch(self.home, &[args, &["--config", &self.config]].concat());
        command.envs(self.clock.environment());
        output(command)
    }

    fn board(&self) -> Option<Value> {
        let output = self.run(&["once", "--json", "--as", "observer"]);
        (!output.stdout.is_empty()).then(|| document(&output))
    }

    /// Waits for a board that `good` likes.
    fn wait(&self, what: &str, limit: Duration, good: impl Fn(&Value) -> bool) -> Value {
        eventually(what, limit, || self.board().filter(|b| good(b)))
    }

    fn wait_notice(&self, text: &str) -> Value {
        self.wait(text, secs(10), |b| b["notices"].to_string().contains(text))
    }
}

fn due(board: &Value) -> String {
    let incidents = open(board);
    let first = incidents.first().expect("an open incident");
    first["decide_due_at"].as_str().expect("a deadline").to_owned()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_step_of_the_clock_gives_nobody_more_time_and_hides_no_silence() {
    let home = home();
    let refuse = Arc::new(AtomicBool::new(false));
    let refusing = Arc::clone(&refuse);
    let stub = Stub::start(move |asked| answer(&refusing, asked));
    let Some(clock) = WallClock::new(home.path()) else { return };
    let machine = Machine { home: home.path(), config: config(home.path(), &stub.url), clock };
    let watcher = machine.watch();
    let before = machine.wait("an incident", secs(60), |b| !open(b).is_empty());
    let id = text(&open(&before)[0]["id"]);

    machine.clock.set(-HOUR);
    let back = machine.wait_notice("clock stepped back 1h at");
    assert_eq!(due(&back), due(&before), "no later");
    assert!(text(&back["generated_at"]) > text(&before["generated_at"]), "time goes on");
    let ack = machine.run(&["ack", &id]);
    assert_eq!(ack.status.code(), Some(0), "{}", told(&ack));
    let acked = machine.wait("the ack", secs(10), |b| open(b)[0]["acked_at"].is_string());
    assert!(text(&open(&acked)[0]["acked_at"]) >= text(&open(&acked)[0]["opened_at"]));

    machine.clock.set(0.0);
    machine.wait_notice("clock stepped forward 1h at");
    machine.clock.set(600.0);
    let earlier = |b: &Value| due(b) < due(&before);
    machine.wait("ten minutes less to decide", secs(10), earlier);

    kill_process(watcher.pid(), Signal::STOP).expect("stopped");
    pause(secs(12));
    kill_process(watcher.pid(), Signal::CONT).expect("goes on");
    let paused = machine.wait_notice("this watcher was paused 1");
    assert_eq!(open(&paused).len(), 1, "a pause opens nothing");

    machine.clock.set(-86_400.0);
    machine.wait_notice("clock stepped back 24h");
    refuse.store(true, Ordering::Relaxed);
    machine.wait("a source that does not answer", secs(10), |b| b["sources"][0]["state"] != "live");
    drop(watcher);
}

#[test]
fn a_watcher_that_begins_after_the_clock_was_set_back_goes_on_with_the_journals_time() {
    let home = home();
    let stub = Stub::start(|asked| answer(&AtomicBool::new(false), asked));
    let Some(clock) = WallClock::new(home.path()) else { return };
    let machine = Machine { home: home.path(), config: config(home.path(), &stub.url), clock };
    let watcher = machine.watch();
    let before = machine.wait("an incident", secs(60), |b| !open(b).is_empty());
    drop(watcher);
    machine.clock.set(-HOUR);
    let _watcher = machine.watch();
    let after = machine.wait_notice("clock stepped back 1h at");
    assert_eq!(due(&after), due(&before));
    assert!(text(&after["generated_at"]) > text(&before["generated_at"]));
}
