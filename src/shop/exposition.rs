//! Exposition: the shop's counters as Prometheus text 0.0.4, and the pieces OpenMetrics shares.
//! Formats what was counted; a scrape draws nothing by itself.

use std::fmt::Write as _;

use super::checks;
use super::dims::{BINS, BizCut, RumCut, TEMPLATES, edge_ms};
use super::finance;
use super::state::Shop;
use super::tally::{Business, Tally, TallyBlock};
use super::timeline::{Service, minute_of};

/// Bins at whose lower edge a `le` bound lies: 16 for each histogram, dense around the targets.
pub const LCP_EDGES: [usize; 16] = [12, 14, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 28, 31, 35];
pub const INP_EDGES: [usize; 16] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 20, 24];

/// The cuts a scraper sees; the cohort cut exists in the JSON API only.
pub const CUTS: [RumCut; 4] = [RumCut::Source, RumCut::Browser, RumCut::Network, RumCut::Release];

/// Prometheus wants base units.
pub const DAY_SECS: f64 = 86_400.0;

/// A counter family over business rows.
#[derive(Clone, Copy, Debug)]
pub struct BizFamily {
    /// Name without `_total`.
    pub name: &'static str,
    pub help: &'static str,
    pub value: fn(&Business) -> f64,
}

pub const BIZ: [BizFamily; 6] = [
    BizFamily {
        name: "shop_sessions",
        help: "Sessions started, server side.",
        value: |b| f64::from(b.sessions),
    },
    BizFamily {
        name: "shop_add_to_cart",
        help: "Sessions that added to the cart.",
        value: |b| f64::from(b.add_to_cart),
    },
    BizFamily {
        name: "shop_checkout_start",
        help: "Sessions that started the checkout.",
        value: |b| f64::from(b.checkout_start),
    },
    BizFamily {
        name: "shop_payment_try",
        help: "Sessions that tried to pay.",
        value: |b| f64::from(b.payment_try),
    },
    BizFamily { name: "shop_orders", help: "Orders paid.", value: |b| f64::from(b.orders) },
    BizFamily {
        name: "shop_revenue_eur",
        help: "Revenue of paid orders in EUR.",
        value: Business::revenue,
    },
];

/// A counter family over RUM blocks.
#[derive(Clone, Copy, Debug)]
pub struct RumFamily {
    pub name: &'static str,
    pub help: &'static str,
    pub value: fn(&TallyBlock) -> u32,
}

pub const RUM: [RumFamily; 2] = [
    RumFamily {
        name: "shop_page_views",
        help: "Page views reported by browsers.",
        value: |b| b.views,
    },
    RumFamily {
        name: "shop_js_errors",
        help: "Page views with a script error.",
        value: |b| b.errors,
    },
];

/// A histogram family over RUM blocks.
#[derive(Clone, Copy, Debug)]
pub struct Vital {
    pub name: &'static str,
    pub help: &'static str,
    pub edges: [usize; 16],
    pub bins: fn(&TallyBlock) -> &[u32; BINS],
}

pub const VITALS: [Vital; 2] = [
    Vital {
        name: "shop_lcp_seconds",
        help: "Largest contentful paint.",
        edges: LCP_EDGES,
        bins: |b| &b.lcp,
    },
    Vital {
        name: "shop_inp_seconds",
        help: "Interaction to next paint.",
        edges: INP_EDGES,
        bins: |b| &b.inp,
    },
];

/// Seconds of a `le` bound.
pub fn bound_secs(edge: usize) -> f64 {
    (edge_ms(edge) * 1000.0).round() / 1e6
}

/// Cumulative counts at the bounds of `edges`, the total count, and the sum in seconds (taking
/// each sample at the middle of its bin).
pub fn cumulate(bins: &[u32; BINS], edges: [usize; 16]) -> ([u64; 16], u64, f64) {
    let mut at = [0; 16];
    let (mut count, mut sum) = (0u64, 0.0);
    for (bin, n) in bins.iter().enumerate() {
        for (slot, _) in at.iter_mut().zip(edges).filter(|(_, edge)| *edge == bin) {
            *slot = count;
        }
        count += u64::from(*n);
        sum += f64::from(*n) * edge_ms(bin) * 1.09 / 1000.0;
    }
    (at, count, sum)
}

/// Writes a label value: backslash, quote and line feed escaped as both text formats want it.
pub fn escape(out: &mut String, value: &str) {
    for c in value.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
}

/// `cut="source",template="pdp",...` without braces.
pub fn label_set(cut: &str, names: [&str; 3], values: [&str; 3]) -> String {
    let mut out = format!("cut=\"{cut}\"");
    for (name, value) in names.into_iter().zip(values) {
        out.push(',');
        out.push_str(name);
        out.push_str("=\"");
        escape(&mut out, value);
        out.push('"');
    }
    out
}

