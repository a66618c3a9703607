//! The table of commands: one row each with name, doc, default keys, access, category and pages.
//! Keymap, help, footer, palette, `tillwatch keys` and docs/keys.md derive from it; no keys
//! elsewhere.

use super::page::Page;

/// What a key asks for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Command {
    Incidents,
    Heatmap,
    Releases,
    Journeys,
    Guardrails,
    Sources,
    Journal,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    First,
    Last,
    Open,
    Back,
    Next,
    Previous,
    Acknowledge,
    Undo,
    Decide,
    Rollback,
    Timer,
    Note,
    Resolve,
    Columns,
    Rows,
    NextMetric,
    PreviousMetric,
    Everything,
    Filter,
    Palette,
    Help,
    Copy,
    Redraw,
    Suspend,
    Quit,
}

/// Who may use a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// Looks only: operator and observer. The wall has `Quit` and `Redraw` alone.
    Any,
    /// Changes an incident or the shop.
    Operator,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Category {
    Respond,
    Pages,
    Move,
    View,
    General,
}

impl Category {
    pub const ALL: [Self; 5] = [Self::Respond, Self::Pages, Self::Move, Self::View, Self::General];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Respond => "Respond",
            Self::Pages => "Pages",
            Self::Move => "Move",
            Self::View => "View",
            Self::General => "General",
        }
    }
}

/// One row of the table.
#[derive(Clone, Copy)]
pub struct Row {
    pub command: Command,
    /// The name in `[keys]`, in the palette and in docs/keys.md.
    pub name: &'static str,
    /// One line for help.
    pub doc: &'static str,
    /// One word for the footer.
    pub hint: &'static str,
    /// Default chords in their config form; the first is the one hints show.
    pub keys: &'static [&'static str],
    pub access: Access,
    pub category: Category,
    /// Pages where it applies; empty means everywhere.
    pub pages: &'static [Page],
    /// Cannot be undone: never on a bare lower-case letter, never on a readline key.
    pub destructive: bool,
}

impl Row {
    pub fn applies(&self, page: Page) -> bool {
        self.pages.is_empty() || self.pages.contains(&page)
    }
}

type Words = (&'static str, &'static str, &'static str);

const fn row(
    command: Command,
    words: Words,
    keys: &'static [&'static str],
    category: Category,
) -> Row {
    let (name, hint, doc) = words;
    let access = match category {
        Category::Respond => Access::Operator,
        _ => Access::Any,
    };
    Row { command, name, doc, hint, keys, access, category, pages: &[], destructive: false }
}

const fn on(pages: &'static [Page], row: Row) -> Row {
    Row { pages, ..row }
}

const fn destructive(row: Row) -> Row {
    Row { destructive: true, ..row }
}

const HEAT: &[Page] = &[Page::Heatmap];
const LISTS: &[Page] = &[Page::Incidents, Page::Releases, Page::Journal];
const CASES: &[Page] = &[Page::Incidents, Page::Incident, Page::Journal];

use Category::{General, Move, Pages, Respond, View};

