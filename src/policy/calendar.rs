//! Business hours and the calendar deadlines: same day, business day, weekly review.
//! Every number is data; all results are UTC instants. Nothing here knows about incidents.

use chrono::{DateTime, Datelike, Days, LocalResult, NaiveDate, NaiveDateTime, NaiveTime};
use chrono::{TimeDelta, TimeZone, Utc, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::severity::Deadline;
use crate::domain::time::{Span, Timestamp};

/// The site's calendar, `[calendar]` in config. Its defaults are in the example config.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Calendar {
    /// IANA name; config takes it from `[shop] time_zone`.
    pub time_zone: Tz,
    pub open: TimeOfDay,
    pub close: TimeOfDay,
    /// Days on which people work, `mon` to `sun`.
    pub days: Vec<DayOfWeek>,
    /// Dates on which nobody works.
    pub holidays: Vec<NaiveDate>,
    /// `same_day` means today only when opened before this.
    pub same_day_before: TimeOfDay,
    /// Otherwise `same_day` ends at this time of the next business day.
    pub next_day_until: TimeOfDay,
    pub weekly_review_day: DayOfWeek,
    pub weekly_review_at: TimeOfDay,
}

/// A time of day as config writes it: `09:00`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct TimeOfDay(pub NaiveTime);

/// A day of the week as config writes it: `mon`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DayOfWeek(pub Weekday);

impl Default for Calendar {
    fn default() -> Self {
        use Weekday::{Fri, Mon, Thu, Tue, Wed};
        Self {
            time_zone: Tz::UTC,
            open: TimeOfDay::at(9),
            close: TimeOfDay::at(18),
            days: [Mon, Tue, Wed, Thu, Fri].map(DayOfWeek).to_vec(),
            holidays: Vec::new(),
            same_day_before: TimeOfDay::at(15),
            next_day_until: TimeOfDay::at(12),
            weekly_review_day: DayOfWeek(Mon),
            weekly_review_at: TimeOfDay::at(10),
        }
    }
}

impl Calendar {
    pub fn is_business_day(&self, date: NaiveDate) -> bool {
        self.days.contains(&DayOfWeek(date.weekday())) && !self.holidays.contains(&date)
    }

    /// True inside business hours.
    pub fn is_open(&self, at: Timestamp) -> bool {
        let local = self.local(at);
        let time = TimeOfDay(local.time());
        self.is_business_day(local.date()) && time >= self.open && time < self.close
    }

    /// What a person would notice at the first deadline: empty means the calendar is sound.
    pub fn problems(&self) -> Vec<String> {
        let mut found = Vec::new();
        if self.days.is_empty() {
            found.push("calendar.days is empty: no business day would ever come".to_owned());
        }
        if self.close <= self.open {
            found.push(format!("calendar.close {} is not after open {}", self.close, self.open));
        }
        found
    }

    fn local(&self, at: Timestamp) -> NaiveDateTime {
        at.utc().with_timezone(&self.time_zone).naive_local()
    }

    /// The first business day after `date`; the day after `date` when none comes within a year.
    fn next_business_day(&self, date: NaiveDate) -> NaiveDate {
        let after = |n| date.checked_add_days(Days::new(n));
        (1..=366)
            .filter_map(after)
            .find(|d| self.is_business_day(*d))
            .or_else(|| after(1))
            .unwrap_or(date)
    }

    fn same_day(&self, opened: NaiveDateTime) -> NaiveDateTime {
        let today = opened.date();
        if self.is_business_day(today) && TimeOfDay(opened.time()) < self.same_day_before {
            return today.and_time(self.close.0);
        }
        self.next_business_day(today).and_time(self.next_day_until.0)
    }

    fn weekly_review(&self, opened: NaiveDateTime) -> NaiveDateTime {
        let slot = |n| opened.date().checked_add_days(Days::new(n));
        (0..=7)
            .filter_map(slot)
            .filter(|d| d.weekday() == self.weekly_review_day.0)
            .map(|d| d.and_time(self.weekly_review_at.0))
            .find(|t| *t > opened)
            .unwrap_or(opened)
    }
}

/// The instant at which `deadline` falls for something opened at `opened_at`; never before it.
pub fn due(deadline: Deadline, opened_at: Timestamp, calendar: &Calendar) -> Timestamp {
    let opened = calendar.local(opened_at);
    let local = match deadline {
        Deadline::Within(span) => return opened_at.plus(span).max(opened_at),
        Deadline::SameDay => calendar.same_day(opened),
        Deadline::BusinessDay => {
            calendar.next_business_day(opened.date()).and_time(calendar.close.0)
        }
        Deadline::WeeklyReview => calendar.weekly_review(opened),
    };
    instant(local, calendar.time_zone).max(opened_at)
}

/// Local time to UTC. In an hour that happens twice the first one counts (never later than
/// promised); in an hour that is skipped the first instant after the gap.
pub fn instant(local: NaiveDateTime, zone: Tz) -> Timestamp {
    const LONGEST_GAP_MINUTES: i64 = 24 * 60;
    let read = |t: NaiveDateTime| -> Option<DateTime<Utc>> {
        match zone.from_local_datetime(&t) {
            LocalResult::Single(t) | LocalResult::Ambiguous(t, _) => Some(t.to_utc()),
            LocalResult::None => None,
        }
    };
    (0..=LONGEST_GAP_MINUTES)
        .filter_map(|m| local.checked_add_signed(TimeDelta::minutes(m)))
        .find_map(read)
        .map_or_else(|| Timestamp::from(local.and_utc()), Timestamp::from)
}

impl TimeOfDay {
    /// A full hour; hours past 23 become midnight.
    pub fn at(hour: u32) -> Self {
        Self(NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or(NaiveTime::MIN))
    }

    /// Time since midnight.
    pub fn span(self) -> Span {
        Span::from_millis(self.0.signed_duration_since(NaiveTime::MIN).num_milliseconds())
    }
}

impl std::fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.format("%H:%M"))
    }
}

impl Serialize for TimeOfDay {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TimeOfDay {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        NaiveTime::parse_from_str(&text, "%H:%M").map(Self).map_err(|_| {
            serde::de::Error::custom(format!("`{text}` is not a time of day; write 09:00"))
        })
    }
}

impl Serialize for DayOfWeek {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.0.to_string().to_lowercase())
    }
}

impl<'de> Deserialize<'de> for DayOfWeek {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        text.parse().map(Self).map_err(|_| {
            serde::de::Error::custom(format!("`{text}` is not a day of the week; write mon"))
        })
    }
}

#[cfg(test)]
mod tests;
