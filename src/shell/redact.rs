//! The last words of a fault, without what may be a secret: a panic's text is made by anybody.
//! Works by looks alone, so it takes away too much rather than too little; nothing is stored here.

/// Names whose value is never shown.
const NAMES: [&str; 9] =
    ["token", "secret", "password", "passwd", "key", "auth", "signature", "credential", "cookie"];
/// Words after which a credential follows.
const SCHEMES: [&str; 3] = ["bearer", "basic", "token"];
/// A run of letters and digits this long is no word of a language.
const LONG: usize = 24;
const GONE: &str = "***";

/// `text` with each word that looks like a credential replaced by `***`.
pub fn redact(text: &str) -> String {
    let mut out = String::new();
    let mut after_scheme = false;
    for (i, word) in text.split(' ').enumerate() {
        if i > 0 {
            out.push(' ');
        }
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        let scheme = SCHEMES.contains(&bare.as_str());
        if after_scheme && !word.is_empty() && !scheme {
            out.push_str(GONE);
        } else {
            out.push_str(&one(word));
        }
        after_scheme = scheme || (after_scheme && word.is_empty());
    }
    out
}

fn one(word: &str) -> String {
    let lower = word.to_lowercase();
    if lower.contains("whsec_") || (word.contains("://") && word.contains('@')) {
        return GONE.to_owned();
    }
    let named = |at: &usize| {
        let name = lower.get(..*at).unwrap_or_default();
        let name = name.rsplit(|c: char| !c.is_alphanumeric() && c != '_' && c != '-').next();
        name.is_some_and(|name| NAMES.iter().any(|n| name.contains(n)))
    };
    let mut marks = word.match_indices(['=', ':']).map(|(at, _)| at);
    if let Some(at) = marks.find(named) {
        return format!("{}{GONE}", word.get(..=at).unwrap_or_default());
    }
    let random = |part: &str| {
        let letters = part.chars().any(char::is_alphabetic);
        part.len() >= LONG && letters && part.chars().any(|c| c.is_ascii_digit())
    };
    let parts = word.split(|c: char| !(c.is_alphanumeric() || matches!(c, '+' | '=' | '_')));
    if parts.into_iter().any(random) { GONE.to_owned() } else { word.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_credential_goes_and_plain_words_stay() {
        let plain = "index out of bounds: the len is 3 but the index is 7 (src/shell/run.rs:12)";
        assert_eq!(redact(plain), plain);
        for secret in [
            "Authorization: Bearer abc.def",
            "sent Basic dXNlcjpw",
            "https://ana:hunter22@metrics.example/api",
            "https://metrics.example/api?token=hunter22",
            "password=hunter22",
            "secret:\"hunter22\"",
            "signing with whsec_aHVudGVyMjJodW50ZXIyMg==",
            "got ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        ] {
            let shown = redact(secret);
            let hidden = ["abc.def", "dXNl", "hunter22", "aHVu", "16C7"];
            assert!(hidden.iter().all(|h| !shown.contains(h)), "{secret} -> {shown}");
            assert!(shown.contains(GONE));
        }
    }
}
