//! A shop that knows nothing of tillwatch: other metric and label names, its own past, its own
//! deployments. Counters are functions of time, so the past and the live page never disagree.

use std::fmt::Write;

/// When what happened, in unix seconds.
#[derive(Clone, Copy)]
pub struct Story {
    /// Counters began at zero.
    pub born: i64,
    /// The release that breaks paying went live.
    pub broken: i64,
}

const BOUNDS: [f64; 9] = [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0, 10.0];
/// Share of page views painted within each bound, in percent, on a good day.
const PAINTED: [f64; 9] = [8.0, 38.0, 66.0, 82.0, 91.0, 95.0, 98.0, 99.5, 99.9];
const PAGES: [(&str, f64); 4] = [("front", 6.0), ("item", 9.0), ("basket", 3.0), ("pay", 2.0)];
const FORMS: [(&str, f64); 2] = [("phone", 0.7), ("laptop", 0.3)];
const STEPS: [(&str, f64); 5] =
    [("visit", 5.0), ("fill", 1.4), ("pay", 0.8), ("try", 0.7), ("bought", 0.5)];

impl Story {
    /// Events up to `at` at `rate` a second: steady, with a small ripple so that nothing is exact.
    fn events(self, rate: f64, at: i64, phase: f64) -> f64 {
        let age = (at - self.born) as f64;
        rate * (age + 20.0 * ((age / 97.0 + phase).sin() - phase.sin()))
    }

    /// The same, of which `lost` is missing since the bad release.
    fn hurt(self, rate: f64, at: i64, phase: f64, lost: f64) -> f64 {
        let good = self.events(rate, at, phase);
        let before = self.events(rate, self.broken.min(at), phase);
        before + (good - before) * (1.0 - lost)
    }

    /// Every sample at `at`: name with labels, value. Same order each time.
    pub fn samples(self, at: i64) -> Vec<(String, f64)> {
        let mut all = Vec::new();
        for (p, (page, rate)) in PAGES.into_iter().enumerate() {
            for (form, share) in FORMS {
                self.page(&mut all, at, (page, form), (rate * share, p as f64));
            }
        }
        for (n, (step, rate)) in STEPS.into_iter().enumerate() {
            let lost = if step == "bought" { 0.97 } else { 0.0 };
            let count = self.hurt(rate, at, n as f64, lost);
            all.push((format!("acme_steps_total{{step=\"{step}\"}}"), count.floor()));
        }
        let takings = self.hurt(0.5 * 6_400.0, at, 2.0, 0.97);
        all.push(("acme_takings_cents_total".to_owned(), takings.floor()));
        all.push(("acme_payback_days".to_owned(), 41.0));
        for (page, breaks) in [("", false), ("pay", true)] {
            let labels = format!("{{job=\"pages\",instance=\"https://acme.example/{page}\"}}");
            let ok = !(breaks && at >= self.broken);
            all.push((format!("probe_success{labels}"), f64::from(u8::from(ok))));
            all.push((format!("probe_duration_seconds{labels}"), 0.21));
        }
        all
    }

    fn page(
        self,
        all: &mut Vec<(String, f64)>,
        at: i64,
        (page, form): (&str, &str),
        (rate, phase): (f64, f64),
    ) {
        let labels = format!("page=\"{page}\",form_factor=\"{form}\"");
        let views = self.events(rate, at, phase);
        let lost = if page == "pay" { 0.8 } else { 0.004 };
        let ok = self.hurt(rate * 0.996, at, phase, lost);
        let name = |outcome: &str| format!("acme_pages_total{{{labels},outcome=\"{outcome}\"}}");
        all.push((name("ok"), ok.floor()));
        // rounded last: a difference of rounded counters would step back now and then
        all.push((name("failed"), (views - ok).floor()));
        let name = |le: &str| format!("acme_paint_seconds_bucket{{{labels},le=\"{le}\"}}");
        for (bound, percent) in BOUNDS.into_iter().zip(PAINTED) {
            all.push((name(&bound.to_string()), (views * percent / 100.0).floor()));
        }
        all.push((name("+Inf"), views.floor()));
    }

    /// What `GET /metrics` says at `at`.
    pub fn exposition(self, at: i64) -> String {
        let lines = self.samples(at);
        lines.into_iter().fold(String::new(), |mut text, (name, value)| {
            writeln!(text, "{name} {value}").ok();
            text
        })
    }

    /// The past up to `until`, every `step` seconds, for `promtool tsdb create-blocks-from`.
    pub fn openmetrics(self, until: i64, step: i64) -> String {
        let mut text = String::new();
        let times: Vec<i64> =
            (0..(until - self.born) / step).map(|n| self.born + n * step).collect();
        let columns: Vec<Vec<(String, f64)>> = times.iter().map(|t| self.samples(*t)).collect();
        let series = columns.first().map_or(0, Vec::len);
        for n in 0..series {
            for (at, column) in times.iter().zip(&columns) {
                let Some((name, value)) = column.get(n) else { continue };
                writeln!(text, "{name} {value} {at}").ok();
            }
        }
        text + "# EOF\n"
    }

    /// GitHub's deployments of `acme/web`, newest first: the bad one, and a good one a day before.
    pub fn deployments(self) -> String {
        let row = |id: u32, name: &str, at: i64| {
            let when = chrono::DateTime::from_timestamp(at, 0).expect("a date");
            let when = when.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
            serde_json::json!({
                "id": id, "sha": format!("{id:040x}"), "ref": name, "task": "deploy",
                "environment": "production", "original_environment": "production",
                "description": "web", "creator": { "login": "sam" },
                "created_at": when, "updated_at": when, "payload": {},
                "production_environment": true, "transient_environment": false,
            })
        };
        let rows = [
            row(42, "web-2026.11.21-2", self.broken - 20),
            row(41, "web-2026.11.20-1", self.broken - 90_000),
        ];
        serde_json::Value::from(rows.to_vec()).to_string()
    }

    /// The statuses of one of those deployments.
    pub fn statuses(self, id: u32) -> String {
        let at = if id == 42 { self.broken - 5 } else { self.broken - 89_900 };
        let when = chrono::DateTime::from_timestamp(at, 0).expect("a date");
        let when = when.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        serde_json::json!([{
            "id": id * 10, "state": "success", "environment": "production",
            "created_at": when, "updated_at": when, "creator": { "login": "sam" },
        }])
        .to_string()
    }
}
