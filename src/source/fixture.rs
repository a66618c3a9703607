//! Test help: contract files read in place, and a loopback server that answers as told.
//! Never part of the product.

use std::path::PathBuf;

use serde_json::Value as Json;

/// The shared test data, if it lies where `TILLWATCH_SHARED` or the folder beside the checkout is.
pub fn shared(path: &str) -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared");
    let root = std::env::var("TILLWATCH_SHARED").unwrap_or_else(|_| beside.to_owned());
    let found = PathBuf::from(root).join(path);
    if found.exists() {
        return Some(found);
    }
    assert!(std::env::var("CI").is_err(), "SKIP IN CI: shared/{path} is missing");
    eprintln!("SKIPPED: shared/{path} is not here; set TILLWATCH_SHARED");
    None
}

/// One contract file as text.
pub fn contract_text(path: &str) -> Option<String> {
    let path = shared(&format!("contracts/{path}"))?;
    Some(std::fs::read_to_string(path).expect("contract file"))
}

/// One contract file.
pub fn contract(path: &str) -> Option<Json> {
    contract_text(path).map(|text| serde_json::from_str(&text).expect("contract JSON"))
}
