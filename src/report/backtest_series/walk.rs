//! Names for the command's directory walk: which files count and which way is bad in each.
//! Strings and maps only; the walk itself is IO and belongs to `cli`.

use std::collections::BTreeMap;
use std::path::Path;

use crate::domain::metric::Bad;

/// Reads `--direction`: a JSON object `{"group/name.csv": "up" | "down" | "both"}`.
/// The error is a sentence for people.
pub fn directions(json: &str) -> Result<BTreeMap<String, Bad>, String> {
    let raw: BTreeMap<String, String> =
        serde_json::from_str(json).map_err(|e| format!("the direction file is no object: {e}"))?;
    raw.into_iter()
        .map(|(name, way)| match way.as_str() {
            "up" => Ok((name, Bad::Up)),
            "down" => Ok((name, Bad::Down)),
            "both" => Ok((name, Bad::Both)),
            _ => Err(format!("direction of `{name}` is `{way}`; write up, down or both")),
        })
        .collect()
}

/// `group/name.csv` of a file below `root`, with forward slashes; none for other files.
pub fn relative_name(root: &Path, file: &Path) -> Option<String> {
    let inside = file.strip_prefix(root).ok()?;
    if !inside.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv")) {
        return None;
    }
    let parts: Option<Vec<&str>> = inside.iter().map(|part| part.to_str()).collect();
    parts.map(|p| p.join("/"))
}
