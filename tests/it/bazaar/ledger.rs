//! The bazaar's series by number: which labels each has, which scrape tells it, how it is stored.
//! Only names and arithmetic of places; what is counted is written in `mill`.

use super::world::{
    CHANNELS, COUNTRIES, HTTP_LE, INP_LE, LCP_LE, METHODS, PAGES, PODS, ROUTES, SERVICES, SHOPPERS,
    STAGES, UAS,
};

const P: usize = PAGES.len();
const U: usize = UAS.len();
const C: usize = COUNTRIES.len();
const CELLS: usize = P * U * C;

/// Where each family begins.
pub const LCP: usize = 0;
pub const INP: usize = LCP + CELLS * LCP_LE.len();
pub const VIEWS: usize = INP + CELLS * INP_LE.len();
pub const SCRIPT: usize = VIEWS + CELLS;
pub const FAILED: usize = SCRIPT + CELLS;
pub const EVENTS: usize = FAILED + CELLS;
const WHO: usize = U * C * CHANNELS.len() * SHOPPERS.len();
pub const VALUE: usize = EVENTS + WHO * STAGES.len();
pub const PAID: usize = VALUE + WHO;
pub const EDGE: usize = PAID + METHODS.len() * C * OUTCOMES.len();
pub const HTTP: usize = EDGE + P * C * 2;
/// One route of one pod with one status: its buckets and its count.
pub const HTTP_EACH: usize = HTTP_LE.len();
pub const COUNTERS: usize = HTTP + ROUTES.len() * PODS * 2 * HTTP_EACH;

/// Numbers that go up and down follow the counters.
pub const GAUGES: usize = 4;
pub const POD: usize = 0;
pub const LAG: usize = POD + SERVICES.len() * PODS * GAUGES;
pub const CHECK: usize = LAG + U;
pub const CHECKS: [(&str, &str); 3] =
    [("front-door", "home"), ("an-item", "pdp"), ("buy-a-sock", "checkout")];
pub const VANTAGES: [&str; 2] = ["saopaulo", "queretaro"];
pub const NUMBERS: usize = CHECK + CHECKS.len() * VANTAGES.len();

const OUTCOMES: [&str; 3] = ["approved", "declined", "error"];
pub const APPROVED: usize = 0;
pub const DECLINED: usize = 1;

/// When each of the four exporters is scraped, in milliseconds after a whole five seconds.
pub const PHASES: [i64; 4] = [1300, 2450, 3150, 4700];

pub fn cell(page: usize, ua: usize, country: usize) -> usize {
    (page * U + ua) * C + country
}

pub fn who(ua: usize, country: usize, channel: usize, shopper: usize) -> usize {
    ((ua * C + country) * CHANNELS.len() + channel) * SHOPPERS.len() + shopper
}

pub fn event(stage: usize, who: usize) -> usize {
    EVENTS + who * STAGES.len() + stage
}

pub fn paid(method: usize, country: usize, outcome: usize) -> usize {
    PAID + (method * C + country) * OUTCOMES.len() + outcome
}

pub fn edge(page: usize, country: usize, missed: bool) -> usize {
    EDGE + (page * C + country) * 2 + usize::from(missed)
}

pub fn http(route: usize, pod: usize, failed: bool) -> usize {
    HTTP + ((route * PODS + pod) * 2 + usize::from(failed)) * HTTP_EACH
}

