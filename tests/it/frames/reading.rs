//! One viewer at 80x24 whose pages are drawn into a buffer and read as a person reads them: lines
//! of text, a row by its name, the word of its state.

use std::sync::Arc;

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use tillwatch::board::Board;
use tillwatch::desk::chord::Chord;
use tillwatch::desk::heat::Heat;
use tillwatch::desk::keymap::Keymap;
use tillwatch::desk::state::{Desk, DeskEvent, DeskSetup, Seat, Size};
use tillwatch::desk::update::update;
use tillwatch::domain::metric::Metric;
use tillwatch::domain::segment::{Dim, DimValue};
use tillwatch::domain::time::{Span, Timestamp};
use tillwatch::present::present;
use tillwatch::render::render;
use tillwatch::render::theme::ColorDepth;
use tillwatch::render::theme::Theme;
use tillwatch::verdict::Verdict;

const SIZES: [Size; 2] = [Size { w: 80, h: 24 }, Size { w: 200, h: 60 }];

/// Keys of the pages that are read, with their names.
pub const PAGES: [(&str, &str); 8] = [
    ("1", "incidents"),
    ("1 enter", "incident"),
    ("2", "heatmap"),
    ("3", "releases"),
    ("4", "journeys"),
    ("5", "guardrails"),
    ("6", "sources"),
    ("7", "journal"),
];

/// A screen as text.
#[derive(Clone, Debug)]
pub struct Frame {
    pub page: &'static str,
    pub at: Timestamp,
    pub text: String,
}

impl Frame {
    /// The word for a quiet shop, in any case but not as part of another word.
    pub fn says_calm(&self) -> bool {
        words(&self.text).any(|w| w.eq_ignore_ascii_case("calm"))
    }

    /// The line of a table that begins with `row`.
    pub fn line(&self, row: &str) -> Option<&str> {
        let named = |line: &&str| {
            let line = line.trim_start_matches(['▸', '>', ' ', '│', '|']);
            line.strip_prefix(row).is_some_and(|rest| rest.starts_with("  ") || rest.is_empty())
        };
        self.text.lines().find(named)
    }

    /// The word of the row's state: what stands behind its name; none where it is not shown.
    pub fn state(&self, row: &str) -> Option<&str> {
        let mut parts = self.line(row)?.split("  ").map(str::trim).filter(|p| !p.is_empty());
        parts.nth(1).and_then(|part| part.split_whitespace().next())
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty())
}

/// A viewer that looks at every page of each board.
pub struct Reader {
    desk: Desk,
    wall: Desk,
    theme: Theme,
    clock: Timestamp,
}

impl Reader {
    pub fn new(board: &Board, now: Timestamp, fresh_for: Span) -> Self {
        let desk = |role| {
            let setup = DeskSetup {
                role,
                operator: "alex".into(),
                keymap: Keymap::default(),
                zone: chrono_tz::UTC,
                ascii: false,
                fresh_for,
                size: SIZES[0],
            };
            Desk::new(setup, Arc::new(board.clone()), now, now)
        };
        let theme = Theme::load("night", ColorDepth::True).expect("a theme");
        Self { desk: desk(Seat::Operator), wall: desk(Seat::Wall), theme, clock: now }
    }

    /// The board that every viewer gets, and the time it is looked at.
    pub fn take(&mut self, board: &Board, now: Timestamp) {
        let board = Arc::new(board.clone());
        self.clock = self.clock.max(now);
        for desk in [&mut self.desk, &mut self.wall] {
            update(desk, DeskEvent::Board(Arc::clone(&board)), now, self.clock);
        }
    }

    /// Every page and the wall, as they stand at `now`, at 80x24 and then at 200x60.
    pub fn frames(&mut self, now: Timestamp) -> Vec<Frame> {
        let mut frames = Vec::new();
        for size in SIZES {
            update(&mut self.desk, DeskEvent::Resized { w: size.w, h: size.h }, now, self.clock);
            update(&mut self.wall, DeskEvent::Resized { w: size.w, h: size.h }, now, self.clock);
            for (keys, page) in PAGES {
                for key in keys.split(' ') {
                    let chord: Chord = key.parse().expect("a key");
                    self.clock = self.clock.plus(Span::from_secs(1));
                    update(&mut self.desk, DeskEvent::Key(chord), now, self.clock);
                }
                frames.push(Frame { page, at: now, text: drawn(&self.desk, &self.theme) });
            }
            update(&mut self.wall, DeskEvent::Woke, now, self.clock);
            frames.push(Frame { page: "wall", at: now, text: drawn(&self.wall, &self.theme) });
        }
        frames
    }

    /// Cells that the heatmap draws as well, on axes a person looks at: metric and place.
    pub fn well(&self, metrics: &[Metric]) -> Vec<(Metric, Vec<(Dim, DimValue)>)> {
        let columns = [
            Dim::Device,
            Dim::Region,
            Dim::TrafficSource,
            Dim::Browser,
            Dim::Customer,
            Dim::Network,
        ];
        let mut found = Vec::new();
        for metric in metrics {
            for column in columns {
                let heat = Heat {
                    rows: Dim::Template,
                    columns: column,
                    metric: Some(*metric),
                    ..Heat::default()
                };
                if heat.shown(&self.desk.board) != Some(*metric) {
                    continue;
                }
                let cells = heat.grid(&self.desk.board).cells;
                let well = cells.iter().filter(|(_, c)| c.verdict == Verdict::Ok);
                found.extend(well.map(|((row, across), _)| {
                    let place = vec![(Dim::Template, (*row).clone()), (column, (*across).clone())];
                    (*metric, place)
                }));
            }
        }
        found
    }
}

fn drawn(desk: &Desk, theme: &Theme) -> String {
    let Size { w, h } = desk.size;
    let area = Rect::new(0, 0, w, h);
    let mut buffer = Buffer::empty(area);
    render(&present(desk), theme, area, &mut buffer);
    let line = |y: u16| -> String {
        (0..w).filter_map(|x| buffer.cell((x, y))).map(Cell::symbol).collect()
    };
    let lines: Vec<String> = (0..h).map(|y| line(y).trim_end().to_owned()).collect();
    lines.join("\n")
}
