//! A theme by its name or as a file: the one way that screens and checks share.
//! What a theme is stands in `render::theme`.

use std::path::Path;

use crate::render::theme::{ColorDepth, Theme};

/// The theme `name`: one of the built-in ones, or a file ending in `.toml`.
///
/// # Errors
/// In words, with the names there are or what is wrong with the file.
pub fn named(name: &str, depth: ColorDepth) -> Result<Theme, String> {
    if Path::new(name).extension().is_some_and(|e| e == "toml") {
        let text = std::fs::read_to_string(name).map_err(|e| format!("theme {name}: {e}"))?;
        return Theme::parse(&text, depth).map_err(|why| format!("theme {name}: {why}"));
    }
    Theme::load(name, depth)
}
