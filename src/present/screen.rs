//! Screen: the whole picture as plain data: text that is safe, roles instead of colours, no cells.
//! `render` turns it into cells; comparing two screens tells whether to draw.

use crate::domain::text::ScreenText;

use super::role::Role;

/// The picture of one viewer.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Screen {
    pub title: Bar,
    /// The worst incident, or the calm; one or two rows.
    pub banner: Vec<Bar>,
    pub panels: Vec<Panel>,
    pub toast: Option<Line>,
    pub prompt: Bar,
    pub hints: Bar,
    pub dialog: Option<DialogView>,
    /// All there is below 40x12.
    pub summary: Vec<Line>,
    /// The wall display; takes the place of everything else.
    pub wall: Option<Wall>,
    /// Draw with ASCII alone.
    pub ascii: bool,
}

/// Words of one meaning.
#[derive(Clone, PartialEq, Debug)]
pub struct TextSpan {
    pub text: ScreenText,
    pub role: Role,
}

/// Spans side by side.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Line(pub Vec<TextSpan>);

impl Line {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn of(role: Role, text: ScreenText) -> Self {
        Self(vec![TextSpan { text, role }])
    }

    pub fn fixed(role: Role, text: &'static str) -> Self {
        Self::of(role, ScreenText::fixed(text))
    }

    #[must_use]
    pub fn and(mut self, role: Role, text: ScreenText) -> Self {
        self.0.push(TextSpan { text, role });
        self
    }

    #[must_use]
    pub fn say(self, role: Role, text: &'static str) -> Self {
        self.and(role, ScreenText::fixed(text))
    }

    #[must_use]
    pub fn and_line(mut self, tail: Self) -> Self {
        self.0.extend(tail.0);
        self
    }

    pub fn width(&self) -> usize {
        self.0.iter().map(|s| s.text.width()).sum()
    }

    /// The plain words, for tests and summaries.
    pub fn words(&self) -> String {
        self.0.iter().map(|s| s.text.as_str()).collect()
    }
}

/// A piece of a bar. Where there is no room, the highest rank goes first; rank 0 never goes.
#[derive(Clone, PartialEq, Debug)]
pub struct Part {
    pub line: Line,
    pub rank: u8,
}

/// One row: parts from the left, parts from the right, one role under all.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Bar {
    pub left: Vec<Part>,
    pub right: Vec<Part>,
    pub role: Role,
    /// The empty rest is a horizontal rule.
    pub ruled: bool,
}

impl Bar {
    pub fn new(role: Role) -> Self {
        Self { role, ..Self::default() }
    }

    /// A rule with a title in it.
    pub fn rule(title: Line) -> Self {
        let bar = Self::new(Role::Border).left(0, Line::fixed(Role::Border, "─ ")).left(0, title);
        Self { ruled: true, ..bar }
    }

    #[must_use]
    pub fn left(mut self, rank: u8, line: Line) -> Self {
        self.left.push(Part { line, rank });
        self
    }

    #[must_use]
    pub fn right(mut self, rank: u8, line: Line) -> Self {
        self.right.push(Part { line, rank });
        self
    }
}

/// A piece of the body.
#[derive(Clone, PartialEq, Debug)]
pub struct Panel {
    pub title: Option<Bar>,
    pub content: Content,
    pub rows: Rows,
    pub place: PanelPlace,
    /// Where there is no room, the highest rank goes first; rank 0 never goes.
    pub rank: u8,
}

impl Panel {
    pub fn new(content: Content, rows: Rows) -> Self {
        Self { title: None, content, rows, place: PanelPlace::Main, rank: 0 }
    }

    #[must_use]
    pub fn titled(self, title: Bar) -> Self {
        Self { title: Some(title), ..self }
    }

    #[must_use]
    pub fn beside(self) -> Self {
        Self { place: PanelPlace::Side, ..self }
    }

    #[must_use]
    pub fn ranked(self, rank: u8) -> Self {
        Self { rank, ..self }
    }
}

