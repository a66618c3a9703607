//! Weeks as people name them (`2026-W48`, ISO 8601) and as instants in a time zone. Arithmetic on
//! dates alone; nobody here asks what time it is.

use chrono::{Datelike, Days, NaiveDate, NaiveTime, Weekday};
use chrono_tz::Tz;

use crate::domain::time::Timestamp;
use crate::policy::calendar::instant;

/// An ISO week by its Monday.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Week(NaiveDate);

impl Week {
    /// `2026-W48`
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no week; write 2026-W48");
        let (year, week) = text.trim().split_once("-W").ok_or_else(wrong)?;
        let (year, week) = (year.parse().map_err(|_| wrong())?, week.parse().map_err(|_| wrong())?);
        NaiveDate::from_isoywd_opt(year, week, Weekday::Mon).map(Self).ok_or_else(wrong)
    }

    /// The last one that is over at `now` in `zone`.
    pub fn last_whole(now: Timestamp, zone: Tz) -> Self {
        let today = now.utc().with_timezone(&zone).date_naive();
        let back = u64::from(today.weekday().num_days_from_monday()) + 7;
        Self(today.checked_sub_days(Days::new(back)).unwrap_or(today))
    }

    /// From its first instant up to, without it, the first of the next week.
    pub fn bounds(self, zone: Tz) -> (Timestamp, Timestamp) {
        let next = self.0.checked_add_days(Days::new(7)).unwrap_or(self.0);
        let start = |day: NaiveDate| instant(day.and_time(NaiveTime::MIN), zone);
        (start(self.0), start(next))
    }

    pub fn name(self) -> String {
        let week = self.0.iso_week();
        format!("{}-W{:02}", week.year(), week.week())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Span;

    #[test]
    fn a_week_begins_on_monday_in_the_shops_zone_and_may_be_an_hour_longer() {
        let week = Week::parse("2026-W43").expect("a week");
        let (from, until) = week.bounds(chrono_tz::Europe::Berlin);
        assert_eq!(from.to_string(), "2026-10-18T22:00:00.000Z");
        assert_eq!(until.since(from), Span::from_hours(169), "clocks go back");
        assert_eq!(week.name(), "2026-W43");
        let sunday_night: Timestamp = "2026-10-25T22:59:59Z".parse().expect("time");
        let zone = chrono_tz::Europe::Berlin;
        assert_eq!(Week::last_whole(sunday_night, zone).name(), "2026-W42");
        assert_eq!(
            Week::last_whole(sunday_night.plus(Span::from_secs(1)), zone).name(),
            "2026-W43"
        );
        for wrong in ["2026-48", "2026-W54", "W48", "2026-W", "x-W1", "2026-W00"] {
            assert!(Week::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Week::parse("2027-W01").expect("week").name(), "2027-W01");
    }
}
