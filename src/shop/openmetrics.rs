//! OpenMetrics export of the history, for `promtool tsdb create-blocks-from openmetrics`.
//! Same families and labels as `/metrics`; the text is streamed, only small buckets are held.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use super::bucket::ShopBucket;
use super::checks;
use super::dims::{BizCut, RumCut, TEMPLATES};
use super::exposition::{
    BIZ, BizFamily, CUTS, DAY_SECS, RUM, RumFamily, VITALS, Vital, biz_labels, bound_secs,
    cumulate, escape, rum_labels,
};
use super::finance;
use super::history::draw_bucket;
use super::server::{Options, ShopError};
use super::state::{Clocks, Shop};
use super::tally::Business;
use super::timeline::{Service, ShopTimeline};
use crate::domain::time::{Span, Timestamp};

/// Writes the `days` before `options.start` in steps of `step` (5 minutes is usual; whole minutes)
/// to `path`. About 0.4 GB of text a day at 5 minutes.
pub fn export_openmetrics(
    options: &Options,
    path: &Path,
    days: u32,
    step: Span,
) -> Result<(), ShopError> {
    let plan = options.plan()?;
    let start = options.start;
    let still: super::TimeSource = std::sync::Arc::new(move || start);
    let clocks = Clocks { shop: std::sync::Arc::clone(&still), wall: still };
    let shop = Shop::new(&plan, clocks);
    let write = || -> std::io::Result<()> {
        let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
        Export::new(&shop, days, step).write(&mut out)?;
        out.flush()
    };
    write().map_err(|e| ShopError::Export(path.to_owned(), e))
}

struct Export<'a> {
    shop: &'a Shop,
    timeline: std::sync::Arc<ShopTimeline>,
    /// (end of the bucket in seconds, counts), oldest first.
    steps: Vec<(i64, ShopBucket)>,
}

impl<'a> Export<'a> {
    fn new(shop: &'a Shop, days: u32, step: Span) -> Self {
        let minutes = (step.millis() / 60_000).max(1);
        let timeline = shop.timeline();
        let end = shop.start.div_euclid(minutes);
        let first = end - i64::from(days) * 1440 / minutes;
        let steps = (first..end)
            .map(|i| {
                let bucket = draw_bucket(&shop.world, &timeline, i * minutes, (i + 1) * minutes);
                ((i + 1) * minutes * 60, bucket)
            })
            .collect();
        Self { shop, timeline, steps }
    }

    fn write(&self, out: &mut dyn Write) -> std::io::Result<()> {
        for family in RUM {
            self.rum(out, family)?;
        }
        for vital in VITALS {
            self.vital(out, &vital)?;
        }
        for family in BIZ {
            self.business(out, family)?;
        }
        self.edge(out)?;
        self.finance(out)?;
        self.build_info(out)?;
        self.check_gauges(out)?;
        out.write_all(b"# EOF\n")
    }

    /// Every RUM series: labels, cut and key.
    fn series(&self) -> Vec<(String, RumCut, usize)> {
        let versions = &self.timeline.versions;
        CUTS.into_iter()
            .flat_map(|cut| (0..cut.keys(versions.len())).map(move |key| (cut, key)))
            .filter(|(cut, key)| self.steps.iter().any(|(_, b)| b.row(*cut, *key).is_some()))
            .map(|(cut, key)| (rum_labels(cut, key, versions), cut, key))
            .collect()
    }

    fn rum(&self, out: &mut dyn Write, family: RumFamily) -> std::io::Result<()> {
        head(out, family.name, "counter", family.help)?;
        for (labels, cut, key) in self.series() {
            let mut total = 0u64;
            for (at, bucket) in &self.steps {
                total += bucket.row(cut, key).map_or(0, |b| u64::from((family.value)(&b)));
                writeln!(out, "{}_total{{{labels}}} {total} {at}", family.name)?;
            }
        }
        Ok(())
    }

    fn vital(&self, out: &mut dyn Write, vital: &Vital) -> std::io::Result<()> {
        head(out, vital.name, "histogram", vital.help)?;
        let name = vital.name;
        for (labels, cut, key) in self.series() {
            let mut totals = ([0u64; 16], 0u64, 0.0);
            let bounds =
                vital.edges.map(|e| format!("{name}_bucket{{{labels},le=\"{}\"}}", bound_secs(e)));
            for (at, bucket) in &self.steps {
                if let Some(block) = bucket.row(cut, key) {
                    let (here, count, sum) = cumulate((vital.bins)(&block), vital.edges);
                    for (total, n) in totals.0.iter_mut().zip(here) {
                        *total += n;
                    }
                    totals.1 += count;
                    totals.2 += sum;
                }
                for (bound, total) in bounds.iter().zip(totals.0) {
                    writeln!(out, "{bound} {total} {at}")?;
                }
                let (_, count, sum) = totals;
                writeln!(out, "{name}_bucket{{{labels},le=\"+Inf\"}} {count} {at}")?;
                writeln!(out, "{name}_count{{{labels}}} {count} {at}")?;
                writeln!(out, "{name}_sum{{{labels}}} {sum:.3} {at}")?;
            }
        }
        Ok(())
    }

