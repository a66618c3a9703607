//! Layout: areas from an area, pure arithmetic, no drawing. From the top: title 1 row, banner 1-3,
//! body (panels: `Main` stacked, `Side` in a right column), then toast, prompt and keys 1 row each.

use ratatui::layout::Rect;

use crate::present::screen::{Panel, PanelPlace, Rows, Screen};

pub struct ScreenAreas {
    pub title: Rect,
    pub banner: Rect,
    pub body: Rect,
    pub toast: Rect,
    pub prompt: Rect,
    pub hints: Rect,
}

/// Cuts rows off the top.
fn take(area: &mut Rect, rows: u16) -> Rect {
    let rows = rows.min(area.height);
    let cut = Rect { height: rows, ..*area };
    area.y += rows;
    area.height -= rows;
    cut
}

pub fn frame(screen: &Screen, area: Rect) -> ScreenAreas {
    let mut rest = area;
    let title = take(&mut rest, 1);
    let banner = take(&mut rest, u16::try_from(screen.banner.len()).unwrap_or(3));
    let tall = rest.height.saturating_sub(3);
    let body = take(&mut rest, tall);
    let toast = take(&mut rest, 1);
    let prompt = take(&mut rest, 1);
    ScreenAreas { title, banner, body, toast, prompt, hints: take(&mut rest, 1) }
}

/// An area for each panel; none where there is no room for it.
pub fn panels(panels: &[Panel], body: Rect) -> Vec<Option<Rect>> {
    let beside = panels.iter().any(|p| p.place == PanelPlace::Side);
    let right = if beside { (body.width * 2 / 5).clamp(44.min(body.width), 90) } else { 0 };
    let main = Rect { width: body.width.saturating_sub(right + u16::from(beside)), ..body };
    let side = Rect { x: body.right().saturating_sub(right), width: right, ..body };
    let mut areas = vec![None; panels.len()];
    for (place, column) in [(PanelPlace::Main, main), (PanelPlace::Side, side)] {
        let mine: Vec<usize> = (0..panels.len())
            .filter(|i| panels.get(*i).is_some_and(|p| p.place == place))
            .collect();
        stack(panels, &mine, column, &mut areas);
    }
    areas
}

fn head(panel: &Panel) -> u16 {
    u16::from(panel.title.is_some())
}

fn least(panel: &Panel) -> u16 {
    head(panel)
        + match panel.rows {
            Rows::Exact(n) => n,
            Rows::Between { min, .. } | Rows::Fill { min } => min,
        }
}

/// Gives each panel its least, then `Between` what it wants, then the rest to `Fill`.
fn stack(panels: &[Panel], mine: &[usize], column: Rect, areas: &mut [Option<Rect>]) {
    let mut kept: Vec<(usize, &Panel)> =
        mine.iter().filter_map(|i| panels.get(*i).map(|p| (*i, p))).collect();
    while kept.iter().map(|(_, p)| least(p)).sum::<u16>() > column.height && kept.len() > 1 {
        let worst = (0..kept.len()).max_by_key(|i| kept.get(*i).map_or(0, |(_, p)| p.rank));
        kept.remove(worst.unwrap_or(0));
    }
    let mut rows: Vec<u16> = kept.iter().map(|(_, p)| least(p)).collect();
    let mut left = column.height.saturating_sub(rows.iter().sum());
    for ((_, panel), have) in kept.iter().zip(&mut rows) {
        if let Rows::Between { min, most } = panel.rows {
            let more = most.saturating_sub(min).min(left);
            *have += more;
            left -= more;
        }
    }
    share(&kept, &mut rows, left);
    let mut rest = column;
    for ((i, _), rows) in kept.into_iter().zip(rows) {
        if let Some(slot) = areas.get_mut(i) {
            *slot = Some(take(&mut rest, rows));
        }
    }
}

fn share(kept: &[(usize, &Panel)], rows: &mut [u16], left: u16) {
    let fills = |p: &Panel| matches!(p.rows, Rows::Fill { .. });
    let n = u16::try_from(kept.iter().filter(|(_, p)| fills(p)).count()).unwrap_or(0);
    let (Some(each), Some(mut odd)) = (left.checked_div(n), left.checked_rem(n)) else {
        return;
    };
    for ((_, panel), have) in kept.iter().zip(rows) {
        if fills(panel) {
            *have += each + u16::from(odd > 0);
            odd = odd.saturating_sub(1);
        }
    }
}
