//! Public holidays out of an iCalendar file (RFC 5545): names and days, in the shop's zone. Reading
//! the file is done elsewhere; what a holiday means for judging too.

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, TimeZone};
use chrono_tz::Tz;

use crate::domain::text::escaped;
use crate::domain::time::Timestamp;

/// One holiday, start and end.
#[derive(Clone, PartialEq, Debug)]
pub struct Holiday {
    pub name: String,
    pub start: Timestamp,
    pub end: Timestamp,
}

/// Every event of the calendar. A yearly one is told for the year of `now`, the one before and the
/// one after; other repetitions are told once.
pub fn read(text: &str, zone: Tz, now: Timestamp) -> Vec<Holiday> {
    let mut out = Vec::new();
    let mut event = RawHoliday::default();
    for line in unfolded(text) {
        let Some((head, value)) = line.split_once(':') else { continue };
        let name = head.split(';').next().unwrap_or("").to_ascii_uppercase();
        match name.as_str() {
            "BEGIN" => event = RawHoliday::default(),
            "SUMMARY" => event.name = escaped(value.trim()),
            "DTSTART" => event.start = date(value),
            "DTEND" => event.end = date(value),
            "RRULE" => event.yearly = value.to_ascii_uppercase().contains("FREQ=YEARLY"),
            "END" if value.trim().eq_ignore_ascii_case("VEVENT") => {
                out.extend(std::mem::take(&mut event).holidays(zone, now));
            }
            _ => {}
        }
    }
    out
}

/// A whole day as a holiday.
pub fn day(name: &str, date: NaiveDate, zone: Tz) -> Option<Holiday> {
    let (start, end) = (midnight(date, zone)?, midnight(date + Days::new(1), zone)?);
    Some(Holiday { name: name.to_owned(), start, end })
}

#[derive(Default)]
struct RawHoliday {
    name: String,
    start: Option<NaiveDate>,
    end: Option<NaiveDate>,
    yearly: bool,
}

impl RawHoliday {
    fn holidays(self, zone: Tz, now: Timestamp) -> Vec<Holiday> {
        let Some(first) = self.start else { return Vec::new() };
        let days = self.end.map_or(1, |end| (end - first).num_days()).clamp(1, 31);
        let this = zone.timestamp_millis_opt(now.millis()).single().map(|t| t.year());
        let years = match this {
            Some(year) if self.yearly => (year - 1..=year + 1).collect(),
            _ => vec![first.year()],
        };
        let dates = years.into_iter().filter_map(|year| first.with_year(year));
        let holiday = |date: NaiveDate| {
            let end = date.checked_add_days(Days::new(days.unsigned_abs()))?;
            let (start, end) = (midnight(date, zone)?, midnight(end, zone)?);
            let name = if self.name.is_empty() { "a holiday" } else { &self.name };
            Some(Holiday { name: name.to_owned(), start, end })
        };
        dates.filter_map(holiday).collect()
    }
}

fn midnight(date: NaiveDate, zone: Tz) -> Option<Timestamp> {
    let local: NaiveDateTime = date.and_hms_opt(0, 0, 0)?;
    let at = zone.from_local_datetime(&local).earliest()?;
    Some(Timestamp::from_millis(at.timestamp_millis()))
}

/// The day of `20261225` or `20261225T100000Z`.
fn date(value: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(value.trim().get(..8)?, "%Y%m%d").ok()
}

/// Lines with their continuations (a line break and a blank) put back.
fn unfolded(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix([' ', '\t']), out.last_mut()) {
            (Some(rest), Some(last)) => last.push_str(rest),
            _ => out.push(line.to_owned()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_years_and_folded_names_are_read() {
        let text = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:Christ\r\n mas\r\n\
                    DTSTART;VALUE=DATE:20241225\r\nDTEND;VALUE=DATE:20241227\r\n\
                    RRULE:FREQ=YEARLY\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\n\
                    DTSTART:20261003T000000Z\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nEND:VEVENT\r\n";
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().expect("time");
        let found = read(text, chrono_tz::Europe::Berlin, now);
        let of = |h: &Holiday| format!("{} {} {}", h.name, h.start, h.end);
        let found: Vec<String> = found.iter().map(of).collect();
        assert_eq!(found.len(), 4, "{found:?}");
        assert!(found[1].starts_with("Christmas 2026-12-24T23:00:00"), "{found:?}");
        assert!(found[1].contains(" 2026-12-26T23:00:00"), "{found:?}");
        assert!(found[3].starts_with("a holiday 2026-10-02T22:00:00"), "{found:?}");
        assert!(read("junk\n:\nDTSTART:é\nEND:VEVENT", Tz::UTC, now).is_empty());
    }
}
