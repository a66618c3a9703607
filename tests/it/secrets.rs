//! Secrets seen from outside: what cannot sign is named by `check` with line and key, and what a
//! server says back appears in no output, no board and no journal.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::configs::write;
use crate::product::{run, told};
use crate::servers::home;
use crate::stub::{Asked, Stub};

fn secret(home: &Path, name: &str, text: &str) -> String {
    let path = home.join(name);
    std::fs::write(&path, text).expect("written");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).expect("closed");
    path.display().to_string()
}

#[test]
fn a_secret_that_cannot_sign_is_told_with_its_line_and_key() {
    let home = home();
    for (given, words) in [
        ("my-github-secret-2026", "no base64"),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMw", "padding"),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa_-", "for addresses"),
        ("whsec_c2hvcnQ=", "too short"),
        ("", "empty"),
    ] {
        let file = secret(home.path(), "hook", given);
        let good = secret(home.path(), "good", crate::configs::SECRET);
        let text = format!(
            "[journal]\nurl = \"sqlite:{}/journal.db\"\n\n[[action]]\nname = \"rollback\"\n\
             kind = \"webhook\"\nurl = \"https://deploy.example/hook\"\n\
             next_secret = {{ file = \"{file}\" }}\nsecret = {{ file = \"{good}\" }}\n",
            home.path().display()
        );
        let config = write(home.path(), &text);
        let output = run(home.path(), &["check", "--offline", "--config", &config]);
        let said = told(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        let place = format!("{config}:8: error: action.rollback.next_secret: ");
        assert!(said.contains(&place) && said.contains(words), "{given}: {said}");
        assert!(given.is_empty() || !said.contains(given), "{said}");
    }
}

#[test]
fn an_action_that_cannot_work_is_told_with_its_line_and_key() {
    let home = home();
    let text = "[[action]]\nname = \"rollback\"\nkind = \"webhook\"\n\
                url = \"https://deploy.example/hook\"\n\
                secret = { env = \"TILLWATCH_SHOP_SECRET\" }\n\
                dry_run_url = \"https://deploy.example/hook\"\nsuccess = { path = \"a.[\" }\n";
    let config = write(home.path(), text);
    let output = run(home.path(), &["check", "--offline", "--config", &config]);
    let said = told(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("{config}:6: error: action.rollback.dry_run_url: ")), "{said}");
    assert!(said.contains(&format!("{config}:7: error: action.rollback.success: ")), "{said}");
}

#[test]
fn a_server_that_says_secrets_back_puts_them_nowhere() {
    let home = home();
    let token = secret(home.path(), "token", "Canary-9f8e7d6c5b4a");
    let stub = Stub::start(|asked: &Asked| {
        let all = format!("{} {}", asked.path, asked.head);
        let text = serde_json::json!({ "message": all, "error": all, "errorType": "bad_data" });
        let status = if asked.path.contains("deployments") { 404 } else { 400 };
        (status, "application/json", text.to_string().into_bytes())
    });
    let row = |name: &str, kind: &str, auth: &str, more: &str| {
        format!(
            "[[source]]\nname = \"{name}\"\nkind = \"{kind}\"\nurl = \"{}\"\n\
             auth = {auth}\n{more}\n",
            stub.url
        )
    };
    let header = format!("{{ header = \"X-Plain\", secret = {{ file = \"{token}\" }} }}");
    let basic = format!("{{ basic = {{ user = \"u\", password = {{ file = \"{token}\" }} }} }}");
    let query = "query = [{ kind = \"gauge\", metric = \"beacon_lag\", expr = \"x\" }]";
    let text = format!(
        "[journal]\nurl = \"sqlite:{}/journal.db\"\n\n{}{}{}{}",
        home.path().display(),
        row("deploys", "github", &header, "repo = \"a/b\""),
        row("metrics", "prometheus", &basic, query),
        row("page", "exposition", &header, query),
        row(
            "api",
            "http_json",
            &basic,
            "record = [{ kind = \"check\", path = \"/x\", time = \"t\", \
             check = { journey = \"'checkout'\", ok = \"ok\" } }]"
        ),
    );
    let config = write(home.path(), &text);
    let mut said = String::new();
    for args in [
        &["check", "--config", &config][..],
        &["once", "--config", &config],
        &["once", "--json", "--config", &config],
    ] {
        said += &told(&run(home.path(), args));
    }
    assert!(said.contains("***") && said.contains("http 404"), "it was said back: {said}");
    for file in std::fs::read_dir(home.path()).expect("home").flatten() {
        if file.file_name().to_string_lossy().starts_with("journal") {
            said += &String::from_utf8_lossy(&std::fs::read(file.path()).expect("journal"));
        }
    }
    for piece in ["Canary", "9f8e7d6c", "dTpDYW5hcnk", "5b4a"] {
        assert!(!said.contains(piece), "{piece} came back: {said}");
    }
}
