//! A shop made of three answers, a config for it, and an incident that the product opened by
//! itself: what the attacks work on. The journal of that moment is put back before each step.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};
use tillwatch::domain::time::Timestamp;

use super::book::Reader;
use super::moods::Receiver;
use crate::child::Running;
use crate::configs::SECRET;
use crate::product::tillwatch;
use crate::pty::Session;
use crate::stub::{Asked, Said, Stub};
use crate::wait::{eventually, secs, unix_now};

/// The released thing that is suspected, and the one before it.
const FROM: &str = "theme-3";
const TO: &str = "theme-2";
/// Age of the release and of the failures when the product starts to look.
const RELEASED: i64 = 180;
const FAILING: i64 = 120;
/// Instead of a second from which checks fail.
const DEAD: i64 = i64::MIN;

const SOURCES: &str = r#"
[[source.record]]
kind = "check"
path = "/checks"
time = "t"
check = { journey = "journey", location = "location", ok = "ok" }
[[source.record]]
kind = "change"
path = "/changes"
[source.record.change]
id = "id"
service = "service"
environment = "env"
kind = "kind"
previous = "previous"
started_at = "at"
ended_at = "at"
[[source.record]]
kind = "observation"
path = "/rum"
time = "t"
window = "60s"
segment = { template = "template" }
[[source.record.metric]]
metric = "page_views"
kind = "count"
value = "views"
[[source.record.metric]]
metric = "sessions"
kind = "count"
value = "sessions"
"#;

pub struct Scene {
    home: tempfile::TempDir,
    config: String,
    /// The incident; empty while all is well.
    pub id: String,
    /// What confirms its rollback.
    pub token: String,
    /// Journal files as they were when it had just been opened.
    kept: Vec<(PathBuf, Vec<u8>)>,
    /// Checks fail from this second on.
    fails_from: Arc<AtomicI64>,
    pub receiver: Receiver,
    pub reader: Reader,
    _shop: Stub,
}

impl Scene {
    /// All is well; nothing was started yet, there is no journal.
    pub fn calm() -> Self {
        let home = folder();
        let (fails_from, born) = (Arc::new(AtomicI64::new(i64::MAX)), unix_now());
        let asked_from = Arc::clone(&fails_from);
        let shop = Stub::start(move |a| answer(a, born, asked_from.load(Ordering::SeqCst)));
        let receiver = Receiver::start();
        let config = config(home.path(), &shop.url, &receiver.url);
        Self {
            home,
            config,
            id: String::new(),
            token: String::new(),
            kept: Vec::new(),
            fails_from,
            receiver,
            reader: Reader::new(),
            _shop: shop,
        }
    }

    /// A watcher has opened an incident and is gone; its journal is kept.
    pub fn broken() -> Self {
        let mut scene = Self::calm();
        scene.breaks();
        let mut watcher = Running::start(scene.command(&["watch"]));
        scene.wait_incident();
        watcher.kill();
        scene.keep();
        scene
    }

    /// A watcher was here while all was well, and is gone; now the shop is broken.
    pub fn about_to_break() -> Self {
        let mut scene = Self::calm();
        let mut watcher = Running::start(scene.command(&["watch"]));
        eventually("a board", secs(20), || scene.reader.board(&scene.journal()));
        watcher.kill();
        scene.keep();
        scene.breaks();
        scene
    }

    /// Checks have been failing for two minutes now.
    pub fn breaks(&self) {
        self.fails_from.store(unix_now() - FAILING, Ordering::SeqCst);
    }

    /// The sources answer with an error from now on.
    pub fn dies(&self) {
        self.fails_from.store(DEAD, Ordering::SeqCst);
    }

    /// Waits until the stored board shows the incident with a rollback; learns both.
    pub fn wait_incident(&mut self) {
        let (id, token) = eventually("an incident with a rollback", secs(60), || {
            let board = self.reader.board(&self.journal())?;
            let incident = board.incidents.first()?;
            let plan = incident.rollback.as_ref()?;
            (!plan.confirm_token.is_empty())
                .then(|| (incident.id.to_string(), plan.confirm_token.clone()))
        });
        (self.id, self.token) = (id, token);
    }

