//! Id and version of a deployment, and which references are tags. How names are given is
//! `identity`.

/// Id and version of one deployment as a change.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DeploymentName {
    pub id: String,
    pub version: String,
}

/// A tag of three numbers or a date (`v1.2.3`, `web-2026.11.21-2`): few branches are called so.
pub fn is_tag(reference: &str) -> bool {
    let mut numbers = 0;
    let mut parts = reference.split(['.', '-', '_']).peekable();
    while let Some(part) = parts.next() {
        let digits = part.strip_prefix('v').unwrap_or(part);
        let number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        numbers = if number { numbers + 1 } else { 0 };
        let long = digits.len() >= 8 && number;
        if numbers >= 3 || (long && parts.peek().is_none()) {
            return !reference.contains('/');
        }
    }
    false
}
