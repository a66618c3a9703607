//! The terminal is given back whatever ends the program, and the program ends when the terminal
//! goes away. Nothing about what is on the screen.

use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

use crate::child::Running;
use crate::product::{BIN, environment};
use crate::pty::Session;
use crate::servers::home;
use crate::skip::program;
use crate::wait::{Deadline, secs};

/// Something every dashboard screen shows once it is useful.
const READY: &str = "Incidents";

/// Leaves through `leave` and checks that modes and line settings are as before.
fn restored_after(leave: impl Fn(&mut Session, Pid)) {
    let home = home();
    let script = "stty -g >before; \"$BIN\" demo calm-day; stty -g >after; echo ended; read x";
    let mut session = Session::shell(home.path(), script, (80, 24));
    session.wait_for(READY, secs(20));
    let product = only_child(session.pid());
    assert!(!session.left_on().is_empty(), "it uses the alternate screen");
    leave(&mut session, product);
    let screen = session.wait_for("ended", secs(30));
    assert_eq!(session.left_on(), Vec::<&str>::new(), "{screen}");
    let settings = |name| std::fs::read_to_string(home.path().join(name)).expect(name);
    assert_eq!(settings("before"), settings("after"));
    session.keys("\r");
    session.wait_exit(secs(30));
}

fn only_child(parent: Pid) -> Pid {
    let path = format!("/proc/{parent}/task/{parent}/children");
    let text = std::fs::read_to_string(path).expect("children");
    let id = text.split_whitespace().next().and_then(|t| t.parse().ok());
    id.and_then(Pid::from_raw).unwrap_or_else(|| panic!("one child, not `{text}`"))
}

#[test]
fn quit_restores_the_terminal() {
    restored_after(|session, _| session.keys("q"));
}

#[test]
fn sigterm_restores_the_terminal() {
    restored_after(|_, pid| kill_process(pid, Signal::TERM).expect("sent"));
}

#[test]
fn sighup_restores_the_terminal() {
    restored_after(|_, pid| kill_process(pid, Signal::HUP).expect("sent"));
}

#[test]
fn sigint_restores_the_terminal() {
    restored_after(|_, pid| kill_process(pid, Signal::INT).expect("sent"));
}

/// What must not stand in a fault's last words.
const SECRET: &str = "hunter22";

/// A fault in `place` ends the program with 101, the terminal as it was, and words without secrets.
fn restored_after_a_fault(place: &str) {
    let home = home();
    let script = "stty -g >before; TILLWATCH_FAULT=\"$FAULT\" \"$BIN\" demo calm-day; \
                  echo \"ended $?\"; stty -g >after; read x";
    let fault =
        format!("{place} at https://ana:{SECRET}@host/ Bearer {SECRET} token={SECRET} over");
    let script = format!("FAULT='{fault}'; {script}");
    let mut session = Session::shell(home.path(), &script, (100, 24));
    let screen = session.wait_for("ended", secs(60));
    assert!(screen.contains("ended 101"), "{screen}");
    assert_eq!(session.left_on(), Vec::<&str>::new(), "{screen}");
    assert!(screen.contains("tillwatch: fault at") && screen.contains("over"), "{screen}");
    assert!(!String::from_utf8_lossy(&session.bytes()).contains(SECRET), "{screen}");
    session.keys("\r");
    session.wait_exit(secs(30));
    let settings = |name| std::fs::read_to_string(home.path().join(name)).expect(name);
    assert_eq!(settings("before"), settings("after"));
}

#[test]
fn a_fault_while_drawing_restores_the_terminal_and_tells_no_secret() {
    restored_after_a_fault("draw");
}

#[test]
fn a_fault_in_the_watcher_restores_the_terminal_and_tells_no_secret() {
    restored_after_a_fault("watcher");
}

#[test]
fn a_fault_in_a_source_leaves_the_screen_and_is_told_as_its_failure() {
    let home = home();
    let fault = format!("poller Bearer {SECRET}");
    let more = [("TILLWATCH_FAULT", fault.as_str())];
    let args = ["demo", "calm-day"];
    let mut session = Session::tillwatch_with(home.path(), &args, (120, 30), &more);
    session.wait_for(READY, secs(20));
    session.keys("6");
    session.wait_for("a fault in this program", secs(20));
    assert!(!String::from_utf8_lossy(&session.bytes()).contains(SECRET));
    session.keys("q");
    assert!(session.wait_exit(secs(30)).success());
}

