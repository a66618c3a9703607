//! Releases, serving and rollback of the timeline.
//! Only tests and their helpers live here.

use super::*;
use crate::shop::dims::{CHECKOUT, PDP, mask_of};

fn plan<'a>(service: Service, templates: &[&str], stages: &'a [(i64, f64)]) -> ReleasePlan<'a> {
    ReleasePlan { service, templates: mask_of(templates), stages, author: "a", description: "" }
}

#[test]
fn versions_are_numbered_by_kind_and_day() {
    let mut timeline = ShopTimeline::default();
    let day = 20_777 * 1440;
    let first = timeline.release(&plan(Service::Theme, &["pdp"], &[(day, 1.0)]));
    let second = timeline.release(&plan(Service::Theme, &["pdp"], &[(day + 5, 1.0)]));
    assert_eq!([first.as_str(), second.as_str()], ["theme-2026.11.20-1", "theme-2026.11.20-2"]);
    assert_eq!(timeline.deployments[1].previous, Some(0));
}

#[test]
fn stages_share_visits_between_versions() {
    let mut timeline = ShopTimeline::default();
    timeline.release(&plan(Service::Theme, &["pdp", "cart"], &[(10, 1.0)]));
    timeline.release(&plan(Service::Theme, &["pdp"], &[(20, 0.25), (40, 1.0)]));
    let at = |minute| timeline.serving(minute)[PDP].clone();
    assert_eq!(at(15), [Serving { below: 65536, version: 0 }]);
    assert_eq!(
        at(25),
        [Serving { below: 16384, version: 1 }, Serving { below: 65536, version: 0 }]
    );
    assert_eq!(at(40), [Serving { below: 65536, version: 1 }]);
    assert!(timeline.serving(40)[CHECKOUT].is_empty());
}

#[test]
fn rollback_puts_the_target_live_on_what_was_taken_back() {
    let mut timeline = ShopTimeline::default();
    let old = timeline.release(&plan(Service::App, &["cart", "checkout"], &[(10, 1.0)]));
    let bad = timeline.release(&plan(Service::App, &["checkout"], &[(20, 0.05)]));
    assert_eq!(timeline.roll_back(Service::App, "app-none", minute_time(30)), None);
    let taken = timeline.roll_back(Service::App, &old, Timestamp::from_secs(30 * 60 + 20));
    assert_eq!(taken, Some(vec![bad]));
    assert_eq!(timeline.serving(31)[CHECKOUT], [Serving { below: 65536, version: 0 }]);
    assert_eq!(timeline.live(Service::App, 31).map(|d| d.version), Some(0));
    assert_eq!(timeline.live(Service::App, 30).map(|d| d.version), Some(1));
}
