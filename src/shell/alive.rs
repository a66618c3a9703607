//! Who asks for the lease, written so that others on the same machine can tell when it is gone.
//! Says "gone" only when the kernel says so; in every doubt the holder lives and its lease counts.

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

/// A process, once and for all: a number used again has another start, another boot another id,
/// another container another space of numbers.
#[derive(Clone, PartialEq, Eq, Debug)]
struct OwnerName<'a> {
    host: &'a str,
    pid: &'a str,
    start: &'a str,
    space: &'a str,
    boot: &'a str,
}

/// This process, for the lease: `host:pid:start:space:boot`; what the system does not tell is `?`.
pub fn own_name() -> String {
    let pid = std::process::id();
    let start = stat(pid).map_or_else(unknown, |s| s.start);
    let space = std::fs::read_link("/proc/self/ns/pid").ok();
    let space = space.and_then(|link| digits(&link.to_string_lossy())).unwrap_or_else(unknown);
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
    let boot = boot.map_or_else(|_| unknown(), |text| text.trim().to_owned());
    format!("{}:{pid}:{start}:{space}:{boot}", super::identity::host())
}

/// The kernel's name for this start of this machine; none where it does not tell.
pub fn boot() -> Option<u128> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    u128::from_str_radix(&text.trim().replace('-', ""), 16).ok()
}

/// True when the process called `name` was on this machine and is certainly not any more.
pub fn is_gone(name: &str) -> bool {
    let Some(theirs) = OwnerName::of(name).filter(|_| is_here(name)) else { return false };
    let Some(pid) = theirs.pid.parse().ok().and_then(Pid::from_raw) else { return false };
    if test_kill_process(pid) == Err(Errno::SRCH) {
        return true;
    }
    let now = stat(pid.as_raw_nonzero().get().unsigned_abs());
    now.is_some_and(|now| now.start != theirs.start || now.is_over())
}

/// True when the process called `name` certainly is or was one of this machine as it runs now.
pub fn is_here(name: &str) -> bool {
    let own = own_name();
    let (Some(theirs), Some(own)) = (OwnerName::of(name), OwnerName::of(&own)) else {
        return false;
    };
    let told = [theirs.start, theirs.space, theirs.boot].iter().all(|part| *part != "?");
    told && (theirs.host, theirs.space, theirs.boot) == (own.host, own.space, own.boot)
}

/// `host` and `pid` of a lease's owner, for people.
pub fn place(name: &str) -> String {
    OwnerName::of(name).map_or_else(|| name.to_owned(), |n| format!("{} pid {}", n.host, n.pid))
}

impl<'a> OwnerName<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let mut parts = text.rsplitn(5, ':');
        let (boot, space, start) = (parts.next()?, parts.next()?, parts.next()?);
        let (pid, host) = (parts.next()?, parts.next()?);
        Some(Self { host, pid, start, space, boot })
    }
}

/// What proc(5) says of a process.
struct Stat {
    state: char,
    threads: String,
    start: String,
}

impl Stat {
    /// Dead and not yet waited for, with no thread left that could still write.
    fn is_over(&self) -> bool {
        matches!(self.state, 'Z' | 'X') && self.threads.parse().is_ok_and(|n: u32| n <= 1)
    }
}

/// Fields 3, 20 and 22 of `/proc/PID/stat`; the name before them may hold anything.
fn stat(pid: u32) -> Option<Stat> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3).map(|f| (*f).to_owned());
    Some(Stat { state: field(3)?.chars().next()?, threads: field(20)?, start: field(22)? })
}

fn digits(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    (!digits.is_empty()).then_some(digits)
}

fn unknown() -> String {
    "?".to_owned()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// `name` with another value in one place, counted from the end.
    fn with(name: &str, from_end: usize, value: &str) -> String {
        let mut parts: Vec<&str> = name.split(':').collect();
        let at = parts.len() - 1 - from_end;
        parts[at] = value;
        parts.join(":")
    }

    #[test]
    fn only_what_the_kernel_says_is_gone_is_gone() {
        let own = own_name();
        assert!(!own.contains('?'), "{own}");
        assert!(!is_gone(&own), "we are here");
        let mut child = Command::new("/bin/sleep").arg("100").spawn().expect("a child");
        let started = stat(child.id()).expect("its stat").start;
        let theirs = with(&with(&own, 3, &child.id().to_string()), 2, &started);
        assert!(!is_gone(&theirs), "it sleeps");
        assert!(is_gone(&with(&theirs, 2, "1")), "its number was used again");
        child.kill().expect("killed");
        zombie(child.id());
        assert!(is_gone(&theirs), "dead, not waited for");
        child.wait().expect("waited");
        assert!(is_gone(&theirs), "dead");
        for (part, value) in [(0, "other-boot"), (1, "7"), (2, "?"), (4, "elsewhere")] {
            assert!(!is_gone(&with(&theirs, part, value)), "part {part} is not known here");
        }
        assert!(!is_gone("some-host:123"), "an older way of writing it");
        assert_eq!(place("a.b:12:3:4:c-d"), "a.b pid 12");
    }

    /// Waits until the kernel has ended it, and leaves it to be waited for.
    fn zombie(pid: u32) {
        use rustix::process::{WaitId, WaitIdOptions, waitid};
        let pid = Pid::from_raw(pid.cast_signed()).expect("a process id");
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(pid), options).expect("its end");
    }
}
