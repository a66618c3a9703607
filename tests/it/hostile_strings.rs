//! The hostile strings of the shared folder as bytes, with what of each must stay readable.
//! Reads the file in place; judges nothing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::skip::shared;

pub struct Hostile {
    pub id: String,
    pub bytes: Vec<u8>,
    pub must_show: Option<String>,
}

impl Hostile {
    /// As text, for places that cannot carry broken UTF-8.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

/// All of them; none after a loud skip.
pub fn strings() -> Option<Vec<Hostile>> {
    let path = shared("hostile/strings.json")?;
    let text = std::fs::read_to_string(path).expect("strings.json");
    let file: Value = serde_json::from_str(&text).expect("JSON");
    let rows = file["strings"].as_array().expect("strings");
    Some(rows.iter().map(hostile).collect())
}

fn hostile(row: &Value) -> Hostile {
    let text = |key: &str| row[key].as_str().unwrap_or_default();
    let once = if row["b64"].is_string() {
        STANDARD.decode(text("b64")).expect("base64")
    } else {
        text("s").as_bytes().to_vec()
    };
    let times = row["repeat"].as_u64().map_or(1, |n| usize::try_from(n).expect("a count"));
    let bytes = [text("pre").as_bytes(), &once.repeat(times), text("post").as_bytes()].concat();
    let must_show = row["must_show"].as_str().map(str::to_owned);
    Hostile { id: text("id").to_owned(), bytes, must_show }
}
