//! Read-only is a fact: a wall and an observer start where no credential exists, ask no source,
//! and leave nothing that could send. The type side of this is in `sink` (a compile-fail doc test).

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::process::Signal;
use tillwatch::journal::{Access, Journal};

use crate::product::{run, told};
use crate::pty::Session;
use crate::servers::home;
use crate::stub::Stub;
use crate::wait::{pause, secs};

/// A config whose every credential is missing, with a journal of its own.
fn config(home: &Path, url: &str) -> PathBuf {
    let text = format!(
        "[journal]\nurl = \"sqlite:{home}/journal.db\"\n\
         [[source]]\nname = \"metrics\"\nkind = \"prometheus\"\nurl = \"{url}\"\n\
         auth = {{ bearer = {{ env = \"TILLWATCH_TEST_NO_SUCH\" }} }}\n\
         query = [{{ metric = \"orders\", kind = \"count\", expr = \"orders\" }}]\n\
         [[action]]\nname = \"rollback\"\nkind = \"webhook\"\nurl = \"{url}/hook\"\n\
         secret = {{ file = \"{home}/no-such-secret\" }}\n",
        home = home.display()
    );
    let path = home.join("tillwatch.toml");
    std::fs::write(&path, text).expect("written");
    path
}

/// An empty journal, as a watcher leaves one.
fn make_journal(home: &Path) {
    let url = format!("sqlite:{}/journal.db", home.display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("tokio").block_on(async {
        Journal::open(&url, Access::Write).await.expect("a journal");
    });
}

fn looks_only(args: &[&str], quit: impl Fn(&mut Session)) {
    let home = home();
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let stub = Stub::start(move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
        (500, "text/plain", Vec::new())
    });
    let config = config(home.path(), &stub.url).display().to_string();
    make_journal(home.path());
    let all = [args, &["--config", config.as_str()]].concat();
    let mut session = Session::tillwatch(home.path(), &all, (80, 24));
    session.wait_until("a screen", secs(10), |s| s.trim().len() > 20);
    for key in ["a", "R", "d", "t", "\r", "2", "3"] {
        session.keys(key);
    }
    pause(secs(2));
    assert!(session.exit().is_none(), "{}", session.screen());
    quit(&mut session);
    session.wait_exit(secs(30));
    assert_eq!(asked.load(Ordering::Relaxed), 0, "a viewer asked a source");
    assert_eq!(session.left_on(), Vec::<&str>::new());
}

#[test]
fn the_wall_needs_no_credential_and_asks_nobody() {
    looks_only(&["wall"], |session| session.signal(Signal::TERM));
}

#[test]
fn an_observer_needs_no_credential_and_asks_nobody() {
    looks_only(&["--as", "observer"], |session| session.keys("q"));
}

#[test]
fn an_operator_is_told_what_is_missing() {
    let home = home();
    let config = config(home.path(), "http://127.0.0.1:9").display().to_string();
    let output = run(home.path(), &["check", "--config", &config]);
    let text = told(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("TILLWATCH_TEST_NO_SUCH") && text.contains("no-such-secret"), "{text}");
}

#[test]
fn an_observer_cannot_order() {
    let home = home();
    let config = config(home.path(), "http://127.0.0.1:9").display().to_string();
    let orders: [&[&str]; 2] = [&["ack", "INC-1"], &["rollback", "INC-1", "--confirm", "abcdef"]];
    for order in orders {
        let all = [order, &["--as", "observer", "--config", config.as_str()]].concat();
        let output = run(home.path(), &all);
        assert!(matches!(output.status.code(), Some(1 | 2)), "{}", told(&output));
    }
}
