//! The form of a theme file: names of roles, looks and colours. Missing roles and unknown keys are
//! errors. No styles here; `theme` makes them for a colour depth.

use ratatui::style::Color;
use serde::Deserialize;

use super::depth::{ANSI, ColorDepth, Rgb, reduce, rgb};
use crate::present::role::Role;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ThemeFile {
    pub(super) name: String,
    pub(super) about: String,
    #[serde(default)]
    pub(super) light: bool,
    /// Absent: the terminal's own.
    pub(super) background: Option<Paint>,
    pub(super) roles: Roles,
}

#[expect(clippy::struct_excessive_bools, reason = "four attributes a terminal has, each a key")]
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct StyleRow {
    pub(super) fg: Option<Paint>,
    pub(super) bg: Option<Paint>,
    pub(super) bold: bool,
    pub(super) underline: bool,
    pub(super) reverse: bool,
    pub(super) dim: bool,
}

/// `"#rrggbb"`, or the name of one of the terminal's sixteen colours.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) enum Paint {
    Rgb(Rgb),
    /// 0-15, whatever the terminal's palette makes of it.
    Ansi(u8),
}

impl Paint {
    pub(super) fn color(self, depth: ColorDepth) -> Option<Color> {
        match (self, depth) {
            (_, ColorDepth::Mono) => None,
            (Self::Ansi(index), _) => ANSI.get(usize::from(index)).map(|(_, color, _)| *color),
            (Self::Rgb(rgb), _) => Some(reduce(rgb, depth)),
        }
    }

    pub(super) fn rgb(self) -> Rgb {
        match self {
            Self::Rgb(rgb) => rgb,
            Self::Ansi(index) => rgb(Color::Indexed(index), (0, 0, 0)),
        }
    }
}

impl TryFrom<String> for Paint {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let hex = text.strip_prefix('#').filter(|h| h.len() == 6);
        if let Some(value) = hex.and_then(|h| u32::from_str_radix(h, 16).ok()) {
            let [_, r, g, b] = value.to_be_bytes();
            return Ok(Self::Rgb((r, g, b)));
        }
        let named = ANSI.iter().position(|(name, ..)| *name == text);
        named.map(|index| Self::Ansi(index as u8)).ok_or_else(|| {
            format!("`{text}` is no colour; write \"#ff8700\", \"red\" or \"bright-red\"")
        })
    }
}

macro_rules! roles {
    ($($role:ident $key:ident),* $(,)?) => {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct Roles { $($key: StyleRow),* }

        impl Roles {
            pub(super) fn look(&self, role: Role) -> &StyleRow {
                match role { $(Role::$role => &self.$key),* }
            }
        }

        /// Every role in the order of its declaration.
        pub const ROLES: &[Role] = &[$(Role::$role),*];
    };
}

roles! {
    Text text, Muted muted, Title title, Border border, Focus focus, Accent accent,
    Ok ok, Unsure unsure, Blind blind, Stale stale,
    Sev1 sev1, Sev2 sev2, Sev3 sev3, Sev4 sev4,
    Money money, Clock clock, ClockLate clock_late,
    Heat0 heat0, Heat1 heat1, Heat2 heat2, Heat3 heat3, Heat4 heat4, Heat5 heat5, Heat6 heat6,
    Selected selected, Key key, Warning warning, Error error, Link link,
}
