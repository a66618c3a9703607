//! The catalogue of made-up series: each row a kind that people watch, sane or broken.
//! Data only; the numbers are ours and come from no file.

use super::faults::Fault::{
    AtMedian, Burst, DayOff, Denser, Drift, NoPeak, NoTrough, Pause, Shift, Spike, Stuck, Wild,
};
use super::worlds::{Kind, Stray, Way};

const MINUTE: f64 = 60.0;

/// A noisy daily wave every five minutes for two weeks, sane.
const WAVE: Kind = Kind {
    name: "wave",
    step: 5.0 * MINUTE,
    days: 14.0,
    level: 50.0,
    daily: 0.5,
    weekend: 1.0,
    trend: 0.0,
    plateau: false,
    stray: Stray::Normal(0.05),
    spikes: (0.0, 0.0),
    missing: 0.0,
    way: Way::Both,
    faults: &[],
};
const CLEAN: Kind = Kind { stray: Stray::None, plateau: true, daily: 0.6, ..WAVE };
const FLAT: Kind = Kind { daily: 0.0, stray: Stray::None, ..WAVE };
const HOURLY: Kind = Kind { step: 60.0 * MINUTE, days: 45.0, weekend: 0.4, ..WAVE };
const QUIET: Kind = Kind { daily: 0.0, level: 2.0, stray: Stray::Ratio(0.05), ..WAVE };
const TWEETS: Kind = Kind {
    days: 35.0,
    level: 12.0,
    stray: Stray::Counts { bursts: 1.5, tail: 1.3 },
    ..WAVE
};
const SENSOR: Kind = Kind {
    step: 60.0 * MINUTE,
    days: 150.0,
    level: 70.0,
    daily: 0.02,
    stray: Stray::Wander(0.03),
    ..WAVE
};
const LATENCY: Kind = Kind {
    step: 60.0 * MINUTE,
    days: 30.0,
    level: 200.0,
    daily: 0.15,
    stray: Stray::Ratio(0.12),
    way: Way::Up,
    ..WAVE
};

/// Every kind.
pub const KINDS: &[Kind] = &[
    Kind { name: "clean, sane", ..CLEAN },
    Kind { name: "clean, small noise, sane", stray: Stray::Normal(0.02), ..CLEAN },
    Kind { name: "flat, sane", ..FLAT },
    Kind { name: "flat, steps", faults: &[Shift(0.3), Spike(0.5)], ..FLAT },
    Kind { name: "wave, sane", ..WAVE },
    Kind { name: "wave, spikes", faults: &[Spike(1.2), Spike(-0.9)], ..WAVE },
    Kind { name: "wave, shifts", faults: &[Shift(0.5)], ..WAVE },
    Kind { name: "clean, no peak", stray: Stray::Normal(0.02), faults: &[NoPeak], ..CLEAN },
    Kind { name: "clean, no trough", stray: Stray::Normal(0.02), faults: &[NoTrough], ..CLEAN },
    Kind { name: "clean, higher peak", stray: Stray::Normal(0.02), faults: &[Burst(0.6)], ..CLEAN },
    Kind { name: "wave, no peak", faults: &[NoPeak, NoPeak], days: 21.0, ..WAVE },
    Kind { name: "wave, stuck", faults: &[Stuck, AtMedian], ..WAVE },
    Kind { name: "wave, wild", faults: &[Wild(4.0)], ..WAVE },
    Kind {
        name: "minutes, pauses",
        step: MINUTE,
        days: 9.0,
        level: 400.0,
        stray: Stray::Ratio(0.06),
        faults: &[Pause, Burst(-0.4)],
        ..WAVE
    },
    Kind { name: "weekly, sane", step: 15.0 * MINUTE, days: 35.0, weekend: 0.3, ..WAVE },
    Kind {
        name: "weekly, day off",
        step: 30.0 * MINUTE,
        days: 56.0,
        weekend: 0.3,
        faults: &[DayOff, DayOff],
        ..WAVE
    },
    Kind { name: "hourly weekly, no peak", faults: &[NoPeak, NoPeak], ..HOURLY },
    Kind {
        name: "hourly purchases, dips",
        level: 300.0,
        stray: Stray::Ratio(0.08),
        faults: &[Burst(-0.6), Spike(-0.7), Spike(2.0)],
        ..HOURLY
    },
    Kind { name: "quiet cpu, shift", faults: &[Shift(0.6)], ..QUIET },
    Kind {
        name: "quiet cpu with spikes, shift",
        spikes: (6.0, 1.0),
        faults: &[Shift(1.5), Burst(3.0)],
        ..QUIET
    },
    Kind {
        name: "spike density",
        level: 20.0,
        stray: Stray::None,
        spikes: (12.0, 1.0),
        faults: &[Denser(8.0)],
        ..QUIET
    },
    Kind {
        name: "io bursts",
        level: 5.0,
        daily: 0.0,
        stray: Stray::Counts { bursts: 6.0, tail: 2.5 },
        faults: &[Burst(40.0), Shift(4.0)],
        ..WAVE
    },
    Kind { name: "tweets, sane", ..TWEETS },
    Kind { name: "tweets, news", faults: &[Burst(60.0), Burst(35.0)], ..TWEETS },
    Kind { name: "sensor, sane", ..SENSOR },
    Kind { name: "sensor, drift", faults: &[Drift(0.3), Shift(-0.25)], ..SENSOR },
    Kind { name: "sensor, stuck", faults: &[Stuck, Spike(0.4)], ..SENSOR },
    Kind {
        name: "traffic with holes",
        step: 10.0 * MINUTE,
        days: 20.0,
        missing: 0.3,
        stray: Stray::Ratio(0.15),
        faults: &[Burst(1.5), Burst(-0.6)],
        ..WAVE
    },
    Kind { name: "latency, spikes", faults: &[Spike(1.5), Burst(0.8), Spike(2.5)], ..LATENCY },
    Kind { name: "latency, shift", faults: &[Shift(0.6)], ..LATENCY },
    Kind {
        name: "crash rate, releases",
        level: 0.01,
        daily: 0.1,
        stray: Stray::Share { trials: 8000.0 },
        faults: &[Shift(0.8), Burst(2.0), Spike(4.0)],
        ..LATENCY
    },
    Kind { name: "short, spike", days: 14.0, faults: &[Spike(1.5)], ..LATENCY },
    Kind { name: "growth, shift", trend: 1.0, days: 28.0, faults: &[Shift(-0.5)], ..WAVE },
];
