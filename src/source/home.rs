//! Paths that begin at home, written as in a shell: `~/x`, `$HOME/x`. Configs and flags that no
//! shell has expanded (`--journal sqlite:~/x`, units of systemd) mean the same place everywhere.
//! Anything else a shell would expand is refused with words, never taken for a folder's name.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer, de::Error};

/// `text` with its home written out.
///
/// # Errors
/// In words, where the home is not known or another shell expansion is meant.
pub fn text(text: &str) -> Result<String, String> {
    let home = || directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned());
    expanded(text, || Some(home()?.to_string_lossy().into_owned()))
}

/// The same for a path.
pub fn path(given: &str) -> Result<PathBuf, String> {
    text(given).map(PathBuf::from)
}

/// The path of `sqlite:PATH`; every other address stays as it is.
pub fn journal(url: &str) -> Result<String, String> {
    match ["sqlite://", "sqlite:"].iter().find_map(|lead| Some((lead, url.strip_prefix(lead)?))) {
        Some((lead, path)) => Ok(format!("{lead}{}", text(path)?)),
        None => Ok(url.to_owned()),
    }
}

fn expanded(text: &str, home: impl Fn() -> Option<String>) -> Result<String, String> {
    let (word, rest) = text.split_at(text.find('/').unwrap_or(text.len()));
    match word {
        "~" | "$HOME" | "${HOME}" => home().map(|home| home + rest).ok_or_else(|| {
            format!("`{text}`: no home folder is known (HOME is not set); write the whole path")
        }),
        _ if word.starts_with(['~', '$']) => Err(format!(
            "`{text}`: only `~/` and `$HOME/` are understood here, not `{word}`; write the whole \
             path, or `./{text}` for a file of that name"
        )),
        _ => Ok(text.to_owned()),
    }
}

/// For config: a path that may begin at home.
pub fn given_path<'de, D: Deserializer<'de>>(d: D) -> Result<Option<PathBuf>, D::Error> {
    let given = Option::<String>::deserialize(d)?;
    given.map(|text| path(&text)).transpose().map_err(D::Error::custom)
}

/// For config: a name or a path that may begin at home.
pub fn given_text<'de, D: Deserializer<'de>>(d: D) -> Result<String, D::Error> {
    text(&String::deserialize(d)?).map_err(D::Error::custom)
}

/// For config: the journal's address.
pub fn given_journal<'de, D: Deserializer<'de>>(d: D) -> Result<String, D::Error> {
    journal(&String::deserialize(d)?).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_home(text: &str) -> Result<String, String> {
        expanded(text, || Some("/home/ana".to_owned()))
    }

    #[test]
    fn home_is_written_out_and_nothing_else_is_touched() {
        for text in ["~/tw/j.db", "$HOME/tw/j.db", "${HOME}/tw/j.db"] {
            assert_eq!(at_home(text).as_deref(), Ok("/home/ana/tw/j.db"), "{text}");
        }
        assert_eq!(at_home("~").as_deref(), Ok("/home/ana"));
        for text in ["", "/var/~/j.db", "./~/j.db", "a~b", "a/$HOME", "rel/j.db", "-"] {
            assert_eq!(at_home(text).as_deref(), Ok(text));
        }
    }

    #[test]
    fn what_is_not_understood_is_refused_with_words() {
        for text in ["~root/j.db", "~+/j.db", "$XDG_STATE_HOME/j.db", "$HOMES/x", "~x"] {
            let why = at_home(text).expect_err("refused");
            assert!(why.contains(text) && why.contains("whole path"), "{why}");
        }
        let why = expanded("~/j.db", || None).expect_err("refused");
        assert!(why.contains("HOME is not set"), "{why}");
    }

    #[test]
    fn only_the_path_of_a_journal_is_expanded() {
        let home = text("~").expect("a home");
        assert_eq!(journal("sqlite:~/j.db"), Ok(format!("sqlite:{home}/j.db")));
        assert_eq!(journal("sqlite://$HOME/j.db"), Ok(format!("sqlite://{home}/j.db")));
        assert_eq!(journal("postgres://~/x").as_deref(), Ok("postgres://~/x"));
        assert!(journal("sqlite:~ana/j.db").is_err());
    }
}
