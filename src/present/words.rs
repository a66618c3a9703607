//! Words: durations, money, counts, percents, times as people read them. Tested here, used
//! everywhere. None is `-` or `unknown`, never zero. English, decimal point, thousands comma.

use chrono_tz::Tz;

use crate::domain::money::{MoneyRange, Range};
use crate::domain::text::ScreenText;
use crate::domain::time::{Span, Timestamp};

pub fn made(text: String) -> ScreenText {
    ScreenText::made(text)
}

/// Whole seconds from now to a deadline, counted so that all clocks change on the same instant.
pub fn seconds_to(due: Timestamp, now: Timestamp) -> i64 {
    due.secs().saturating_sub(now.secs())
}

/// `59s`, `4m12s`, `13h52m`, `3d04h`.
pub fn length(secs: i64) -> String {
    let s = secs.unsigned_abs();
    match s {
        0..60 => format!("{s}s"),
        60..3600 => format!("{}m{:02}s", s / 60, s % 60),
        3600..86_400 => format!("{}h{:02}m", s / 3600, s % 3600 / 60),
        _ => format!("{}d{:02}h", s / 86_400, s % 86_400 / 3600),
    }
}

/// A clock in a column: `4m12s`, and `-1m05s` when it is over.
pub fn countdown(due: Timestamp, now: Timestamp) -> ScreenText {
    let secs = seconds_to(due, now);
    let sign = if secs < 0 { "-" } else { "" };
    made(format!("{sign}{}", length(secs)))
}

/// A clock in a sentence: `4m12s`, `overdue 1m05s`.
pub fn clock_words(due: Timestamp, now: Timestamp) -> ScreenText {
    let secs = seconds_to(due, now);
    made(if secs < 0 { format!("overdue {}", length(secs)) } else { length(secs) })
}

/// An age in one unit: `45s`, `12m`, `2h`, `3d`; never negative.
pub fn age(from: Timestamp, now: Timestamp) -> ScreenText {
    let s = seconds_to(now, from).max(0);
    made(match s {
        0..60 => format!("{s}s"),
        60..3600 => format!("{}m", s / 60),
        3600..172_800 => format!("{}h", s / 3600),
        _ => format!("{}d", s / 86_400),
    })
}

/// An age that does not tick each second: `<1m`, then as [`age`].
pub fn slow_age(from: Timestamp, now: Timestamp) -> ScreenText {
    if now.since(from) < Span::from_mins(1) { ScreenText::fixed("<1m") } else { age(from, now) }
}

/// A span as people say it: `15m`, `1h30m`.
pub fn span(span: Span) -> ScreenText {
    let text = length(span.secs());
    made(text.strip_suffix("00s").or(text.strip_suffix("00m")).unwrap_or(&text).to_owned())
}

/// A number of things: `0`, `41`, `1,204`, `12.1k`, `3.4M`; `?` when it is none.
pub fn count(n: f64) -> String {
    if !n.is_finite() {
        return "?".to_owned();
    }
    let (sign, n) = if n < 0.0 { ("-", -n) } else { ("", n) };
    let text = match n {
        n if n < 999.5 && (n - n.round()).abs() > 0.05 && n < 10.0 => format!("{n:.1}"),
        n if n < 999.5 => (n.round_ties_even() as u64).to_string(),
        n if n < 9_999.5 => format!("{},{:03}", (n.round() / 1000.0).floor(), n.round() % 1000.0),
        n if n < 99_950.0 => format!("{:.1}k", n / 1000.0),
        n if n < 999_500.0 => format!("{:.0}k", n / 1000.0),
        n if n < 99_950_000.0 => format!("{:.1}M", n / 1e6),
        n if n < 1e12 => format!("{:.0}M", n / 1e6),
        n => format!("{n:.1e}"),
    };
    format!("{sign}{text}")
}

/// `410-690`; one number where both ends read alike.
pub fn range(r: Range) -> String {
    let (low, high) = (count(r.low), count(r.high));
    if low == high { low } else { format!("{low}-{high}") }
}

/// `EUR 410-690/min`.
pub fn per_minute(m: &MoneyRange) -> ScreenText {
    made(format!("{} {}/min", m.currency, range(Range::new(m.low, m.high))))
}

/// `18%`, `0.42%`, `99.97%`: as many digits as tell it from 0 and from 100.
pub fn percent(ratio: f64) -> String {
    let p = ratio * 100.0;
    let edge = p.abs().min((100.0 - p).abs());
    match edge {
        _ if !p.is_finite() => "?".to_owned(),
        0.0 => format!("{p:.0}%"),
        e if e < 1.0 => format!("{p:.2}%"),
        e if e < 10.0 => format!("{p:.1}%"),
        _ => format!("{p:.0}%"),
    }
}

/// A value in its unit (`ms ratio count score money days bytes`); `-` when there is none.
pub fn value(value: Option<f64>, unit: &str) -> ScreenText {
    let Some(v) = value.filter(|v| v.is_finite()) else {
        return ScreenText::fixed("-");
    };
    made(match unit {
        "ms" if v.abs() >= 999.5 => format!("{:.1}s", v / 1000.0),
        "ms" => format!("{v:.0}ms"),
        "ratio" => percent(v),
        "score" => format!("{v:.2}"),
        "days" => format!("{v:.0}d"),
        "bytes" if v.abs() >= 1e9 => format!("{:.1}GB", v / 1e9),
        "bytes" => format!("{:.0}MB", v / 1e6),
        _ => count(v),
    })
}

