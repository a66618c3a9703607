//! A buffer as one SVG picture: the same cells, colours and attributes, in any viewer's monospace.
//! The same buffer gives the same bytes. No files, no fonts, no terminal.

#[cfg(test)]
mod tests;

use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell, CellWidth};
use ratatui::style::Modifier;

use super::theme::{Rgb, rgb};
use crate::domain::text::{MARK, cell_ok};

/// A cell in units of the picture: a monospace letter is 0.6 of the font size wide.
const CELL: (usize, usize) = (9, 18);
const FONT: usize = 15;
/// From the top of a row to the feet of its letters.
const BASELINE: usize = 14;
const MARGIN: usize = 9;
const HEAD: usize = 27;
/// Stands for a symbol that no cell may hold (`domain::text::MARK`).
const SWEPT: &str = "\u{25AF}";

/// How a cell looks once reverse and dim are worked out.
#[derive(Clone, Copy, PartialEq, Eq)]
struct CellLook {
    fg: Rgb,
    bg: Rgb,
    on: Modifier,
}

/// Cells of one row that are drawn by one element.
struct TextRun<'a> {
    x: usize,
    columns: usize,
    look: CellLook,
    /// Each symbol with the column it stands in; none for hidden text.
    symbols: Vec<(usize, &'a str)>,
}

/// `colors`: foreground and background of cells that leave theirs to the terminal, as of
/// `Theme::rgb`. `title` stands over the picture and in its `<title>`.
pub fn svg(buf: &Buffer, colors: (Rgb, Rgb), title: &str) -> String {
    let columns = usize::from(buf.area.width);
    let (width, height) =
        (columns * CELL.0 + 2 * MARGIN, usize::from(buf.area.height) * CELL.1 + HEAD + MARGIN);
    let (fg, bg) = (hex(colors.0), hex(colors.1));
    let name = escape(title);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"DejaVu Sans Mono, Menlo, Consolas, \
         monospace\" font-size=\"{FONT}\">\n<title>{name}</title>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"{bg}\"/>\n\
         <text x=\"{MARGIN}\" y=\"{BASELINE}\" fill=\"{fg}\" opacity=\"0.6\" \
         xml:space=\"preserve\">{name}</text>\n"
    );
    for (row, cells) in buf.content.chunks(columns.max(1)).enumerate() {
        let top = HEAD + row * CELL.1;
        let runs = runs(cells, colors);
        for run in &runs {
            ground(&mut out, run, top, colors.1);
        }
        for run in &runs {
            letters(&mut out, run, top);
        }
    }
    out.push_str("</svg>\n");
    out
}

fn look(cell: &Cell, colors: (Rgb, Rgb)) -> CellLook {
    let on = |modifier| cell.modifier.contains(modifier);
    let (mut fg, mut bg) = (rgb(cell.fg, colors.0), rgb(cell.bg, colors.1));
    if on(Modifier::REVERSED) {
        (fg, bg) = (bg, fg);
    }
    if on(Modifier::DIM) {
        let mix = |a: u8, b: u8| ((u16::from(a) * 3 + u16::from(b) * 2) / 5) as u8;
        fg = (mix(fg.0, bg.0), mix(fg.1, bg.1), mix(fg.2, bg.2));
    }
    CellLook { fg, bg, on: cell.modifier - Modifier::REVERSED - Modifier::DIM }
}

/// Neighbours of one look share a run; a wide cell takes its columns with it.
fn runs(cells: &[Cell], colors: (Rgb, Rgb)) -> Vec<TextRun<'_>> {
    let mut runs: Vec<TextRun> = Vec::new();
    let mut x = 0;
    while let Some(cell) = cells.get(x) {
        let symbol = if cell_ok(cell.symbol()) { cell.symbol() } else { SWEPT };
        let columns = usize::from(cell.symbol().cell_width()).clamp(1, cells.len() - x);
        let look = look(cell, colors);
        if runs.last().is_none_or(|run| run.look != look) {
            runs.push(TextRun { x, columns: 0, look, symbols: Vec::new() });
        }
        if let Some(run) = runs.last_mut() {
            run.columns += columns;
            if !cell.modifier.contains(Modifier::HIDDEN) {
                run.symbols.push((x, symbol));
            }
        }
        x += columns;
    }
    runs
}

fn ground(out: &mut String, run: &TextRun, top: usize, bg: Rgb) {
    if run.look.bg != bg {
        let (x, width) = (MARGIN + run.x * CELL.0, run.columns * CELL.0);
        let fill = hex(run.look.bg);
        put(
            out,
            format_args!(
                "<rect x=\"{x}\" y=\"{top}\" width=\"{width}\" height=\"{}\" fill=\"{fill}\"/>\n",
                CELL.1
            ),
        );
    }
}

/// Words as one element each, so that no viewer's idea of a letter's width moves the next word;
/// anything that is not ASCII alone in its column.
fn letters(out: &mut String, run: &TextRun, top: usize) {
    let mut word: Option<(usize, String)> = None;
    for (x, symbol) in &run.symbols {
        let ascii = symbol.is_ascii() && !symbol.trim().is_empty();
        match &mut word {
            Some((_, text)) if ascii => text.push_str(symbol),
            _ => {
                if let Some((at, text)) = word.take() {
                    text_element(out, run, at, top, &text);
                }
                if ascii {
                    word = Some((*x, (*symbol).to_owned()));
                } else if !symbol.trim().is_empty() {
                    text_element(out, run, *x, top, symbol);
                }
            }
        }
    }
    if let Some((at, text)) = word {
        text_element(out, run, at, top, &text);
    }
    lines(out, run, top);
}

fn text_element(out: &mut String, run: &TextRun, x: usize, top: usize, text: &str) {
    let look = run.look;
    let weight = if look.on.contains(Modifier::BOLD) { " font-weight=\"bold\"" } else { "" };
    let slant = if look.on.contains(Modifier::ITALIC) { " font-style=\"italic\"" } else { "" };
    let length = match text.len() {
        n @ 2.. if text.is_ascii() => format!(" textLength=\"{}\"", n * CELL.0),
        _ => String::new(),
    };
    put(
        out,
        format_args!(
            "<text x=\"{}\" y=\"{}\" fill=\"{}\"{weight}{slant}{length}>{}</text>\n",
            MARGIN + x * CELL.0,
            top + BASELINE,
            hex(look.fg),
            escape(text)
        ),
    );
}

/// Underline and strike-through run under spaces too, as in a terminal.
fn lines(out: &mut String, run: &TextRun, top: usize) {
    let (x, width) = (MARGIN + run.x * CELL.0, run.columns * CELL.0);
    for (drawn, y) in [(Modifier::UNDERLINED, BASELINE + 2), (Modifier::CROSSED_OUT, CELL.1 / 2)] {
        if run.look.on.contains(drawn) {
            let (y, fill) = (top + y, hex(run.look.fg));
            put(
                out,
                format_args!(
                    "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"1\" fill=\"{fill}\"/>\n"
                ),
            );
        }
    }
}

fn put(out: &mut String, element: std::fmt::Arguments) {
    let written = out.write_fmt(element);
    debug_assert!(written.is_ok(), "writing to a String cannot fail");
}

fn hex((r, g, b): Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// Text for XML 1.0, which has no form at all for most control characters.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => out.push(MARK),
            c => out.push(c),
        }
    }
    out
}
