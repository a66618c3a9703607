//! The fixed properties of a shop: who comes when, how fast pages are, how people buy, and the slow
//! noise around it. No faults, no releases: those are `effect` and `timeline`.

use rand::RngCore;

use super::dims::{
    BizCut, CART, CELLS, CHECKOUT, COLLECTION, HOME, LANDING, PDP, ShopCell, bin_axis,
};
use super::rng::{Gauss, Purpose, stream};

/// Spread of LCP and INP around their medians, in log units.
pub const LCP_SD: f64 = 0.55;
pub const INP_SD: f64 = 0.80;
/// Share of views with an interaction, the only ones that have an INP.
pub const INTERACT: f64 = 0.6;
/// Mean basket in EUR and its log spread.
pub const BASKET_EUR: f64 = 80.0;
pub const BASKET_SD: f64 = 0.55;

const LCP_MEDIAN: [f64; 6] = [1750.0, 2050.0, 1850.0, 2150.0, 1500.0, 1650.0];
const INP_MEDIAN: [f64; 6] = [85.0, 95.0, 130.0, 120.0, 110.0, 140.0];
const ERROR: [f64; 6] = [0.006, 0.006, 0.007, 0.008, 0.005, 0.005];
/// Add to cart, checkout, payment tried, paid.
const STEP: [f64; 4] = [0.125, 0.47, 0.72, 0.965];
/// The share of the next step never passes this.
pub const STEP_MAX: [f64; 4] = [0.9, 0.95, 0.97, 0.999];
/// Views per visit of home, landing, collection, pdp; then what follows the first cart and the
/// first checkout view.
pub const VIEWS: [f64; 6] = [0.45, 0.40, 1.25, 1.55, 0.5, 1.2];
const UTC_OFFSET_HOURS: [i64; 3] = [1, -5, 9];
const WEEKDAY: [f64; 7] = [0.97, 0.96, 0.98, 1.0, 1.02, 1.08, 1.10];
/// Mean of the day curve, so that `visits_per_day` is what a mean weekday has.
const DAY_MEAN: f64 = 0.572;
const SHARED_SD: f64 = 0.04;
const SOURCE_SD: f64 = 0.058;
/// Usual drift of page speed from day to day, log units.
pub const DRIFT_SD: f64 = 0.012;

/// Log units to histogram bins.
pub const AXIS_PER_LOG: f64 = 4.0 / std::f64::consts::LN_2;

/// What is constant for a visit cell.
#[derive(Clone, Debug)]
pub struct CellFacts {
    pub cell: ShopCell,
    /// Share of all visits.
    pub weight: f64,
    /// Medians on the bin axis, by template.
    pub lcp: [f32; 6],
    pub inp: [f32; 6],
    /// Share of views with a script error, by template.
    pub error: [f32; 6],
    /// The four funnel steps, each as a share of the step before.
    pub steps: [f64; 4],
    /// Second and third dimension of the source, browser and network cuts.
    pub keys: [usize; 3],
    /// Keys of the two business cuts.
    pub biz: [usize; 2],
}

/// A shop, the same for ever for one seed.
#[derive(Clone, Debug)]
pub struct World {
    pub seed: u64,
    pub visits_per_day: f64,
    pub cells: Vec<CellFacts>,
    pub gauss: Gauss,
    /// Cumulative Poisson thresholds in 65536ths, by template.
    pub views: [Vec<u16>; 6],
}

impl World {
    pub fn new(seed: u64, visits_per_day: f64) -> Self {
        let gauss = Gauss::default();
        let shares = SeededShares::new(seed, &gauss);
        let mut cells: Vec<_> = (0..CELLS).map(|n| facts(ShopCell::at(n), &shares)).collect();
        let total: f64 = cells.iter().map(|c| c.weight).sum();
        for cell in &mut cells {
            cell.weight /= total;
        }
        let views = VIEWS.map(poisson_thresholds);
        Self { seed, visits_per_day: visits_per_day.max(0.0), cells, gauss, views }
    }

    /// Expected visits in a minute per region and traffic source, as factors of a cell's weight.
    pub fn tides(&self, minute: i64) -> ([f64; 3], [f64; 4]) {
        let shared = SHARED_SD * self.gauss.smooth(self.seed, Purpose::SharedNoise, minute, 180);
        let per_minute = self.visits_per_day / 1440.0 * shared.exp();
        let regions = UTC_OFFSET_HOURS.map(|h| per_minute * day_curve(minute + 60 * h));
        let mut sources = [1.0; 4];
        for (i, factor) in sources.iter_mut().enumerate() {
            let seed = self.seed.wrapping_add(i as u64 + 1);
            let noise = self.gauss.smooth(seed, Purpose::SourceNoise, minute, 150);
            *factor = (SOURCE_SD * noise).exp();
        }
        (regions, sources)
    }

    /// How much slower each template is this day than on the mean day, on the bin axis: pages of
    /// one day differ from the next by about 1.2 %.
    pub fn page_drift(&self, minute: i64) -> [f32; 6] {
        let mut drift = [0.0; 6];
        for (t, d) in drift.iter_mut().enumerate() {
            let seed = self.seed.wrapping_add(100 + t as u64);
            let noise = self.gauss.smooth(seed, Purpose::PageDrift, minute, 1440);
            *d = (noise * DRIFT_SD * AXIS_PER_LOG) as f32;
        }
        drift
    }
}

