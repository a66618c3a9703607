//! The stored form of a board, in two parts: the head is the board as JSON without cells, impacts
//! and the stories of all but the first incidents; the rest is these. What a viewer's first picture
//! needs is the head alone, which is soon read; nobody decides by it.
//! Reads whole boards of older programs too. Shapes only; who stores them is `journal`.

use std::collections::BTreeMap;
use std::mem::{replace, take};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::change::Change;
use crate::domain::metric::Metric;
use crate::domain::money::Range;
use crate::domain::observation::Quality;
use crate::domain::segment::Segment;
use crate::domain::time::Timestamp;
use crate::verdict::{Basis, Cell, Finding, Impact, Suspect, Verdict};

use super::{Board, ChoiceRow, IncidentView, TimelineEntry};

/// So many incidents are whole in the head: the selected one and what a wall shows.
const WHOLE: usize = 8;

/// What lists do not show of an incident.
#[derive(Serialize, Deserialize)]
struct Story {
    suspect: Suspect,
    findings: Vec<Finding>,
    evidence_for: Vec<String>,
    evidence_against: Vec<String>,
    choices: Vec<ChoiceRow>,
    timeline: Vec<TimelineEntry>,
}

/// The second part. Segments and words repeat, so rows name them by place.
#[derive(Serialize, Deserialize)]
struct BoardRest {
    /// Of the board it belongs to: an older program may have replaced the head since.
    at: Timestamp,
    segments: Vec<Segment>,
    words: Vec<String>,
    cells: Vec<CellRow>,
    impacts: Vec<Impact>,
    /// Of the incidents after the first [`WHOLE`].
    stories: Vec<Story>,
    /// What rollbacks are planned by; none in the boards of older programs.
    #[serde(default)]
    changes: Option<Vec<Change>>,
    /// Of each cell; a program before this one wrote none.
    #[serde(default)]
    marks: Vec<CellMark>,
}

/// Minutes of the window, whether they hold harm that is over, and the names of its doubts.
type CellMark = (f64, bool, Vec<String>);

/// Metric, places of its stat, its unit and its segment; value, n, interval, baseline with the days
/// and samples behind it, verdict.
type CellRow = (Metric, [usize; 3], Option<f64>, f64, Option<(f64, f64)>, Usual, Verdict);
type Usual = (Option<f64>, Option<(f64, f64)>);

/// Head and rest.
pub fn split(board: &Board) -> serde_json::Result<(String, String)> {
    let mut head = Board { cells: vec![], impacts: vec![], ..board.clone() };
    let stories = head.incidents.iter_mut().skip(WHOLE).map(detach).collect();
    let mut segments = Places::default();
    let mut words = Places::default();
    let cells = board.cells.iter().map(|c| {
        let places = [words.of(&c.stat), words.of(&c.unit), segments.of(&c.segment)];
        let interval = c.interval.map(|r| (r.low, r.high));
        let usual = (c.baseline, c.basis.map(|b| (b.days, b.samples)));
        (c.metric, places, c.value, c.n, interval, usual, c.verdict)
    });
    let cells = cells.collect();
    let names = |c: &Cell| c.quality.names().into_iter().map(str::to_owned).collect();
    let marks = board.cells.iter().map(|c| (c.minutes, c.holds_bad, names(c))).collect();
    let rest = BoardRest {
        at: board.generated_at,
        segments: segments.all,
        words: words.all,
        cells,
        impacts: board.impacts.clone(),
        stories,
        changes: board.changes.as_deref().cloned(),
        marks,
    };
    Ok((serde_json::to_string(&head)?, serde_json::to_string(&rest)?))
}

fn detach(incident: &mut IncidentView) -> Story {
    let Suspect { release, confidence, candidates, .. } = incident.suspect.clone();
    let short = Suspect { release, confidence, candidates, ..Suspect::default() };
    Story {
        suspect: replace(&mut incident.suspect, short),
        findings: take(&mut incident.findings),
        evidence_for: take(&mut incident.evidence_for),
        evidence_against: take(&mut incident.evidence_against),
        choices: take(&mut incident.choices),
        timeline: take(&mut incident.timeline),
    }
}

