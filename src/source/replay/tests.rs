//! Every recorded answer of every service through every decoder: values or errors, never a panic.

use super::*;
use crate::skip::{fixture, shared};

fn configs() -> Vec<SourceConfig> {
    let source = |kind: &str, rest: &str| -> SourceConfig {
        let text = format!("name = \"x\"\nkind = \"{kind}\"\nurl = \"http://127.0.0.1:1\"\n{rest}");
        toml::from_str(&text).expect("config")
    };
    vec![
        SourceConfig::bare(SourceKind::Prometheus),
        SourceConfig::bare(SourceKind::Github),
        source("exposition", "[[query]]\nkind = \"check\"\nexpr = \"up\"\njourney = \"j\"\n"),
        source(
            "http_json",
            "[[record]]\nkind = \"observation\"\npath = \"/x\"\ntime = \"at\"\n\
             metric = [{ metric = \"lcp\", kind = \"gauge\", value = \"value\" }]\n",
        ),
        source(
            "http_json",
            "[[record]]\nkind = \"change\"\npath = \"/x\"\nrows = \"data[] || items || @\"\n\
             time = \"created_at\"\nchange = { id = \"id\" }\n",
        ),
    ]
}

#[test]
fn no_recorded_answer_panics_any_decoder() {
    let Some(root) = shared("contracts") else { return };
    let least = if root == fixture("contracts") { 20 } else { 150 };
    let mut files = 0;
    for service in std::fs::read_dir(root).expect("contracts").flatten() {
        let Ok(cases) = std::fs::read_dir(service.path()) else { continue };
        for case in cases.flatten().filter(|c| c.path().extension().is_some_and(|e| e == "json")) {
            let text = std::fs::read_to_string(case.path()).expect("case");
            for config in configs() {
                if let Err(error) = replay(&config, &text) {
                    assert!(!error.why().is_empty() && error.why().len() < 2000);
                }
            }
            files += 1;
        }
    }
    assert!(files > least, "{files} files");
}

#[test]
fn what_is_no_envelope_is_said_so() {
    for text in ["", "{}", "[]", "{\"vector\":{}}", "{\"request\":{},\"response\":null}"] {
        let error = replay(&SourceConfig::bare(SourceKind::Prometheus), text).expect_err(text);
        assert!(matches!(error, SourceError::Malformed { .. }), "{text}: {error}");
    }
}