/// How tall a panel's content wants to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rows {
    Exact(u16),
    /// At least `min`, no more than `most`.
    Between {
        min: u16,
        most: u16,
    },
    /// At least `min`; takes what is left.
    Fill {
        min: u16,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PanelPlace {
    Main,
    /// The right column.
    Side,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Content {
    Table(TableView),
    Lines(Lines),
    Heatmap(Heatmap),
    Timeline(Timeline),
}

/// Rows under column heads. Only a window of the rows is here.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TableView {
    pub columns: Vec<Column>,
    pub rows: Vec<Row>,
    /// The place of `rows[0]` among all.
    pub first: usize,
    pub total: usize,
    /// The selected row among all; the page that holds it is shown.
    pub selected: Option<usize>,
    /// The first row to show where nothing is selected.
    pub top: usize,
    /// Said instead of rows.
    pub empty: Line,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Column {
    pub head: ScreenText,
    /// Columns of the screen; the least where `grow`.
    pub width: u16,
    /// Share of what is left; 0 keeps the width.
    pub grow: u16,
    pub right: bool,
    /// Where there is no room, the highest rank goes first; rank 0 never goes.
    pub rank: u8,
}

#[derive(Clone, PartialEq, Debug, Default)]
pub struct Row {
    pub cells: Vec<Line>,
}

/// Labelled or plain lines, wrapped where they are long.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Lines {
    pub items: Vec<Item>,
    pub scroll: usize,
    /// Width of the label column; 0 for none.
    pub label: u16,
    /// Long lines go on below; else they are cut.
    pub wrap: bool,
}

#[derive(Clone, PartialEq, Debug, Default)]
pub struct Item {
    pub label: ScreenText,
    pub line: Line,
}

/// Two dimensions of the shop.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Heatmap {
    pub corner: ScreenText,
    pub columns: Vec<ScreenText>,
    pub rows: Vec<HeatRow>,
    /// Row and column of the selected cell; they are always in sight.
    pub selected: Option<(usize, usize)>,
    pub empty: Line,
}

#[derive(Clone, PartialEq, Debug)]
pub struct HeatRow {
    pub label: ScreenText,
    /// One for each column; none where the board has no such cell.
    pub cells: Vec<Option<HeatCell>>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct HeatCell {
    pub value: ScreenText,
    pub n: ScreenText,
    pub role: Role,
    pub fill: Fill,
}

/// What stands behind a cell's words, so that it reads without colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fill {
    Plain,
    /// Too few samples to say.
    Hatched,
    /// No data at all.
    Blind,
    Hot,
}

/// Things along a common time axis; positions are thousandths of its length.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Timeline {
    pub lanes: Vec<Lane>,
    /// Width of the label column; 0 for none.
    pub label: u16,
    pub ticks: Vec<AxisTick>,
}

#[derive(Clone, PartialEq, Debug, Default)]
pub struct Lane {
    pub label: Line,
    pub bars: Vec<Stretch>,
    pub marks: Vec<Mark>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Stretch {
    pub from: u16,
    pub to: u16,
    pub role: Role,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Mark {
    pub at: u16,
    pub text: ScreenText,
    pub role: Role,
}

#[derive(Clone, PartialEq, Debug)]
pub struct AxisTick {
    pub at: u16,
    pub text: ScreenText,
}

/// A box over the page.
#[derive(Clone, PartialEq, Debug)]
pub struct DialogView {
    pub title: ScreenText,
    pub role: Role,
    /// With frame.
    pub width: u16,
    pub lines: Vec<Line>,
    pub scroll: usize,
    /// Must be seen whole to be of use.
    pub whole: bool,
    /// Keys scroll it, so it may be shorter than its lines.
    pub scrolls: bool,
}

/// The wall: little text, big letters.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Wall {
    pub top: Bar,
    pub blocks: Vec<Block>,
    pub foot: Bar,
    /// Alternates each second: a frozen wall shows.
    pub beat: bool,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Block {
    /// Drawn in big letters (A-Z, digits, a little punctuation).
    pub big: ScreenText,
    pub role: Role,
    pub label: Line,
}