fn attach(incident: &mut IncidentView, story: Story) {
    let Story { suspect, findings, evidence_for, evidence_against, choices, timeline } = story;
    incident.suspect = suspect;
    incident.findings = findings;
    incident.evidence_for = evidence_for;
    incident.evidence_against = evidence_against;
    incident.choices = choices;
    incident.timeline = timeline;
}

/// The first part alone.
pub fn head(text: &str) -> Result<Board, String> {
    serde_json::from_str(text).map_err(|e| e.to_string())
}

/// Both parts; a rest of another board is left out.
pub fn whole(text: &str, rest: Option<&str>) -> Result<Board, String> {
    let mut board = head(text)?;
    let Some(rest) = rest else { return Ok(board) };
    let rest: BoardRest = serde_json::from_str(rest).map_err(|e| e.to_string())?;
    if rest.at == board.generated_at {
        let cells = rest.cells.iter().map(|row| cell(row, &rest.segments, &rest.words));
        board.cells = cells.collect::<Option<_>>().ok_or("a cell names what is not there")?;
        for (cell, (minutes, holds_bad, names)) in board.cells.iter_mut().zip(rest.marks) {
            (cell.minutes, cell.holds_bad) = (minutes, holds_bad);
            cell.quality = Quality::named(&names);
        }
        board.impacts = rest.impacts;
        board.changes = rest.changes.map(Arc::new);
        if board.incidents.len().saturating_sub(WHOLE) != rest.stories.len() {
            return Err("incidents and their stories differ in number".to_owned());
        }
        for (incident, story) in board.incidents.iter_mut().skip(WHOLE).zip(rest.stories) {
            attach(incident, story);
        }
    }
    Ok(board)
}

fn cell(row: &CellRow, segments: &[Segment], words: &[String]) -> Option<Cell> {
    let (metric, [stat, unit, segment], value, n, interval, (baseline, basis), verdict) = *row;
    Some(Cell {
        metric,
        stat: words.get(stat)?.clone(),
        segment: segments.get(segment)?.clone(),
        value,
        unit: words.get(unit)?.clone(),
        n,
        interval: interval.map(|(low, high)| Range { low, high }),
        baseline,
        basis: basis.map(|(days, samples)| Basis { days, samples }),
        verdict,
        minutes: 0.0,
        holds_bad: false,
        quality: Quality::default(),
    })
}

/// Values in the order they were met, each once.
struct Places<T> {
    all: Vec<T>,
    known: BTreeMap<T, usize>,
}

impl<T> Default for Places<T> {
    fn default() -> Self {
        Self { all: vec![], known: BTreeMap::new() }
    }
}

impl<T: Ord + Clone> Places<T> {
    fn of(&mut self, value: &T) -> usize {
        if let Some(place) = self.known.get(value) {
            return *place;
        }
        let place = self.all.len();
        self.all.push(value.clone());
        self.known.insert(value.clone(), place);
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::segment::{Dim, DimValue};

    const INCIDENT: &str = r#"{"id":"INC-1","severity":2,"state":"triggered","headline":"slow",
        "journey":null,"class":"regression","segments":[],"owner":null,"acked_by":null,
        "acked_at":null,"ack_expires_at":null,"opened_at":"2026-11-20T17:37:39Z",
        "onset_at":"2026-11-20T17:34:00Z","ack_due_at":null,"decide_due_at":null,
        "timer_due_at":null,"timer_extended":false,"decision":null,"revenue_at_risk":null,
        "lost":null,"affected":null,"money_method":"","suspect":{"release":"v2",
        "confidence":"high","reasons":["only there"],"against":[],"considered":[]},
        "findings":[],"evidence_for":["slow"],"evidence_against":[],"rule":"","raise":"",
        "action":null,"rollback":null,"choices":[],"timeline":[],"occurrences":1}"#;

