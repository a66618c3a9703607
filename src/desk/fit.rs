//! Fit: the rollback dialog as rows for the room there is, so that one that cannot be shown whole
//! is refused. `present` draws the rows made here and lays nothing out itself; no words of ours.

use unicode_segmentation::UnicodeSegmentation;

use crate::board::{Alternative, Precheck, RollbackPlan};
use crate::domain::text::{ScreenText, screen_text, width};

use super::dialog::Rollback;
use super::state::Size;

/// Columns of a dialog with its frame, where there is room.
pub const WIDTH: u16 = 80;
/// Fewer columns than this cannot carry the rollback dialog.
pub const WIDTH_MIN: u16 = 46;
/// Columns of labels in dialogs of many labels.
pub const LABEL: usize = 12;
/// Columns of labels in the rollback dialog.
pub const HEAD: usize = 9;
/// Columns and rows taken by frame and margins.
const FRAME: usize = 4;
const EDGES: usize = 2;

/// What a row of the rollback dialog is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RowPart {
    Where,
    From,
    To,
    /// A release that could be left instead, or how many there are.
    Other,
    Others,
    /// A required check that fails.
    Fails,
    /// A check that is advice alone and does not hold.
    Advice,
    /// A check that holds, while the checks are unfolded.
    Passed,
    /// How many checks hold, while they are folded.
    Folded,
    Saves,
    Reason,
    Ask,
    Typed,
    State,
    Blank,
}

/// One row: the outside text beside its label; the label stands at the first row of a part.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DialogRow {
    pub part: RowPart,
    pub first: bool,
    pub text: ScreenText,
}

/// The dialog laid out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Layout {
    pub rows: Vec<DialogRow>,
    /// Everything that is confirmed is in sight.
    pub whole: bool,
    /// The screen it needs to be whole.
    pub needs: Size,
    /// Where the unfolded checks do not fit: first row shown, rows shown, rows in all.
    pub window: Option<(usize, usize, usize)>,
}

/// What a layout gave up for want of room; each with all before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Thrift {
    Nothing,
    Blanks,
    /// Names of releases over several rows.
    Names,
    /// The end of advice.
    Advice,
    Money,
}

const RANKS: [Thrift; 5] =
    [Thrift::Nothing, Thrift::Blanks, Thrift::Names, Thrift::Advice, Thrift::Money];
/// From this many rows on the unfolded checks leave room for long names and blanks.
const TALL: usize = 20;

/// The dialog at a screen size. `stale` keeps the age of the evidence in sight.
pub fn layout(dialog: &Rollback, size: Size, stale: bool) -> Layout {
    let room = usize::from(size.h).saturating_sub(EDGES);
    let sheet = |thrift| Sheet { dialog, columns: columns(size.w), thrift, stale };
    let rows = |thrift| sheet(thrift).folded();
    let folded = RANKS.iter().map(|t| rows(*t)).find(|r| r.len() <= room);
    let least = folded.clone().unwrap_or_else(|| rows(Thrift::Money));
    let fits = size.w >= WIDTH_MIN && folded.is_some();
    let needs = needs(dialog, size, stale);
    if !dialog.unfolded {
        return Layout { rows: least, whole: fits, needs, window: None };
    }
    let (head, list, foot) =
        sheet(if room < TALL { Thrift::Names } else { Thrift::Nothing }).unfolded();
    let left = room.saturating_sub(head.len() + foot.len());
    let shown = left.min(list.len());
    let from = dialog.scroll.min(list.len() - shown);
    let window = (shown < list.len()).then_some((from, shown, list.len()));
    let part = list.into_iter().skip(from).take(shown);
    let rows = head.into_iter().chain(part).chain(foot).collect();
    Layout { rows, whole: fits && window.is_none(), needs, window }
}

/// True when the whole dialog fits on the screen.
pub fn is_whole(dialog: &Rollback, size: Size, stale: bool) -> bool {
    layout(dialog, size, stale).whole
}

