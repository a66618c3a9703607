//! Intervals of shares and quantiles of the normal distribution. Nothing here knows what is
//! counted.

/// Normal quantile (Tukey's lambda approximation, two digits).
pub fn z_of(p: f64) -> f64 {
    4.91 * (p.powf(0.14) - (1.0 - p).powf(0.14))
}

/// Wilson's 95 % interval of a share (Wilson 1927).
pub fn wilson(hits: f64, n: f64) -> (f64, f64) {
    interval(hits, n, 1.96)
}

/// Wilson's interval of a share, `z` standard deviations to either side.
pub fn interval(hits: f64, n: f64, z: f64) -> (f64, f64) {
    if n <= 0.0 {
        return (0.0, 1.0);
    }
    let z2 = z * z;
    let p = (hits / n).clamp(0.0, 1.0);
    let mid = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt() * z / (1.0 + z2 / n);
    ((mid - half).max(0.0), (mid + half).min(1.0))
}