/// Label sets of a cut's keys.
pub fn rum_labels(cut: RumCut, key: usize, versions: &[String]) -> String {
    let [a, b, c] = cut.labels(key, versions);
    label_set(cut.name(), cut.dims(), [&a, &b, &c])
}

pub fn biz_labels(cut: BizCut, key: usize) -> String {
    label_set(cut.name(), cut.dims(), cut.labels(key))
}

fn family(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

/// Everything a scraper sees now.
pub fn text(shop: &Shop) -> String {
    let now = shop.now();
    let tally = shop.totals(now);
    let timeline = shop.timeline();
    let mut out = String::with_capacity(2 << 20);
    rum(&mut out, &tally, &timeline.versions);
    for f in BIZ {
        let name = format!("{}_total", f.name);
        family(&mut out, &name, "counter", f.help);
        for (cut, rows) in BizCut::ALL.into_iter().zip(&tally.business) {
            for (key, row) in rows.iter().enumerate() {
                let _ = writeln!(out, "{name}{{{}}} {}", biz_labels(cut, key), (f.value)(row));
            }
        }
    }
    let name = "shop_edge_requests_total";
    family(&mut out, name, "counter", "Requests at the edge, server side.");
    for (template, count) in TEMPLATES.iter().zip(tally.edge) {
        let _ = writeln!(out, "{name}{{template=\"{template}\"}} {count}");
    }
    // Hours that are not drawn yet would make a scraper wait.
    let hour = Some(minute_of(now).div_euclid(60)).filter(|_| !shop.is_warming());
    if let Some(days) = hour.and_then(|hour| finance::payback_days(shop, &timeline, hour)) {
        let name = "shop_cac_payback_seconds";
        family(&mut out, name, "gauge", "Time until a paid customer has earned its cost.");
        let _ = writeln!(out, "{name} {:.0}", days * DAY_SECS);
    }
    family(&mut out, "shop_build_info", "gauge", "Live version of each service.");
    for service in Service::ALL {
        if let Some(live) = timeline.live(service, minute_of(now)) {
            let mut version = String::new();
            escape(&mut version, timeline.version_name(live.version));
            let service = service.name();
            let _ =
                writeln!(out, "shop_build_info{{service=\"{service}\",version=\"{version}\"}} 1");
        }
    }
    check_gauges(&mut out, &checks::latest(&shop.world, &timeline, now));
    out
}

fn check_gauges(out: &mut String, runs: &[checks::ShopCheckRun]) {
    family(out, "shop_check_success", "gauge", "1 when the newest run passed.");
    for run in runs {
        let (journey, location, ok) = (run.journey, run.location, u8::from(run.ok));
        let labels = format!("{{journey=\"{journey}\",location=\"{location}\"}}");
        let _ = writeln!(out, "shop_check_success{labels} {ok}");
    }
    family(out, "shop_check_duration_seconds", "gauge", "Duration of the newest run.");
    for run in runs {
        let (journey, location, secs) = (run.journey, run.location, run.duration_ms / 1000.0);
        let labels = format!("{{journey=\"{journey}\",location=\"{location}\"}}");
        let _ = writeln!(out, "shop_check_duration_seconds{labels} {secs}");
    }
}

fn rum(out: &mut String, tally: &Tally, versions: &[String]) {
    let series: Vec<(String, &TallyBlock)> = CUTS
        .into_iter()
        .filter_map(|cut| tally.rum.get(cut as usize).map(|blocks| (cut, blocks)))
        .flat_map(|(cut, blocks)| {
            blocks
                .iter()
                .enumerate()
                .filter(move |(_, b)| cut != RumCut::Release || b.views > 0)
                .map(move |(key, b)| (rum_labels(cut, key, versions), b))
        })
        .collect();
    for f in RUM {
        let name = format!("{}_total", f.name);
        family(out, &name, "counter", f.help);
        for (labels, block) in &series {
            let _ = writeln!(out, "{name}{{{labels}}} {}", (f.value)(block));
        }
    }
    for vital in VITALS {
        family(out, vital.name, "histogram", vital.help);
        for (labels, block) in &series {
            histogram(out, &vital, labels, (vital.bins)(block));
        }
    }
}

fn histogram(out: &mut String, vital: &Vital, labels: &str, bins: &[u32; BINS]) {
    let (at, count, sum) = cumulate(bins, vital.edges);
    let name = vital.name;
    for (edge, n) in vital.edges.into_iter().zip(at) {
        let _ = writeln!(out, "{name}_bucket{{{labels},le=\"{}\"}} {n}", bound_secs(edge));
    }
    let _ = writeln!(out, "{name}_bucket{{{labels},le=\"+Inf\"}} {count}");
    let _ = writeln!(out, "{name}_sum{{{labels}}} {sum:.3}\n{name}_count{{{labels}}} {count}");
}

#[cfg(test)]
mod tests;
