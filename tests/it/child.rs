//! Child processes of the tests: started in their own group, ended by id, checked to be gone.
//! Lines of their output can be awaited; nothing is ever ended by name.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process_group};

use crate::wait::{Deadline, eventually, secs};

/// A running child with both outputs read line by line.
pub struct Running {
    pub name: String,
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
    /// Its own process group; off when it must keep ours.
    grouped: bool,
}

impl Running {
    pub fn start(mut command: Command) -> Self {
        let name = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn().unwrap_or_else(|e| panic!("{name}: {e}"));
        let (tx, lines) = channel();
        for pipe in [
            child.stdout.take().map(|p| Box::new(p) as Box<dyn Read + Send>),
            child.stderr.take().map(|p| Box::new(p) as Box<dyn Read + Send>),
        ] {
            let (tx, pipe) = (tx.clone(), pipe.expect("a pipe"));
            std::thread::spawn(move || {
                for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
                    // nobody listens any more once the test is over: read on, so that it can write
                    tx.send(String::from_utf8_lossy(&line).into_owned()).ok();
                }
            });
        }
        Self { name, child, lines, seen: Vec::new(), grouped: true }
    }

    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// The next line that passes, or a panic with everything it said.
    pub fn wait_line(
        &mut self,
        what: &str,
        limit: Duration,
        pass: impl Fn(&str) -> bool,
    ) -> String {
        let deadline = Deadline::after(limit);
        loop {
            match self.lines.recv_timeout(deadline.left()) {
                Ok(line) => {
                    self.seen.push(line.clone());
                    if pass(&line) {
                        return line;
                    }
                }
                Err(e) => {
                    let said = self.said();
                    panic!("{}: no {what} ({e}); it said:\n{said}", self.name)
                }
            }
        }
    }

    /// Everything it wrote up to now.
    pub fn said(&mut self) -> String {
        self.seen.extend(self.lines.try_iter());
        self.seen.join("\n")
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("the child is there");
    }

    pub fn kill(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }

    pub fn wait_exit(&mut self, limit: Duration) -> ExitStatus {
        let name = self.name.clone();
        eventually(&format!("{name} ends"), limit, || self.child.try_wait().expect("a child"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let group = self.pid();
        if self.child.try_wait().ok().flatten().is_none() {
            self.child.kill().ok();
        }
        self.child.wait().ok();
        if self.grouped && test_kill_process_group(group).is_ok() {
            // a grandchild was left behind: end it, and say so if nothing has failed yet
            kill_process_group(group, Signal::KILL).ok();
            assert!(std::thread::panicking(), "{} left children behind", self.name);
        }
    }
}

/// Runs to the end, at most a minute; panics when it hangs.
pub fn output(mut command: Command) -> Output {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let text = format!("{command:?}");
    let mut child = command.spawn().unwrap_or_else(|e| panic!("{text}: {e}"));
    let mut pipes = (child.stdout.take().expect("a pipe"), child.stderr.take().expect("a pipe"));
    let (tx, rx) = channel();
    std::thread::spawn(move || {
        let mut err = Vec::new();
        let errors = std::thread::spawn(move || pipes.1.read_to_end(&mut err).map(|_| err));
        let mut out = Vec::new();
        pipes.0.read_to_end(&mut out).ok();
        tx.send((out, errors.join().unwrap().unwrap_or_default())).ok();
    });
    let read = rx.recv_timeout(secs(120));
    if read.is_err() {
        child.kill().ok();
    }
    let status = child.wait().expect("a child");
    let (stdout, stderr) = read.unwrap_or_else(|_| panic!("{text}: hung"));
    Output { status, stdout, stderr }
}
