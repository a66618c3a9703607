//! Role: what a piece of the picture means. A theme gives each role a colour; nobody else does.
//! No colours and no ratatui here.

/// The meaning of a cell, a word or a line.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Role {
    #[default]
    Text,
    Muted,
    Title,
    Border,
    Focus,
    Accent,
    Ok,
    Unsure,
    Blind,
    Stale,
    Sev1,
    Sev2,
    Sev3,
    Sev4,
    Money,
    Clock,
    ClockLate,
    Heat0,
    Heat1,
    Heat2,
    Heat3,
    Heat4,
    Heat5,
    Heat6,
    Selected,
    Key,
    Warning,
    Error,
    Link,
}