/// `script` is the terminal here: killing it makes the terminal vanish under the program.
fn ends_without_terminal(before: &str) {
    let Some(script) = program("script") else { return };
    let home = home();
    let inner = format!("stty cols 80 rows 24; {before} echo pid=$$; exec {BIN} demo calm-day");
    let mut command = Command::new(script);
    command.args(["-q", "-e", "-f", "-c", &inner, "/dev/null"]).current_dir(home.path());
    command.env_clear().envs(environment(home.path()));
    let mut terminal = Running::start_with_input(command);
    let line = terminal.wait_line("process id", secs(10), |l| l.contains("pid="));
    let id = line.split("pid=").nth(1).and_then(|t| t.trim().parse().ok());
    let product = id.and_then(Pid::from_raw).expect("a process id");
    let watched = pidfd_open(product, PidfdFlags::empty()).expect("the program runs");
    terminal.wait_text(READY, secs(20));
    terminal.kill();
    let ended = gone(&watched, secs(30));
    if !ended {
        kill_process(product, Signal::KILL).ok();
    }
    assert!(ended, "it lives on without a terminal");
}

fn gone(process: &impl std::os::fd::AsFd, limit: Duration) -> bool {
    let deadline = Deadline::after(limit);
    loop {
        let left = Timespec::try_from(deadline.left()).expect("a span");
        let mut fds = [PollFd::new(process, PollFlags::IN)];
        match poll(&mut fds, Some(&left)) {
            Ok(n) => return n > 0,
            Err(e) => assert_eq!(e, rustix::io::Errno::INTR),
        }
    }
}

#[test]
fn it_ends_when_the_terminal_goes_away() {
    ends_without_terminal("");
}

#[test]
fn it_ends_when_the_terminal_goes_away_and_hangups_are_ignored() {
    ends_without_terminal("trap '' HUP;");
}

#[test]
fn tiny_and_huge_windows_are_survived() {
    let home = home();
    let mut session = Session::tillwatch(home.path(), &["demo", "calm-day"], (80, 24));
    session.wait_for(READY, secs(20));
    for size in [(1, 1), (2, 1), (1, 30), (20, 5), (500, 200), (79, 23)] {
        session.resize(size);
    }
    session.resize((120, 40));
    session.wait_for(READY, secs(30));
    session.keys("q");
    assert!(session.wait_exit(secs(30)).success());
}

/// A terminal cuts or scrolls what stands there when its size changes; on a quiet page nothing but
/// the change itself asks for a drawing. The last change comes back to the first size.
#[test]
fn a_quiet_page_is_drawn_whole_after_each_resize() {
    let home = home();
    let mut session = Session::tillwatch(home.path(), &["demo", "calm-day"], (80, 24));
    session.wait_for(READY, secs(20));
    session.keys("7");
    session.wait_for("tillwatch demo shop Journal", secs(30));
    let whole = |rows: usize| {
        move |screen: &str| {
            let lines: Vec<&str> = screen.lines().collect();
            let top = lines.first().is_some_and(|l| l.contains("UTC"));
            let foot = lines.get(rows - 1).is_some_and(|l| l.contains("q quit"));
            top && foot
        }
    };
    session.wait_until("a whole page", secs(30), whole(24));
    for _ in 0..3 {
        session.resize((60, 14));
        session.wait_until("the small page", secs(30), whole(14));
        session.resize((80, 24));
        session.wait_until("the large page", secs(30), whole(24));
    }
    // faster than it is drawn, and with what stood there gone
    session.resize((70, 20));
    session.resize((80, 24));
    session.blank();
    session.signal(Signal::WINCH);
    session.wait_until("the page again", secs(30), whole(24));
    session.keys("q");
    assert!(session.wait_exit(secs(30)).success());
}

#[test]
fn a_closed_output_is_no_panic() {
    let home = home();
    let command = format!("{BIN} keys | head -1 >/dev/null; {BIN} themes >/dev/full");
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", &command]).env_clear().envs(environment(home.path()));
    let output = crate::child::output(shell);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!errors.contains("panicked"), "{errors}");
    assert_eq!(output.status.signal(), None);
}
