//! `backtest shop`: a recorded shop day through the judging engine, bucket by bucket as if polled,
//! and the incidents it would have opened as JSON lines (formats: the recorded day's own files).
//! The engine is the live one; only the door is another.

mod read;
mod write;

use std::io::Read;

use crate::detect::cube::settings::Settings;
use crate::detect::engine::Engine;
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
    settings.change_sources = vec![read::releases()];
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