/// `n 1,204`.
pub fn samples(n: f64) -> ScreenText {
    made(format!("n {}", count(n)))
}

/// Change from one value to another: `-70%`, `+8%`, `x2.3`; `-` when it cannot be said.
pub fn change(before: Option<f64>, after: Option<f64>) -> ScreenText {
    match (before, after) {
        (Some(b), Some(a)) if b > 0.0 && a.is_finite() && b.is_finite() => {
            let ratio = a / b;
            made(if ratio >= 3.0 {
                format!("x{ratio:.1}")
            } else {
                let percent = ((ratio - 1.0) * 100.0).round();
                if percent == 0.0 { "0%".to_owned() } else { format!("{percent:+.0}%") }
            })
        }
        _ => ScreenText::fixed("-"),
    }
}

/// `03:05 UTC`.
pub fn hm_utc(t: Timestamp) -> String {
    format!("{} UTC", t.utc().format("%H:%M"))
}

/// `03:05 UTC 04:05 CET`; one of them where the shop lives in UTC.
pub fn both_times(t: Timestamp, zone: Tz) -> ScreenText {
    let local = t.utc().with_timezone(&zone);
    let utc = hm_utc(t);
    if zone == Tz::UTC { made(utc) } else { made(format!("{utc} {}", local.format("%H:%M %Z"))) }
}

/// An instant in a list: `03:05:10`, and with the day when that is another one.
pub fn instant(t: Timestamp, now: Timestamp) -> ScreenText {
    let format =
        if t.utc().date_naive() == now.utc().date_naive() { "%H:%M:%S" } else { "%m-%d %H:%M" };
    made(t.utc().format(format).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    #[test]
    fn clocks_count_and_say_when_they_are_over() {
        let clock = |due, now| countdown(t(due), t(now)).to_string();
        assert_eq!(clock(252, 0), "4m12s");
        assert_eq!(clock(0, 65), "-1m05s");
        assert_eq!(clock(59, 0), "59s");
        assert_eq!(clock(50_000, 0), "13h53m");
        assert_eq!(clock(280_000, 0), "3d05h");
        assert_eq!(clock_words(t(0), t(65)).as_str(), "overdue 1m05s");
        assert_eq!(age(t(0), t(720)).as_str(), "12m");
        assert_eq!(age(t(100), t(0)).as_str(), "0s");
        assert_eq!(span(Span::from_mins(15)).as_str(), "15m");
        assert_eq!(span(Span::from_mins(90)).as_str(), "1h30m");
        assert_eq!(span(Span::from_hours(2)).as_str(), "2h");
    }

    #[test]
    fn counts_keep_two_or_three_digits_that_matter() {
        let all = [0.0, 41.0, 999.0, 1204.0, 9_999.6, 12_050.0, 3_400_000.0, 0.3, -41.0];
        let words: Vec<_> = all.iter().map(|n| count(*n)).collect();
        assert_eq!(words, ["0", "41", "999", "1,204", "10.0k", "12.1k", "3.4M", "0.3", "-41"]);
        assert_eq!(count(f64::NAN), "?");
        assert_eq!(range(Range::new(410.0, 690.0)), "410-690");
        assert_eq!(range(Range::new(4.0, 4.0)), "4");
        let m = Range::new(1_200.0, 2_050.0).in_currency("EUR");
        assert_eq!(per_minute(&m).as_str(), "EUR 1,200-2,050/min");
    }

    #[test]
    fn percents_never_round_to_nothing_or_to_all() {
        let all = [0.18, 0.0042, 0.9997, 1.0, 0.0, 0.054, 0.612];
        let words: Vec<_> = all.iter().map(|p| percent(*p)).collect();
        assert_eq!(words, ["18%", "0.42%", "99.97%", "100%", "0%", "5.4%", "61%"]);
        assert_eq!(percent(f64::INFINITY), "?");
    }

    #[test]
    fn values_carry_their_unit_and_none_is_not_zero() {
        let v = |x, unit| value(x, unit).to_string();
        assert_eq!(v(Some(2100.0), "ms"), "2.1s");
        assert_eq!(v(Some(340.0), "ms"), "340ms");
        assert_eq!(v(Some(0.18), "ratio"), "18%");
        assert_eq!(v(Some(0.123), "score"), "0.12");
        assert_eq!(v(None, "ms"), "-");
        assert_eq!(v(Some(f64::NAN), "ms"), "-");
        assert_eq!(change(Some(0.61), Some(0.18)).as_str(), "-70%");
        assert_eq!(change(Some(1.0), Some(4.0)).as_str(), "x4.0");
        assert_eq!(change(None, Some(4.0)).as_str(), "-");
        assert_eq!(change(Some(1.0), Some(0.999)).as_str(), "0%");
    }

    #[test]
    fn times_say_their_zone() {
        let at: Timestamp = "2026-11-20T03:05:10Z".parse().expect("time");
        assert_eq!(both_times(at, chrono_tz::Europe::Berlin).as_str(), "03:05 UTC 04:05 CET");
        assert_eq!(both_times(at, Tz::UTC).as_str(), "03:05 UTC");
        let next = at.plus(Span::from_days(1));
        assert_eq!(instant(at, at).as_str(), "03:05:10");
        assert_eq!(instant(at, next).as_str(), "11-20 03:05");
    }
}
