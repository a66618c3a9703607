//! The rollback box and `desk::fit` agree, whatever the plan; hostile text reaches no line raw.
//! Pictures are in `render::tests`.

use std::sync::Arc;

use base64::Engine;
use proptest::prelude::*;

use super::present;
use crate::board::{Board, Precheck};
use crate::desk::chord::Chord;
use crate::desk::fit;
use crate::desk::fixture;
use crate::desk::state::{Desk, Event, Role, Size};
use crate::desk::update::update;
use crate::domain::text::cell_ok;
use crate::domain::time::Span;

fn open(board: Board, w: u16, h: u16) -> Desk {
    let mut desk = fixture::desk_as(board, Role::Operator, w, h);
    let (now, wall) = (desk.now, desk.wall.plus(Span::from_secs(1)));
    update(&mut desk, Event::Key(Chord::char('R')), now, wall);
    desk
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn the_rollback_box_is_as_tall_as_fit_says(
        host in ".{0,120}",
        details in prop::collection::vec(".{0,200}", 0..9),
        w in 20u16..140,
    ) {
        let mut board = fixture::outage();
        let plan = board.incidents[0].rollback.as_mut().expect("plan");
        plan.host = host;
        plan.prechecks = details
            .into_iter()
            .map(|detail| Precheck { name: "check".to_owned(), ok: true, required: true, waivable: false, detail })
            .collect();
        let plan = plan.clone();
        let view = present(&open(board, w, 24)).dialog.expect("dialog");
        let size = Size { w, h: 24 };
        prop_assert_eq!(view.lines.len() + 2, fit::rows(&plan, size));
        if w >= fit::WIDTH_MIN {
            // nothing from outside is cut: it was wrapped to the room there is
            let room = usize::from(view.width) - 4;
            for line in view.lines.iter().take(view.lines.len() - 5) {
                prop_assert!(line.width() <= room, "{} > {room}: {}", line.width(), line.words());
            }
        }
    }
}

#[test]
fn a_request_of_unknown_outcome_is_offered_as_the_same_again() {
    let mut board = fixture::outage();
    let plan = board.incidents[0].rollback.as_mut().expect("plan");
    plan.resend_of = Some("key-1".into());
    let view = present(&open(board, 80, 24)).dialog.expect("dialog");
    assert!(view.title.as_str().contains("SAME rollback again"), "{}", view.title.as_str());
    let last = view.lines.last().expect("lines").words();
    assert!(last.contains("same bytes"), "{last}");
}

/// The outage with one text in every field that comes from outside.
fn poisoned(evil: &str) -> Board {
    let mut board = fixture::outage();
    board.site = evil.to_owned();
    board.notices = vec![evil.to_owned()];
    for x in &mut board.incidents {
        x.headline = evil.to_owned();
        x.id = evil.into();
        x.owner = Some(evil.to_owned());
        x.evidence_for = vec![evil.to_owned()];
        x.suspect.reasons = vec![evil.to_owned()];
        x.segments = vec![
            crate::domain::segment::Scope::everything()
                .with(crate::domain::segment::Dim::Template, evil),
        ];
        x.timeline.iter_mut().for_each(|e| e.text = evil.to_owned());
    }
    for r in &mut board.releases {
        r.id = evil.into();
        r.author = evil.to_owned();
    }
    for s in &mut board.sources {
        s.name = evil.into();
        s.error = Some(evil.to_owned());
    }
    board
}

#[test]
fn hostile_text_is_marked_on_every_page() {
    let evil = "a\u{1b}[31m\u{202e}b\u{9b}c\u{200b}d";
    let board = Arc::new(poisoned(evil));
    for key in ["1", "h", "r", "4", "5", "s", "7", "enter", "R", "d", "n"] {
        let mut desk = fixture::desk(Board::clone(&board));
        let (now, wall) = (desk.now, desk.wall.plus(Span::from_secs(1)));
        update(&mut desk, Event::Key(key.parse().expect(key)), now, wall);
        let shown = format!("{:?}", present(&desk));
        for bad in ["\\u{1b}", "\\u{202e}", "\\u{9b}", "\\u{200b}"] {
            assert!(!shown.contains(bad), "{key}: {bad}");
        }
    }
}

/// What is unknown is said to be unknown; no number is made up.
#[test]
fn unknown_is_never_zero() {
    let mut board = fixture::outage();
    let x = &mut board.incidents[0];
    (x.revenue_at_risk, x.lost, x.affected) = (None, None, None);
    x.suspect.release = None;
    let desk = fixture::desk(board);
    let words: Vec<String> =
        present(&desk).banner.iter().flat_map(|b| &b.left).map(|p| p.line.words()).collect();
    let text = words.concat();
    assert!(
        text.contains("money/min unknown") && text.contains("no release explains this"),
        "{text}"
    );
    assert!(!text.contains("EUR 0"), "{text}");
}

/// The shared corpus, when it is there; one entry as a decoder hands it on.
fn corpus() -> Vec<String> {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let named = std::env::var_os("TILLWATCH_SHARED").map(std::path::PathBuf::from);
    let beside = [here.join("../shared"), here.join("../../shared")];
    let Some(dir) = named.into_iter().chain(beside).find(|d| d.is_dir()) else {
        assert!(std::env::var_os("CI").is_none(), "shared/hostile is required in CI");
        eprintln!("SKIPPED: no shared folder, hostile/strings.json was not drawn");
        return vec![];
    };
    let text = std::fs::read_to_string(dir.join("hostile/strings.json")).expect("corpus");
    let json: serde_json::Value = serde_json::from_str(&text).expect("json");
    let entry = |e: &serde_json::Value| {
        let part = |name: &str| e[name].as_str().unwrap_or_default().to_owned();
        let raw = base64::engine::general_purpose::STANDARD.decode(part("b64")).expect("base64");
        let times = usize::try_from(e["repeat"].as_u64().unwrap_or(1)).unwrap_or(1);
        let body = part("s") + &String::from_utf8_lossy(&raw);
        part("pre") + &body.repeat(times) + &part("post")
    };
    json["strings"].as_array().expect("strings").iter().map(entry).collect()
}

/// Every string in every field from outside: no forbidden character is in the picture, before any
/// sweep. `Debug` escapes what does not print; of those only combining marks may be there.
#[test]
fn the_hostile_corpus_is_clean_on_every_page() {
    for evil in corpus() {
        let board = Arc::new(poisoned(&evil));
        for key in ["1", "h", "r", "4", "5", "s", "7", "enter", "R", "d", "n"] {
            let mut desk = fixture::desk(Board::clone(&board));
            let (now, wall) = (desk.now, desk.wall.plus(Span::from_secs(1)));
            update(&mut desk, Event::Key(key.parse().expect(key)), now, wall);
            let shown = format!("{:?}", present(&desk));
            for part in shown.split("\\u{").skip(1) {
                let hex = part.split('}').next().expect("escape");
                let c = u32::from_str_radix(hex, 16).ok().and_then(char::from_u32).expect("char");
                assert!(cell_ok(&format!("a{c}")), "{key}: {c:?} of {evil:?}");
            }
        }
    }
}
