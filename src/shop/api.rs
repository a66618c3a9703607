//! The JSON APIs: aggregates by cut and step, business, edge, checks, changes, truth, health.
//! Pure: a shop and a question in, text or a refusal out. Percentiles are the reader's business.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::checks;
use super::dims::{BINS, BROWSERS, BizCut, DEVICES, RumCut, TEMPLATES, edge_ms, mask_names};
use super::human;
use super::moment::delays;
use super::range::{RangeRefusal, RangeRequest, buckets, head, refuse, secs};
use super::rng::{Purpose, hash, unit};
use super::state::Shop;
use super::tally::TallyBlock;
use super::timeline::{minute_of, minute_time};
use crate::domain::time::Timestamp;

const MAX_CHECK_SECS: i64 = 24 * 3600;

fn bins(out: &mut String, counts: &[u32; BINS]) {
    out.push('[');
    let mut comma = "";
    for (bin, count) in counts.iter().enumerate().filter(|(_, n)| **n > 0) {
        let _ = write!(out, "{comma}[{bin},{count}]");
        comma = ",";
    }
    out.push(']');
}

fn labels(out: &mut String, names: [&str; 3], values: [&str; 3]) {
    for (name, value) in names.into_iter().zip(values) {
        let _ = write!(out, ",\"{name}\":\"{value}\"");
    }
}

fn rum_row(out: &mut String, block: &TallyBlock) {
    let _ = write!(out, ",\"views\":{},\"errors\":{},\"lcp\":", block.views, block.errors);
    bins(out, &block.lcp);
    out.push_str(",\"inp\":");
    bins(out, &block.inp);
    out.push('}');
}

/// Page views of one cut: views, errors and histograms per bucket and key.
pub fn rum(shop: &Shop, range: &RangeRequest) -> Result<String, RangeRefusal> {
    let now = shop.now();
    let name = range.cut.as_deref().unwrap_or("source");
    let cut = RumCut::from_name(name)
        .ok_or_else(|| refuse(400, "cut must be source, browser, network, release or cohort"))?;
    let wanted = buckets(shop, range, now)?;
    let timeline = shop.timeline();
    let mut out = head(now);
    let bounds: Vec<String> = (1..=BINS).map(|b| format!("{:.3}", edge_ms(b))).collect();
    let _ = write!(out, ",\"cut\":\"{name}\",\"bounds_ms\":[{}],\"rows\":[", bounds.join(","));
    let mut comma = "";
    for start in wanted.starts {
        let bucket = shop.history.stretch(&shop.world, &timeline, start, wanted.minutes);
        for (key, block) in bucket.rows(cut) {
            let _ = write!(out, "{comma}{{\"t\":{}", start * 60);
            let [a, b, c] = cut.labels(key, &timeline.versions);
            labels(&mut out, cut.dims(), [&a, &b, &c]);
            rum_row(&mut out, &block);
            comma = ",\n";
        }
    }
    out.push_str("]}\n");
    Ok(out)
}

/// Server-side business counts of one cut.
pub fn business(shop: &Shop, range: &RangeRequest) -> Result<String, RangeRefusal> {
    let now = shop.now();
    let name = range.cut.as_deref().unwrap_or("biz_source");
    let cut = BizCut::from_name(name)
        .ok_or_else(|| refuse(400, "cut must be biz_source or biz_browser"))?;
    let wanted = buckets(shop, range, now)?;
    let timeline = shop.timeline();
    let mut out = head(now);
    let _ = write!(out, ",\"cut\":\"{name}\",\"rows\":[");
    let mut comma = "";
    for start in wanted.starts {
        let bucket = shop.history.stretch(&shop.world, &timeline, start, wanted.minutes);
        for (key, b) in bucket.business_rows(cut) {
            let _ = write!(out, "{comma}{{\"t\":{}", start * 60);
            labels(&mut out, cut.dims(), cut.labels(key));
            let _ = write!(
                out,
                ",\"sessions\":{},\"add_to_cart\":{},\"checkout_start\":{},\"payment_try\":{},\
                 \"orders\":{},\"revenue\":{:.2}}}",
                b.sessions,
                b.add_to_cart,
                b.checkout_start,
                b.payment_try,
                b.orders,
                b.revenue()
            );
            comma = ",\n";
        }
    }
    out.push_str("]}\n");
    Ok(out)
}

/// Requests at the edge by template: they do not vanish when beacons do.
pub fn edge(shop: &Shop, range: &RangeRequest) -> Result<String, RangeRefusal> {
    let now = shop.now();
    let wanted = buckets(shop, range, now)?;
    let timeline = shop.timeline();
    let mut out = head(now);
    out.push_str(",\"rows\":[");
    let mut comma = "";
    for start in wanted.starts {
        let bucket = shop.history.stretch(&shop.world, &timeline, start, wanted.minutes);
        let counts = bucket.edge.iter().zip(bucket.orphans);
        for (template, (requests, orphans)) in TEMPLATES.iter().zip(counts) {
            let t = start * 60;
            let _ = write!(
                out,
                "{comma}{{\"t\":{t},\"template\":\"{template}\",\"requests\":{requests},\
                 \"orphans\":{orphans}}}"
            );
            comma = ",\n";
        }
    }
    out.push_str("]}\n");
    Ok(out)
}

