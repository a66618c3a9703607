//! The picture of a small buffer: colours, widths, escapes, well-formed XML, the same bytes twice.

use ratatui::layout::Rect;
use ratatui::style::{Color, Style};

use super::*;

const COLORS: (Rgb, Rgb) = ((0xd0, 0xd0, 0xd0), (0x12, 0x12, 0x12));

fn picture() -> String {
    let mut buf = Buffer::empty(Rect::new(0, 0, 20, 3));
    buf.set_string(0, 0, "<b> & \"q\"", Style::new().fg(Color::Red));
    buf.set_string(0, 1, "中a│é", Style::new().bold().underlined());
    buf.set_string(10, 1, "Sev 1", Style::new().fg(Color::White).bg(Color::Indexed(160)));
    buf.set_string(0, 2, "turned", Style::new().reversed());
    buf.set_string(10, 2, "faint", Style::new().dim());
    buf.cell_mut((18, 2)).expect("a cell").set_symbol("\u{1b}[2J");
    svg(&buf, COLORS, "incidents <1>")
}

/// Tags are closed in order, attributes quoted, text escaped: enough for what this file writes.
fn well_formed(xml: &str) -> Result<(), String> {
    let mut open = Vec::new();
    let mut rest = xml;
    while let Some(start) = rest.find('<') {
        let (text, tag) = rest.split_at(start);
        let named = ["amp;", "lt;", "gt;", "quot;", "#39;"];
        let loose = text.split('&').skip(1).any(|part| !named.iter().any(|n| part.starts_with(n)));
        if loose || text.contains('>') {
            return Err(format!("text {text:?}"));
        }
        let end = tag.find('>').ok_or("an open tag")?;
        let (inside, after) = (&tag[1..end], &tag[end + 1..]);
        if inside.matches('"').count() % 2 != 0 || inside.contains(['<', '&']) {
            return Err(format!("tag {inside:?}"));
        }
        match (inside.strip_prefix('/'), inside.ends_with('/')) {
            (Some(name), _) if open.pop() != Some(name) => return Err(format!("</{name}>")),
            (Some(_), _) | (None, true) => {}
            (None, false) => open.push(inside.split(' ').next().unwrap_or_default()),
        }
        rest = after;
    }
    if open.is_empty() { Ok(()) } else { Err(format!("{open:?} never closed")) }
}

#[test]
fn the_picture_is_well_formed_and_the_same_each_time() {
    let xml = picture();
    assert_eq!(well_formed(&xml), Ok(()), "{xml}");
    assert_eq!(xml, picture());
    assert!(well_formed("<a><b></a></b>").is_err() && well_formed("<a>&x</a>").is_err());
    assert!(!xml.chars().any(|c| c.is_control() && c != '\n'));
}

#[test]
fn cells_stand_in_their_columns_with_their_colours() {
    let xml = picture();
    for expected in [
        "width=\"198\" height=\"90\"",
        "<title>incidents &lt;1&gt;</title>",
        ">&lt;b&gt;</text>",
        "fill=\"#cd0000\"",
        // the wide letter in column 0, the next one in column 2
        "<text x=\"9\" y=\"59\" fill=\"#d0d0d0\" font-weight=\"bold\">中</text>",
        "<text x=\"27\" y=\"59\" fill=\"#d0d0d0\" font-weight=\"bold\">a</text>",
        "<rect x=\"99\" y=\"45\" width=\"45\" height=\"18\" fill=\"#d70000\"/>",
        "textLength=\"27\">Sev</text>",
        // reverse changes the colours, dim mixes them
        "<rect x=\"9\" y=\"63\" width=\"54\" height=\"18\" fill=\"#d0d0d0\"/>",
        "fill=\"#121212\" textLength=\"54\">turned</text>",
        "fill=\"#848484\" textLength=\"45\">faint</text>",
        ">▯</text>",
    ] {
        assert!(xml.contains(expected), "{expected} not in\n{xml}");
    }
}

#[test]
fn an_empty_buffer_has_a_picture() {
    let empty = svg(&Buffer::empty(Rect::ZERO), COLORS, "");
    assert_eq!(well_formed(&empty), Ok(()));
}
