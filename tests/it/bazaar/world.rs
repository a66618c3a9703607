//! The bazaar's tables: pages, browsers, countries, channels, payment methods, services and how
//! they call each other, its hours and its usual numbers. Where names differ from the product's,
//! both stand here. Nothing happens in this file.

/// Their page group, our template, share of landings, share of later views, median LCP and INP (s).
pub struct Page {
    pub theirs: &'static str,
    pub ours: &'static str,
    pub landing: f64,
    pub later: f64,
    pub lcp: f64,
    pub inp: f64,
}

const fn page(names: (&'static str, &'static str), mix: (f64, f64), speed: (f64, f64)) -> Page {
    let (theirs, ours) = names;
    Page { theirs, ours, landing: mix.0, later: mix.1, lcp: speed.0, inp: speed.1 }
}

pub const PAGES: [Page; 7] = [
    page(("start", "home"), (0.34, 0.08), (1.25, 0.09)),
    page(("listing", "collection"), (0.22, 0.30), (1.40, 0.12)),
    page(("find", "search"), (0.08, 0.15), (1.30, 0.14)),
    page(("detail", "pdp"), (0.36, 0.40), (1.55, 0.11)),
    page(("bag", "cart"), (0.0, 0.0), (1.10, 0.10)),
    page(("till", "checkout"), (0.0, 0.0), (1.35, 0.13)),
    page(("profile", "account"), (0.0, 0.07), (1.20, 0.10)),
];
pub const BAG: usize = 4;
pub const TILL: usize = 5;
/// Views after the landing, on average.
pub const LATER: f64 = 3.2;

/// Form factor (theirs, ours), browser family, share of visits, factor on speed.
pub struct Ua {
    pub form: (&'static str, &'static str),
    pub family: &'static str,
    pub share: f64,
    pub slow: f64,
}

const HANDSET: (&str, &str) = ("handset", "mobile");
const SLATE: (&str, &str) = ("slate", "tablet");
const PC: (&str, &str) = ("pc", "desktop");

const fn ua(form: (&'static str, &'static str), family: &'static str, share: f64, slow: f64) -> Ua {
    Ua { form, family, share, slow }
}

pub const UAS: [Ua; 9] = [
    ua(HANDSET, "ChromeMobile", 0.39, 1.25),
    ua(HANDSET, "MobileSafari", 0.17, 1.05),
    ua(HANDSET, "SamsungInternet", 0.11, 1.3),
    ua(SLATE, "ChromeMobile", 0.03, 1.1),
    ua(SLATE, "MobileSafari", 0.05, 1.0),
    ua(PC, "Chrome", 0.16, 0.8),
    ua(PC, "Edge", 0.05, 0.85),
    ua(PC, "Firefox", 0.03, 0.9),
    ua(PC, "Safari", 0.01, 0.8),
];

/// Code, share of visits, hours behind UTC, factor on speed.
pub const COUNTRIES: [(&str, f64, f64, f64); 6] = [
    ("br", 0.42, 3.0, 1.0),
    ("mx", 0.24, 6.0, 1.05),
    ("ar", 0.14, 3.0, 1.1),
    ("cl", 0.09, 4.0, 0.95),
    ("co", 0.07, 5.0, 1.15),
    ("pe", 0.04, 5.0, 1.2),
];

/// Theirs, ours, share of visits, factor on buying.
pub const CHANNELS: [(&str, &str, f64, f64); 5] = [
    ("organic", "organic", 0.34, 1.0),
    ("cpc", "paid", 0.28, 0.8),
    ("none", "direct", 0.20, 1.2),
    ("newsletter", "email", 0.08, 1.6),
    ("social", "social", 0.10, 0.5),
];
pub const NONE: usize = 2;

/// Share of visits, factor on buying.
pub const SHOPPERS: [(&str, f64, f64); 2] = [("guest", 0.62, 0.85), ("member", 0.38, 1.3)];

