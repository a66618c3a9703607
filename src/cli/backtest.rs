//! `tillwatch backtest`: recorded data in, verdicts out; the same judging code as the live watcher.
//! Reads and writes files; the judging is in `report` and `detect`.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::domain::metric::Bad;
use crate::policy::judging::Policy;
use crate::policy::sensitivity::Sensitivity;
use crate::report::backtest_series::{directions, relative_name, run_file};
use crate::report::backtest_shop;
use crate::shell::settings;

use super::app;
use super::args::Global;
use super::exit::Exit;
use super::out;

/// Every CSV below `input` to the same place below `output`.
pub fn series(input: &Path, output: &Path, direction: Option<&Path>, sensitivity: &str) -> Exit {
    match all_series(input, output, direction, sensitivity) {
        Ok(count) => {
            out::lines([format!("{count} series")]);
            if count == 0 { Exit::No } else { Exit::Ok }
        }
        Err(why) => {
            out::error(&why);
            Exit::Usage
        }
    }
}

fn all_series(
    input: &Path,
    output: &Path,
    direction: Option<&Path>,
    sensitivity: &str,
) -> Result<usize, String> {
    let sensitivity: Sensitivity = sensitivity.parse()?;
    let ways = match direction {
        Some(path) => directions(&read(path)?)?,
        None => BTreeMap::new(),
    };
    let mut count = 0;
    for file in csv_files(input).map_err(|e| format!("{}: {e}", input.display()))? {
        let Some(name) = relative_name(input, &file) else { continue };
        let bad = ways.get(&name).copied().unwrap_or(Bad::Both);
        let scored = run_file(&read(&file)?, sensitivity, bad);
        let target = output.join(&name);
        let written = fs::create_dir_all(target.parent().unwrap_or(output))
            .and_then(|()| fs::write(&target, scored));
        written.map_err(|e| format!("{}: {e}", target.display()))?;
        count += 1;
    }
    Ok(count)
}

fn read(path: &Path) -> Result<String, String> {
    let bytes = fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn csv_files(dir: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(csv_files(&path)?);
        } else if path.extension().is_some_and(|e| e == "csv") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// One recorded day to one JSON line per incident.
pub fn shop(global: &Global, run: &Path, history: Option<&Path>, output: &Path) -> Exit {
    let policy = match app::config(global) {
        Ok(found) => settings::judging(&found.config()),
        Err(exit) => return exit,
    };
    let written = day(run, history, policy)
        .and_then(|text| fs::write(output, text).map_err(|e| format!("{}: {e}", output.display())));
    match written {
        Ok(()) => Exit::Ok,
        Err(why) => {
            out::error(&why);
            Exit::Usage
        }
    }
}

/// Replays the day in a folder; history lies in another folder, or nowhere.
fn day(run_dir: &Path, history_dir: Option<&Path>, policy: Policy) -> Result<String, String> {
    let text = |name: &str, default: &str| {
        let path = run_dir.join(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(text),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && !default.is_empty() => {
                Ok(default.to_owned())
            }
            Err(e) => Err(format!("{}: {e}", path.display())),
        }
    };
    let open = |path: PathBuf| {
        let file = fs::File::open(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        Ok::<_, String>(flate2::read::MultiGzDecoder::new(std::io::BufReader::new(file)))
    };
    let old = |name: &str| history_dir.map(|d| d.join(name)).filter(|p| p.exists());
    let mut history_rum = old("history_rum.csv.gz").map(open).transpose()?;
    let mut history_business = old("history_business.csv.gz").map(open).transpose()?;
    let day = backtest_shop::Day {
        scenario: &text("scenario.json", "")?,
        releases: &text("releases.json", "[]")?,
        calendar: &text("calendar.json", "[]")?,
        synthetic: &text("synthetic.csv", "t,check,location,ok,ms\n")?,
        rum: &mut open(run_dir.join("rum.csv.gz"))?,
        business: &mut open(run_dir.join("business.csv.gz"))?,
        history_rum: history_rum.as_mut().map(|r| r as &mut dyn Read),
        history_business: history_business.as_mut().map(|r| r as &mut dyn Read),
    };
    backtest_shop::replay(day, policy)
}
