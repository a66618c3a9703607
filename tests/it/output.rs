//! Text output where it goes: a pipe that nobody reads, a full disk, a file that may not grow; and
//! paths as people write them. Always an exit code and words, never a panic or a signal.

use std::io::pipe;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::child::output;
use crate::product::{BIN, environment, run, tillwatch, told};
use crate::pty::Session;
use crate::servers::home;
use crate::wait::secs;

/// Every command that only prints.
const PRINTING: [&str; 12] = [
    "init",
    "keys",
    "keys --format markdown",
    "schema",
    "themes",
    "completions bash",
    "completions zsh",
    "completions fish",
    "--help",
    "--version",
    "shop --list",
    "check --offline",
];

fn shell(home: &Path, script: &str) -> Output {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", script]).current_dir(home).env_clear().envs(environment(home));
    shell.env("BIN", BIN);
    output(shell)
}

#[test]
fn output_that_cannot_be_written_is_an_exit_code_and_one_line() {
    let home = home();
    for words in PRINTING {
        let full = shell(home.path(), &format!("\"$BIN\" {words} >/dev/full"));
        let said = told(&full);
        assert_eq!(full.status.code(), Some(1), "{words}: {said}");
        assert_eq!(String::from_utf8_lossy(&full.stderr).lines().count(), 1, "{words}: {said}");
        assert!(said.contains("cannot write to standard output"), "{words}: {said}");
    }
}

#[test]
fn a_pipe_that_nobody_reads_ends_a_command_quietly() {
    let home = home();
    for words in PRINTING {
        let (reader, writer) = pipe().expect("a pipe");
        drop(reader);
        let args: Vec<&str> = words.split(' ').collect();
        let mut command = tillwatch(home.path(), &args);
        command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped());
        let done = command.spawn().expect("started").wait_with_output().expect("ended");
        assert_eq!(done.status.code(), Some(141), "{words}: {}", told(&done));
        assert!(done.stderr.is_empty(), "{words}: {}", told(&done));
    }
}

#[test]
fn a_file_that_may_not_grow_is_told_like_a_full_disk() {
    let home = home();
    for words in ["init >file", "completions bash >file", "check --offline"] {
        let limited = shell(home.path(), &format!("ulimit -f 0; \"$BIN\" {words}"));
        let said = told(&limited);
        assert_eq!(limited.status.signal(), None, "{words}: {said}");
        assert_eq!(limited.status.code(), Some(1), "{words}: {said}");
        assert!(!limited.stderr.is_empty() && !said.contains("panicked"), "{words}: {said}");
    }
}

#[test]
fn a_journal_at_home_is_one_file_from_every_folder() {
    let home = home();
    let text = "[journal]\nurl = \"sqlite:~/written/j.db\"\n";
    std::fs::write(home.path().join("own.toml"), text).expect("written");
    for folder in ["a", "b"] {
        let folder = home.path().join(folder);
        std::fs::create_dir(&folder).expect("a folder");
        for args in [
            ["--journal", "sqlite:~/given/j.db"],
            ["--journal", "sqlite:$HOME/given/j.db"],
            ["--config", "~/own.toml"],
        ] {
            let mut check = tillwatch(home.path(), &["check", "--offline"]);
            let done = output({
                check.args(args).current_dir(&folder);
                check
            });
            assert_eq!(done.status.code(), Some(0), "{}", told(&done));
        }
        assert_eq!(
            std::fs::read_dir(&folder).expect("a folder").count(),
            0,
            "nothing is left here"
        );
    }
    for journal in ["given/j.db", "written/j.db"] {
        assert!(home.path().join(journal).is_file(), "{journal}");
    }
    let other = run(home.path(), &["check", "--offline", "--journal", "sqlite:~root/j.db"]);
    assert_eq!(other.status.code(), Some(2), "{}", told(&other));
    assert!(told(&other).contains("write the whole path"), "{}", told(&other));
}

#[test]
fn a_secret_and_a_certificate_at_home_are_found_and_a_strange_path_names_its_line() {
    let home = home();
    let source = "[[source]]\nname = \"a\"\nkind = \"prometheus\"\nurl = \"https://127.0.0.1:1\"\n";
    let config = |rest: &str| {
        let path = home.path().join("c.toml");
        let asked = "query = [{ metric = \"orders\", kind = \"count\", expr = \"x\" }]";
        std::fs::write(&path, format!("{source}{rest}\n{asked}\n")).expect("written");
        let args = ["check", "--offline", "--config", "~/c.toml"];
        told(&run(home.path(), &args))
    };
    let secret = "auth = { bearer = { file = \"~/s\" } }";
    let said = config(secret);
    assert!(said.contains("c.toml:5: error: source.a.auth: secret file"), "{said}");
    let file = home.path().join("s");
    std::fs::write(&file, "abcdefgh\n").expect("written");
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).expect("closed");
    assert!(config(secret).contains("exit Some(0)"), "{}", config(secret));
    let said = config("ca = \"~ana/ca.pem\"");
    assert!(said.contains("c.toml:5") && said.contains("~ana/ca.pem"), "{said}");
    let said = config("auth = { bearer = { file = \"$TOKENS/s\" } }");
    assert!(said.contains("c.toml:") && said.contains("$TOKENS"), "{said}");
}

#[test]
fn a_check_covers_keys_theme_and_every_problem_with_its_line() {
    let home = home();
    let path = home.path().join("c.toml");
    let text = "[ui]\ntheme = \"nigth\"\n[keys]\nacknowlege = [\"a\"]\n";
    std::fs::write(&path, text).expect("written");
    let path = path.display().to_string();
    let said = told(&run(home.path(), &["check", "--offline", "--config", &path]));
    for words in ["c.toml:2: error: ui.theme", "c.toml:4: error: keys.acknowlege", "exit Some(1)"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let two = "[[source]]\nname = \"a\"\nkind = \"github\"\nrepo = \"x\"\nevery = \"1ms\"\n";
    std::fs::write(&path, two).expect("written");
    let said = told(&run(home.path(), &["check", "--offline", "--config", &path]));
    for words in ["c.toml:4: error: source.a.repo", "c.toml:5: error: source.a.every"] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[test]
fn a_terminal_that_does_not_say_its_size_is_drawn_on() {
    let home = home();
    let script = "stty rows 0 cols 0; exec \"$BIN\" demo calm-day";
    let mut session = Session::shell(home.path(), script, (80, 24));
    session.wait_for("Incidents", secs(20));
    session.keys("q");
    assert!(session.wait_exit(secs(30)).success());
}
