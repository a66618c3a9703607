//! A shop that counts a lot: thousands of counters whose values are a function of time, so that its
//! past as Prometheus blocks and its live page are one story. Nothing is wrong in it.

use std::f64::consts::TAU;
use std::fmt::Write as _;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::child::output;
use crate::product::told;
use crate::skip::program;

const PAGES: [&str; 7] = ["home", "list", "item", "search", "cart", "pay", "account"];
const DEVICES: [&str; 4] = ["phone", "tablet", "laptop", "app"];
const BOUNDS: [&str; 12] =
    ["0.1", "0.25", "0.5", "0.8", "1.2", "1.8", "2.5", "4", "6", "10", "20", "+Inf"];
const STEPS: [&str; 5] = ["visit", "basket", "pay", "try", "bought"];
const SPEEDS: [&str; 4] = ["lcp", "inp", "fcp", "ttfb"];
const DAY: i64 = 86_400;
/// Seconds between two samples of the past: three of each hour; and of its last hour, whose minutes
/// the first live question asks for.
const EVERY: i64 = 1_800;
const LATELY: i64 = 30;

/// How much it counts.
#[derive(Clone, Copy)]
pub struct Size {
    pub speeds: usize,
    pub regions: usize,
    pub channels: usize,
}

/// 28 days of 20,000 series and more.
pub const LARGE: Size = Size { speeds: 5, regions: 10, channels: 8 };
pub const SMALL: Size = Size { speeds: 1, regions: 1, channels: 1 };

/// Its counters with their events a second.
pub struct Shop(Vec<(String, f64)>);

impl Shop {
    pub fn new(size: Size) -> Self {
        let mut all = Vec::new();
        let regions: Vec<String> = (0..size.regions).map(|r| format!("r{r}")).collect();
        let speeds = SPEEDS.iter().chain(&["load"]).take(size.speeds);
        for (speed, (page, device, region)) in
            speeds.flat_map(|s| places(&regions).into_iter().map(move |p| (s, p)))
        {
            let rate = spread(all.len());
            for (i, le) in BOUNDS.iter().enumerate() {
                let place = format!("page=\"{page}\",device=\"{device}\",region=\"{region}\"");
                let share = (0.05 + 0.95 * i as f64 / 11.0).powf(1.3);
                let name = format!("rum_{speed}_seconds_bucket{{{place},le=\"{le}\"}}");
                all.push((name, rate * share));
            }
        }
        for (page, device, region) in places(&regions) {
            let place = format!("page=\"{page}\",device=\"{device}\",region=\"{region}\"");
            let rate = spread(all.len());
            for (outcome, share) in [("ok", 0.98), ("failed", 0.02)] {
                all.push((
                    format!("rum_pages_total{{{place},outcome=\"{outcome}\"}}"),
                    rate * share,
                ));
            }
            all.push((format!("rum_errors_total{{{place}}}"), rate * 0.01));
            for channel in 0..size.channels {
                let name = format!("rum_visits_total{{{place},src=\"s{channel}\"}}");
                all.push((name, rate / size.channels as f64));
            }
        }
        for (device, region) in DEVICES.iter().flat_map(|d| regions.iter().map(move |r| (d, r))) {
            let rate = spread(all.len());
            for (i, step) in (0..).zip(STEPS) {
                let place = format!("device=\"{device}\",region=\"{region}\"");
                let name = format!("shop_steps_total{{step=\"{step}\",{place}}}");
                all.push((name, rate * 0.6_f64.powi(i)));
            }
        }
        all.sort_by(|a, b| a.0.cmp(&b.0));
        Self(all)
    }

    pub fn series(&self) -> usize {
        self.0.len()
    }

    /// Its page of metrics.
    pub fn page(&self, now: i64) -> String {
        let mut text = String::new();
        for (name, rate) in &self.0 {
            writeln!(text, "{name} {}", counted(*rate, now)).expect("written");
        }
        text
    }

