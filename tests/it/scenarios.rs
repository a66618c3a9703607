//! Each scenario with a known truth: the guilty release is named first where there is one, and no
//! release is blamed where there is none. The product never sees the truth it is held against.

use tillwatch::domain::severity::Severity;
use tillwatch::verdict::{Class, Confidence};

use crate::stepped::{Seen, Stepped};

/// A Thursday noon: business as usual.
const NOON: &str = "2026-11-19T12:00:00Z";

/// Steps until `hours` passed; returns the incidents, worst first.
fn play(scenario: &str, hours: i64) -> (Stepped, Vec<Seen>) {
    let mut stepped = Stepped::start(scenario, 7, NOON, true);
    stepped.minutes(hours * 60);
    let mut seen: Vec<Seen> = stepped.seen.values().cloned().collect();
    seen.sort_by_key(|s| (s.worst, s.opened_at));
    (stepped, seen)
}

/// The worst incident blames the release that the truth names, and looks at the right place.
fn guilty(scenario: &str, hours: i64) {
    let (stepped, seen) = play(scenario, hours);
    let truth = stepped.shop().truth();
    let real = truth.incidents.first().expect("a truth");
    let release = real.release.as_deref().expect("a guilty release");
    let worst = seen.first().unwrap_or_else(|| panic!("{scenario}: no incident"));
    let named = worst.last.suspect.release.as_ref().map(ToString::to_string);
    assert_eq!(named.as_deref(), Some(release), "{scenario}: {:#?}", worst.last.suspect);
    assert!(worst.opened_at >= real.onset, "{scenario}: opened before the onset");
}

/// Whatever was opened blames no release.
fn nobody(scenario: &str, hours: i64, expects_incident: bool) {
    let (_stepped, seen) = play(scenario, hours);
    assert!(!expects_incident || !seen.is_empty(), "{scenario}: no incident");
    for one in &seen {
        let suspect = &one.last.suspect;
        let blamed = suspect.release.is_some() && suspect.confidence != Confidence::None;
        assert!(!blamed, "{scenario}: {} blames {suspect:#?}", one.last.headline);
    }
}

fn quiet(scenario: &str, hours: i64) {
    let (_stepped, seen) = play(scenario, hours);
    let loud: Vec<&Seen> = seen.iter().filter(|s| s.worst <= Severity::Sev2).collect();
    assert!(loud.is_empty(), "{scenario}: {loud:#?}");
}

#[test]
fn checkout_outage_blames_its_theme_release() {
    guilty("checkout-outage", 1);
}

#[test]
fn mobile_pdp_inp_blames_its_release() {
    guilty("mobile-pdp-inp", 2);
}

#[test]
fn payment_drop_blames_its_release() {
    guilty("payment-drop", 2);
}

/// One telemetry incident of Sev 4 that blames what the truth blames, and no business incident.
fn telemetry(scenario: &str) {
    let (stepped, seen) = play(scenario, 1);
    let release = stepped.shop().truth().incidents.first().expect("a truth").release.clone();
    assert_eq!(seen.len(), 1, "{scenario}: {seen:#?}");
    let one = &seen[0];
    assert_eq!((one.last.class, one.worst), (Class::Telemetry, Severity::Sev4), "{one:#?}");
    let named = one.last.suspect.release.as_ref().map(ToString::to_string);
    assert_eq!(named, release, "{scenario}: {:#?}", one.last.suspect);
}

#[test]
fn telemetry_drop_is_no_business_incident_and_blames_no_release() {
    telemetry("telemetry-drop");
}

#[test]
fn a_sampling_change_is_no_business_incident_and_blames_its_config_release() {
    telemetry("sampling-change");
}

#[test]
fn late_beacons_are_one_telemetry_incident_from_missing_to_arrived() {
    telemetry("clock-skew");
}

#[test]
fn beacons_sent_twice_are_over_collection_by_the_release_that_did_it() {
    telemetry("over-collection");
}

#[test]
fn traces_that_cannot_be_joined_are_a_correlation_failure_of_their_release() {
    telemetry("orphaned-traces");
}

#[test]
fn personal_data_opens_a_telemetry_incident_and_is_on_no_board() {
    let (stepped, seen) = play("pii-leak", 1);
    assert_eq!(seen.len(), 1, "{seen:#?}");
    let one = &seen[0];
    assert_eq!((one.last.class, one.worst), (Class::Telemetry, Severity::Sev4), "{one:#?}");
    let headline = one.last.headline.as_str();
    assert!(headline.contains("e-mail address in template; redacted here"), "{headline}");
    let board = serde_json::to_string(&stepped.board).expect("JSON");
    assert!(!board.contains("mustermann"), "{board}");
}

