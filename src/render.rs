//! `render(&Screen, &Theme, area, buf)`: cells from a screen. Cannot see the desk; changes nothing.
//! Themes, layouts and widgets live here; every colour comes from a theme file.

pub mod svg;
pub mod theme;

mod bar;
mod big;
mod dialog;
mod heatmap;
mod layout;
mod lines;
mod pen;
mod sweep;
mod table;
mod timeline;
mod wall;

#[cfg(test)]
mod tests;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::present::screen::{Content, Panel, Screen};

use pen::Pen;
use theme::Theme;

/// Smaller screens show the summary alone.
const LEAST: (u16, u16) = (40, 12);
/// Larger screens are drawn this large.
const MOST: (u16, u16) = (500, 200);

/// Draws the whole picture into `area`. Every cell of `area` is written; nothing outside is.
pub fn render(screen: &Screen, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let mut area = area.intersection(buf.area);
    area.width = area.width.min(MOST.0);
    area.height = area.height.min(MOST.1);
    if area.is_empty() {
        return;
    }
    let mut pen = Pen::new(buf, theme, area);
    pen.clear(area);
    if area.width < LEAST.0 || area.height < LEAST.1 {
        summary(screen, &mut pen, area);
    } else if let Some(wall) = &screen.wall {
        wall::draw(wall, &mut pen, area);
    } else {
        page(screen, &mut pen, area);
    }
    sweep::sweep(buf, area, screen.ascii);
}

fn summary(screen: &Screen, pen: &mut Pen, area: Rect) {
    for (line, y) in screen.summary.iter().zip(area.top()..area.bottom()) {
        pen.line(line, area.x, y, area.width);
    }
}

fn page(screen: &Screen, pen: &mut Pen, area: Rect) {
    let frame = layout::frame(screen, area);
    bar::draw(&screen.title, pen, frame.title);
    for (bar, row) in screen.banner.iter().zip(frame.banner.rows()) {
        bar::draw(bar, pen, row);
    }
    for (panel, at) in screen.panels.iter().zip(layout::panels(&screen.panels, frame.body)) {
        if let Some(at) = at {
            panel_in(panel, pen, at);
        }
    }
    if let Some(toast) = &screen.toast {
        pen.line(toast, frame.toast.x, frame.toast.y, frame.toast.width);
    }
    bar::draw(&screen.prompt, pen, frame.prompt);
    bar::draw(&screen.hints, pen, frame.hints);
    if let Some(view) = &screen.dialog {
        dialog::draw(view, pen, area, frame.banner.bottom());
    }
}

fn panel_in(panel: &Panel, pen: &mut Pen, area: Rect) {
    let mut rest = area;
    if let Some(title) = panel.title.as_ref().filter(|_| area.height > 0) {
        bar::draw(title, pen, Rect { height: 1, ..area });
        rest.y += 1;
        rest.height -= 1;
    }
    match &panel.content {
        Content::Table(table) => table::draw(table, pen, rest),
        Content::Lines(all) => lines::draw(all, pen, rest),
        Content::Heatmap(map) => heatmap::draw(map, pen, rest),
        Content::Timeline(timeline) => timeline::draw(timeline, pen, rest),
    }
}
