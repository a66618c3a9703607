//! The key table as documents: docs/keys.md and the output of `tillwatch keys`.
//! Both come from the command table; a test rewrites docs/keys.md when it is stale.

use std::fmt::Write;

use crate::desk::command::{Category, CommandRow, TABLE};
use crate::desk::keymap::Keymap;
use crate::desk::page::Page;

fn chords(map: &Keymap, row: &CommandRow) -> Vec<String> {
    map.chords(row.command).iter().map(ToString::to_string).collect()
}

fn place(row: &CommandRow) -> String {
    let names: Vec<&str> = row.pages.iter().copied().map(Page::name).collect();
    if names.is_empty() { "everywhere".to_owned() } else { names.join(", ") }
}

const fn who(row: &CommandRow) -> &'static str {
    if row.command.is_order() { "operator" } else { "anyone" }
}

/// Markdown, one table a category.
pub fn markdown(map: &Keymap) -> String {
    let mut text = String::from(
        "# Keys\n\n\
         Generated from the command table; `tillwatch keys` prints it with your own keys.\n\
         Change a key under `[keys]` by the command's name: `acknowledge = [\"A\"]`.\n\
         Commands that cannot be undone refuse bare lower-case letters.\n",
    );
    for category in Category::ALL {
        let _ = write!(
            text,
            "\n## {}\n\n| keys | command | does | who | where |\n|---|---|---|---|---|\n",
            category.name()
        );
        for row in TABLE.iter().filter(|r| r.category == category) {
            let keys: Vec<String> = chords(map, row).iter().map(|k| format!("`{k}`")).collect();
            let _ = writeln!(
                text,
                "| {} | `{}` | {} | {} | {} |",
                keys.join(" "),
                row.name,
                row.doc,
                who(row),
                place(row)
            );
        }
    }
    text
}

/// Plain columns for a terminal.
pub fn plain(map: &Keymap) -> String {
    let mut text = String::new();
    for row in &TABLE {
        let keys = chords(map, row).join(" ");
        let _ = writeln!(text, "{keys:<13} {:<18} {}", row.name, row.doc);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docs_keys_md_is_what_the_table_says() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/keys.md");
        let want = markdown(&Keymap::default());
        if std::fs::read_to_string(&path).unwrap_or_default() != want {
            std::fs::create_dir_all(path.parent().expect("docs")).expect("docs/");
            std::fs::write(&path, want).expect("docs/keys.md");
            panic!("docs/keys.md was stale and is rewritten; look at it and run again");
        }
    }

    #[test]
    fn every_command_is_in_both_documents() {
        let map = Keymap::default();
        for row in &TABLE {
            assert!(markdown(&map).contains(&format!("`{}`", row.name)));
            assert!(plain(&map).contains(row.doc));
        }
    }
}