/// The finding is named on the board while it is there, and no business incident is opened.
fn named(scenario: &str, minutes: i64, words: &str) {
    let mut stepped = Stepped::start(scenario, 7, NOON, true);
    let mut said = None;
    for _ in 0..minutes {
        stepped.minute();
        let rows = &stepped.board.guardrails;
        said = said.or_else(|| rows.iter().map(|g| &g.detail).find(|d| d.contains(words)).cloned());
    }
    assert!(said.is_some(), "{scenario}: {:#?}", stepped.board.guardrails);
    let business: Vec<&Seen> =
        stepped.seen.values().filter(|s| s.last.class != Class::Telemetry).collect();
    assert!(business.is_empty(), "{scenario}: {business:#?}");
}

#[test]
fn a_campaign_is_called_a_mix_shift() {
    named("campaign-mix-shift", 150, "mix shift");
}

#[test]
fn bots_are_called_bots() {
    named("bot-traffic", 120, "bots: ");
}

#[test]
fn a_small_shop_says_how_much_is_missing() {
    named("low-traffic", 90, "not enough data");
}

#[test]
fn lost_and_sampled_beacons_are_named_where_measuring_is_judged() {
    named("telemetry-drop", 20, "Beacons down");
    named("sampling-change", 20, "Beacons down");
}

#[test]
fn announced_maintenance_pages_nobody() {
    quiet("maintenance", 2);
}

#[test]
fn campaign_mix_shift_pages_nobody() {
    quiet("campaign-mix-shift", 4);
}

#[test]
fn slow_drift_blames_no_release() {
    nobody("slow-drift", 7, true);
}

#[test]
fn innocent_release_is_not_blamed() {
    nobody("innocent-release", 2, true);
}

#[test]
fn a_region_that_goes_dark_is_an_outage_of_its_visits_there() {
    let (_stepped, seen) = play("region-dark", 1);
    assert_eq!(seen.len(), 1, "{seen:#?}");
    let one = &seen[0];
    assert_eq!((one.last.class, one.worst), (Class::Availability, Severity::Sev2), "{one:#?}");
    let places: Vec<String> = one.last.segments.iter().map(ToString::to_string).collect();
    assert_eq!(places, ["us"], "{one:#?}");
    assert!(one.last.suspect.release.is_none(), "{:#?}", one.last.suspect);
}

#[test]
fn dear_clicks_are_an_efficiency_incident_without_a_demand_explanation() {
    let (_stepped, seen) = play("paid-efficiency", 6);
    assert_eq!(seen.len(), 1, "{seen:#?}");
    let one = &seen[0];
    assert_eq!((one.last.class, one.worst), (Class::Efficiency, Severity::Sev3), "{one:#?}");
    let words = one.last.evidence_for.join("\n");
    assert!(words.contains("no demand explanation: paid visits"), "{words}");
    assert!(one.last.suspect.release.is_none(), "{:#?}", one.last.suspect);
}

#[test]
fn a_calm_afternoon_is_quiet() {
    quiet("calm-day", 4);
}

#[test]
fn sources_that_fall_silent_are_blindness_and_no_outage() {
    let mut stepped = Stepped::start("calm-day", 7, NOON, true);
    stepped.minutes(6);
    assert!(stepped.seen.is_empty(), "{:#?}", stepped.seen);
    stepped.silence();
    stepped.minutes(4);
    assert!(stepped.seen.is_empty(), "four intervals must pass: {:#?}", stepped.seen);
    stepped.minutes(3);
    assert!(!stepped.seen.is_empty(), "nothing says that all is silent");
    for one in stepped.seen.values() {
        assert_eq!(one.last.class, Class::Telemetry, "{:#?}", one.last);
        assert!(one.last.suspect.release.is_none(), "{:#?}", one.last.suspect);
    }
}

#[test]
fn a_shop_without_truth_is_judged_the_same() {
    let boards = [true, false].map(|truth| {
        let mut stepped = Stepped::start("checkout-outage", 7, NOON, truth);
        stepped.minutes(15);
        let mut board = stepped.board.clone();
        board.watcher = None;
        serde_json::to_string_pretty(&board).expect("JSON").replace(&stepped.url(), "URL")
    });
    assert_eq!(boards[0], boards[1]);
}
