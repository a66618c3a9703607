//! `backtest shop`: a recorded shop day through the judging engine, bucket by bucket as if polled,
//! and the incidents it would have opened as JSON lines (formats: the recorded day's own files).
//! The engine is the live one; only the door is another.

mod read;
mod write;

use std::io::Read;

use crate::detect::engine::{Engine, Settings};
use crate::domain::time::Span;
use crate::policy::judging::Policy;

/// The files of a recorded day, already decompressed. History may be absent.
pub struct Day<'a> {
    pub scenario: &'a str,
    pub releases: &'a str,
    pub calendar: &'a str,
    pub synthetic: &'a str,
    pub rum: &'a mut dyn Read,
    pub business: &'a mut dyn Read,
    pub history_rum: Option<&'a mut dyn Read>,
    pub history_business: Option<&'a mut dyn Read>,
}

/// Replays a day; the answer is one JSON object a line, one line per incident.
pub fn replay(day: Day<'_>, policy: Policy) -> Result<String, String> {
    let scenario = read::scenario(day.scenario)?;
    let mut settings = Settings::new(scenario.bucket, read::policy_of(policy, &scenario));
    (settings.maintenance, settings.events) = read::calendar(day.calendar)?;
    let mut engine = Engine::new(settings);
    let hour = Span::from_hours(1);
    for file in [day.history_rum, day.history_business].into_iter().flatten() {
        read::stream(file, hour, &scenario, |_, batch| {
            engine.history(&batch);
            Ok(())
        })?;
    }
    let mut live = read::collect(day.rum, &scenario)?;
    for (t, batch) in read::collect(day.business, &scenario)? {
        live.entry(t).or_default().extend(batch);
    }
    let checks = read::checks(day.synthetic)?;
    let changes = read::changes(day.releases)?;
    let mut writer = write::Writer::default();
    let last = live.keys().next_back().copied().unwrap_or(scenario.start);
    let mut t = scenario.start.min(live.keys().next().copied().unwrap_or(scenario.start));
    while t <= last {
        let end = t.plus(scenario.bucket);
        engine.observe_changes(&read::known(&changes, end));
        engine.observe_checks(checks.get(&t).map_or(&[], Vec::as_slice));
        engine.observe(live.get(&t).map_or(&[], Vec::as_slice));
        writer.take(end, &engine.judge(end));
        t = end;
    }
    Ok(writer.finish())
}

/// Replays the day in a folder; history lies in another folder, or nowhere.
pub fn run(
    run_dir: &std::path::Path,
    history_dir: Option<&std::path::Path>,
    policy: Policy,
) -> Result<String, String> {
    let text = |name: &str, default: &str| {
        let path = run_dir.join(name);
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(text),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && !default.is_empty() => {
                Ok(default.to_owned())
            }
            Err(e) => Err(format!("{}: {e}", path.display())),
        }
    };
    let open = |path: std::path::PathBuf| {
        let file = std::fs::File::open(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        Ok::<_, String>(flate2::read::MultiGzDecoder::new(std::io::BufReader::new(file)))
    };
    let old = |name: &str| history_dir.map(|d| d.join(name)).filter(|p| p.exists());
    let mut history_rum = old("history_rum.csv.gz").map(open).transpose()?;
    let mut history_business = old("history_business.csv.gz").map(open).transpose()?;
    let day = Day {
        scenario: &text("scenario.json", "")?,
        releases: &text("releases.json", "[]")?,
        calendar: &text("calendar.json", "[]")?,
        synthetic: &text("synthetic.csv", "t,check,location,ok,ms\n")?,
        rum: &mut open(run_dir.join("rum.csv.gz"))?,
        business: &mut open(run_dir.join("business.csv.gz"))?,
        history_rum: history_rum.as_mut().map(|r| r as &mut dyn Read),
        history_business: history_business.as_mut().map(|r| r as &mut dyn Read),
    };
    replay(day, policy)
}
