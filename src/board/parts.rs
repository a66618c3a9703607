//! The stored form of a board, in two parts: the head is the board as JSON without cells and
//! impacts, the rest is these as rows of numbers. A viewer's first page needs the head alone.
//! Reads whole boards of older programs too. Shapes only; who stores them is `journal`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::detect::verdict::{Cell, Impact, Verdict};
use crate::domain::metric::Metric;
use crate::domain::money::Range;
use crate::domain::observation::Quality;
use crate::domain::segment::Segment;
use crate::domain::time::Timestamp;

use super::Board;

/// The second part. Segments and words repeat, so rows name them by place.
#[derive(Serialize, Deserialize)]
struct Rest {
    /// Of the board it belongs to: an older program may have replaced the head since.
    at: Timestamp,
    segments: Vec<Segment>,
    words: Vec<String>,
    cells: Vec<Row>,
    impacts: Vec<Impact>,
}

/// Metric, place of its stat, of its unit, of its segment; value, n, interval, baseline, verdict.
type Row =
    (Metric, usize, usize, usize, Option<f64>, f64, Option<(f64, f64)>, Option<f64>, Verdict);

/// Head and rest.
pub fn split(board: &Board) -> serde_json::Result<(String, String)> {
    let head = Board { cells: vec![], impacts: vec![], ..board.clone() };
    let mut segments = Places::default();
    let mut words = Places::default();
    let cells = board.cells.iter().map(|c| {
        let places = (words.of(&c.stat), words.of(&c.unit), segments.of(&c.segment));
        let interval = c.interval.map(|r| (r.low, r.high));
        let (stat, unit, segment) = places;
        (c.metric, stat, unit, segment, c.value, c.n, interval, c.baseline, c.verdict)
    });
    let cells = cells.collect();
    let rest = Rest {
        at: board.generated_at,
        segments: segments.all,
        words: words.all,
        cells,
        impacts: board.impacts.clone(),
    };
    Ok((serde_json::to_string(&head)?, serde_json::to_string(&rest)?))
}

/// The first part alone.
pub fn head(text: &str) -> Result<Board, String> {
    serde_json::from_str(text).map_err(|e| e.to_string())
}

/// Both parts; a rest of another board is left out.
pub fn whole(text: &str, rest: Option<&str>) -> Result<Board, String> {
    let mut board = head(text)?;
    let Some(rest) = rest else { return Ok(board) };
    let rest: Rest = serde_json::from_str(rest).map_err(|e| e.to_string())?;
    if rest.at == board.generated_at {
        let cells = rest.cells.iter().map(|row| cell(row, &rest.segments, &rest.words));
        board.cells = cells.collect::<Option<_>>().ok_or("a cell names what is not there")?;
        board.impacts = rest.impacts;
    }
    Ok(board)
}

fn cell(row: &Row, segments: &[Segment], words: &[String]) -> Option<Cell> {
    let (metric, stat, unit, segment, value, n, interval, baseline, verdict) = *row;
    Some(Cell {
        metric,
        stat: words.get(stat)?.clone(),
        segment: segments.get(segment)?.clone(),
        value,
        unit: words.get(unit)?.clone(),
        n,
        interval: interval.map(|(low, high)| Range { low, high }),
        baseline,
        verdict,
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
            baseline: None,
            verdict: Verdict::Unsure,
            quality: Quality::default(),
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
    fn both_parts_give_the_board_and_the_head_alone_is_it_without_cells() {
        let board = board();
        let (text, rest) = split(&board).expect("text");
        assert_eq!(whole(&text, Some(&rest)), Ok(board.clone()));
        let head = head(&text).expect("a board");
        assert_eq!(head, Board { cells: vec![], impacts: vec![], ..board });
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
        let nowhere = rest.replace("[\"lcp\",0,1,0,", "[\"lcp\",0,1,9,");
        assert_ne!(nowhere, rest);
        assert!(whole(&text, Some(&nowhere)).is_err());
    }
}
