//! Crowds that buy nothing, in cuts that show them plainly and in cuts that show them diluted.
//! No case may open on them; a real loss beside them still does.

use super::made_up::*;
use crate::detect::cube::key::{CuboidKey, CuboidRole};
use crate::detect::cube::settings::Settings;
use crate::detect::engine::Engine;
use crate::detect::scan::bots::dilute;
use crate::domain::id::SourceId;
use crate::domain::metric::Metric;
use crate::domain::observation::{Observation, Value, Window};
use crate::domain::segment::{Dim, Scope};
use crate::domain::time::Span;

/// Visits and buyers of two cuts over some minutes: by source, and by region. In the night region a
/// few visits come on top and a fifth of the buyers stays away by chance.
fn counts(start: i64, minutes: i64, bots: f64, night: (f64, f64)) -> Vec<Observation> {
    let w = Window { start: at(start), end: at(start + minutes * 60) };
    let mut out = Vec::new();
    for device in DEVICES {
        let here = device == "desktop";
        let cells = [
            (Dim::TrafficSource, "direct", 30.0, if here { bots } else { 1.0 }, 1.0),
            (Dim::TrafficSource, "search", 30.0, 1.0, 1.0),
            (Dim::Region, "eu", 40.0, if here { 1.0 + 0.7 * (bots - 1.0) } else { 1.0 }, 1.0),
            (Dim::Region, "apac", 20.0, if here { night.0 } else { 1.0 }, night.1),
        ];
        for (dim, value, rate, times, buying) in cells {
            let s = seg(&[(Dim::Device, device), (dim, value)]);
            let usual = rate * minutes as f64;
            let buyers = usual * 0.25 * if here { buying } else { 1.0 };
            let visits = Value::Count(usual * times);
            out.push(fact("shop", Metric::Sessions, s.clone(), w, visits));
            out.push(fact("shop", Metric::AddToCart, s, w, Value::Count(buyers)));
        }
    }
    out
}

/// Is the night region's fall of a quarter put down to bots?
fn forgiven(bots: f64, night: (f64, f64)) -> bool {
    let mut engine = Engine::new(Settings::new(Span::from_mins(1), policy()));
    for hour in 1..=72 {
        engine.history(&counts(NOON - hour * 3600, 60, 1.0, (1.0, 1.0)));
    }
    for minute in 0..60 {
        engine.observe(&counts(NOON + minute * 60, 1, bots, night));
    }
    engine.judge(at(NOON + 3600));
    let key = CuboidKey {
        family: (Metric::AddToCartRate, CuboidRole::Step),
        source: SourceId::new("shop"),
        dims: vec![Dim::Device, Dim::Region],
    };
    let scope = Scope::of(&seg(&[(Dim::Device, "desktop"), (Dim::Region, "apac")]));
    let last = NOON / 60 + 59;
    dilute(&engine.state.cube, &key, &scope, 1.0 - night.1 / night.0, (last - 59, last))
}

#[test]
fn bots_of_another_cut_forgive_a_chance_fall_and_nothing_else() {
    assert!(forgiven(6.0, (1.08, 0.8)), "bots are about, and few buyers are missing");
    assert!(!forgiven(1.0, (1.08, 0.8)), "nobody is about");
    assert!(!forgiven(6.0, (1.08, 0.3)), "the buyers themselves are missing");
}
