//! VUS-PR, the volume under the surface of precision and recall: ranks all rows, no line at all.
//! After Paparrizos and others (VLDB 2022): labels fade over a buffer either side of a window, and
//! the areas of several buffers are averaged.

/// Buffers in rows.
const BUFFERS: [usize; 5] = [0, 25, 50, 75, 100];
/// Thresholds tried for each area.
const STEPS: usize = 200;

/// The volume for evidence by row and windows of rows; `None` without windows.
pub fn vus_pr(evidence: &[f64], windows: &[(usize, usize)]) -> Option<f64> {
    if windows.is_empty() || evidence.is_empty() {
        return None;
    }
    let mut order: Vec<usize> = (0..evidence.len()).collect();
    order.sort_by(|a, b| evidence[*b].total_cmp(&evidence[*a]));
    let areas = BUFFERS.iter().map(|buffer| area(&order, windows, *buffer));
    Some(areas.sum::<f64>() / BUFFERS.len() as f64)
}

fn area(order: &[usize], windows: &[(usize, usize)], buffer: usize) -> f64 {
    let labels = faded(order.len(), windows, buffer);
    let hard: f64 = windows.iter().map(|(a, b)| (b - a + 1) as f64).sum();
    let positives = f64::midpoint(hard, labels.iter().sum());
    let mut seen = vec![false; windows.len()];
    let (mut hit, mut touched) = (0.0, 0usize);
    let (mut area, mut recall_before, mut precision_before) = (0.0, 0.0, 1.0);
    let every = order.len().div_ceil(STEPS);
    for (taken, row) in order.iter().enumerate() {
        hit += labels[*row];
        let inside = windows.iter().enumerate().filter(|(_, w)| w.0 <= *row && *row <= w.1);
        for (w, _) in inside {
            touched += usize::from(!std::mem::replace(&mut seen[w], true));
        }
        if (taken + 1) % every == 0 || taken + 1 == order.len() {
            // recall counts windows that are touched at all, as the range form of it does
            let existence = touched as f64 / windows.len() as f64;
            let recall = (hit / positives).min(1.0) * existence;
            let precision = hit / (taken + 1) as f64;
            area += (recall - recall_before).max(0.0) * f64::midpoint(precision, precision_before);
            (recall_before, precision_before) = (recall.max(recall_before), precision);
        }
    }
    area
}

fn faded(rows: usize, windows: &[(usize, usize)], buffer: usize) -> Vec<f64> {
    let mut labels = vec![0.0f64; rows];
    let half = buffer / 2;
    for (first, last) in windows {
        let from = first.saturating_sub(half);
        for (i, label) in labels.iter_mut().enumerate().take(last + half + 1).skip(from) {
            let outside = first.saturating_sub(i).max(i.saturating_sub(*last));
            let faded = (1.0 - outside as f64 / buffer.max(1) as f64).max(0.0).sqrt();
            *label = label.max(faded);
        }
    }
    labels
}

#[test]
fn ranking_windows_first_is_near_one_and_last_is_near_nothing() {
    let windows = [(300, 349), (700, 749)];
    let inside = |i: usize| windows.iter().any(|(a, b)| *a <= i && i <= *b);
    let good: Vec<f64> = (0..1000).map(|i| f64::from(inside(i))).collect();
    let bad: Vec<f64> = good.iter().map(|x| 1.0 - x).collect();
    let of = |x: &[f64]| vus_pr(x, &windows).expect("windows");
    assert!(of(&good) > 0.8, "{}", of(&good));
    assert!(of(&bad) < 0.15, "{}", of(&bad));
}
