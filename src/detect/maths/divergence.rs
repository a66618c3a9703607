//! How far an observed count is from an expected one, in nats: coins and Poisson events. Nothing
//! here knows what is counted.

/// Kullback-Leibler divergence of two coins, nats per toss.
pub fn kl(p: f64, q: f64) -> f64 {
    let q = q.clamp(1e-7, 1.0 - 1e-7);
    let p = p.clamp(0.0, 1.0);
    let part = |x: f64, y: f64| if x <= 0.0 { 0.0 } else { x * (x / y).ln() };
    (part(p, q) + part(1.0 - p, 1.0 - q)).max(0.0)
}

/// Log likelihood ratio of `a` Poisson events where `e` were expected.
pub fn poisson(a: f64, e: f64) -> f64 {
    let e = e.max(1e-9);
    if a <= 0.0 { e } else { (a * (a / e).ln() - (a - e)).max(0.0) }
}
