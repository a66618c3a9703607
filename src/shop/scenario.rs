//! Scenarios: the table of faults (and of innocent look-alikes) with their right answers.
//! A scenario only writes into the timeline and the truth; it never draws and never serves.

mod benign;
mod draft;
mod funnel;
mod outage;
mod speed;
mod surge;
mod telemetry;

pub use draft::ScenarioDraft;

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    pub name: &'static str,
    /// One line for people.
    pub doc: &'static str,
    /// Factor on the shop's visits.
    pub traffic: f64,
    /// Writes releases, effects and truth.
    pub build: fn(&mut ScenarioDraft<'_>),
}

const fn row(name: &'static str, doc: &'static str, build: fn(&mut ScenarioDraft<'_>)) -> Scenario {
    Scenario { name, doc, traffic: 1.0, build }
}

const TABLE: &[Scenario] = &[
    row("calm-day", "only releases; nothing is wrong", benign::calm_day),
    row("checkout-outage", "a theme release breaks the checkout; rollback heals", outage::checkout),
    row(
        "mobile-pdp-inp",
        "a release slows taps on mobile product pages of paid visits",
        speed::inp,
    ),
    row(
        "payment-drop",
        "an app release makes the payment step collapse; probes stay green",
        funnel::payment_drop,
    ),
    row("telemetry-drop", "60 % of Chrome beacons vanish; orders do not", telemetry::drop),
    row(
        "campaign-mix-shift",
        "announced campaign: paid new mobile x4; no segment is worse",
        benign::campaign,
    ),
    row(
        "slow-drift",
        "product page LCP creeps up by 28 % over six hours; no release",
        speed::drift,
    ),
    row(
        "innocent-release",
        "staged release beside a third-party fault that hits old and new",
        speed::innocent,
    ),
    row("cdn-region-slow", "pages are slow in one region for five hours", speed::cdn_region),
    row(
        "third-party-script",
        "a third-party tag slows landing, product and home pages",
        speed::third_party,
    ),
    row("sampling-change", "a config release cuts beacon sampling to 25 %", telemetry::sampling),
    row(
        "clock-skew",
        "70 % of mobile Chrome beacons arrive 45 minutes late",
        telemetry::clock_skew,
    ),
    row("over-collection", "a theme release sends mobile beacons twice", telemetry::twice),
    row(
        "orphaned-traces",
        "an app release drops trace headers in cart and checkout",
        telemetry::orphans,
    ),
    row("pii-leak", "a release names a page by a customer's e-mail address", telemetry::leak),
    row("ab-cohort", "an experiment's variant slows taps on collection pages", speed::ab_cohort),
    row(
        "payment-outage",
        "the payment provider is down for 90 minutes; probes fail",
        outage::payment,
    ),
    row("bot-traffic", "bots multiply desktop direct visits and buy nothing", benign::bots),
    Scenario {
        name: "low-traffic",
        doc: "a small shop on a normal day: noise, and nothing wrong",
        traffic: 0.04,
        build: benign::calm_day,
    },
    row("holiday", "announced holiday: more visits, more carts", benign::holiday),
    row("maintenance", "announced maintenance: checkout down for 45 minutes", benign::maintenance),
    row("flapping", "checkout fails 10 minutes on, 20 off, for three hours", outage::flapping),
    row(
        "two-at-once",
        "a release slows mobile carts; soon after one region slows",
        speed::two_at_once,
    ),
    row(
        "rollback-no-help",
        "slow taps in checkout beside a release that did not cause them",
        speed::no_help,
    ),
    row("staged-5pct", "a release at 5 % is very slow to taps", speed::staged),
    row("search-errors", "collection pages throw errors; add to cart falls", funnel::search_errors),
    row(
        "returning-login-break",
        "returning customers cannot pay after an app release",
        funnel::login_break,
    ),
    row(
        "slow-network-images",
        "a theme release with heavy images hurts slow networks",
        speed::images,
    ),
    row("location-glitch", "one probe location fails; shoppers are fine", benign::location_glitch),
    row(
        "paid-mobile-conversion",
        "carts of paid mobile visits collapse; no release, no error",
        funnel::paid_mobile,
    ),
    row(
        "checkout-js-error-browser",
        "an app release throws script errors in Safari's checkout",
        funnel::safari_errors,
    ),
    row("region-checkout-down", "checkout fails in one region; no release", outage::region),
    row(
        "paid-efficiency",
        "a broken bid rule makes clicks dear; CAC payback climbs, no page is worse",
        funnel::paid_efficiency,
    ),
    row("region-dark", "one region's visits vanish; probes pass; no release", outage::region_dark),
    row("price-zero", "a config release sets prices near zero; orders soar", surge::price_zero),
    row("stacking-coupons", "a coupon can be used again and again; no release", surge::coupons),
    row("double-orders", "an app release writes most orders twice", surge::double_orders),
    row("scalpers", "machines buy up a limited product", surge::scalpers),
    row(
        "flash-sale",
        "announced flash sale: a wave of visits and carts within minutes",
        benign::flash_sale,
    ),
    row("stock-out", "best sellers are sold out; carts fall, pages are fine", funnel::stock_out),
    row("ingest-lag", "half of all beacons arrive 15 minutes late", telemetry::ingest_lag),
    row("beacons-twice", "Firefox sends beacons twice; no release", telemetry::twice_in_one),
];

/// Every scenario, the eight canonical ones first.
pub fn table() -> &'static [Scenario] {
    TABLE
}

pub fn find(name: &str) -> Option<&'static Scenario> {
    TABLE.iter().find(|s| s.name == name)
}

#[cfg(test)]
mod tests;