/// The two-peaked day and the weekday of a region's own clock, mean about 1.
fn day_curve(local_minute: i64) -> f64 {
    let hour = local_minute.rem_euclid(1440) as f64 / 60.0;
    let bump = |at: f64, width: f64| (-((hour - at) / width).powi(2)).exp();
    let day = 0.18 + 0.82 * bump(14.0, 5.0) + 0.55 * bump(20.5, 2.2);
    // 1970-01-01 was a Thursday.
    let weekday = (local_minute.div_euclid(1440) + 3).rem_euclid(7) as usize;
    day / DAY_MEAN * WEEKDAY.get(weekday).copied().unwrap_or(1.0)
}

/// Cumulative Poisson probabilities in 65536ths; a count is the number of thresholds passed.
fn poisson_thresholds(mean: f64) -> Vec<u16> {
    let mut p = (-mean).exp();
    let mut sum = 0.0;
    let mut thresholds = Vec::new();
    for k in 1..12 {
        sum += p;
        let threshold = (sum * 65536.0).round();
        if threshold >= 65535.0 {
            break;
        }
        thresholds.push(threshold as u16);
        p *= mean / f64::from(k);
    }
    thresholds
}

/// Seeded shares: every shop is a little different.
struct SeededShares {
    device: [f64; 3],
    browser: [[f64; 4]; 3],
    network: [[f64; 3]; 3],
    region: [f64; 3],
    source: [f64; 4],
    lcp: [f64; 6],
    inp: [f64; 6],
}

impl SeededShares {
    fn new(seed: u64, gauss: &Gauss) -> Self {
        let mut rng = stream(seed, Purpose::World, 0);
        let mut jitter = move |sd: f64| (sd * f64::from(gauss.at(rng.next_u32()))).exp();
        Self {
            device: [0.62, 0.32, 0.06].map(|v| v * jitter(0.08)),
            browser: [[0.50, 0.40, 0.02, 0.08], [0.62, 0.18, 0.10, 0.10], [0.35, 0.55, 0.02, 0.08]]
                .map(|row| normal(row.map(|v| v * jitter(0.08)))),
            network: [[0.38, 0.50, 0.12], [0.92, 0.05, 0.03], [0.70, 0.25, 0.05]]
                .map(|row| normal(row.map(|v| v * jitter(0.08)))),
            region: [0.52, 0.33, 0.15].map(|v| v * jitter(0.08)),
            source: [0.40, 0.28, 0.10, 0.22].map(|v| v * jitter(0.08)),
            lcp: LCP_MEDIAN.map(|v| v * jitter(0.05)),
            inp: INP_MEDIAN.map(|v| v * jitter(0.05)),
        }
    }
}

fn normal<const N: usize>(row: [f64; N]) -> [f64; N] {
    let sum: f64 = row.iter().sum();
    row.map(|v| v / sum)
}

#[expect(clippy::indexing_slicing, reason = "coordinates of a cell lie inside their tables")]
fn facts(cell: ShopCell, shares: &SeededShares) -> CellFacts {
    let ShopCell { region, device, browser, network, source, customer } = cell;
    let weight = shares.device[device]
        * shares.browser[device][browser]
        * shares.network[device][network]
        * shares.region[region]
        * shares.source[source]
        * [[0.72, 0.28], [0.80, 0.20], [0.25, 0.75], [0.45, 0.55]][source][customer];
    let lcp_factor = [1.22, 0.88, 1.05][device]
        * [0.90, 1.12, 1.85][network]
        * [1.0, 1.04, 1.28][region]
        * [1.0, 0.97, 1.03, 1.08][browser];
    let inp_factor =
        [1.55, 0.65, 1.2][device] * [0.97, 1.0, 1.08][network] * [1.0, 0.92, 1.1, 1.25][browser];
    let error_factor = [1.0, 1.2, 1.5, 2.0][browser];
    let steps = [
        STEP[0] * [0.9, 1.2, 1.0][device] * [0.85, 1.35][customer] * [1.0, 0.75, 1.5, 1.1][source],
        STEP[1] * [0.95, 1.1, 1.0][device] * [0.95, 1.1][customer],
        STEP[2] * [0.94, 1.1, 1.0][device] * [0.95, 1.08][customer],
        STEP[3],
    ];
    CellFacts {
        cell,
        weight,
        lcp: shares.lcp.map(|m| bin_axis(m * lcp_factor) as f32),
        inp: shares.inp.map(|m| bin_axis(m * inp_factor) as f32),
        error: ERROR.map(|e| (e * error_factor) as f32),
        steps,
        keys: [device * 4 + source, device * 4 + browser, network * 3 + region],
        biz: [BizCut::Source.key(cell), BizCut::Browser.key(cell)],
    }
}

/// Templates whose views follow from browsing, with their place in [`World::views`].
pub const BROWSE: [usize; 4] = [HOME, LANDING, COLLECTION, PDP];
/// Templates whose views follow from the funnel: (template, step reached).
pub const FUNNEL: [(usize, usize); 2] = [(CART, 1), (CHECKOUT, 2)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_has_the_visits_asked_for() {
        let world = World::new(3, 300_000.0);
        let start = 29_000_000;
        let mut total = 0.0;
        for minute in (start..start + 7 * 1440).step_by(10) {
            let (regions, sources) = world.tides(minute);
            total += 10.0
                * world
                    .cells
                    .iter()
                    .map(|c| c.weight * regions[c.cell.region] * sources[c.cell.source])
                    .sum::<f64>();
        }
        let per_day = total / 7.0;
        assert!((per_day / 300_000.0 - 1.0).abs() < 0.12, "visits a day: {per_day}");
    }
}