fn needs(dialog: &Rollback, size: Size, stale: bool) -> Size {
    let w = if size.w < WIDTH_MIN { 60 } else { size.w };
    let sheet = Sheet { dialog, columns: columns(w), thrift: Thrift::Money, stale };
    let rows = sheet.folded().len() + EDGES;
    Size { w, h: u16::try_from(rows).unwrap_or(u16::MAX) }
}

/// Columns for outside text beside the labels of the rollback dialog.
fn columns(w: u16) -> usize {
    usize::from(w.min(WIDTH)).saturating_sub(HEAD + FRAME)
}

/// Columns for outside text beside the labels of other dialogs.
pub fn text_width(size: Size) -> usize {
    usize::from(size.w.min(WIDTH)).saturating_sub(LABEL + FRAME)
}

/// The dialog on paper of one width.
struct Sheet<'a> {
    dialog: &'a Rollback,
    columns: usize,
    thrift: Thrift,
    stale: bool,
}

impl Sheet<'_> {
    fn folded(&self) -> Vec<DialogRow> {
        let mut rows = self.head();
        rows.extend(self.others());
        rows.extend(self.failing());
        rows.push(plain(RowPart::Folded));
        rows.extend((self.thrift < Thrift::Money || self.stale).then(|| plain(RowPart::Saves)));
        rows.extend(self.foot());
        rows
    }

    /// Head, checks and foot; the checks may be shown in part.
    fn unfolded(&self) -> (Vec<DialogRow>, Vec<DialogRow>, Vec<DialogRow>) {
        let mut list = self.failing();
        let passed = self.dialog.plan.prechecks.iter().filter(|c| c.ok);
        list.extend(passed.flat_map(|c| self.texts(RowPart::Passed, &words(c))));
        (self.head(), list, self.foot())
    }

    fn head(&self) -> Vec<DialogRow> {
        let plan = &self.dialog.plan;
        let mut rows = self.texts(RowPart::Where, &place(plan));
        let (from, to) = (screen_text(plan.from.as_str()), screen_text(plan.to.as_str()));
        let short = (self.thrift >= Thrift::Names).then(|| self.short(&from, &to)).flatten();
        let (from, to) = short.unwrap_or((from, to));
        rows.extend(self.texts(RowPart::From, &from));
        rows.extend(self.texts(RowPart::To, &to));
        rows
    }

    /// The releases to choose from, where there is a choice: a row each, or one for all.
    fn others(&self) -> Vec<DialogRow> {
        let all = &self.dialog.others;
        if all.len() < 2 {
            return Vec::new();
        }
        match self.thrift {
            Thrift::Nothing => {
                let row = |(i, a): (usize, &Alternative)| {
                    let text = screen_text(&a.words()).cut(self.columns);
                    DialogRow { part: RowPart::Other, first: i == 0, text }
                };
                let rows = all.iter().enumerate().map(row);
                rows.chain([plain(RowPart::Others)]).collect()
            }
            Thrift::Money => Vec::new(),
            Thrift::Blanks | Thrift::Names | Thrift::Advice => vec![plain(RowPart::Others)],
        }
    }

    /// Both releases on a row each, with both ends; none where they would read alike.
    fn short(&self, from: &ScreenText, to: &ScreenText) -> Option<(ScreenText, ScreenText)> {
        let (from, to) = (middle(from, self.columns)?, middle(to, self.columns)?);
        (from != to).then_some((from, to))
    }

    fn failing(&self) -> Vec<DialogRow> {
        let failing = self.dialog.plan.prechecks.iter().filter(|c| !c.ok);
        let (must, advice): (Vec<_>, Vec<_>) = failing.partition(|c| c.required);
        let rows = |part, check: &Precheck, long: bool| {
            let text = words(check);
            self.texts(part, &if long { text } else { text.cut(self.columns) })
        };
        let long = self.thrift < Thrift::Advice;
        // what cannot be accepted anyway may be cut, what a reason goes past may not
        let blocked = self.dialog.plan.blocked().is_some();
        let must = must.into_iter().flat_map(|c| rows(RowPart::Fails, c, long || !blocked));
        must.chain(advice.into_iter().flat_map(|c| rows(RowPart::Advice, c, long))).collect()
    }

    fn foot(&self) -> Vec<DialogRow> {
        let blank = (self.thrift < Thrift::Blanks).then_some(RowPart::Blank);
        let reason = self.dialog.needs_reason().then_some(RowPart::Reason);
        let parts =
            [blank, reason, Some(RowPart::Ask), Some(RowPart::Typed), blank, Some(RowPart::State)];
        parts.into_iter().flatten().map(plain).collect()
    }

    fn texts(&self, part: RowPart, text: &ScreenText) -> Vec<DialogRow> {
        let lines = wrap(text, self.columns).into_iter().enumerate();
        lines.map(|(i, text)| DialogRow { part, first: i == 0, text }).collect()
    }
}

