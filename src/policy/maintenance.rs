//! `[[maintenance]]`: windows in which known work suppresses new incidents, not measuring.
//! A window always ends; it never hides what was open before and never blocks a resolution.

use chrono::{Datelike, Days, NaiveDateTime};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::calendar::{DayOfWeek, TimeOfDay, instant};
use crate::domain::segment::Scope;
use crate::domain::time::{Span, Timestamp};

/// One window: either `from` and `to`, or `weekly` days with `start` and `end`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaintenanceRow {
    /// Local time of the zone, `2026-11-20T22:00`.
    #[serde(default)]
    pub from: Option<LocalTime>,
    #[serde(default)]
    pub to: Option<LocalTime>,
    /// Days on which a weekly window starts.
    #[serde(default)]
    pub weekly: Vec<DayOfWeek>,
    #[serde(default)]
    pub start: Option<TimeOfDay>,
    /// An end at or before the start is on the next day.
    #[serde(default)]
    pub end: Option<TimeOfDay>,
    #[serde(default = "utc")]
    pub zone: Tz,
    /// What is worked on; empty means the whole shop.
    #[serde(default)]
    pub scope: Scope,
    pub reason: String,
}

/// A local date and time as config writes it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct LocalTime(pub NaiveDateTime);

fn utc() -> Tz {
    Tz::UTC
}

impl MaintenanceRow {
    /// When the window that holds `now` ends; none when no window holds it.
    pub fn active_until(&self, now: Timestamp) -> Option<Timestamp> {
        let inside = |(start, end): &(Timestamp, Timestamp)| *start <= now && now < *end;
        self.once().into_iter().chain(self.weekly_around(now)).filter(inside).map(|(_, e)| e).max()
    }

    /// Every window that ends after `from` and starts within so many weeks of it, oldest first.
    pub fn windows(&self, from: Timestamp, weeks: i64) -> Vec<(Timestamp, Timestamp)> {
        let days = (0..=weeks.clamp(0, 106) * 7).map(|n| from.plus(Span::from_days(n)));
        let mut found: Vec<_> = days.flat_map(|day| self.weekly_around(day)).collect();
        found.extend(self.once());
        found.retain(|(_, end)| *end > from);
        found.sort_unstable();
        found.dedup();
        found
    }

    /// True when everything in `segments` is being worked on. No segments means the whole shop.
    pub fn covers(&self, segments: &[Scope]) -> bool {
        let within = |segment: &Scope| {
            self.scope.dims.iter().all(|(dim, values)| {
                segment.dims.get(dim).is_some_and(|v| !v.is_empty() && v.is_subset(values))
            })
        };
        self.scope.dims.is_empty() || (!segments.is_empty() && segments.iter().all(within))
    }

    /// What is wrong with the row; empty means it can work.
    pub fn problems(&self) -> Vec<String> {
        let mut found = Vec::new();
        let once = self.from.is_some() || self.to.is_some();
        let weekly = !self.weekly.is_empty() || self.start.is_some() || self.end.is_some();
        match (once, weekly) {
            (true, true) => found.push("a window is from/to or weekly, not both".to_owned()),
            (false, false) => found.push("a window needs from and to, or weekly".to_owned()),
            (true, false) if self.once().is_none() => {
                found.push("a window needs `from` and a later `to`".to_owned());
            }
            (false, true) if self.times().is_none() || self.weekly.is_empty() => {
                found.push("a weekly window needs `weekly`, `start` and `end`".to_owned());
            }
            (true | false, _) => {}
        }
        if self.reason.trim().is_empty() {
            found.push("a window needs a reason".to_owned());
        }
        found
    }

    fn once(&self) -> Option<(Timestamp, Timestamp)> {
        let (from, to) = (self.from?, self.to?);
        let window = (instant(from.0, self.zone), instant(to.0, self.zone));
        (window.0 < window.1).then_some(window)
    }

    fn times(&self) -> Option<(TimeOfDay, TimeOfDay)> {
        Some((self.start?, self.end?))
    }

    /// The windows that started today or yesterday in the window's own zone.
    fn weekly_around(&self, now: Timestamp) -> Vec<(Timestamp, Timestamp)> {
        let Some((start, end)) = self.times() else { return Vec::new() };
        let today = now.utc().with_timezone(&self.zone).date_naive();
        let days = [Some(today), today.checked_sub_days(Days::new(1))];
        days.into_iter()
            .flatten()
            .filter(|d| self.weekly.contains(&DayOfWeek(d.weekday())))
            .filter_map(|d| {
                let last = if end <= start { d.checked_add_days(Days::new(1))? } else { d };
                let from = instant(d.and_time(start.0), self.zone);
                Some((from, instant(last.and_time(end.0), self.zone)))
            })
            .collect()
    }
}

impl Serialize for LocalTime {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&self.0.format("%Y-%m-%dT%H:%M:%S"))
    }
}

impl<'de> Deserialize<'de> for LocalTime {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        let full = if text.len() == "2026-11-20T22:00".len() { format!("{text}:00") } else { text };
        full.parse().map(Self).map_err(|_| {
            serde::de::Error::custom(format!("`{full}` is no local time; write 2026-11-20T22:00"))
        })
    }
}

#[cfg(test)]
mod tests;