    fn board() -> Board {
        let on = |device: &str| Segment::all().with(Dim::Device, DimValue::Value(device.into()));
        let cell = |segment: Segment, interval| Cell {
            metric: Metric::Lcp,
            stat: "p75".to_owned(),
            segment,
            value: Some(2_104.5),
            unit: "ms".to_owned(),
            n: 812.0,
            interval,
            baseline: Some(2_000.0),
            basis: Some(Basis { days: 20.5, samples: 900.0 }),
            verdict: Verdict::Unsure,
            minutes: 15.0,
            holds_bad: true,
            quality: Quality { partial: true, low_sample: true, ..Quality::default() },
        };
        let interval = Some(Range { low: 1_990.25, high: 2_300.0 });
        let impact = Impact {
            release: "v2".into(),
            metric: Metric::Lcp,
            segment: on("mobile"),
            before: Some(1_900.0),
            after: None,
            control: Some(1.02),
            n_before: 40.0,
            n_after: 0.0,
            verdict: Verdict::Blind,
            why: String::new(),
        };
        Board {
            generated_at: Timestamp::from_secs(60),
            site: "shop".to_owned(),
            cells: vec![
                cell(on("mobile"), interval),
                cell(Segment::all(), None),
                cell(on("mobile").with(Dim::Region, DimValue::Unknown), interval),
            ],
            impacts: vec![impact],
            ..Board::default()
        }
    }

    #[test]
    fn every_release_travels_in_the_second_part_and_none_in_the_first() {
        let kinds = crate::incident::tests::kit::changes();
        let all = (0..200_i64).zip(kinds.iter().cycle()).map(|(n, change)| Change {
            id: format!("v{n}").as_str().into(),
            created_at: Timestamp::from_secs(n),
            ..change.clone()
        });
        let board = Board { changes: Some(Arc::new(all.collect())), ..board() };
        let (text, rest) = split(&board).expect("text");
        assert_eq!(whole(&text, Some(&rest)).map(|b| b.changes), Ok(board.changes.clone()));
        assert_eq!(head(&text).map(|b| b.changes), Ok(None), "nobody plans by the head alone");
        let json = serde_json::to_value(&board).expect("json");
        assert_eq!(json.get("changes"), None, "readers of the document have `releases`");
    }

    #[test]
    fn both_parts_give_the_board_and_the_head_alone_is_it_without_cells() {
        let board = board();
        let (text, rest) = split(&board).expect("text");
        assert_eq!(whole(&text, Some(&rest)), Ok(board.clone()));
        let head = head(&text).expect("a board");
        assert_eq!(head, Board { cells: vec![], impacts: vec![], ..board });
    }

    #[test]
    fn only_the_first_incidents_are_whole_in_the_head_and_all_of_them_in_the_board() {
        let incident: IncidentView = serde_json::from_str(INCIDENT).expect("an incident");
        let board = Board { incidents: vec![incident.clone(); WHOLE + 2], ..board() };
        let (text, rest) = split(&board).expect("text");
        assert_eq!(whole(&text, Some(&rest)), Ok(board.clone()));
        let head = head(&text).expect("a board");
        let told = |x: &&IncidentView| **x == incident;
        assert_eq!(head.incidents.iter().take_while(told).count(), WHOLE);
        let short = head.incidents.last().expect("a row");
        assert_eq!(short.suspect.release, incident.suspect.release);
        assert!(short.evidence_for.is_empty() && short.suspect.reasons.is_empty());
        let fewer = Board { incidents: vec![], ..board };
        let (_, other) = split(&fewer).expect("text");
        assert!(whole(&text, Some(&other)).is_err());
    }

    #[test]
    fn a_board_of_an_older_program_is_whole_and_drops_a_rest_that_is_not_its_own() {
        let old = Board { generated_at: Timestamp::from_secs(90), ..board() };
        let text = serde_json::to_string(&old).expect("text");
        let (_, rest) = split(&board()).expect("text");
        assert_eq!(whole(&text, None).as_ref(), Ok(&old));
        assert_eq!(whole(&text, Some(&rest)), Ok(old));
    }

    #[test]
    fn damage_is_an_error() {
        let (text, rest) = split(&board()).expect("text");
        assert!(whole(&text, Some("{\"at\":")).is_err());
        assert!(whole("", Some(&rest)).is_err());
        let nowhere = rest.replace("[\"lcp\",[0,1,0],", "[\"lcp\",[0,1,9],");
        assert_ne!(nowhere, rest);
        assert!(whole(&text, Some(&nowhere)).is_err());
    }
}