fn plain(part: RowPart) -> DialogRow {
    DialogRow { part, first: true, text: ScreenText::default() }
}

fn place(plan: &RollbackPlan) -> ScreenText {
    screen_text(&format!("{} / {} at {}", plan.environment, plan.service, plan.host))
}

fn words(check: &Precheck) -> ScreenText {
    screen_text(&check.words())
}

/// Lines of at most `columns`, broken at blanks. A word longer than a line goes on after one of
/// its marks, or where it must: nothing may be hidden.
pub fn wrap(text: &ScreenText, columns: usize) -> Vec<ScreenText> {
    let mut lines: Vec<String> = vec![];
    for word in text.as_str().split(' ') {
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(word) <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => chop(word, columns.max(2), &mut lines),
        }
    }
    lines.into_iter().map(ScreenText::made).collect()
}

/// One word on lines of its own.
fn chop(word: &str, columns: usize, lines: &mut Vec<String>) {
    let mut line = String::new();
    for grapheme in word.graphemes(true) {
        if width(&line) + width(grapheme) > columns {
            let whole = line.rfind(['-', '.', '/', '_', ':', '@', '=', '?', '&']).map(|i| i + 1);
            let rest = line.split_off(whole.filter(|i| i * 2 > line.len()).unwrap_or(line.len()));
            lines.push(std::mem::replace(&mut line, rest));
        }
        line.push_str(grapheme);
    }
    lines.push(line);
}

/// A name on one line: whole, or its two ends with the cut between; none where the end that holds
/// what is typed (six letters and digits) does not fit.
fn middle(name: &ScreenText, columns: usize) -> Option<ScreenText> {
    if name.width() <= columns {
        return Some(name.clone());
    }
    let all: Vec<&str> = name.as_str().graphemes(true).collect();
    let is_typed = |g: &str| g.chars().any(char::is_alphanumeric);
    let typed = all.iter().rev().scan(0, |n, g| {
        *n += usize::from(is_typed(g));
        (*n <= 6).then_some(width(g))
    });
    let end = typed.sum::<usize>().max(columns / 2);
    let start = columns.checked_sub(end + 1).filter(|start| *start >= 4)?;
    let head = fill(all.iter().copied(), start);
    let tail: Vec<&str> = fill(all.iter().rev().copied(), end);
    let text: String = head.into_iter().chain(["\u{2026}"]).chain(tail.into_iter().rev()).collect();
    Some(ScreenText::made(text))
}

/// As many of the graphemes as fit.
fn fill<'t>(graphemes: impl Iterator<Item = &'t str>, columns: usize) -> Vec<&'t str> {
    let mut used = 0;
    let fits = |g: &&str| {
        used += width(g);
        used <= columns
    };
    graphemes.take_while(fits).collect()
}
