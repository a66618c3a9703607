//! A number replayed over HTTP opens at the very rows at which `backtest series` opens: one
//! detector behind two doors.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use tillwatch::domain::metric::Bad;
use tillwatch::domain::time::{Span, Timestamp};
use tillwatch::policy::sensitivity::Sensitivity;
use tillwatch::report::backtest_series::run_file;

use crate::stepped::Stepped;
use crate::stub::Stub;

const START: &str = "2026-11-09T00:00:00Z";
const ROWS: i64 = 5 * 288;
const STEP: Span = Span::from_mins(5);

fn time(row: i64) -> Timestamp {
    let start: Timestamp = START.parse().expect("a time");
    start.plus(STEP.times(row))
}

/// A made-up daily number with noise, three spikes, a step up and a fall nobody minds.
fn value(row: i64) -> f64 {
    let day = (row as f64 / 288.0 * std::f64::consts::TAU).sin();
    let noise = ((row * 7919 % 1009) as f64 / 1009.0 - 0.5) * 6.0;
    let extra = match row {
        400 | 401 | 900 => 160.0,
        1100..1180 => 70.0,
        600..620 => -60.0,
        1300 => 300.0,
        _ => 0.0,
    };
    let exact = 100.0 + 20.0 * day + noise + extra;
    (exact * 1000.0).round() / 1000.0
}

fn csv() -> String {
    (0..ROWS).fold("timestamp,value\n".to_owned(), |mut text, row| {
        let at = time(row).utc().format("%Y-%m-%d %H:%M:%S");
        writeln!(text, "{at},{}", value(row)).ok();
        text
    })
}

/// The rows at which the command opens.
fn backtest() -> Vec<Timestamp> {
    let out = run_file(&csv(), Sensitivity::Normal, Bad::Up);
    let opens = |line: &str| line.split(',').nth(2).and_then(|s| s.parse().ok()) >= Some(0.5);
    let rows = out.lines().skip(1).enumerate().filter(|(_, line)| opens(line));
    rows.map(|(row, _)| time(i64::try_from(row).expect("few rows"))).collect()
}

/// Rows by the time asked for: `/rows?from=S&to=S`, unix seconds.
fn server() -> Stub {
    Stub::start(|asked| {
        let field = |name: &str| {
            let rest = asked.path.split_once(name).map_or("", |(_, rest)| rest);
            rest.split('&').next().and_then(|n| n.parse::<i64>().ok()).unwrap_or(0)
        };
        let wanted = |row: &i64| (field("from=")..field("to=")).contains(&time(*row).secs());
        let rows: Vec<String> = (0..ROWS)
            .filter(wanted)
            .map(|row| format!("{{\"t\":{},\"v\":{}}}", time(row).secs(), value(row)))
            .collect();
        (200, "application/json", format!("{{\"rows\":[{}]}}", rows.join(",")).into_bytes())
    })
}

#[test]
fn a_series_over_http_opens_at_the_rows_of_backtest_series() {
    let server = server();
    let config = format!(
        "[[source]]\nname = \"queue\"\nkind = \"http_json\"\nurl = \"{}\"\nevery = \"5m\"\n\
         [[source.record]]\nkind = \"observation\"\npath = \"/rows?from={{from}}&to={{to}}\"\n\
         rows = \"rows\"\ntime = \"t\"\nwindow = \"5m\"\n\
         metric = [{{ metric = \"check_duration\", kind = \"gauge\", value = \"v\", \
         series = \"up\" }}]\n",
        server.url
    );
    let mut stepped = Stepped::reading(&config, START);
    let mut opened = BTreeSet::new();
    for _ in 0..=ROWS {
        stepped.step(STEP);
        opened.extend(stepped.board.incidents.iter().map(|i| i.onset_at));
    }
    let wanted = backtest();
    assert!(wanted.len() >= 3, "the made-up number must open something: {wanted:?}");
    assert_eq!(opened.into_iter().collect::<Vec<_>>(), wanted);
    let first = stepped.seen.values().next().expect("an incident");
    let line = first.last.evidence_for.first().expect("an evidence line");
    assert!(line.contains("expected") && line.contains("score 0."), "{line}");
}
