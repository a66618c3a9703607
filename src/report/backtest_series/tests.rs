//! The CSV door: fields come back as they were read, row for row, and nothing stops a run.
//! Files of ../shared are read in place when they are there.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;

fn run(text: &str) -> Vec<String> {
    run_file(text, Sensitivity::Normal, Bad::Both).lines().map(str::to_owned).collect()
}

#[test]
fn fields_come_back_exactly_as_read() {
    let text =
        "timestamp,value\r\n2014-04-01 00:00:00,20.0\r\n\"2014-04-01 00:05:00\",\"2.1e1\"\r\n";
    let out = run(text);
    assert_eq!(out[0], HEADER);
    assert!(out[1].starts_with("2014-04-01 00:00:00,20.0,0.000000,"), "{}", out[1]);
    assert!(out[2].starts_with("\"2014-04-01 00:05:00\",\"2.1e1\",0.000000,20,"), "{}", out[2]);
    assert_eq!(out.len(), 3);
}

#[test]
fn gaps_missing_fields_and_nonsense_keep_their_rows() {
    let text = "timestamp,value\n2014-04-01 00:00:00,\n2014-04-01 00:05:00,NaN\n\
                2014-04-01 00:10:00\n\
                never,inf\n2014-04-01 00:20:00,1,2,3\n\"broken,1\n";
    let out = run(text);
    assert_eq!(out.len(), 7);
    assert_eq!(out[1], "2014-04-01 00:00:00,,0.000000,,gap");
    assert_eq!(out[2], "2014-04-01 00:05:00,NaN,0.000000,,gap");
    assert_eq!(out[3], "2014-04-01 00:10:00,,0.000000,,gap");
    assert!(out[4].starts_with("never,inf,0.000000,"));
    assert!(out[5].starts_with("2014-04-01 00:20:00,1,0.000000,"));
    assert!(out[6].starts_with("\"broken,1,,0.000000,"), "{}", out[6]);
}

#[test]
fn columns_are_found_by_name_and_empty_files_are_fine() {
    let out = run("\u{feff}value,Timestamp\n5,2014-04-01T00:00:00Z\n");
    assert!(out[1].starts_with("2014-04-01T00:00:00Z,5,"), "{}", out[1]);
    assert_eq!(run(""), [HEADER]);
    assert_eq!(run("timestamp,value\n"), [HEADER]);
}

#[test]
fn timestamps_of_all_promised_forms() {
    let parse = |text: &str| csv::timestamp(text).map(|t| t.to_string());
    let noon = Some("2018-06-17T12:05:00.000Z".to_owned());
    for text in [
        "2018-06-17 12:05:00",
        "2018-06-17T12:05:00",
        "2018-06-17T12:05:00Z",
        "2018-06-17T14:05:00+02:00",
        "2018-06-17 14:05:00+02:00",
        "2018-06-17T12:05Z",
        "2018-06-17T12:05:00.000",
        "2018-06-17 12:05",
    ] {
        assert_eq!(parse(text), noon, "{text}");
    }
    assert_eq!(parse("2018-06-17T12:05:00.250Z"), Some("2018-06-17T12:05:00.250Z".to_owned()));
    assert_eq!(parse("yesterday"), None);
}

#[test]
fn directions_are_checked() {
    let good = directions(r#"{"a/b.csv":"up","c.csv":"both","d.csv":"down"}"#).expect("directions");
    assert_eq!(good.get("a/b.csv"), Some(&Bad::Up));
    assert!(directions(r#"{"a":"sideways"}"#).expect_err("bad").contains("sideways"));
    assert!(directions("[]").is_err());
    let name = relative_name(Path::new("in"), Path::new("in/group/x.csv"));
    assert_eq!(name.as_deref(), Some("group/x.csv"));
    assert_eq!(relative_name(Path::new("in"), Path::new("in/readme.md")), None);
}

fn corpus(folder: &str) -> Vec<PathBuf> {
    let data = crate::skip::shared(&format!("detection/{folder}/data"));
    let groups = data.into_iter().flat_map(|d| fs::read_dir(d).expect("a folder"));
    let inside = groups.filter_map(|g| fs::read_dir(g.ok()?.path()).ok()).flatten();
    let mut files: Vec<PathBuf> = inside.filter_map(|f| Some(f.ok()?.path())).collect();
    files.sort();
    files
}

#[test]
fn public_series_cut_at_any_row_keep_their_scores() {
    for folder in ["nab", "cloudmon"] {
        for (i, file) in corpus(folder).iter().enumerate().step_by(5) {
            let text = fs::read_to_string(file).expect("readable");
            let whole = run_file(&text, Sensitivity::High, Bad::Both);
            assert_eq!(whole.lines().count(), text.lines().count(), "{}", file.display());
            let rows = text.lines().count();
            let keep = 2 + (rows - 2) * ((i * 37) % 90 + 5) / 100;
            let part: String = text.lines().take(keep).flat_map(|l| [l, "\n"]).collect();
            let part = run_file(&part, Sensitivity::High, Bad::Both);
            assert!(whole.starts_with(&part), "{} cut to {keep} rows", file.display());
        }
    }
}
