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

const fn row(command: Command, words: Words, keys: &'static [&'static str]) -> CommandRow {
    let (name, hint, doc) = words;
    let category = Category::Respond;
    CommandRow { command, name, doc, hint, keys, category, pages: &[], destructive: false }
}

const fn order(key: OrderKey, words: Words, keys: &'static [&'static str]) -> CommandRow {
    row(Command::Order(key), words, keys)
}

const fn view(
    key: ViewKey,
    words: Words,
    keys: &'static [&'static str],
    category: Category,
) -> CommandRow {
    CommandRow { category, ..row(Command::View(key), words, keys) }
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

use Category::{General, Move, Pages, View};

/// The table, in the order help shows it.
pub const TABLE: [CommandRow; 39] = [
    order(
        OrderKey::Acknowledge,
        ("acknowledge", "ack", "take the incident selected here, else the banner's"),
        &["a"],
    ),
    order(OrderKey::Undo, ("undo", "undo", "take back your acknowledgement, for a moment"), &["u"]),
    order(
        OrderKey::Decide,
        ("decide", "decide", "record a decision: roll back, reroute, mitigate, hold"),
        &["d"],
    ),
    destructive(order(
        OrderKey::Rollback,
        ("rollback", "roll back", "open the rollback dialog; a typed token confirms it"),
        &["R"],
    )),
    order(
        OrderKey::Timer,
        ("timer", "timer", "start a decision timer, extend it once, or stop it"),
        &["t"],
    ),
    order(OrderKey::Note, ("note", "note", "write a note into the journal"), &["n"]),
    destructive(order(
        OrderKey::Resolve,
        ("resolve", "resolve", "close the incident with a reason"),
        &["X"],
    )),
    order(
        OrderKey::Review,
        ("review", "review", "say whether a closed incident was a true alarm"),
        &["V"],
    ),
    view(
        ViewKey::Incidents,
        ("incidents", "incidents", "Incidents: what is broken, worst first"),
        &["1", "i"],
        Pages,
    ),
    view(
        ViewKey::Heatmap,
        ("heatmap", "heatmap", "Heatmap: which segment, with how many samples"),
        &["2", "h"],
        Pages,
    ),
    view(
        ViewKey::Releases,
        ("releases", "releases", "Releases: what changed and what it did"),
        &["3", "r"],
        Pages,
    ),
    view(
        ViewKey::Journeys,
        ("journeys", "journeys", "Journeys: synthetic checks and coverage"),
        &["4", "j"],
        Pages,
    ),
    view(
        ViewKey::Guardrails,
        ("guardrails", "funnel", "Guardrails: funnel steps and guardrails"),
        &["5", "f"],
        Pages,
    ),
    view(
        ViewKey::Sources,
        ("sources", "sources", "Sources: which feed is late or blind; checklist"),
        &["6", "s"],
        Pages,
    ),
    view(
        ViewKey::Journal,
        ("journal", "journal", "Journal: who did what when"),
        &["7", "l"],
        Pages,
    ),
    view(ViewKey::Up, ("up", "up", "previous row"), &["up"], Move),
    view(ViewKey::Down, ("down", "down", "next row"), &["down"], Move),
    on(HEAT, view(ViewKey::Left, ("left", "left", "cell to the left"), &["left"], Move)),
    on(HEAT, view(ViewKey::Right, ("right", "right", "cell to the right"), &["right"], Move)),
    view(ViewKey::PageUp, ("page-up", "page up", "one page up"), &["pgup"], Move),
    view(ViewKey::PageDown, ("page-down", "page down", "one page down"), &["pgdn", "space"], Move),
    view(ViewKey::First, ("first", "first", "first row"), &["home", "g"], Move),
    view(ViewKey::Last, ("last", "last", "last row"), &["end", "G"], Move),
    view(
        ViewKey::Open,
        ("open", "open", "evidence of the incident, then a verdict's inputs"),
        &["enter"],
        Move,
    ),
    view(ViewKey::Back, ("back", "back", "close, clear the filter, or go back"), &["esc"], Move),
    on(
        CASES,
        view(ViewKey::Next, ("next-incident", "next", "select the next incident"), &["tab"], Move),
    ),
    on(
        CASES,
        view(
            ViewKey::Previous,
            ("previous-incident", "previous", "select the previous incident"),
            &["backtab"],
            Move,
        ),
    ),
    on(HEAT, view(ViewKey::Columns, ("columns", "columns", "next dimension across"), &["x"], View)),
    on(HEAT, view(ViewKey::Rows, ("rows", "rows", "next dimension down"), &["v"], View)),
    on(HEAT, view(ViewKey::NextMetric, ("next-metric", "metric", "next metric"), &["."], View)),
    on(
        HEAT,
        view(
            ViewKey::PreviousMetric,
            ("previous-metric", "metric", "previous metric"),
            &[","],
            View,
        ),
    ),
    on(
        &[Page::Journal],
        view(
            ViewKey::Everything,
            ("everything", "all/one", "all incidents or the selected one"),
            &["x"],
            View,
        ),
    ),
    on(
        LISTS,
        view(
            ViewKey::Filter,
            ("filter", "filter", "show matching rows; `!` inverts"),
            &["/"],
            View,
        ),
    ),
    view(ViewKey::Palette, ("palette", "palette", "any command by name"), &[":"], General),
    view(ViewKey::Help, ("help", "help", "all keys"), &["?"], General),
    view(
        ViewKey::Copy,
        ("copy", "copy", "copy a summary of the incident (OSC 52)"),
        &["y"],
        General,
    ),
    view(ViewKey::Redraw, ("redraw", "redraw", "draw everything again"), &["ctrl-l"], General),
    view(
        ViewKey::Suspend,
        ("suspend", "suspend", "stop; the shell's `fg` comes back"),
        &["ctrl-z"],
        General,
    ),
    view(
        ViewKey::Quit,
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
mod tests;
