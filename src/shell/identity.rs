//! Who is at the keys: the name others see and the identity the machine knows.
//! Reads the system once at start; verifies nothing beyond what the kernel says. A name that only
//! the environment tells is shown to people and never stands as the machine's word.

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use crate::incident::event::Actor;

/// Directories over the network (LDAP, SSSD) that do not answer hold nobody up for longer.
const DIRECTORY_TIME: Duration = Duration::from_secs(2);
/// Characters of a name from the environment.
const NAME_MAX: usize = 64;

/// The person at this terminal; `configured` is `[identity] operator`.
pub fn actor(configured: &str) -> Actor {
    let who = who();
    let name = if configured.trim().is_empty() { who.shown } else { configured.to_owned() };
    Actor { name, os_user: who.os_user, host: host(), tty: tty(), pid: std::process::id() }
}

/// The watcher itself.
pub fn watcher() -> Actor {
    Actor {
        name: "tillwatch".into(),
        os_user: who().os_user,
        host: host(),
        tty: String::new(),
        pid: std::process::id(),
    }
}

pub fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

struct Who {
    shown: String,
    os_user: String,
}

/// The user behind sudo, else the owner of this process by the system's own tables, else the name
/// the environment gives to a number that no table knows.
fn who() -> Who {
    let var = |name: &str| std::env::var(name).ok();
    let uid = rustix::process::getuid().as_raw();
    let behind_sudo = var("SUDO_USER").filter(|name| !name.is_empty());
    let table = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let known = behind_sudo.or_else(|| name_in(&table, uid)).or_else(|| directory_name(uid));
    match known {
        Some(name) => Who { shown: name.clone(), os_user: name },
        None => by_number(uid, &table, [var("USER"), var("LOGNAME")]),
    }
}

/// A name that belongs to another user of this machine is not taken over.
fn by_number(uid: u32, table: &str, told: [Option<String>; 2]) -> Who {
    let os_user = format!("uid{uid}");
    let plain = |c: char| !c.is_control() && !c.is_whitespace();
    let fits = |name: &String| {
        !name.is_empty() && name.chars().count() <= NAME_MAX && name.chars().all(plain)
    };
    let told = told.into_iter().flatten().find(fits);
    let shown = told.filter(|name| uid_in(table, name).is_none());
    Who { shown: shown.unwrap_or_else(|| os_user.clone()), os_user }
}

/// Lines of passwd(5): name, password, number, ...
fn entries(table: &str) -> impl Iterator<Item = (&str, u32)> {
    table.lines().filter_map(|line| {
        let mut fields = line.split(':');
        Some((fields.next()?, fields.nth(1)?.parse().ok()?))
    })
}

fn name_in(table: &str, uid: u32) -> Option<String> {
    entries(table).find(|(_, number)| *number == uid).map(|(name, _)| name.to_owned())
}

fn uid_in(table: &str, name: &str) -> Option<u32> {
    entries(table).find(|(known, _)| *known == name).map(|(_, number)| number)
}

/// The name by the system's directories: only the C library's own program asks all of them.
fn directory_name(uid: u32) -> Option<String> {
    let mut command = Command::new("getent");
    command.args(["passwd", &uid.to_string()]).stdin(Stdio::null()).stderr(Stdio::null());
    let mut child = command.stdout(Stdio::piped()).spawn().ok()?;
    let mut said = child.stdout.take()?;
    let (sender, answer) = channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let _gone = said.read_to_string(&mut text).map(|_| sender.send(text));
    });
    let text = answer.recv_timeout(DIRECTORY_TIME).ok();
    let _ended = child.kill();
    let _waited = child.wait();
    name_in(&text?, uid)
}

fn tty() -> String {
    rustix::termios::ttyname(std::io::stdin(), Vec::new())
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "root:x:0:0::/root:/bin/sh\nana:x:1000:1000::/home/ana:/bin/sh\nbroken\n";

    fn told(user: &str, logname: &str) -> (String, String) {
        let who = by_number(12_345, TABLE, [Some(user.into()), Some(logname.into())]);
        (who.shown, who.os_user)
    }

    #[test]
    fn a_number_without_a_name_is_shown_by_the_name_of_its_session() {
        let machine = || "uid12345".to_owned();
        assert_eq!(told("maria", ""), ("maria".into(), machine()));
        assert_eq!(told("", "corp.maria"), ("corp.maria".into(), machine()));
        for not_theirs in ["root", "ana", "a\u{1b}[2J", "two words", ""] {
            assert_eq!(told(not_theirs, ""), (machine(), machine()), "{not_theirs}");
        }
        assert_eq!(name_in(TABLE, 1000).as_deref(), Some("ana"));
        assert_eq!(directory_name(0).as_deref(), Some("root"));
        assert_eq!(directory_name(4_000_000_000), None);
    }
}
