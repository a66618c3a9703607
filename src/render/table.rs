//! A table: heads, rows, a pointer at the selected one. Pages flip whole, so that a step of the
//! selection rewrites two rows and not all of them.

use std::collections::BTreeMap;

use ratatui::layout::Rect;

use crate::present::role::Role;
use crate::present::screen::{Column, Line, TableView};

use super::pen::Pen;

/// Columns in front for the pointer.
const POINTER: u16 = 2;

pub fn draw(table: &TableView, pen: &mut Pen, area: Rect) {
    if area.is_empty() {
        return;
    }
    let kept = fit(table, area.width.saturating_sub(POINTER));
    heads(table, &kept, pen, area);
    let body = Rect { y: area.y + 1, height: area.height - 1, ..area };
    if table.total == 0 {
        if !body.is_empty() {
            pen.line(&table.empty, body.x + POINTER, body.y, body.width.saturating_sub(POINTER));
        }
        return;
    }
    let tall = usize::from(body.height);
    let top = top(table, tall);
    for (i, y) in (0..tall).zip(body.top()..body.bottom()) {
        let at = top + i;
        let Some(row) = at.checked_sub(table.first).and_then(|i| table.rows.get(i)) else {
            continue;
        };
        let selected = table.selected == Some(at);
        let mut x = body.x + POINTER;
        for (index, width) in &kept {
            if let (Some(column), Some(cell)) = (table.columns.get(*index), row.cells.get(*index)) {
                let wide = (*width).min(area.right().saturating_sub(x));
                let used = u16::try_from(cell.width()).unwrap_or(u16::MAX).min(wide);
                let pad = if column.right { wide - used } else { 0 };
                pen.line(cell, x + pad, y, wide - pad);
            }
            x += width + 1;
        }
        if selected {
            pen.put(body.x, y, '▸', Role::Focus);
            pen.tint(Rect { y, height: 1, ..body }, Role::Selected);
        }
    }
}

/// The first row shown.
fn top(table: &TableView, tall: usize) -> usize {
    match table.selected {
        Some(at) => at.checked_div(tall).unwrap_or(0) * tall,
        None => table.top.min(table.total.saturating_sub(tall)),
    }
}

fn heads(table: &TableView, kept: &[(usize, u16)], pen: &mut Pen, area: Rect) {
    let mut x = area.x + POINTER;
    for (index, width) in kept {
        if let Some(column) = table.columns.get(*index) {
            let wide = (*width).min(area.right().saturating_sub(x));
            let used = u16::try_from(column.head.width()).unwrap_or(0).min(wide);
            let pad = if column.right { wide - used } else { 0 };
            pen.text(&column.head, Role::Muted, (x + pad, area.y), wide - pad);
        }
        x += width + 1;
    }
}

/// Which columns fit and how wide each gets: (index, width), in order. What is left goes to columns
/// that grow, to each as much as its words need; the rest stays empty on the right, so that a name
/// and its numbers stand together.
fn fit(table: &TableView, room: u16) -> Vec<(usize, u16)> {
    let mut kept: Vec<(usize, &Column)> = table.columns.iter().enumerate().collect();
    let need = |kept: &[(usize, &Column)]| -> u32 {
        let gaps = kept.len().saturating_sub(1) as u32;
        kept.iter().map(|(_, c)| u32::from(c.width)).sum::<u32>() + gaps
    };
    while need(&kept) > u32::from(room) {
        let worst = kept.iter().enumerate().max_by_key(|(_, (_, c))| c.rank);
        match worst {
            Some((i, (_, c))) if c.rank > 0 => kept.remove(i),
            _ => break,
        };
    }
    let mut left = u32::from(room).saturating_sub(need(&kept));
    let mut wants: Vec<(usize, u32)> = kept
        .iter()
        .filter(|(_, c)| c.grow > 0)
        .map(|(i, c)| (*i, words(table, *i).saturating_sub(u32::from(c.width))))
        .collect();
    wants.sort_by_key(|(_, want)| *want); // who needs little leaves the rest to the others
    let mut more = BTreeMap::new();
    for (i, (index, want)) in wants.iter().enumerate() {
        let others = u32::try_from(wants.len() - i).unwrap_or(1);
        let given = (*want).min(left / others);
        left -= given;
        more.insert(*index, given);
    }
    let wide = |(index, column): (usize, &Column)| {
        let more = more.get(&index).copied().unwrap_or(0);
        (index, column.width + u16::try_from(more).unwrap_or(0))
    };
    kept.into_iter().map(wide).collect()
}

/// Steps in which columns grow: a word that is a letter longer moves nothing.
const STEP: u32 = 4;

/// The longest text of a column, in whole steps.
fn words(table: &TableView, index: usize) -> u32 {
    let cells = table.rows.iter().filter_map(|r| r.cells.get(index)).map(Line::width);
    let longest = u32::try_from(cells.max().unwrap_or(0)).unwrap_or(u32::MAX / 2);
    longest.div_ceil(STEP) * STEP
}