    /// Remembers the journal files; no program has them open now.
    fn keep(&mut self) {
        // the watcher's death is cleaned up by the product once, not in every step
        self.reader.recovered(&self.journal()).expect("the journal opens");
        let files = std::fs::read_dir(self.folder()).expect("the journal's folder");
        let files = files.map_while(Result::ok).map(|entry| entry.path());
        self.kept = files.map(|p| (p.clone(), std::fs::read(p).expect("readable"))).collect();
    }

    /// The kept journal again, with a board of this very moment.
    pub fn fresh(&self) {
        for entry in std::fs::read_dir(self.folder()).expect("a folder").map_while(Result::ok) {
            std::fs::remove_file(entry.path()).expect("removed");
        }
        for (path, bytes) in &self.kept {
            std::fs::write(path, bytes).expect("written");
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            std::fs::set_permissions(path, mode).expect("closed");
        }
        self.reader.renew_board(&self.journal(), Timestamp::from_secs(unix_now()));
    }

    /// Where the journal lies, and nothing else.
    pub fn folder(&self) -> PathBuf {
        self.home.path().join("journal")
    }

    pub fn journal(&self) -> PathBuf {
        self.folder().join("journal.db")
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// A file beside the journal's folder.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// The product with this scene's config.
    pub fn command(&self, args: &[&str]) -> Command {
        tillwatch(self.home.path(), &[args, &["--config", &self.config]].concat())
    }

    /// The same as somebody with a name.
    pub fn command_of(&self, person: &str, args: &[&str]) -> Command {
        let mut command = self.command(args);
        command.env("SUDO_USER", person);
        command
    }

    /// The dashboard in a pseudo terminal.
    pub fn dashboard(&self, more: &[(&str, &str)]) -> Session {
        let args = ["--config", self.config.as_str()];
        Session::tillwatch_with(self.home.path(), &args, (120, 40), more)
    }

    pub fn rollback(&self) -> [&str; 4] {
        ["rollback", &self.id, "--confirm", &self.token]
    }
}

/// In memory where there is such a place: a sync costs nothing there, and means the same.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a folder")
}

/// A folder for files that are looked at once.
pub fn scratch() -> tempfile::TempDir {
    folder()
}

fn answer(asked: &Asked, born: i64, fails_from: i64) -> Said {
    let now = unix_now();
    if fails_from == DEAD {
        return (503, "text/plain", b"gone".to_vec());
    }
    let rows: Vec<Value> = match asked.path.as_str() {
        "/checks" => {
            let runs = (0..40).map(|n| now / 10 * 10 - n * 10);
            let row = |t: i64, place: &str| {
                let ok = t < fails_from;
                json!({ "t": t, "journey": "checkout", "location": place, "ok": ok })
            };
            runs.flat_map(|t| [row(t, "ams"), row(t, "fra")]).collect()
        }
        "/changes" => {
            let row = |id: &str, at: i64| {
                json!({ "id": id, "service": "theme", "env": "production", "kind": "theme",
                        "previous": TO, "at": at })
            };
            let mut rows = vec![row(TO, born - 90_000), row(FROM, born - RELEASED)];
            rows[0]["previous"] = Value::Null;
            rows
        }
        _ => {
            let row = |n: i64| {
                json!({ "t": (now / 60 - n) * 60, "template": "checkout", "views": 600 + n,
                        "sessions": 300 + n })
            };
            (1..40).map(row).collect()
        }
    };
    (200, "application/json", Value::from(rows).to_string().into_bytes())
}

fn config(home: &Path, shop: &str, hook: &str) -> String {
    let secret = home.join("hook.secret");
    std::fs::write(&secret, SECRET).expect("written");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&secret, mode).expect("closed");
    let text = format!(
        "[journal]\nurl = \"sqlite:{}/journal/journal.db\"\n[[action]]\nname = \"rollback\"\n\
         kind = \"webhook\"\nurl = \"{hook}/hook\"\nsecret = {{ file = \"{}\" }}\n\
         timeout = \"1s\"\n[[source]]\nname = \"shop\"\nkind = \"http_json\"\nurl = \"{shop}\"\n\
         every = \"1s\"\n{SOURCES}",
        home.display(),
        secret.display()
    );
    crate::configs::write(home, &text)
}
