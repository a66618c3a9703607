//! Shape novelty: distance from the last 24 rows to the nearest past stretch of 24 rows.
//! A stretch is eight bins of three rows, each its extreme; a bounded ring of them is searched.

use std::collections::VecDeque;

/// Rows of a stretch, rows of a bin, bins.
pub const ROWS: usize = 24;
const BIN: usize = 3;
const BINS: usize = ROWS / BIN;
/// Stretches remembered: two weeks of 5-minute rows.
const MOST: usize = 4096;

type ShapeStretch = [f32; BINS];

#[derive(Clone, Debug, Default)]
pub struct ShapeNovelty {
    /// Single precision is kept by storing distances from the first value of the series.
    origin: Option<f64>,
    past: VecDeque<ShapeStretch>,
    /// Stretches that still overlap the present one.
    young: VecDeque<ShapeStretch>,
}

impl ShapeNovelty {
    /// Root mean square distance of the stretch ending now to its nearest past neighbour; 0 while
    /// there is none. `rows` are the last 24 values, oldest first; `centre` tells extremes apart.
    pub fn step(&mut self, rows: &[f64], centre: f64) -> f64 {
        let origin = *self.origin.get_or_insert(centre);
        let mut stretch = [0.0f32; BINS];
        for (slot, bin) in stretch.iter_mut().zip(rows.chunks(BIN)) {
            let far = bin
                .iter()
                .copied()
                .max_by(|a, b| (a - centre).abs().total_cmp(&(b - centre).abs()));
            *slot = (far.unwrap_or(centre) - origin) as f32;
        }
        let (front, back) = self.past.as_slices();
        let near = nearest(front, &stretch).min(nearest(back, &stretch));
        self.young.push_back(stretch);
        if self.young.len() > ROWS
            && let Some(old) = self.young.pop_front()
        {
            self.past.push_back(old);
        }
        if self.past.len() > MOST {
            self.past.pop_front();
        }
        if near.is_finite() { (f64::from(near) / BINS as f64).sqrt() } else { 0.0 }
    }
}

fn nearest(past: &[ShapeStretch], now: &ShapeStretch) -> f32 {
    past.iter().map(|p| distance(p, now)).fold(f32::INFINITY, f32::min)
}

/// Squared distance, summed in pairs: no sum waits for the one before, so lanes work side by side.
fn distance(a: &ShapeStretch, b: &ShapeStretch) -> f32 {
    let mut d = [0.0f32; BINS];
    for (slot, (x, y)) in d.iter_mut().zip(a.iter().zip(b)) {
        *slot = (x - y) * (x - y);
    }
    ((d[0] + d[4]) + (d[2] + d[6])) + ((d[1] + d[5]) + (d[3] + d[7]))
}
