//! Windows at their edges, over midnight, in another zone, and what they cover.

use super::*;
use crate::domain::segment::Dim;

fn row(text: &str) -> MaintenanceRow {
    toml::from_str(text).expect("row")
}

fn active(m: &MaintenanceRow, at: &str) -> bool {
    m.active_until(at.parse().expect("rfc 3339")).is_some()
}

#[test]
fn from_to_is_half_open_and_in_its_zone() {
    let m = row(r#"
        from = "2026-11-20T22:00"
        to = "2026-11-20T23:30"
        zone = "Europe/Berlin"
        reason = "database move""#);
    assert!(m.problems().is_empty());
    assert!(!active(&m, "2026-11-20T20:59:59Z"));
    assert!(active(&m, "2026-11-20T21:00:00Z"));
    assert!(!active(&m, "2026-11-20T22:30:00Z"));
}

#[test]
fn weekly_windows_cross_midnight() {
    let m = row(r#"
        weekly = ["sun"]
        start = "23:00"
        end = "02:00"
        reason = "backups""#);
    assert!(m.problems().is_empty());
    // 2026-11-22 is a Sunday.
    assert!(active(&m, "2026-11-22T23:30:00Z"));
    assert!(active(&m, "2026-11-23T01:59:00Z"));
    assert!(!active(&m, "2026-11-23T02:00:00Z"));
    assert!(!active(&m, "2026-11-22T01:00:00Z"));
}

#[test]
fn a_scope_covers_only_what_lies_wholly_inside() {
    let mut m = row(r#"
        from = "2026-11-20T22:00"
        to = "2026-11-20T23:30"
        reason = "x"
        scope = { template = ["pdp", "cart"] }"#);
    let pdp = Scope::everything().with(Dim::Template, "pdp").with(Dim::Device, "mobile");
    let home = Scope::everything().with(Dim::Template, "home");
    assert!(m.covers(std::slice::from_ref(&pdp)));
    assert!(!m.covers(&[pdp.clone(), home]));
    assert!(!m.covers(&[Scope::everything()]));
    assert!(!m.covers(&[]));
    m.scope = Scope::everything();
    assert!(m.covers(&[]));
}

#[test]
fn windows_of_the_next_weeks_are_told_in_order_and_once() {
    let sunday = "2026-11-22T03:00:00Z".parse().expect("a time");
    let weekly = row("weekly = [\"sun\"]\nstart = \"02:00\"\nend = \"04:00\"\nreason = \"db\"");
    let told: Vec<String> =
        weekly.windows(sunday, 2).iter().map(|(from, _)| from.to_string()).collect();
    assert_eq!(
        told,
        ["2026-11-22T02:00:00.000Z", "2026-11-29T02:00:00.000Z", "2026-12-06T02:00:00.000Z"]
    );
    let once = row("from = \"2026-11-20T22:00\"\nto = \"2026-11-20T23:00\"\nreason = \"db\"");
    assert!(once.windows(sunday, 2).is_empty(), "it is over");
    assert_eq!(once.windows(sunday.minus(Span::from_days(9)), 0).len(), 1);
}

#[test]
fn rows_that_cannot_work_say_so() {
    for text in [
        r#"reason = "x""#,
        r#"from = "2026-11-20T22:00"
           reason = "never ends""#,
        r#"from = "2026-11-20T22:00"
           to = "2026-11-20T21:00"
           reason = "backwards""#,
        r#"weekly = ["sun"]
           reason = "no times""#,
    ] {
        assert!(!row(text).problems().is_empty(), "{text}");
    }
}