    fn business(&self, out: &mut dyn Write, family: BizFamily) -> std::io::Result<()> {
        head(out, family.name, "counter", family.help)?;
        for cut in BizCut::ALL {
            for key in 0..cut.keys() {
                let labels = biz_labels(cut, key);
                let mut total = Business::default();
                for (at, bucket) in &self.steps {
                    let rows = bucket.business.get(cut as usize);
                    if let Some(row) = rows.and_then(|rows| rows.get(key)) {
                        total.add(row);
                    }
                    let value = (family.value)(&total);
                    writeln!(out, "{}_total{{{labels}}} {value} {at}", family.name)?;
                }
            }
        }
        Ok(())
    }

    fn edge(&self, out: &mut dyn Write) -> std::io::Result<()> {
        head(out, "shop_edge_requests", "counter", "Requests at the edge, server side.")?;
        for (i, template) in TEMPLATES.iter().enumerate() {
            let mut total = 0;
            for (at, bucket) in &self.steps {
                total += bucket.edge.get(i).copied().unwrap_or(0);
                let labels = format!("{{template=\"{template}\"}}");
                writeln!(out, "shop_edge_requests_total{labels} {total} {at}")?;
            }
        }
        Ok(())
    }

    fn finance(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let name = "shop_cac_payback_seconds";
        head(out, name, "gauge", "Time until a paid customer has earned its cost.")?;
        for (at, _) in &self.steps {
            let days = finance::payback_days(self.shop, &self.timeline, at.div_euclid(3600));
            if let Some(days) = days {
                writeln!(out, "{name} {:.0} {at}", days * DAY_SECS)?;
            }
        }
        Ok(())
    }

    fn build_info(&self, out: &mut dyn Write) -> std::io::Result<()> {
        head(out, "shop_build_info", "gauge", "Live version of each service.")?;
        for service in Service::ALL {
            for (index, version) in self.timeline.versions.iter().enumerate() {
                let mut label = String::new();
                escape(&mut label, version);
                let name = service.name();
                for (at, _) in &self.steps {
                    let live = self.timeline.live(service, at / 60);
                    if live.is_some_and(|d| d.version == index) {
                        let labels = format!("{{service=\"{name}\",version=\"{label}\"}}");
                        writeln!(out, "shop_build_info{labels} 1 {at}")?;
                    }
                }
            }
        }
        Ok(())
    }

    fn check_gauges(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let mut latest: Vec<(i64, Vec<checks::ShopCheckRun>)> =
            Vec::with_capacity(self.steps.len());
        for (at, _) in &self.steps {
            let now = Timestamp::from_secs(*at);
            latest.push((*at, checks::latest(&self.shop.world, &self.timeline, now)));
        }
        let success = |run: &checks::ShopCheckRun| f64::from(u8::from(run.ok));
        gauge(out, &latest, "shop_check_success", "1 when the newest run passed.", &success)?;
        let seconds = |run: &checks::ShopCheckRun| run.duration_ms / 1000.0;
        let name = "shop_check_duration_seconds";
        gauge(out, &latest, name, "Duration of the newest run.", &seconds)
    }
}

fn gauge(
    out: &mut dyn Write,
    latest: &[(i64, Vec<checks::ShopCheckRun>)],
    name: &str,
    help: &str,
    value: &dyn Fn(&checks::ShopCheckRun) -> f64,
) -> std::io::Result<()> {
    head(out, name, "gauge", help)?;
    let width = latest.iter().map(|(_, runs)| runs.len()).max().unwrap_or(0);
    for i in 0..width {
        for (at, runs) in latest {
            if let Some(run) = runs.get(i) {
                let (journey, location) = (run.journey, run.location);
                let labels = format!("{{journey=\"{journey}\",location=\"{location}\"}}");
                writeln!(out, "{name}{labels} {} {at}", value(run))?;
            }
        }
    }
    Ok(())
}

fn head(out: &mut dyn Write, name: &str, kind: &str, help: &str) -> std::io::Result<()> {
    writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}")
}
