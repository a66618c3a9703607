//! Judging beside Prometheus's own rules: 100,000 series, one run, one machine. A table for people,
//! run on demand; nothing here asserts a time.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand_distr::{Distribution, Poisson};
use rand_pcg::Pcg64;
use tillwatch::detect::cube::settings::Settings;
use tillwatch::detect::engine::Engine;
use tillwatch::domain::metric::Metric;
use tillwatch::domain::observation::{Observation, Quality, Value, Window};
use tillwatch::domain::segment::{Dim, DimValue, Segment};
use tillwatch::domain::time::{Span, Timestamp};
use tillwatch::policy::judging::Policy;

use crate::http;
use crate::servers::{Server, host, job};
use crate::stub::Stub;
use crate::wait::{eventually, secs};

/// Hits and trials of each are two series.
const SEGMENTS: usize = 50_000;
/// Segments of one cut, below the cut's cap.
const CUT: usize = 2_500;
const PASSES: usize = 8;
/// One rule over all of them: the share of hits in the last minute against a line.
const RULES: &str = "groups:\n  - name: harm\n    interval: 5s\n    rules:\n      - alert: Harm\n\
                     \u{20}       expr: rate(hits_total[1m]) / rate(trials_total[1m]) > 0.05\n";

fn page(scrape: u64) -> Vec<u8> {
    let mut text = String::with_capacity(SEGMENTS * 140);
    for n in 0..SEGMENTS {
        let labels = format!(
            "cut=\"{}\",template=\"t{}\",device=\"d{}\",region=\"r{}\"",
            n / CUT,
            n % 10,
            n / 10 % 5,
            n / 50 % 50
        );
        let trials = (scrape + 1) * (400 + n as u64 % 7);
        writeln!(
            text,
            "hits_total{{{labels}}} {}\ntrials_total{{{labels}}} {trials}",
            trials / 100
        )
        .ok();
    }
    text.into_bytes()
}

fn facts(minute: i64, length: Span) -> Vec<Observation> {
    let start = Timestamp::from_secs(1_763_337_600).plus(Span::from_mins(minute));
    let value = |kind: &str, n: usize| DimValue::Value(format!("{kind}{n}").as_str().into());
    let mut random = Pcg64::seed_from_u64(minute as u64);
    let usual = Poisson::new(4.0 * length.as_mins_f64()).expect("a mean above zero");
    let mut one = |n: usize| Observation {
        source: format!("cut-{}", n / CUT).as_str().into(),
        metric: Metric::JsErrorRate,
        segment: Segment::all()
            .with(Dim::Template, value("t", n % 10))
            .with(Dim::Device, value("d", n / 10 % 5))
            .with(Dim::Region, value("r", n / 50 % 50)),
        window: Window { start, end: start.plus(length) },
        value: Value::Ratio {
            hits: usual.sample(&mut random),
            trials: 400.0 * length.as_mins_f64(),
        },
        quality: Quality::GOOD,
    };
    (0..SEGMENTS).map(&mut one).collect()
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Seconds of taking a minute's facts in, and of judging them.
fn ours() -> (f64, f64, usize) {
    let mut engine = Engine::new(Settings::new(
        Span::from_mins(1),
        Policy::builtin().expect("the shipped policy"),
    ));
    for hour in 0..24 {
        engine.history(&facts(hour * 60, Span::from_hours(1)));
    }
    let (mut taken, mut judged) = (Vec::new(), Vec::new());
    for pass in 0..PASSES + 4 {
        let minute = 24 * 60 + i64::try_from(pass).unwrap();
        let batch = facts(minute, Span::from_mins(1));
        let now = batch[0].window.end;
        let begun = begin();
        engine.observe(&batch);
        let took = begun.elapsed();
        let begun = begin();
        engine.judge(now);
        // places are made and windows filled in the first ones
        if pass >= 4 {
            taken.push(took.as_secs_f64());
            judged.push(begun.elapsed().as_secs_f64());
        }
    }
    (median(taken), median(judged), engine.footprint().segment_windows)
}

/// Seconds of one evaluation of the rule group, as Prometheus tells it.
fn theirs() -> Option<f64> {
    let scrapes = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&scrapes);
    let stub = Stub::start(move |_| {
        let scrape = count.fetch_add(1, Ordering::Relaxed);
        (200, "text/plain; version=0.0.4", page(scrape))
    });
    let config = format!(
        "global:\n  scrape_interval: 5s\n  scrape_timeout: 5s\nrule_files: [rules.yml]\n\
         scrape_configs:\n{}",
        job("shop", &[host(&stub.url)])
    );
    let prometheus = Server::prometheus_configured(&config, &[("rules.yml", RULES)])?;
    eventually("a minute of scrapes", secs(180), || {
        (scrapes.load(Ordering::Relaxed) >= 14).then_some(())
    });
    assert!(prometheus.query("count(hits_total) + count(trials_total)")[0]["value"][1] == "100000");
    let mut times = Vec::new();
    for _ in 0..PASSES {
        std::thread::sleep(Duration::from_secs(5));
        let text = http::get(&format!("{}/metrics", prometheus.url)).expect("metrics").body;
        let line = text.lines().find(|l| l.starts_with("prometheus_rule_group_last_duration"));
        times.push(line.and_then(|l| l.rsplit(' ').next()?.parse().ok()).expect("a duration"));
    }
    Some(median(times))
}

#[test]
#[ignore = "a measurement: cargo test --profile quick --test it rules:: -- --ignored --nocapture"]
fn judging_beside_prometheus_rules() {
    let Some(rules) = theirs() else { return };
    let (taken, judged, windows) = ours();
    println!("series 100000, segment-windows judged {windows}");
    println!("prometheus, one rule, one window   {:9.1} ms", rules * 1e3);
    println!("tillwatch, taking a minute in      {:9.1} ms", taken * 1e3);
    println!("tillwatch, judging it              {:9.1} ms", judged * 1e3);
    println!("rule / judging                     {:9.1}", rules / judged);
    let each = rules / judged * windows as f64 / SEGMENTS as f64;
    println!("the same for each window looked at {each:9.1}");
}

#[expect(clippy::disallowed_methods, reason = "a measurement has its own clock")]
fn begin() -> Instant {
    Instant::now()
}
