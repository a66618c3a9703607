//! Calendar deadlines against hand-worked dates, with both clock changes of Europe/Berlin 2026.

use super::*;

fn berlin() -> Calendar {
    Calendar { time_zone: Tz::Europe__Berlin, ..Calendar::default() }
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("rfc 3339")
}

fn due_at(deadline: Deadline, opened: &str, calendar: &Calendar) -> String {
    due(deadline, at(opened), calendar).to_string()
}

#[test]
fn same_day_ends_at_close_or_at_noon_of_the_next_business_day() {
    let c = berlin();
    // Friday 2026-11-20, Berlin is UTC+1.
    let cases = [
        ("2026-11-20T02:41:00+01:00", "2026-11-20T17:00:00.000Z"),
        ("2026-11-20T14:59:59+01:00", "2026-11-20T17:00:00.000Z"),
        ("2026-11-20T15:00:00+01:00", "2026-11-23T11:00:00.000Z"),
        ("2026-11-21T10:00:00+01:00", "2026-11-23T11:00:00.000Z"),
        ("2026-11-18T20:00:00+01:00", "2026-11-19T11:00:00.000Z"),
    ];
    for (opened, want) in cases {
        assert_eq!(due_at(Deadline::SameDay, opened, &c), want, "opened {opened}");
    }
}

#[test]
fn business_day_is_the_end_of_the_next_one_over_weekends_and_holidays() {
    let mut c = berlin();
    assert_eq!(
        due_at(Deadline::BusinessDay, "2026-11-20T09:00:00+01:00", &c),
        "2026-11-23T17:00:00.000Z"
    );
    c.holidays.push(NaiveDate::from_ymd_opt(2026, 11, 23).expect("date"));
    assert_eq!(
        due_at(Deadline::BusinessDay, "2026-11-20T09:00:00+01:00", &c),
        "2026-11-24T17:00:00.000Z"
    );
}

#[test]
fn weekly_review_is_the_next_monday_at_ten() {
    let c = berlin();
    let cases = [
        ("2026-11-20T09:00:00+01:00", "2026-11-23T09:00:00.000Z"),
        ("2026-11-23T09:59:00+01:00", "2026-11-23T09:00:00.000Z"),
        ("2026-11-23T10:00:00+01:00", "2026-11-30T09:00:00.000Z"),
    ];
    for (opened, want) in cases {
        assert_eq!(due_at(Deadline::WeeklyReview, opened, &c), want, "opened {opened}");
    }
}

#[test]
fn clock_changes_are_crossed_in_local_time() {
    let c = berlin();
    // Summer time ends on Sunday 2026-10-25: close of business moves from 16:00 to 17:00 UTC.
    assert_eq!(
        due_at(Deadline::BusinessDay, "2026-10-23T12:00:00+02:00", &c),
        "2026-10-26T17:00:00.000Z"
    );
    // It begins on Sunday 2026-03-29.
    assert_eq!(
        due_at(Deadline::SameDay, "2026-03-27T16:00:00+01:00", &c),
        "2026-03-30T10:00:00.000Z"
    );
}

#[test]
fn a_skipped_hour_counts_from_its_end_and_a_doubled_hour_from_its_first() {
    let local = |text: &str| text.parse::<NaiveDateTime>().expect("local time");
    let zone = Tz::Europe__Berlin;
    assert_eq!(instant(local("2026-03-29T02:30:00"), zone).to_string(), "2026-03-29T01:00:00.000Z");
    assert_eq!(instant(local("2026-10-25T02:30:00"), zone).to_string(), "2026-10-25T00:30:00.000Z");
    // Samoa left out a whole day.
    let apia = Tz::Pacific__Apia;
    assert_eq!(instant(local("2011-12-30T12:00:00"), apia).to_string(), "2011-12-30T10:00:00.000Z");
}

#[test]
fn a_calendar_without_business_days_still_answers() {
    let c = Calendar { days: Vec::new(), ..berlin() };
    assert!(!c.problems().is_empty());
    let opened = at("2026-11-20T09:00:00Z");
    for deadline in [Deadline::SameDay, Deadline::BusinessDay, Deadline::WeeklyReview] {
        assert!(due(deadline, opened, &c) >= opened);
    }
}

#[test]
fn business_hours_are_half_open() {
    let c = berlin();
    assert!(c.is_open(at("2026-11-20T09:00:00+01:00")));
    assert!(!c.is_open(at("2026-11-20T18:00:00+01:00")));
    assert!(!c.is_open(at("2026-11-21T10:00:00+01:00")));
}
