//! A query frontend before the bazaar's Prometheus, as caching ones are: what is asked again and
//! again at whole steps is asked of Prometheus once for the whole day and answered in slices. It is
//! honest about time: a question beyond now is a fault of the test.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use super::story::Story;
use super::wire::ask;
use crate::stub::{Asked, Said, Stub};

/// Steps up to this are sliced; longer ones are of the past and are asked as they come.
const FINE: i64 = 60;
/// So much before the start is asked by a watcher that starts.
const BACK: i64 = 3600;

/// One series: its labels as JSON, and points with their values as Prometheus wrote them.
struct Line {
    labels: String,
    points: Vec<(i64, String)>,
}

type Sliced = Arc<Vec<Line>>;

/// What is asked.
struct Question {
    expr: String,
    from: i64,
    to: i64,
    step: i64,
}

impl Question {
    fn of(body: &str) -> Self {
        let pairs: BTreeMap<String, String> =
            url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        let time = |name: &str| pairs.get(name).and_then(|t| t.parse::<f64>().ok());
        let whole = |name: &str| time(name).expect("a time") as i64;
        let expr = pairs.get("query").cloned().unwrap_or_default();
        Self { expr, from: whole("start"), to: whole("end"), step: whole("step") }
    }

    fn path(&self) -> String {
        let query: String = url::form_urlencoded::byte_serialize(self.expr.as_bytes()).collect();
        format!(
            "/api/v1/query_range?query={query}&start={}&end={}&step={}",
            self.from, self.to, self.step
        )
    }
}

/// The frontend; `now` is the watcher's time.
pub fn open(prometheus: &str, story: &Story, now: &Arc<AtomicI64>) -> Stub {
    let (url, clock) = (prometheus.to_owned(), Arc::clone(now));
    let day = (story.start - BACK - 600, story.end);
    let known: Mutex<BTreeMap<(String, i64), Sliced>> = Mutex::default();
    Stub::start(move |asked: &Asked| -> Said {
        if !asked.path.ends_with("/query_range") {
            return (404, "application/json", b"{}".to_vec());
        }
        let question = Question::of(&asked.body);
        let now = clock.load(Ordering::Relaxed);
        assert!(question.to <= now, "{} is asked at {} of {now}", question.expr, question.to);
        if question.step > FINE {
            let (status, body) = ask(&url, &question.path());
            return (status, "application/json", body.into_bytes());
        }
        let key = (question.expr.clone(), question.step);
        let mut all = known.lock().expect("slices");
        let lines = Arc::clone(all.entry(key).or_insert_with(|| {
            let from = day.0.div_euclid(question.step) * question.step;
            let whole = Question { from, to: day.1, expr: question.expr.clone(), ..question };
            Arc::new(sliced(&ask(&url, &whole.path()).1))
        }));
        drop(all);
        (200, "application/json", answer(&lines, &question).into_bytes())
    })
}

fn sliced(body: &str) -> Vec<Line> {
    let told: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(told["status"], "success", "{told}");
    let rows = told["data"]["result"].as_array().cloned().unwrap_or_default();
    let line = |row: &serde_json::Value| {
        let points = row["values"].as_array().into_iter().flatten();
        let point =
            |p: &serde_json::Value| Some((p[0].as_f64()? as i64, p[1].as_str()?.to_owned()));
        Line { labels: row["metric"].to_string(), points: points.filter_map(point).collect() }
    };
    rows.iter().map(line).collect()
}

fn answer(lines: &[Line], question: &Question) -> String {
    let mut text =
        String::from("{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[");
    let mut first = true;
    for line in lines {
        let start = line.points.partition_point(|p| p.0 < question.from);
        let end = line.points.partition_point(|p| p.0 <= question.to);
        let Some(points) = line.points.get(start..end).filter(|p| !p.is_empty()) else { continue };
        let comma = if std::mem::take(&mut first) { "" } else { "," };
        write!(text, "{comma}{{\"metric\":{},\"values\":[", line.labels).ok();
        for (n, (at, value)) in points.iter().enumerate() {
            let comma = if n == 0 { "" } else { "," };
            write!(text, "{comma}[{at},\"{value}\"]").ok();
        }
        text += "]}";
    }
    text + "]}}"
}
