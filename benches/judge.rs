//! One judging pass over 10,000, 100,000 and 1,000,000 segment-windows on one core: is it linear,
//! and what does a segment cost in memory? Made-up shares of failures; nothing is wrong in them.

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tillwatch::detect::engine::{Engine, Settings};
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

/// One fact per segment for a window of the shop.
fn facts(cuts: usize, start: Timestamp, length: Span) -> Vec<Observation> {
    let window = Window { start, end: start.plus(length) };
    let one = |cut: usize, n: usize| Observation {
        source: format!("source-{cut}").as_str().into(),
        metric: Metric::JsErrorRate,
        segment: segment(n),
        window,
        value: Value::Ratio {
            hits: ((n * 7 + cut + start.secs() as usize / 60) % 5) as f64 * length.as_mins_f64(),
            trials: 400.0 * length.as_mins_f64(),
        },
        quality: Quality::GOOD,
    };
    (0..cuts).flat_map(|cut| (0..CUT).map(move |n| one(cut, n))).collect()
}

/// An engine with two days of hours behind it, and the first minute after them.
fn warm(cuts: usize) -> (Engine, Timestamp) {
    let mut engine = Engine::new(Settings::new(MINUTE, Policy::default()));
    let start = Timestamp::from_secs(START);
    for hour in 0..48 {
        engine.history(&facts(cuts, start.plus(Span::from_hours(hour)), Span::from_hours(1)));
    }
    (engine, start.plus(Span::from_hours(48)))
}

fn judge(c: &mut Criterion) {
    let mut group = c.benchmark_group("judge");
    for cuts in [1, 10, 100] {
        let (mut engine, mut now) = warm(cuts);
        let mut pass = || {
            engine.observe(&facts(cuts, now, MINUTE));
            now = now.plus(MINUTE);
            let begun = begin();
            let cases = engine.judge(now).cases.len();
            (begun.elapsed(), cases)
        };
        // windows fill and places are made in the first passes
        for _ in 0..5 {
            pass();
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
