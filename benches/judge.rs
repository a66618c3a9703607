//! One judging pass over 10,000, 100,000 and 1,000,000 segment-windows on one core: is it linear,
//! and what does a segment cost in memory? Made-up shares of failures that differ by chance alone.

#![expect(clippy::expect_used, reason = "a bench that cannot be set up must stop")]

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
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

const MINUTE: Span = Span::from_mins(1);
const START: i64 = 1_763_337_600;
/// Leaves of one cut; below its cap, so that nothing folds into `(other)`.
const CUT: usize = 500;

fn segment(n: usize) -> Segment {
    let value = |kind: &str, n: usize| DimValue::Value(format!("{kind}-{n}").as_str().into());
    Segment::all()
        .with(Dim::Template, value("template", n % 10))
        .with(Dim::Device, value("device", n / 10 % 5))
        .with(Dim::Region, value("region", n / 50))
}

const METRICS: [Metric; 5] = [
    Metric::JsErrorRate,
    Metric::UserErrorRate,
    Metric::CrashRate,
    Metric::ApiSuccess,
    Metric::PageLoadSuccess,
];

fn metric(cut: usize) -> Metric {
    METRICS[cut % METRICS.len()]
}

/// Success shares count what did not fail.
fn ratio(metric: Metric, fails: f64, trials: f64) -> Value {
    let good = matches!(metric, Metric::ApiSuccess | Metric::PageLoadSuccess);
    Value::Ratio { hits: if good { trials - fails } else { fails }, trials }
}

/// One fact per segment for a window of the shop: two failures a minute, by chance alone.
fn facts(cuts: usize, start: Timestamp, length: Span) -> Vec<Observation> {
    let window = Window { start, end: start.plus(length) };
    let mut random = Pcg64::seed_from_u64(start.secs() as u64);
    let usual = Poisson::new(2.0 * length.as_mins_f64()).expect("a mean above zero");
    let mut one = |cut: usize, n: usize| Observation {
        source: format!("source-{cut}").as_str().into(),
        metric: metric(cut),
        segment: segment(n),
        window,
        value: ratio(metric(cut), usual.sample(&mut random), 400.0 * length.as_mins_f64()),
        quality: Quality::GOOD,
    };
    (0..cuts * CUT).map(|n| one(n / CUT, n % CUT)).collect()
}

/// An engine with two days of hours behind it, and the first minute after them.
fn warm(cuts: usize) -> (Engine, Timestamp) {
    let mut engine =
        Engine::new(Settings::new(MINUTE, Policy::builtin().expect("the shipped policy")));
    let start = Timestamp::from_secs(START);
    for hour in 0..48 {
        engine.history(&facts(cuts, start.plus(Span::from_hours(hour)), Span::from_hours(1)));
    }
    (engine, start.plus(Span::from_hours(48)))
}

/// Bytes beyond any cache between two passes.
const CACHES: usize = 64 << 20;

fn judge(c: &mut Criterion) {
    let mut group = c.benchmark_group("judge");
    for cuts in [1, 10, 100] {
        let (mut engine, mut now) = warm(cuts);
        let mut others = vec![0_u8; CACHES];
        let mut pass = || {
            engine.observe(&facts(cuts, now, MINUTE));
            now = now.plus(MINUTE);
            minute_passes(&mut others);
            let begun = begin();
            let cases = engine.judge(now).cases.len();
            (begun.elapsed(), cases)
        };
        // windows fill and places are made in the first passes; chance alone opens nothing
        for _ in 0..5 {
            let (_, cases) = pass();
            assert_eq!(cases, 0, "{cases} cases over chance data of {cuts} cuts");
        }
        let mut measured = |times: u64| -> Duration { (0..times).map(|_| pass().0).sum() };
        group.sample_size(10);
        let size = measured_size(cuts);
        group.throughput(Throughput::Elements(size));
        group.bench_with_input(BenchmarkId::from_parameter(size), &cuts, |b, _| {
            b.iter_custom(&mut measured);
        });
        let held = engine.footprint();
        println!("{held:?}, {} bytes a segment", held.bytes / held.segments.max(1));
    }
    group.finish();
}

/// A pass comes once a minute: by then other programs have had the caches.
fn minute_passes(others: &mut [u8]) {
    for line in others.iter_mut().step_by(64) {
        *line = line.wrapping_add(1);
    }
    std::hint::black_box(others);
}

fn measured_size(cuts: usize) -> u64 {
    let (mut engine, now) = warm(cuts);
    engine.observe(&facts(cuts, now, MINUTE));
    engine.judge(now.plus(MINUTE));
    engine.footprint().segment_windows as u64
}

#[expect(clippy::disallowed_methods, reason = "a bench measures with its own clock")]
fn begin() -> Instant {
    Instant::now()
}

criterion_group!(benches, judge);
criterion_main!(benches);
