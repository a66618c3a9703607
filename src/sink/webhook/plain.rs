//! The words of a receiver's answer for people: JSON becomes `status: accepted, run: 4711`.
//! Nothing is judged by them; secrets are masked before, letters are made harmless after.

use serde_json::Value;

/// So many things of an answer are told, from so deep.
const MOST: usize = 12;
const DEPTH: usize = 6;

/// JSON as a list of what it says; any other text as it is.
pub fn plain(text: &str) -> String {
    let trimmed = text.trim();
    if !trimmed.starts_with(['{', '[', '"']) {
        return text.to_owned();
    }
    let Ok(document) = serde_json::from_str::<Value>(trimmed) else { return text.to_owned() };
    let mut said = Vec::new();
    collect(&document, "", DEPTH, &mut said);
    let left = said.len().saturating_sub(MOST);
    let mut line = said.into_iter().take(MOST).collect::<Vec<_>>().join(", ");
    if left > 0 {
        line = format!("{line} and {left} more");
    }
    line
}

fn collect(value: &Value, key: &str, depth: usize, said: &mut Vec<String>) {
    let mut say = |text: &str| {
        let key = key.replace('_', " ");
        said.push(if key.is_empty() { text.to_owned() } else { format!("{key}: {text}") });
    };
    match value {
        Value::Null => {}
        Value::Bool(true) => say("yes"),
        Value::Bool(false) => say("no"),
        Value::Number(number) => say(&number.to_string()),
        Value::String(text) if text.trim().is_empty() => {}
        Value::String(text) => say(text.trim()),
        Value::Array(_) | Value::Object(_) if depth == 0 => say("..."),
        Value::Array(all) => all.iter().for_each(|v| collect(v, key, depth - 1, said)),
        Value::Object(all) => all.iter().for_each(|(k, v)| collect(v, k, depth - 1, said)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_told_in_words_and_other_text_as_it_is() {
        let cases = [
            (r#"{"status":"accepted"}"#, "status: accepted"),
            (
                r#"{"ok":false,"error":{"message":"no such target","code":7}}"#,
                "ok: no, message: no such target, code: 7",
            ),
            (
                r#"{"data":{"run_id":"r-1","url":null},"errors":["a","b"]}"#,
                "run id: r-1, errors: a, errors: b",
            ),
            ("\"queued\"", "queued"),
            ("queued, run 7", "queued, run 7"),
            ("{\"broken\": ", "{\"broken\": "),
        ];
        for (text, want) in cases {
            assert_eq!(plain(text), want, "{text}");
        }
        let many: Vec<usize> = (0..20).collect();
        let said = plain(&serde_json::json!({ "n": many }).to_string());
        assert!(said.ends_with("n: 11 and 8 more"), "{said}");
    }
}
