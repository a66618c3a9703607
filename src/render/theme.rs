//! Theme: a style for each role. Every colour of the program is decided here.
//! No layout and no text here.

use ratatui::style::{Color, Modifier, Style};

use crate::present::role::Role;

/// How many colours the terminal has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ColorDepth {
    Mono,
    Ansi16,
    Ansi256,
    True,
}

/// Styles by role.
#[derive(Clone, PartialEq, Debug)]
pub struct Theme {
    pub depth: ColorDepth,
}

impl Theme {
    pub fn load(_name: &str, depth: ColorDepth) -> Result<Self, String> {
        Ok(Self { depth })
    }

    pub fn ground(&self) -> Style {
        Style::default()
    }

    pub fn style(&self, role: Role) -> Style {
        let plain = Style::default();
        match role {
            Role::Sev1 => plain.fg(Color::Red).add_modifier(Modifier::BOLD | Modifier::REVERSED),
            Role::Sev2 | Role::ClockLate | Role::Error => plain.fg(Color::Red),
            Role::Selected => plain.add_modifier(Modifier::REVERSED),
            Role::Title | Role::Key => plain.add_modifier(Modifier::BOLD),
            Role::Muted | Role::Border => plain.fg(Color::DarkGray),
            _ => plain,
        }
    }
}
