//! The table of commands: one row each with name, doc, default keys, access, category and pages.
//! Keymap, help, footer, palette, `tillwatch keys` and docs/keys.md derive from it; no keys
//! elsewhere.

use super::page::Page;

/// What a key asks for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Command {
    /// Changes an incident or the shop: for operators.
    Order(OrderKey),
    /// Looks only: operator and observer. The wall has `Quit` and `Redraw` alone.
    View(ViewKey),
}

/// Keys that begin an order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum OrderKey {
    Acknowledge,
    Undo,
    Decide,
    Rollback,
    Timer,
    Note,
    Resolve,
    Review,
}

/// Keys that look.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ViewKey {
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

impl From<OrderKey> for Command {
    fn from(key: OrderKey) -> Self {
        Self::Order(key)
    }
}

impl From<ViewKey> for Command {
    fn from(key: ViewKey) -> Self {
        Self::View(key)
    }
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
pub struct CommandRow {
    pub command: Command,
    /// The name in `[keys]`, in the palette and in docs/keys.md.
    pub name: &'static str,
    /// One line for help.
    pub doc: &'static str,
    /// One word for the footer.
    pub hint: &'static str,
    /// Default chords in their config form; the first is the one hints show.
    pub keys: &'static [&'static str],
    pub category: Category,
    /// Pages where it applies; empty means everywhere.
    pub pages: &'static [Page],
    /// Cannot be undone: never on a bare lower-case letter, never on a readline key.
    pub destructive: bool,
}

impl CommandRow {
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
) -> CommandRow {
    let (name, hint, doc) = words;
    CommandRow { command, name, doc, hint, keys, category, pages: &[], destructive: false }
}

const fn on(pages: &'static [Page], row: CommandRow) -> CommandRow {
    CommandRow { pages, ..row }
}

const fn destructive(row: CommandRow) -> CommandRow {
    CommandRow { destructive: true, ..row }
}

const HEAT: &[Page] = &[Page::Heatmap];
const LISTS: &[Page] = &[Page::Incidents, Page::Releases, Page::Journal];
const CASES: &[Page] = &[Page::Incidents, Page::Incident, Page::Journal];

use Category::{General, Move, Pages, Respond, View};

