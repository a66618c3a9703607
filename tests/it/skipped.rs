//! A test that does not run is told: by name and reason in the list at the end of `./test`, and as
//! a failure where `CI=true`. The test that cannot run is one of this very program.

use std::path::Path;
use std::process::{Command, Output};

use crate::child::output;
use crate::skip::{program, shared};

const MISSING: &str = "nothing/of/this/name.json";
const NAME: &str = "skipped::one_that_cannot_run";

#[test]
#[ignore = "cannot run: the test below runs it"]
fn one_that_cannot_run() {
    assert_eq!(shared(MISSING), None);
}

fn run(list: &Path, ci: &str) -> Output {
    let own = std::env::current_exe().expect("this program");
    let mut command = Command::new(own);
    command.args(["--exact", "--ignored", NAME]);
    output({
        command.env("TILLWATCH_SKIPPED", list).env("CI", ci).env_remove("TILLWATCH_SHARED");
        command
    })
}

#[test]
fn a_skip_is_told_by_name_and_reason_and_fails_in_ci() {
    let Some(bash) = program("bash") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let list = folder.path().join("skipped");
    let ran = run(&list, "");
    assert!(ran.status.success(), "{ran:?}");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/skipped");
    let mut tell = Command::new(bash);
    tell.arg(script).arg(&list);
    let told = String::from_utf8(output(tell).stdout).expect("text");
    assert!(told.contains("1 of the tests did not run"), "{told}");
    assert!(told.contains(&format!("{NAME}: shared/{MISSING} is not there")), "{told}");
    assert!(!run(&list, "true").status.success(), "in CI a skip is a failure");
}

#[test]
fn what_is_missing_of_the_shared_folder_is_read_from_the_fixtures() {
    for file in ["hostile/strings.json", "contracts/github/deployments_list.json"] {
        assert!(crate::skip::fixture(file).is_file(), "{file}");
    }
}