/// A beacon's usual way from the browser to us, 75th percentile, and how much that varies.
const LAG_MS: f64 = 1200.0;
const LAG_SPREAD: f64 = 0.05;

/// How beacons arrive, by device and browser: how many, and how long they took (75th percentile
/// of arrival minus the time they were sent at).
pub fn beacons(shop: &Shop, range: &RangeRequest) -> Result<String, RangeRefusal> {
    let now = shop.now();
    let wanted = buckets(shop, range, now)?;
    let timeline = shop.timeline();
    let delay = delays(&timeline).into_iter().max().unwrap_or(0) as f64 * 60_000.0;
    let mut out = head(now);
    out.push_str(",\"rows\":[");
    let mut comma = "";
    for start in wanted.starts {
        let bucket = shop.history.stretch(&shop.world, &timeline, start, wanted.minutes);
        let mut came = [0_u32; 12];
        for (key, block) in bucket.rows(RumCut::Browser) {
            if let Some(n) = came.get_mut(key % 12) {
                *n += block.views;
            }
        }
        for (key, (beacons, late)) in came.into_iter().zip(bucket.late).enumerate() {
            let (device, browser) = (DEVICES.get(key / 4), BROWSERS.get(key % 4));
            let (Some(device), Some(browser), 1..) = (device, browser, beacons) else { continue };
            let noise = unit(hash(shop.world.seed, Purpose::Lag, start, key as u64));
            let usual = LAG_MS * (1.0 + LAG_SPREAD * (2.0 * noise - 1.0));
            let most_late = f64::from(late) > 0.25 * f64::from(beacons);
            let lag = if most_late { usual + delay } else { usual };
            let _ = write!(
                out,
                "{comma}{{\"t\":{},\"device\":\"{device}\",\"browser\":\"{browser}\",\
                 \"beacons\":{beacons},\"lag_ms\":{lag:.0}}}",
                start * 60
            );
            comma = ",\n";
        }
    }
    out.push_str("]}\n");
    Ok(out)
}

/// Synthetic runs, oldest first; at most a day per request.
pub fn check_runs(shop: &Shop, range: &RangeRequest) -> Result<Value, RangeRefusal> {
    let now = shop.now();
    let to = secs(range.to, now.secs(), "to")?.min(now.secs());
    let from = secs(range.from, to - 900, "from")?;
    if to - from > MAX_CHECK_SECS {
        return Err(refuse(400, "range too long: at most a day of checks per request"));
    }
    let from = Timestamp::from_secs(from).max(minute_time(shop.history.first));
    let rows = checks::runs(&shop.world, &shop.timeline(), from, Timestamp::from_secs(to));
    Ok(json!({ "generated_at": now, "now": now.secs(), "rows": rows }))
}

/// Campaigns, experiments, holidays and maintenance; announced ones are told in advance.
pub fn changes(shop: &Shop) -> Value {
    let now = shop.now();
    let timeline = shop.timeline();
    let rows: Vec<Value> = timeline
        .announcements
        .iter()
        .filter(|a| a.kind != "experiment" || minute_time(a.from) <= now)
        .map(|a| {
            json!({ "id": a.id, "kind": a.kind, "service": "shop", "name": a.name,
                "started_at": minute_time(a.from), "ended_at": a.until.map(minute_time),
                "templates": mask_names(a.templates), "share": a.share })
        })
        .collect();
    json!({ "generated_at": now, "now": now.secs(), "rows": rows })
}

/// Liveness, with what a reader needs to know about this shop.
pub fn health(shop: &Shop) -> Value {
    let now = shop.now();
    let warm = shop.history.warm_share(shop.start);
    json!({ "status": if warm < 1.0 { "warming" } else { "ok" }, "history_ready": warm,
        "now": now, "started_at": minute_time(shop.start), "minute": minute_of(now),
        "history_from": minute_time(shop.history.first), "seed": shop.world.seed,
        "speed": shop.speed, "visits_per_day": shop.world.visits_per_day,
        "history_bytes": shop.history.weight() })
}

/// The right answers of this shop; `human_call_by` goes by incident.
pub fn truth(shop: &Shop) -> Value {
    let truth = shop.truth();
    let human: Vec<_> =
        truth.incidents.iter().map(|i| human::call_by(&shop.world, &shop.timeline(), i)).collect();
    json!({ "scenario": shop.scenario.name, "seed": shop.world.seed, "now": shop.now(),
        "start": minute_time(shop.start), "incidents": truth.incidents, "benign": truth.benign,
        "human_call_by": human })
}
