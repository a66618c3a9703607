//! The window score of the Numenta Anomaly Benchmark and what a person on call feels, by series, so
//! that any set of series can be summed up. Written from the published definition.

/// Weights of a hit, a miss and a false alarm row: standard, few false alarms, few misses.
pub const PROFILES: [(f64, f64, f64); 3] = [(1.0, 1.0, 0.11), (1.0, 1.0, 0.22), (1.0, 2.0, 0.11)];
/// The share of a series that is not scored, and the most rows it is taken of.
const PROBATION: f64 = 0.15;
const PROBATION_OF: f64 = 5000.0;
/// Alarms closer than this (seconds) are one episode; a hole in the data counts for this long.
const EPISODE: i64 = 3600;
const HOLE: f64 = 6.0 * 3600.0;
const WEEK: f64 = 7.0 * 86_400.0;

/// A series as the scorer sees it.
#[derive(Debug)]
pub struct Truth {
    times: Vec<i64>,
    pub first: usize,
    /// The window of each row, and what an alarm there is worth.
    owner: Vec<Option<usize>>,
    worth: Vec<f64>,
    /// First and last row of each window.
    pub windows: Vec<(usize, usize)>,
}

/// What alarms earned; sums over series.
#[derive(Clone, Copy, Default, Debug)]
pub struct Tally {
    hits: f64,
    pub found: f64,
    pub windows: f64,
    alarms: f64,
    episodes: f64,
    weeks: f64,
}

fn curve(y: f64) -> f64 {
    if y > 3.0 { -1.0 } else { 2.0 / (1.0 + (5.0 * y).exp()) - 1.0 }
}

impl Truth {
    pub fn new(times: Vec<i64>, spans: &[(i64, i64)]) -> Self {
        let n = times.len();
        let row = |t: i64| times.iter().position(|x| *x == t);
        let windows: Vec<(usize, usize)> = spans
            .iter()
            .map(|(from, to)| {
                let first = row(*from).unwrap_or_else(|| times.partition_point(|t| t < from));
                let last = row(*to).unwrap_or_else(|| times.partition_point(|t| t <= to).max(1) - 1);
                (first, last)
            })
            .filter(|(first, last)| first <= last)
            .collect();
        let mut owner = vec![None; n];
        for (w, (first, last)) in windows.iter().enumerate() {
            owner[*first..=*last].fill(Some(w));
        }
        let mut behind: Option<(usize, usize)> = None;
        let mut worth = Vec::with_capacity(n);
        for (i, w) in owner.iter().enumerate() {
            worth.push(match (w.map(|w| windows[w]), behind) {
                (Some((a, b)), _) => {
                    curve(-((b - i + 1) as f64) / (b - a + 1) as f64) / curve(-1.0)
                }
                (None, Some((end, rows))) => {
                    curve((i - end) as f64 / (rows as f64 - 1.0).max(1.0))
                }
                (None, None) => -1.0,
            });
            behind = w.map(|w| (i, windows[w].1 - windows[w].0 + 1)).or(behind);
        }
        let first = (PROBATION * (n as f64).min(PROBATION_OF)).floor() as usize;
        Self { times, first, owner, worth, windows }
    }

    fn weeks(&self) -> f64 {
        let outside = (self.first.max(1)..self.times.len()).filter(|i| self.owner[*i].is_none());
        let seconds = outside.map(|i| (self.times[i] - self.times[i - 1]) as f64);
        seconds.map(|s| s.clamp(0.0, HOLE)).sum::<f64>() / WEEK
    }

    /// Scores alarm rows, in order.
    pub fn tally(&self, alarms: &[usize]) -> Tally {
        let live = self.windows.iter().filter(|w| w.1 >= self.first).count();
        let mut tally = Tally { windows: live as f64, weeks: self.weeks(), ..Tally::default() };
        let mut best: Vec<Option<f64>> = vec![None; self.windows.len()];
        let mut before: Option<i64> = None;
        for i in alarms.iter().copied().filter(|i| *i >= self.first) {
            if let Some(w) = self.owner[i] {
                best[w] = Some(best[w].map_or(self.worth[i], |x| x.max(self.worth[i])));
                continue;
            }
            tally.alarms += self.worth[i];
            if before.is_none_or(|t| self.times[i] - t > EPISODE) {
                tally.episodes += 1.0;
            }
            before = Some(self.times[i]);
        }
        tally.hits = best.iter().flatten().sum();
        tally.found = best.iter().flatten().count() as f64;
        tally
    }
}

impl Tally {
    pub fn add(&mut self, other: &Self) {
        self.hits += other.hits;
        self.found += other.found;
        self.windows += other.windows;
        self.alarms += other.alarms;
        self.episodes += other.episodes;
        self.weeks += other.weeks;
    }

    /// 0 for a silent detector, 100 for a perfect one; `None` where there is nothing to find.
    pub fn score(&self, (hit, miss, alarm): (f64, f64, f64)) -> Option<f64> {
        let missed = self.windows - self.found;
        let raw = hit * self.hits - miss * missed + alarm * self.alarms;
        let span = (hit + miss) * self.windows;
        (span > 0.0).then(|| 100.0 * (raw + miss * self.windows) / span)
    }

    /// The mean of the three profiles, which no single one can be tuned for.
    pub fn mean(&self) -> f64 {
        PROFILES.iter().filter_map(|p| self.score(*p)).sum::<f64>() / 3.0
    }

    pub fn recall(&self) -> f64 {
        self.found / self.windows
    }

    pub fn false_a_week(&self) -> f64 {
        self.episodes / self.weeks
    }

    pub fn words(&self) -> String {
        let score = |p: usize| self.score(PROFILES[p]).unwrap_or(f64::NAN);
        format!(
            "{:.1} / {:.1} / {:.1} | {}/{} | {:.2}",
            score(0),
            score(1),
            score(2),
            self.found,
            self.windows,
            self.false_a_week()
        )
    }
}

#[test]
fn an_alarm_on_every_window_start_is_perfect_and_silence_is_zero() {
    let times: Vec<i64> = (0..1000).map(|i| i * 300).collect();
    let truth = Truth::new(times, &[(300 * 300, 300 * 400), (300 * 700, 300 * 800)]);
    let score = |alarms: &[usize]| truth.tally(alarms).score(PROFILES[0]).expect("windows");
    assert!((score(&[300, 700]) - 100.0).abs() < 1e-9);
    assert!(score(&[]).abs() < 1e-9);
    let (late, doubtful, wrong) = (score(&[390, 790]), score(&[300, 500, 700]), score(&[600]));
    assert!(late > 50.0 && late < 90.0 && doubtful < 100.0 && wrong < 0.0, "{late} {doubtful}");
    assert_eq!(truth.tally(&[10, 300, 600, 605]).false_a_week(), 1.0 / truth.weeks());
}
