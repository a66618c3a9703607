//! Surges that are faults, and surges that are none: prices at zero, coupons that stack, orders
//! written twice; campaigns and sales with and without a calendar.

use super::made_up::{NOON, at, firing};
use super::street::{CALM, Delay, Mood, Street};
use crate::detect::cube::settings::{AnnouncedEvent, Settings};
use crate::domain::severity::Severity;
use crate::verdict::{Case, Class};

/// Every case that was on, as it was last seen, and the minute in which the first opened.
fn lived(seed: u64, minutes: i64, mood: Mood, set: impl FnOnce(&mut Settings)) -> (Vec<Case>, i64) {
    let mut street = Street::new(seed, Delay::Spread(30.0), 120, set);
    let (mut last, mut first) = (Vec::new(), i64::MAX);
    for minute in 0..minutes {
        let judgement = street.minute(if minute < 3 { CALM } else { mood });
        let cases: Vec<Case> = firing(&judgement).into_iter().cloned().collect();
        if !cases.is_empty() {
            first = first.min(minute - 3);
            last = cases;
        }
    }
    (last, first)
}

#[test]
fn prices_at_zero_are_sev_1_with_what_is_given_away() {
    let free = Mood { steps: [2.0, 1.5, 1.2, 1.0], worth: 0.05, ..CALM };
    let (cases, first) = lived(11, 12, free, |_| {});
    assert_eq!(cases.len(), 1, "{cases:#?}");
    let case = &cases[0];
    assert_eq!((case.class, case.severity), (Class::Surge, Severity::Sev1), "{case:#?}");
    assert!(first <= 4, "after {first} minutes");
    let told = &case.headline;
    assert!(told.contains("average order EUR 2 (usual 48): price or coupon error?"), "{told}");
    assert!(told.starts_with("Orders at "), "{told}");
    // 320 visits a minute, 9.3 % usually buy, about three times as many do: 28 to 100 a minute at
    // EUR 46 less than usual.
    let risk = case.risk_per_minute.expect("money");
    assert!(risk.low > 1000.0 && risk.high < 6000.0, "{risk:?}");
    assert!(case.money_method.starts_with("given away"), "{}", case.money_method);
}

#[test]
fn orders_written_twice_are_named_so() {
    let twice = Mood { twice: 1.9, ..CALM };
    let (cases, _) = lived(12, 14, twice, |_| {});
    assert_eq!(cases.len(), 1, "{cases:#?}");
    assert_eq!((cases[0].class, cases[0].severity), (Class::Surge, Severity::Sev2));
    assert!(cases[0].headline.contains("for each payment: placed twice?"), "{}", cases[0].headline);
}

#[test]
fn coupons_that_stack_are_an_error_of_price() {
    let (cases, _) = lived(13, 14, Mood { worth: 0.5, ..CALM }, |_| {});
    assert_eq!(cases.len(), 1, "{cases:#?}");
    assert_eq!((cases[0].class, cases[0].severity), (Class::Surge, Severity::Sev2));
    assert!(
        cases[0].headline.starts_with("Average order EUR 24 (usual 48)"),
        "{}",
        cases[0].headline
    );
}

#[test]
fn shoppers_who_come_for_a_wrong_price_are_one_case_with_it() {
    let cheap = Mood { worth: 0.45, ..CALM };
    let rush = Mood { steps: [1.7, 1.2, 1.0, 1.0], ..cheap };
    let mut street = Street::new(16, Delay::Spread(30.0), 120, |_| {});
    for minute in 0..26 {
        let mood = [CALM, cheap, rush][usize::from(minute >= 3) + usize::from(minute >= 14)];
        let judgement = street.minute(mood);
        assert!(firing(&judgement).len() < 2, "minute {minute}: {:#?}", judgement.cases);
    }
}

#[test]
fn demand_and_announced_sales_are_none() {
    let crowd = Mood { visits: 3.0, steps: [1.3, 1.0, 1.0, 1.0], worth: 0.85, ..CALM };
    let cases = lived(14, 20, crowd, |_| {}).0;
    assert!(cases.is_empty(), "visits rise more than orders per visit: {cases:#?}");
    let sale = Mood { visits: 2.0, steps: [1.6, 1.2, 1.0, 1.0], worth: 0.6, ..CALM };
    let event = |s: &mut Settings| {
        let (start, end) = (at(NOON), at(NOON + 7200));
        s.events.push(AnnouncedEvent { name: "sale".into(), start, end });
    };
    let cases = lived(15, 20, sale, event).0;
    assert!(cases.is_empty(), "a sale in the calendar: {cases:#?}");
    let free = Mood { worth: 0.03, ..sale };
    assert_eq!(lived(15, 12, free, event).0.len(), 1, "a sale gives away a tenth, not all");
}