pub const METHODS: [&str; 4] = ["card", "pix", "wallet", "cash"];
/// Shares of the methods in Brazil and elsewhere.
const PAID_BY: [[f64; 4]; 2] = [[0.35, 0.45, 0.12, 0.08], [0.65, 0.0, 0.20, 0.15]];

pub fn paid_by(country: usize) -> [f64; 4] {
    PAID_BY[usize::from(country != 0)]
}

/// Shares of those in the step before: bag, begin, authorize, placed.
pub const STEPS: [f64; 4] = [0.11, 0.55, 0.80, 0.94];
pub const STAGES: [&str; 5] = ["visit", "bag", "begin", "authorize", "placed"];
/// Median seconds from visit to bag, to begin, to authorize, to placed; and their spread.
pub const LAGS: [(f64, f64); 4] = [(90.0, 0.7), (75.0, 0.9), (45.0, 0.6), (5.0, 0.5)];
/// Mean order in cents.
pub const BASKET: f64 = 21_000.0;
pub const SCRIPT_ERRORS: f64 = 0.006;
pub const LOAD_FAILURES: f64 = 0.003;
pub const HTTP_ERRORS: f64 = 0.0008;

/// Visits a second in the busiest hour, all countries together.
pub const VISITS: f64 = 36.0;

/// Spread of speed: natural logarithms.
pub const SPREAD: (f64, f64) = (0.55, 0.65);
pub const LCP_LE: [f64; 12] =
    [0.4, 0.8, 1.2, 1.6, 2.0, 2.5, 3.0, 4.0, 5.5, 8.0, 12.0, f64::INFINITY];
pub const INP_LE: [f64; 11] = [0.04, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.8, 1.2, 2.0, f64::INFINITY];
pub const HTTP_LE: [f64; 9] = [0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, f64::INFINITY];

/// A service's route: which page's views call it how often, and its median seconds.
pub struct Route {
    pub service: &'static str,
    pub route: &'static str,
    pub page: usize,
    pub calls: f64,
    pub took: f64,
}

const fn route(
    service: &'static str,
    route: &'static str,
    page: usize,
    calls: f64,
    took: f64,
) -> Route {
    Route { service, route, page, calls, took }
}

/// From the edge inwards: whoever stands further down is called by those above on the same page.
pub const ROUTES: [Route; 33] = [
    route("gateway", "/", 0, 1.0, 0.11),
    route("gateway", "/l/{slug}", 1, 1.0, 0.14),
    route("gateway", "/find", 2, 1.0, 0.17),
    route("gateway", "/d/{sku}", 3, 1.0, 0.13),
    route("gateway", "/bag", 4, 1.0, 0.09),
    route("gateway", "/till", 5, 1.0, 0.15),
    route("gateway", "/me", 6, 1.0, 0.10),
    route("bff", "GET start", 0, 1.0, 0.08),
    route("bff", "GET listing", 1, 1.0, 0.11),
    route("bff", "GET find", 2, 1.0, 0.14),
    route("bff", "GET detail", 3, 1.0, 0.10),
    route("bff", "GET bag", 4, 1.0, 0.06),
    route("bff", "POST till", 5, 1.0, 0.12),
    route("bff", "GET profile", 6, 1.0, 0.07),
    route("catalog", "items.list", 1, 2.0, 0.05),
    route("catalog", "items.get", 3, 1.0, 0.03),
    route("catalog", "items.teaser", 0, 1.0, 0.04),
    route("search", "query", 2, 1.0, 0.09),
    route("search", "suggest", 2, 1.5, 0.03),
    route("pricing", "quote.list", 1, 1.0, 0.02),
    route("pricing", "quote.item", 3, 1.0, 0.02),
    route("pricing", "quote.bag", 4, 1.0, 0.03),
    route("inventory", "stock.item", 3, 1.0, 0.02),
    route("inventory", "reserve", 5, 0.5, 0.03),
    route("cart", "get", 4, 1.0, 0.03),
    route("cart", "put", 4, 0.6, 0.04),
    route("checkout", "begin", 5, 0.6, 0.05),
    route("checkout", "commit", 5, 0.4, 0.08),
    route("payment", "authorize", 5, 0.4, 0.30),
    route("identity", "whoami", 6, 1.0, 0.02),
    route("identity", "login", 6, 0.3, 0.06),
    route("recommendations", "for.item", 3, 1.0, 0.05),
    route("notification", "send", 5, 0.4, 0.02),
];
pub const SERVICES: [&str; 12] = [
    "gateway",
    "bff",
    "catalog",
    "search",
    "pricing",
    "inventory",
    "cart",
    "checkout",
    "payment",
    "identity",
    "recommendations",
    "notification",
];
pub const PODS: usize = 2;
/// What is released, beside services.
pub const FRONTENDS: [&str; 3] = ["web-shop", "web-till", "rum-sdk"];

