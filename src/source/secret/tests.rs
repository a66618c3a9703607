//! Secrets: every way to get one, and what is refused.

use std::os::unix::fs::PermissionsExt;

use secrecy::ExposeSecret;

use super::*;

#[derive(Deserialize, Debug)]
struct SecretRow {
    key: SecretSpec,
}

fn spec(text: &str) -> Result<SecretSpec, String> {
    toml::from_str::<SecretRow>(text).map(|r| r.key).map_err(|e| e.to_string())
}

#[test]
fn inline_secrets_and_odd_tables_are_refused_without_being_repeated() {
    let error = spec("key = \"hunter2\"").expect_err("inline").lines().last().map(str::to_owned);
    let last = error.expect("a message");
    assert!(last.contains("do not stand in the config") && last.contains("env"), "{last}");
    assert!(!last.contains("hunter2"));
    for bad in ["key = {}", "key = { env = \"A\", file = \"b\" }", "key = { command = [] }"] {
        assert!(spec(bad).is_err(), "{bad}");
    }
    assert!(spec("key = { credential = \"../x\" }").is_err());
}

#[tokio::test]
async fn files_readable_by_others_are_refused() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("key");
    std::fs::write(&path, "s3cr3t\n").expect("write");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).expect("mode");
    let spec = SecretSpec::File(path.clone());
    let refused = spec.resolve().await.expect_err("group may read");
    assert!(refused.why().contains("chmod 600"), "{refused}");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("mode");
    assert_eq!(spec.resolve().await.expect("private").expose_secret(), "s3cr3t");
}

#[tokio::test]
async fn commands_give_their_output_and_failures_stay_silent_about_it() {
    let ok = spec("key = { command = [\"printf\", \"abc\\\\n\"] }").expect("spec");
    assert_eq!(ok.resolve().await.expect("output").expose_secret(), "abc");
    for bad in ["key = { command = [\"false\"] }", "key = { command = [\"/nowhere/x\"] }"] {
        let spec = spec(bad).expect("spec");
        assert!(matches!(spec.resolve().await, Err(SourceError::Denied { .. })), "{bad}");
    }
    let missing = SecretSpec::Env("TILLWATCH_SURELY_NOT_SET".to_owned());
    assert!(missing.resolve().await.is_err());
}
