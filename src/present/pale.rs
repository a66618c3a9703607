//! The picture of a board that is not fresh: what stands there was so then, and has no hue of now.
//! Words are made elsewhere; this only takes colours away.

use super::role::Role;
use super::screen::{Content, Line, Screen};

/// The word of a verdict that is loud while it is true.
const LOUD: &str = "BREACH";

pub fn pale(screen: &mut Screen) {
    for panel in &mut screen.panels {
        match &mut panel.content {
            Content::Table(table) => {
                table.rows.iter_mut().flat_map(|row| &mut row.cells).for_each(line);
            }
            Content::Lines(lines) => lines.items.iter_mut().for_each(|i| line(&mut i.line)),
            Content::Heatmap(map) => {
                let cells = map.rows.iter_mut().flat_map(|row| row.cells.iter_mut().flatten());
                cells.for_each(|cell| cell.role = role(cell.role));
            }
            Content::Timeline(_) => {}
        }
    }
    if let Some(dialog) = &mut screen.dialog {
        dialog.lines.iter_mut().for_each(line);
    }
}

fn line(line: &mut Line) {
    for span in &mut line.0 {
        span.role = if span.text.as_str() == LOUD { Role::Stale } else { role(span.role) };
    }
}

const fn role(role: Role) -> Role {
    match role {
        Role::Ok => Role::Muted,
        Role::Heat0
        | Role::Heat1
        | Role::Heat2
        | Role::Heat3
        | Role::Heat4
        | Role::Heat5
        | Role::Heat6 => Role::Stale,
        other => other,
    }
}