/// Who visits.
#[derive(Clone, Copy, Debug)]
pub struct Visitor {
    pub ua: usize,
    pub country: usize,
    pub channel: usize,
    pub shopper: usize,
    pub method: usize,
}

/// A part of the shop in our words; what is left open is everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place {
    pub page: Option<&'static str>,
    pub device: Option<&'static str>,
    pub browser: Option<&'static str>,
    pub region: Option<&'static str>,
    pub source: Option<&'static str>,
    pub customer: Option<&'static str>,
    pub method: Option<&'static str>,
}

impl Place {
    pub const ALL: Self = Self {
        page: None,
        device: None,
        browser: None,
        region: None,
        source: None,
        customer: None,
        method: None,
    };

    pub fn holds(&self, page: Option<usize>, v: Visitor) -> bool {
        let same = |want: Option<&str>, is: &str| want.is_none_or(|w| w == is);
        let (agent, country) = (&UAS[v.ua], COUNTRIES[v.country].0);
        self.page.is_none_or(|want| page.is_some_and(|p| PAGES[p].ours == want))
            && same(self.device, agent.form.1)
            && same(self.browser, agent.family)
            && same(self.region, country)
            && same(self.source, CHANNELS[v.channel].1)
            && same(self.customer, SHOPPERS[v.shopper].0)
            && same(self.method, METHODS[v.method])
    }
}

/// Share of the busiest hour's visits at `hour` local time.
fn curve(hour: f64) -> f64 {
    let turn = |at: f64| ((hour - at) / 24.0 * std::f64::consts::TAU).cos();
    (0.56 + 0.34 * turn(18.0) + 0.10 * ((hour - 21.0) / 12.0 * std::f64::consts::TAU).cos())
        .clamp(0.08, 1.0)
}

/// Monday is 0.
const DAYS: [f64; 7] = [1.0, 0.98, 0.97, 1.0, 1.06, 1.12, 1.1];

/// Usual visits a second of a country at a unix time; `noise` is the slow swing of the day.
pub fn visits(country: usize, at: f64, noise: f64) -> f64 {
    let (_, share, behind, _) = COUNTRIES[country];
    let local = at - behind * 3600.0;
    let day = ((local / 86_400.0).floor() as i64 + 3).rem_euclid(7) as usize;
    VISITS * share * curve(local / 3600.0 % 24.0) * DAYS[day] * noise
}

/// Share of those in the step before who go on, for one kind of visitor.
pub fn step(n: usize, v: Visitor) -> f64 {
    let (_, _, _, channel) = CHANNELS[v.channel];
    let device = if UAS[v.ua].form.1 == "desktop" { 1.35 } else { 0.9 };
    match n {
        0 => STEPS[0] * channel * device * SHOPPERS[v.shopper].2,
        n => STEPS[n],
    }
}

/// Median LCP and INP in seconds at a page for a visitor's browser and country.
pub fn speed(page: usize, ua: usize, country: usize) -> (f64, f64) {
    let slow = UAS[ua].slow;
    (PAGES[page].lcp * slow * COUNTRIES[country].3, PAGES[page].inp * slow)
}