    /// Its past as Prometheus blocks, a day at a time, but for the days in `holes`; none when
    /// promtool is not there.
    pub fn blocks(&self, now: i64, days: i64, holes: &[i64], home: &Path) -> Option<PathBuf> {
        let promtool = program("promtool")?;
        let (file, data) = (home.join("day.om"), home.join("data"));
        for day in (1..=days).rev().filter(|day| !holes.contains(day)) {
            let times = times(now, day);
            let mut out = BufWriter::new(std::fs::File::create(&file).expect("a file"));
            for (name, rate) in &self.0 {
                for at in &times {
                    writeln!(out, "{name} {} {at}", counted(*rate, *at)).expect("written");
                }
            }
            writeln!(out, "# EOF").expect("written");
            out.flush().expect("written");
            let mut blocks = Command::new(&promtool);
            blocks.args(["tsdb", "create-blocks-from", "openmetrics"]);
            blocks.arg("--max-block-duration=24h").arg(&file).arg(&data);
            let made = output(blocks);
            assert!(made.status.success(), "{}", told(&made));
        }
        std::fs::remove_file(&file).ok();
        Some(data)
    }
}

/// When the n-th day before `now` was sampled.
fn times(now: i64, day: i64) -> Vec<i64> {
    let first = (now - day * DAY).div_euclid(EVERY) * EVERY;
    let last = if day == 1 { now } else { first + DAY };
    let dense = last - if day == 1 { 3_600 } else { 0 };
    let coarse = (first..dense).step_by(EVERY as usize);
    coarse.chain((dense..last).step_by(LATELY as usize)).collect()
}

fn places(regions: &[String]) -> Vec<(&'static str, &'static str, &str)> {
    let mut all = Vec::new();
    for page in PAGES {
        for device in DEVICES {
            all.extend(regions.iter().map(|r| (page, device, r.as_str())));
        }
    }
    all
}

/// Events a second of the n-th place: between 0.02 and 0.1, without order.
fn spread(n: usize) -> f64 {
    0.02 + 0.08 * ((n as f64 * 0.618_034).fract())
}

/// Events up to `at`: more by day than by night.
fn counted(rate: f64, at: i64) -> i64 {
    let at = at as f64;
    let wave = 0.6 * DAY as f64 / TAU * (1.0 - (TAU * (at / DAY as f64 - 0.35)).cos());
    (rate * (at - 1.7e9 + wave)) as i64
}

/// The sources that ask for all of it: as one shop would write them, in two files' worth.
pub fn sources(url: &str, size: Size, keys: &str) -> String {
    let place = "template = \"page\", device = \"device\", region = \"region\"";
    let source = |name: &str| {
        format!(
            "[[source]]\nname = \"{name}\"\nkind = \"prometheus\"\nurl = \"{url}\"\n\
             scrape = \"15s\"\n{keys}\n"
        )
    };
    let mut text = source("rum");
    for speed in SPEEDS.iter().take(size.speeds) {
        write!(
            text,
            "[[source.query]]\nmetric = \"{speed}\"\nkind = \"histogram\"\nunit = \"s\"\n\
             expr = \"increase(rum_{speed}_seconds_bucket[$window])\"\nlabels = {{ {place} }}\n"
        )
        .expect("written");
    }
    write!(
        text,
        "[[source.query]]\nmetric = \"page_load_success\"\nkind = \"ratio\"\n\
         hits = 'increase(rum_pages_total{{outcome=\"ok\"}}[$window])'\n\
         trials = \"increase(rum_pages_total[$window])\"\nlabels = {{ {place} }}\n\
         [[source.query]]\nmetric = \"page_views\"\nkind = \"count\"\n\
         expr = \"increase(rum_visits_total[$window])\"\n\
         labels = {{ {place}, traffic_source = \"src\" }}\n"
    )
    .expect("written");
    text += &source("business");
    let names = ["sessions", "add_to_cart", "checkout_start", "payment_try", "orders"];
    for (metric, step) in names.iter().zip(STEPS) {
        write!(
            text,
            "[[source.query]]\nmetric = \"{metric}\"\nkind = \"count\"\n\
             expr = 'increase(shop_steps_total{{step=\"{step}\"}}[$window])'\n\
             labels = {{ device = \"device\", region = \"region\" }}\n"
        )
        .expect("written");
    }
    text
}
