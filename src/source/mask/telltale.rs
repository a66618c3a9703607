//! What in a configured address, header, path or body is a secret although nobody called it one:
//! judged by the name it stands under and by its looks. Pure functions over text.

use secrecy::SecretString;

use super::Mask;

/// Parts of names under which nothing but a secret stands.
const SURE: [&str; 13] = [
    "token",
    "secret",
    "passw",
    "pwd",
    "apikey",
    "api_key",
    "api-key",
    "accesskey",
    "access_key",
    "credential",
    "cookie",
    "jwt",
    "bearer",
];
/// Parts of names under which a secret may stand.
const MAYBE: [&str; 5] = ["key", "auth", "sig", "session", "code"];
/// Headers that say nothing about who asks.
const OPEN: [&str; 5] =
    ["accept", "accept-language", "content-type", "user-agent", "x-github-api-version"];
/// A run of letters and digits this long is no word of a language.
const LONG: usize = 20;

impl Mask {
    /// Learns from an address that is asked: its query, odd parts of its path, its password.
    pub fn learn_address(&mut self, address: &str) {
        let Ok(url) = url::Url::parse(address) else { return };
        if let Some(password) = url.password() {
            self.learn_basic(&decoded(url.username()), &SecretString::from(decoded(password)));
        }
        for segment in url.path_segments().into_iter().flatten().filter(|s| is_random(s)) {
            self.learn(&SecretString::from(decoded(segment)));
        }
        self.learn_pairs(url.query().unwrap_or_default());
    }

    /// Learns from the path of a request that is put behind an address.
    pub fn learn_path(&mut self, path: &str) {
        self.learn_address(&format!("http://x{path}"));
    }

    /// Learns from `a=b&c=d`.
    fn learn_pairs(&mut self, query: &str) {
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            self.learn_named(&name, &value);
        }
    }

    /// Learns the value that is sent in a configured header.
    pub fn learn_header(&mut self, name: &str, value: &str) {
        if !OPEN.contains(&name.to_lowercase().as_str()) && !self.learn_named(name, value) {
            self.learn_plain(value);
        }
    }

    /// Learns from a body that is sent: JSON, a form, or any text.
    pub fn learn_body(&mut self, body: &str) {
        match serde_json::from_str(body) {
            Ok(value) => self.learn_json("", &value),
            Err(_) if body.contains(char::is_whitespace) => {} // a language, SQL or the like
            Err(_) => self.learn_pairs(body),
        }
    }

    fn learn_json(&mut self, name: &str, value: &serde_json::Value) {
        match value {
            serde_json::Value::String(text) => drop(self.learn_named(name, text)),
            serde_json::Value::Array(all) => all.iter().for_each(|v| self.learn_json(name, v)),
            serde_json::Value::Object(all) => {
                all.iter().for_each(|(name, value)| self.learn_json(name, value));
            }
            serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {
            }
        }
    }

    /// True when `value` is a secret, by its name or by its looks.
    fn learn_named(&mut self, name: &str, value: &str) -> bool {
        let name = name.to_lowercase();
        let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
        let word = value.chars().all(char::is_lowercase) && value.len() < 12;
        let mixed = value.len() >= 8 && is_mixed(value);
        let secret = is_random(value) || (has(&SURE) && !word) || (has(&MAYBE) && mixed);
        if secret {
            self.learn(&SecretString::from(value.to_owned()));
        } else if has(&SURE) || has(&MAYBE) {
            self.learn_plain(value);
        }
        secret
    }
}

/// Letters and digits in a run too long for a word, or a UUID.
pub fn is_random(text: &str) -> bool {
    let mut runs = text.split(|c: char| !c.is_ascii_alphanumeric());
    let uuid = text.len() == 36
        && text.matches('-').count() == 4
        && text.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    uuid || runs.any(|run| run.len() >= LONG && is_mixed(run))
}

fn is_mixed(text: &str) -> bool {
    let has = |kind: fn(&char) -> bool| text.chars().any(|c| kind(&c));
    has(char::is_ascii_digit) && has(char::is_ascii_alphabetic)
}

fn decoded(text: &str) -> String {
    // As a form decodes it, but a plus stays a plus.
    let kept = text.replace('+', "%2B");
    let pairs = url::form_urlencoded::parse(kept.as_bytes());
    let decoded =
        pairs.map(
            |(name, value)| {
                if value.is_empty() { name.into_owned() } else { format!("{name}={value}") }
            },
        );
    decoded.collect::<Vec<_>>().join("&")
}