/// The table, in the order help shows it.
pub const TABLE: [Row; 38] = [
    row(
        Command::Acknowledge,
        ("acknowledge", "ack", "take the incident selected here, else the banner's"),
        &["a"],
        Respond,
    ),
    row(
        Command::Undo,
        ("undo", "undo", "take back your acknowledgement, for 10 seconds"),
        &["u"],
        Respond,
    ),
    row(
        Command::Decide,
        ("decide", "decide", "record a decision: roll back, reroute, mitigate, hold"),
        &["d"],
        Respond,
    ),
    destructive(row(
        Command::Rollback,
        ("rollback", "roll back", "open the rollback dialog; a typed token confirms it"),
        &["R"],
        Respond,
    )),
    row(
        Command::Timer,
        ("timer", "timer", "start a decision timer, extend it once, or stop it"),
        &["t"],
        Respond,
    ),
    row(Command::Note, ("note", "note", "write a note into the journal"), &["n"], Respond),
    destructive(row(
        Command::Resolve,
        ("resolve", "resolve", "close the incident with a reason"),
        &["X"],
        Respond,
    )),
    row(
        Command::Incidents,
        ("incidents", "incidents", "Incidents: what is broken, worst first"),
        &["1", "i"],
        Pages,
    ),
    row(
        Command::Heatmap,
        ("heatmap", "heatmap", "Heatmap: which segment, with how many samples"),
        &["2", "h"],
        Pages,
    ),
    row(
        Command::Releases,
        ("releases", "releases", "Releases: what changed and what it did"),
        &["3", "r"],
        Pages,
    ),
    row(
        Command::Journeys,
        ("journeys", "journeys", "Journeys: synthetic checks and coverage"),
        &["4", "j"],
        Pages,
    ),
    row(
        Command::Guardrails,
        ("guardrails", "funnel", "Guardrails: funnel steps and guardrails"),
        &["5", "f"],
        Pages,
    ),
    row(
        Command::Sources,
        ("sources", "sources", "Sources: which feed is late or blind; checklist"),
        &["6", "s"],
        Pages,
    ),
    row(Command::Journal, ("journal", "journal", "Journal: who did what when"), &["7", "l"], Pages),
    row(Command::Up, ("up", "up", "previous row"), &["up"], Move),
    row(Command::Down, ("down", "down", "next row"), &["down"], Move),
    on(HEAT, row(Command::Left, ("left", "left", "cell to the left"), &["left"], Move)),
    on(HEAT, row(Command::Right, ("right", "right", "cell to the right"), &["right"], Move)),
    row(Command::PageUp, ("page-up", "page up", "one page up"), &["pgup"], Move),
    row(Command::PageDown, ("page-down", "page down", "one page down"), &["pgdn", "space"], Move),
    row(Command::First, ("first", "first", "first row"), &["home", "g"], Move),
    row(Command::Last, ("last", "last", "last row"), &["end", "G"], Move),
    row(
        Command::Open,
        ("open", "open", "evidence of the incident, then a verdict's inputs"),
        &["enter"],
        Move,
    ),
    row(Command::Back, ("back", "back", "close, clear the filter, or go back"), &["esc"], Move),
    on(
        CASES,
        row(Command::Next, ("next-incident", "next", "select the next incident"), &["tab"], Move),
    ),
    on(
        CASES,
        row(
            Command::Previous,
            ("previous-incident", "previous", "select the previous incident"),
            &["backtab"],
            Move,
        ),
    ),
    on(HEAT, row(Command::Columns, ("columns", "columns", "next dimension across"), &["x"], View)),
    on(HEAT, row(Command::Rows, ("rows", "rows", "next dimension down"), &["v"], View)),
    on(HEAT, row(Command::NextMetric, ("next-metric", "metric", "next metric"), &["."], View)),
    on(
        HEAT,
        row(
            Command::PreviousMetric,
            ("previous-metric", "metric", "previous metric"),
            &[","],
            View,
        ),
    ),
    on(
        &[Page::Journal],
        row(
            Command::Everything,
            ("everything", "all/one", "all incidents or the selected one"),
            &["x"],
            View,
        ),
    ),
    on(
        LISTS,
        row(Command::Filter, ("filter", "filter", "show matching rows; `!` inverts"), &["/"], View),
    ),
    row(Command::Palette, ("palette", "palette", "any command by name"), &[":"], General),
    row(Command::Help, ("help", "help", "all keys"), &["?"], General),
    row(
        Command::Copy,
        ("copy", "copy", "copy a summary of the incident (OSC 52)"),
        &["y"],
        General,
    ),
    row(Command::Redraw, ("redraw", "redraw", "draw everything again"), &["ctrl-l"], General),
    row(
        Command::Suspend,
        ("suspend", "suspend", "stop; the shell's `fg` comes back"),
        &["ctrl-z"],
        General,
    ),
    row(
        Command::Quit,
        ("quit", "quit", "quit; asks only while an action is in flight"),
        &["q", "ctrl-c"],
        General,
    ),
];

impl Command {
    pub fn row(self) -> &'static Row {
        // Every variant has a row (a test holds that), so the fallback is never taken.
        TABLE.iter().find(|r| r.command == self).unwrap_or(&TABLE[0])
    }

    pub fn from_name(name: &str) -> Option<Self> {
        TABLE.iter().find(|r| r.name == name).map(|r| r.command)
    }

    /// Movement survives a burst of keys: a held arrow over a slow link is no paste.
    pub fn is_move(self) -> bool {
        matches!(
            self,
            Self::Up
                | Self::Down
                | Self::Left
                | Self::Right
                | Self::PageUp
                | Self::PageDown
                | Self::First
                | Self::Last
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::desk::chord::{Chord, Key};

    #[test]
    fn names_are_unique_and_every_key_parses() {
        let names: BTreeSet<_> = TABLE.iter().map(|r| r.name).collect();
        let commands: BTreeSet<_> = TABLE.iter().map(|r| r.command).collect();
        assert_eq!((names.len(), commands.len()), (TABLE.len(), TABLE.len()));
        for row in &TABLE {
            assert!(
                !row.keys.is_empty() && !row.doc.is_empty() && row.doc.len() <= 58,
                "{}",
                row.name
            );
            for key in row.keys {
                assert!(key.parse::<Chord>().is_ok(), "{}: {key}", row.name);
            }
        }
    }

    #[test]
    fn no_page_has_a_key_twice() {
        for page in Page::ALL {
            let keys: Vec<_> =
                TABLE.iter().filter(|r| r.applies(page)).flat_map(|r| r.keys).collect();
            let unique: BTreeSet<_> = keys.iter().collect();
            assert_eq!(keys.len(), unique.len(), "{page:?}: {keys:?}");
        }
    }

    #[test]
    fn destructive_keys_are_never_bare_lower_case_letters() {
        for row in TABLE.iter().filter(|r| r.destructive) {
            for key in row.keys {
                let chord: Chord = key.parse().expect(key);
                let letter = matches!(chord.key, Key::Char(c) if c.is_lowercase());
                assert!(!letter && chord.key != Key::Enter, "{}: {key}", row.name);
            }
        }
        assert!(Command::Rollback.row().destructive);
    }

    #[test]
    fn what_changes_an_incident_needs_an_operator() {
        for row in &TABLE {
            assert_eq!(
                row.access == Access::Operator,
                row.category == Category::Respond,
                "{}",
                row.name
            );
        }
    }
}