pub type Labels = Vec<(&'static str, String)>;

/// A series: sorted labels, its scrape, and whether it adds to its left neighbour's (`le`).
pub struct Series {
    pub labels: Labels,
    pub phase: usize,
    pub stacked: bool,
}

fn series(name: &str, phase: usize, rest: &[(&'static str, &str)]) -> Series {
    let jobs = ["rum-collector", "order-events", "services", "edge-logs"];
    let own = [("__name__", name), ("job", jobs[phase])];
    let mut labels: Labels = own.iter().chain(rest).map(|(n, v)| (*n, (*v).to_owned())).collect();
    labels.sort();
    Series { labels, phase, stacked: false }
}

fn le(bound: f64) -> String {
    if bound.is_finite() { bound.to_string() } else { "+Inf".to_owned() }
}

fn buckets(name: &str, bounds: &[f64], phase: usize, rest: &[(&'static str, &str)]) -> Vec<Series> {
    let one = |(n, bound): (usize, &f64)| {
        let le = le(*bound);
        let labels = [rest, &[("le", le.as_str())]].concat();
        Series { stacked: n > 0, ..series(name, phase, &labels) }
    };
    bounds.iter().enumerate().map(one).collect()
}

fn views(all: &mut Vec<Series>) {
    let mut each = |name: &str, bounds: &[f64]| {
        for page in &PAGES {
            for agent in &UAS {
                for (country, ..) in COUNTRIES {
                    let labels = [
                        ("page_group", page.theirs),
                        ("form_factor", agent.form.0),
                        ("ua_family", agent.family),
                        ("country", country),
                    ];
                    if bounds.is_empty() {
                        all.push(series(name, 0, &labels));
                    } else {
                        all.extend(buckets(name, bounds, 0, &labels));
                    }
                }
            }
        }
    };
    each("web_vitals_lcp_seconds_bucket", &LCP_LE);
    each("web_vitals_inp_seconds_bucket", &INP_LE);
    each("rum_page_views_total", &[]);
    each("rum_script_errors_total", &[]);
    each("rum_page_load_failures_total", &[]);
}

fn shoppers(all: &mut Vec<Series>) {
    let mut each = |name: &str, stages: &[&str]| {
        for agent in &UAS {
            for (country, ..) in COUNTRIES {
                for (channel, ..) in CHANNELS {
                    for (shopper, ..) in SHOPPERS {
                        for stage in stages {
                            let labels = [
                                ("form_factor", agent.form.0),
                                ("ua_family", agent.family),
                                ("country", country),
                                ("utm_medium", channel),
                                ("shopper", shopper),
                                ("stage", *stage),
                            ];
                            let kept = if stages.len() == 1 { 5 } else { 6 };
                            all.push(series(name, 1, &labels[..kept]));
                        }
                    }
                }
            }
        }
    };
    each("checkout_events_total", &STAGES);
    each("order_value_cents_total", &["placed"]);
    for method in METHODS {
        for (country, ..) in COUNTRIES {
            for outcome in OUTCOMES {
                let labels = [("method", method), ("country", country), ("outcome", outcome)];
                all.push(series("payment_attempts_total", 1, &labels));
            }
        }
    }
}

fn servers(all: &mut Vec<Series>) {
    for page in &PAGES {
        for (country, ..) in COUNTRIES {
            for cache in ["hit", "miss"] {
                let labels = [("page_group", page.theirs), ("country", country), ("cache", cache)];
                all.push(series("cdn_requests_total", 3, &labels));
            }
        }
    }
    for route in &ROUTES {
        for pod in 0..PODS {
            for status in ["200", "500"] {
                let pod = format!("{}-{pod}", route.service);
                let labels = [
                    ("service", route.service),
                    ("http_route", route.route),
                    ("http_response_status_code", status),
                    ("pod", pod.as_str()),
                ];
                let name = "http_server_request_duration_seconds_bucket";
                all.extend(buckets(name, &HTTP_LE, 2, &labels));
            }
        }
    }
}

/// Counters in the order of the constants above.
pub fn counters() -> Vec<Series> {
    let mut all = Vec::with_capacity(COUNTERS);
    views(&mut all);
    shoppers(&mut all);
    servers(&mut all);
    assert_eq!(all.len(), COUNTERS);
    all
}

/// Gauges of pods, the lag of beacons, checks.
pub fn numbers() -> Vec<Series> {
    let mut all = Vec::with_capacity(NUMBERS);
    for service in SERVICES {
        for pod in 0..PODS {
            let pod = format!("{service}-{pod}");
            let labels = [("service", service), ("pod", pod.as_str())];
            for name in [
                "process_cpu_utilization",
                "process_memory_usage_bytes",
                "db_client_connections_usage",
                "messaging_queue_depth",
            ] {
                all.push(series(name, 2, &labels));
            }
        }
    }
    for agent in &UAS {
        let labels = [("form_factor", agent.form.0), ("ua_family", agent.family)];
        all.push(series("rum_beacon_delay_seconds", 0, &labels));
    }
    for (check, _) in CHECKS {
        for vantage in VANTAGES {
            all.push(series("synthetic_success", 3, &[("flow", check), ("vantage", vantage)]));
        }
    }
    assert_eq!(all.len(), NUMBERS);
    all
}
