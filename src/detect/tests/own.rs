//! A metric and a dimension of a shop's own: judged like the program's, named by their own words.
//! How they are declared is tested where configs are read.

use super::made_up::*;
use crate::detect::cube::settings::Settings;
use crate::detect::engine::Engine;
use crate::domain::metric::{Bad, Kind, Metric};
use crate::domain::observation::{Observation, Value, Window};
use crate::domain::own::Declared;
use crate::domain::segment::{Dim, DimValue, Segment};
use crate::domain::time::Span;
use crate::verdict::{Class, Judgement};

const STEPS: [&str; 3] = ["address", "slot", "confirm"];

fn facts(
    dice: &mut Dice,
    own: (Metric, Dim),
    start: i64,
    minutes: i64,
    bad: bool,
) -> Vec<Observation> {
    let w = Window { start: at(start), end: at(start + minutes * 60) };
    let (metric, dim) = own;
    STEPS
        .map(|step| {
            let trials = dice.count(80.0 * minutes as f64);
            let share = if bad && step == "slot" { 0.8 } else { 0.99 };
            let value = Value::Ratio { hits: dice.of(trials, share), trials };
            let s = Segment::all().with(dim, DimValue::Value(step.into()));
            fact("quotes", metric, s, w, value)
        })
        .to_vec()
}

#[test]
fn connect_14_a_rate_of_ones_own_is_judged_by_a_dimension_of_ones_own() {
    let declared = Declared {
        name: "test_quote_success".to_owned(),
        label: "delivery quote".to_owned(),
        unit: "ratio",
        kind: Kind::Ratio,
        bad: Bad::Down,
    };
    let metric = Metric::declare(&declared).expect("a metric");
    let dim = Dim::declare("test_delivery_step").expect("a dimension");
    let mut policy = policy();
    let row = policy
        .guardrail
        .iter()
        .find(|g| g.name.as_str() == "js-errors")
        .or(policy.guardrail.iter().find(|g| g.metric.contains(&Metric::JsErrorRate)));
    let mut row = row.expect("a row of rates").clone();
    (row.name, row.metric) = ("quotes".into(), vec![metric]);
    policy.guardrail.push(row);
    let mut engine = Engine::new(Settings::new(Span::from_mins(1), policy));
    let mut dice = Dice(7);
    for hour in 1..=72 {
        let batch = facts(&mut dice, (metric, dim), NOON - hour * 3600, 60, false);
        engine.history(&batch);
    }
    let mut run = |from: i64, minutes: i64, bad: bool| {
        let mut last = Judgement::default();
        for minute in from..from + minutes {
            let start = NOON + minute * 60;
            engine.observe(&facts(&mut dice, (metric, dim), start, 1, bad));
            last = engine.judge(at(start + 60));
        }
        last
    };
    assert!(firing(&run(0, 20, false)).is_empty());
    let last = run(20, 12, true);
    let cases = firing(&last);
    assert_eq!(cases.len(), 1, "{:?}", last.cases);
    let case = cases[0];
    assert_eq!(case.class, Class::Regression);
    assert_eq!(case.segments[0].to_string(), "slot");
    assert!(case.headline.contains("elivery quote"), "{}", case.headline);
    let finding = &case.findings[0];
    assert_eq!((finding.metric, finding.guardrail.as_str()), (metric, "quotes"));
    assert!((finding.value.expect("a share") - 0.8).abs() < 0.1, "{finding:?}");
    let json = serde_json::to_value(&last).expect("json");
    let cell = json["cells"].as_array().expect("cells").iter().find(|c| {
        c["segment"]["test_delivery_step"] == "slot" && c["metric"] == "test_quote_success"
    });
    assert_eq!(cell.expect("a cell")["verdict"], "breach");
}
