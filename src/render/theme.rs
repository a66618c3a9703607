//! Themes: one look for each role, read from the files in themes/. Every colour comes from here.
//! Decides nothing about meaning and reads no environment; `depth` is told what the caller found.

mod depth;
mod file;
#[cfg(test)]
mod tests;

use ratatui::style::{Modifier, Style};

use crate::present::role::Role;

pub use depth::{ColorDepth, Rgb, depth, rgb};
pub use file::ROLES;
use file::{Paint, StyleRow};

/// Name and text of each built-in theme, the default first.
const BUILT_IN: [(&str, &str); 6] = [
    ("night", include_str!("../../themes/night.toml")),
    ("day", include_str!("../../themes/day.toml")),
    ("contrast", include_str!("../../themes/contrast.toml")),
    ("safe", include_str!("../../themes/safe.toml")),
    ("ansi16", include_str!("../../themes/ansi16.toml")),
    (MONO, include_str!("../../themes/mono.toml")),
];

/// Takes the place of every theme where there are no colours.
const MONO: &str = "mono";
/// What a terminal is taken to look like where a theme leaves its colours alone.
const TERMINAL: (Rgb, Rgb) = ((0xd0, 0xd0, 0xd0), (0x12, 0x12, 0x12));

/// One row of `tillwatch themes`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ThemeRow {
    pub name: &'static str,
    pub about: String,
    /// Made for a light background.
    pub light: bool,
}

/// A theme resolved for what the terminal can show.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Theme {
    pub name: String,
    pub about: String,
    pub light: bool,
    ground: Style,
    looks: Vec<Style>,
    rgb: (Rgb, Rgb),
}

impl Theme {
    /// A built-in theme by name; `Err` names the ones there are.
    pub fn load(name: &str, depth: ColorDepth) -> Result<Self, String> {
        let known = |name: &str| BUILT_IN.iter().find(|(known, _)| *known == name);
        let wanted = if depth == ColorDepth::Mono { MONO } else { name };
        if let (Some(_), Some((_, text))) = (known(name), known(wanted)) {
            return Self::parse(text, depth);
        }
        let names: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
        Err(format!("no theme `{name}`; there are {}", names.join(", ")))
    }

    /// A theme file: every role must be there, unknown keys are errors with their line.
    pub fn parse(text: &str, depth: ColorDepth) -> Result<Self, String> {
        let file: file::ThemeFile = toml::from_str(text).map_err(|e| e.to_string())?;
        let paint = |paint: Option<Paint>| paint.and_then(|p| p.color(depth));
        let text_look = file.roles.look(Role::Text);
        let ground = Style { fg: paint(text_look.fg), bg: paint(file.background), ..Style::new() };
        let looks = ROLES.iter().map(|role| style(file.roles.look(*role), depth)).collect();
        let known = |paint: Option<Paint>, or: Rgb| paint.map_or(or, Paint::rgb);
        let rgb = (known(text_look.fg, TERMINAL.0), known(file.background, TERMINAL.1));
        Ok(Self { name: file.name, about: file.about, light: file.light, ground, looks, rgb })
    }

    /// The look of a role, to be patched over [`Theme::ground`]. It sets a background only where
    /// the role has one of its own.
    pub fn style(&self, role: Role) -> Style {
        self.looks.get(role as usize).copied().unwrap_or(self.ground)
    }

    /// Ordinary text on the theme's background: the style to fill the screen with first.
    pub fn ground(&self) -> Style {
        self.ground
    }

    /// Foreground and background in RGB, for pictures.
    pub fn rgb(&self) -> (Rgb, Rgb) {
        self.rgb
    }
}

fn style(look: &StyleRow, depth: ColorDepth) -> Style {
    let on = [
        (look.bold, Modifier::BOLD),
        (look.underline, Modifier::UNDERLINED),
        (look.reverse, Modifier::REVERSED),
        (look.dim, Modifier::DIM),
    ];
    let style = Style {
        fg: look.fg.and_then(|p| p.color(depth)),
        bg: look.bg.and_then(|p| p.color(depth)),
        ..Style::new()
    };
    on.iter().filter(|(set, _)| *set).fold(style, |style, (_, m)| style.add_modifier(*m))
}

/// The built-in themes for `tillwatch themes`, the default first.
pub fn themes() -> Vec<ThemeRow> {
    let row = |(name, text): &(&'static str, &str)| {
        let theme = Theme::parse(text, ColorDepth::True).ok()?;
        Some(ThemeRow { name, about: theme.about, light: theme.light })
    };
    BUILT_IN.iter().filter_map(row).collect()
}