/// The table, in the order help shows it.
pub const TABLE: [CommandRow; 39] = [
    row(
        Command::Order(OrderKey::Acknowledge),
        ("acknowledge", "ack", "take the incident selected here, else the banner's"),
        &["a"],
        Respond,
    ),
    row(
        Command::Order(OrderKey::Undo),
        ("undo", "undo", "take back your acknowledgement, for 10 seconds"),
        &["u"],
        Respond,
    ),
    row(
        Command::Order(OrderKey::Decide),
        ("decide", "decide", "record a decision: roll back, reroute, mitigate, hold"),
        &["d"],
        Respond,
    ),
    destructive(row(
        Command::Order(OrderKey::Rollback),
        ("rollback", "roll back", "open the rollback dialog; a typed token confirms it"),
        &["R"],
        Respond,
    )),
    row(
        Command::Order(OrderKey::Timer),
        ("timer", "timer", "start a decision timer, extend it once, or stop it"),
        &["t"],
        Respond,
    ),
    row(
        Command::Order(OrderKey::Note),
        ("note", "note", "write a note into the journal"),
        &["n"],
        Respond,
    ),
    destructive(row(
        Command::Order(OrderKey::Resolve),
        ("resolve", "resolve", "close the incident with a reason"),
        &["X"],
        Respond,
    )),
    row(
        Command::Order(OrderKey::Review),
        ("review", "review", "say whether a closed incident was a true alarm"),
        &["V"],
        Respond,
    ),
    row(
        Command::View(ViewKey::Incidents),
        ("incidents", "incidents", "Incidents: what is broken, worst first"),
        &["1", "i"],
        Pages,
    ),
    row(
        Command::View(ViewKey::Heatmap),
        ("heatmap", "heatmap", "Heatmap: which segment, with how many samples"),
        &["2", "h"],
        Pages,
    ),
    row(
        Command::View(ViewKey::Releases),
        ("releases", "releases", "Releases: what changed and what it did"),
        &["3", "r"],
        Pages,
    ),
    row(
        Command::View(ViewKey::Journeys),
        ("journeys", "journeys", "Journeys: synthetic checks and coverage"),
        &["4", "j"],
        Pages,
    ),
    row(
        Command::View(ViewKey::Guardrails),
        ("guardrails", "funnel", "Guardrails: funnel steps and guardrails"),
        &["5", "f"],
        Pages,
    ),
    row(
        Command::View(ViewKey::Sources),
        ("sources", "sources", "Sources: which feed is late or blind; checklist"),
        &["6", "s"],
        Pages,
    ),
    row(
        Command::View(ViewKey::Journal),
        ("journal", "journal", "Journal: who did what when"),
        &["7", "l"],
        Pages,
    ),
    row(Command::View(ViewKey::Up), ("up", "up", "previous row"), &["up"], Move),
    row(Command::View(ViewKey::Down), ("down", "down", "next row"), &["down"], Move),
    on(
        HEAT,
        row(Command::View(ViewKey::Left), ("left", "left", "cell to the left"), &["left"], Move),
    ),
    on(
        HEAT,
        row(
            Command::View(ViewKey::Right),
            ("right", "right", "cell to the right"),
            &["right"],
            Move,
        ),
    ),
    row(Command::View(ViewKey::PageUp), ("page-up", "page up", "one page up"), &["pgup"], Move),
    row(
        Command::View(ViewKey::PageDown),
        ("page-down", "page down", "one page down"),
        &["pgdn", "space"],
        Move,
    ),
    row(Command::View(ViewKey::First), ("first", "first", "first row"), &["home", "g"], Move),
    row(Command::View(ViewKey::Last), ("last", "last", "last row"), &["end", "G"], Move),
    row(
        Command::View(ViewKey::Open),
        ("open", "open", "evidence of the incident, then a verdict's inputs"),
        &["enter"],
        Move,
    ),
    row(
        Command::View(ViewKey::Back),
        ("back", "back", "close, clear the filter, or go back"),
        &["esc"],
        Move,
    ),
    on(
        CASES,
        row(
            Command::View(ViewKey::Next),
            ("next-incident", "next", "select the next incident"),
            &["tab"],
            Move,
        ),
    ),
    on(
        CASES,
        row(
            Command::View(ViewKey::Previous),
            ("previous-incident", "previous", "select the previous incident"),
            &["backtab"],
            Move,
        ),
    ),
    on(
        HEAT,
        row(
            Command::View(ViewKey::Columns),
            ("columns", "columns", "next dimension across"),
            &["x"],
            View,
        ),
    ),
    on(
        HEAT,
        row(Command::View(ViewKey::Rows), ("rows", "rows", "next dimension down"), &["v"], View),
    ),
    on(
        HEAT,
        row(
            Command::View(ViewKey::NextMetric),
            ("next-metric", "metric", "next metric"),
            &["."],
            View,
        ),
    ),
    on(
        HEAT,
        row(
            Command::View(ViewKey::PreviousMetric),
            ("previous-metric", "metric", "previous metric"),
            &[","],
            View,
        ),
    ),
    on(
        &[Page::Journal],
        row(
            Command::View(ViewKey::Everything),
            ("everything", "all/one", "all incidents or the selected one"),
            &["x"],
            View,
        ),
    ),
    on(
        LISTS,
        row(
            Command::View(ViewKey::Filter),
            ("filter", "filter", "show matching rows; `!` inverts"),
            &["/"],
            View,
        ),
    ),
    row(
        Command::View(ViewKey::Palette),
        ("palette", "palette", "any command by name"),
        &[":"],
        General,
    ),
    row(Command::View(ViewKey::Help), ("help", "help", "all keys"), &["?"], General),
    row(
        Command::View(ViewKey::Copy),
        ("copy", "copy", "copy a summary of the incident (OSC 52)"),
        &["y"],
        General,
    ),
    row(
        Command::View(ViewKey::Redraw),
        ("redraw", "redraw", "draw everything again"),
        &["ctrl-l"],
        General,
    ),
    row(
        Command::View(ViewKey::Suspend),
        ("suspend", "suspend", "stop; the shell's `fg` comes back"),
        &["ctrl-z"],
        General,
    ),
    row(
        Command::View(ViewKey::Quit),
        ("quit", "quit", "quit; asks only while an action is in flight"),
        &["q", "ctrl-c"],
        General,
    ),
];

impl Command {
    pub fn row(self) -> &'static CommandRow {
        // Every variant has a row (a test holds that), so the fallback is never taken.
        TABLE.iter().find(|r| r.command == self).unwrap_or(&TABLE[0])
    }

    pub fn from_name(name: &str) -> Option<Self> {
        TABLE.iter().find(|r| r.name == name).map(|r| r.command)
    }

    /// It changes an incident or the shop, and needs an operator.
    pub const fn is_order(self) -> bool {
        matches!(self, Self::Order(_))
    }

    /// Movement survives a burst of keys: a held arrow over a slow link is no paste.
    pub fn is_move(self) -> bool {
        matches!(
            self,
            Self::View(
                ViewKey::Up
                    | ViewKey::Down
                    | ViewKey::Left
                    | ViewKey::Right
                    | ViewKey::PageUp
                    | ViewKey::PageDown
                    | ViewKey::First
                    | ViewKey::Last
            )
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::desk::chord::{Chord, Key};
    use crate::incident::order::ORDERS;

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
        assert!(Command::Order(OrderKey::Rollback).row().destructive);
    }

    #[test]
    fn every_order_has_a_key_and_every_key_of_an_operator_an_order() {
        for forms in &ORDERS {
            assert!(Command::from_name(forms.key).is_some_and(Command::is_order), "{}", forms.key);
        }
        for row in TABLE.iter().filter(|r| r.command.is_order()) {
            assert!(ORDERS.iter().any(|forms| forms.key == row.name), "{}", row.name);
        }
    }

    #[test]
    fn what_changes_an_incident_needs_an_operator() {
        for row in &TABLE {
            assert_eq!(row.command.is_order(), row.category == Category::Respond, "{}", row.name);
        }
    }
}
