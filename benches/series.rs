//! Cost of the univariate detector per row, on a made-up daily wave with noise.
//! Budget: 20 microseconds a row and series on one core (docs/detection.md).

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tillwatch::detect::univariate::detector::Detector;
use tillwatch::domain::metric::Bad;
use tillwatch::domain::time::{Span, Timestamp};
use tillwatch::policy::sensitivity::Sensitivity;

/// Rows spaced `step` apart: a daily wave with a cheap deterministic noise.
fn rows(step: Span, count: i64) -> Vec<(Timestamp, Option<f64>)> {
    let mut state = 88_172_645_463_325_252u64;
    (0..count)
        .map(|i| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let at = Timestamp::from_secs(1_700_000_000).plus(step.times(i));
            let phase = at.secs() as f64 / 86_400.0 * std::f64::consts::TAU;
            let noise = (state >> 11) as f64 / (1u64 << 53) as f64 - 0.5;
            (at, Some(100.0 + 30.0 * phase.sin() + 8.0 * noise))
        })
        .collect()
}

fn series(c: &mut Criterion) {
    let mut group = c.benchmark_group("series");
    for (name, step, count) in [
        ("1m x 20160", Span::from_mins(1), 20_160),
        ("5m x 4032", Span::from_mins(5), 4_032),
        ("1h x 720", Span::from_hours(1), 720),
    ] {
        let rows = rows(step, count);
        group.throughput(Throughput::Elements(rows.len() as u64));
        group.sample_size(10).bench_function(name, |b| {
            b.iter(|| {
                let mut detector = Detector::new(Sensitivity::Normal, Bad::Both);
                rows.iter().map(|(at, x)| detector.step(*at, *x).score).sum::<f64>()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, series);
criterion_main!(benches);
