//! Child processes of the tests: started in their own group, ended by id, checked to be gone.
//! Their output can be awaited; nothing is ever ended by name.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::channel;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

use crate::wait::secs;

/// What a child has written so far, both outputs in one.
#[derive(Default)]
struct Heard {
    text: String,
    /// Outputs still open.
    open: usize,
}

/// A running child whose outputs are read as they come.
pub struct Running {
    pub name: String,
    child: Child,
    heard: Arc<(Mutex<Heard>, Condvar)>,
}

impl Running {
    pub fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null());
        Self::spawn(command)
    }

    /// The same with an input that stays open and says nothing.
    pub fn start_with_input(mut command: Command) -> Self {
        command.stdin(Stdio::piped());
        Self::spawn(command)
    }

    fn spawn(mut command: Command) -> Self {
        let name = command.get_program().to_string_lossy().into_owned();
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn().unwrap_or_else(|e| panic!("{name}: {e}"));
        let heard = Arc::new((Mutex::new(Heard { text: String::new(), open: 2 }), Condvar::new()));
        let (out, err) = (child.stdout.take().expect("a pipe"), child.stderr.take());
        let (for_out, for_err) = (Arc::clone(&heard), Arc::clone(&heard));
        std::thread::spawn(move || listen(out, &for_out));
        std::thread::spawn(move || listen(err.expect("a pipe"), &for_err));
        Self { name, child, heard }
    }

    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// The first whole line that passes, or a panic with everything it said.
    pub fn wait_line(&self, what: &str, limit: Duration, pass: impl Fn(&str) -> bool) -> String {
        self.wait(what, limit, |text| {
            let whole = text.rsplit_once('\n').map_or("", |(lines, _)| lines);
            whole.lines().find(|line| pass(line)).map(str::to_owned)
        })
    }

    pub fn wait_text(&self, text: &str, limit: Duration) {
        self.wait(text, limit, |said| said.contains(text).then_some(()));
    }

    fn wait<T>(&self, what: &str, limit: Duration, find: impl Fn(&str) -> Option<T>) -> T {
        let guard = self.heard.0.lock().unwrap();
        let more = |heard: &mut Heard| heard.open > 0 && find(&heard.text).is_none();
        let (guard, _) = self.heard.1.wait_timeout_while(guard, limit, more).unwrap();
        let text = guard.text.clone();
        drop(guard);
        find(&text).unwrap_or_else(|| panic!("{}: no {what}; it said:\n{text}", self.name))
    }

    /// Everything it wrote up to now.
    pub fn said(&self) -> String {
        self.heard.0.lock().unwrap().text.clone()
    }

    pub fn kill(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }

    /// How it ended, when it did.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let group = self.pid();
        if self.child.try_wait().ok().flatten().is_none() {
            self.child.kill().ok();
        }
        self.child.wait().ok();
        if test_kill_process_group(group).is_ok() {
            // a grandchild was left behind: end it, and say so if nothing has failed yet
            kill_process_group(group, Signal::KILL).ok();
            assert!(std::thread::panicking(), "{} left children behind", self.name);
        }
    }
}

fn listen(mut pipe: impl Read, heard: &(Mutex<Heard>, Condvar)) {
    let mut chunk = [0; 8192];
    while let Ok(n) = pipe.read(&mut chunk) {
        let Some(bytes) = chunk.get(..n).filter(|b| !b.is_empty()) else { break };
        heard.0.lock().unwrap().text.push_str(&String::from_utf8_lossy(bytes));
        heard.1.notify_all();
    }
    heard.0.lock().unwrap().open -= 1;
    heard.1.notify_all();
}

/// Runs to the end, at most two minutes; panics when it hangs.
pub fn output(command: Command) -> Output {
    output_within(command, secs(120))
}

/// The same for work that may take longer.
pub fn output_within(command: Command, limit: Duration) -> Output {
    let text = format!("{command:?}");
    output_or_hang(command, limit).unwrap_or_else(|| panic!("{text}: hung"))
}

/// The same; none when it had to be ended after `limit`.
pub fn output_or_hang(mut command: Command, limit: Duration) -> Option<Output> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    finish(child, limit)
}

/// Waits for a child with piped outputs; none when it had to be ended after `limit`.
pub fn finish(mut child: Child, limit: Duration) -> Option<Output> {
    let mut pipes = (child.stdout.take().expect("a pipe"), child.stderr.take().expect("a pipe"));
    let (tx, rx) = channel();
    std::thread::spawn(move || {
        let mut err = Vec::new();
        let errors = std::thread::spawn(move || pipes.1.read_to_end(&mut err).map(|_| err));
        let mut out = Vec::new();
        pipes.0.read_to_end(&mut out).ok();
        tx.send((out, errors.join().unwrap().unwrap_or_default())).ok();
    });
    let read = rx.recv_timeout(limit);
    if read.is_err() {
        child.kill().ok();
    }
    let status = child.wait().expect("a child");
    let (stdout, stderr) = read.ok()?;
    Some(Output { status, stdout, stderr })
}
