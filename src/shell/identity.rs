//! Who is at the keys: the name others see and the identity the machine knows.
//! Reads the system once at start; verifies nothing beyond what the kernel says.

use crate::incident::event::Actor;

/// The person at this terminal; `configured` is `[identity] operator`.
pub fn actor(configured: &str) -> Actor {
    let os_user = real_user();
    let name = if configured.trim().is_empty() { os_user.clone() } else { configured.to_owned() };
    Actor { name, os_user, host: host(), tty: tty(), pid: std::process::id() }
}

/// The watcher itself.
pub fn watcher() -> Actor {
    Actor {
        name: "tillwatch".into(),
        os_user: real_user(),
        host: host(),
        tty: String::new(),
        pid: std::process::id(),
    }
}

pub fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// The user behind sudo, else the owner of this process.
fn real_user() -> String {
    let behind_sudo = std::env::var("SUDO_USER").ok().filter(|name| !name.is_empty());
    behind_sudo.unwrap_or_else(|| {
        let uid = rustix::process::getuid().as_raw();
        name_of(uid).unwrap_or_else(|| format!("uid{uid}"))
    })
}

fn name_of(uid: u32) -> Option<String> {
    let table = std::fs::read_to_string("/etc/passwd").ok()?;
    table.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse::<u32>().ok()? == uid).then(|| name.to_owned())
    })
}

fn tty() -> String {
    rustix::termios::ttyname(std::io::stdin(), Vec::new())
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}
