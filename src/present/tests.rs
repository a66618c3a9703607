//! The rollback box and `desk::fit` agree, whatever the plan; hostile text reaches no line raw.
//! Pictures are in `render::tests`.

use std::sync::Arc;

use base64::Engine;
use proptest::prelude::*;

use super::present;
use super::screen::Line;
use crate::board::{Alternative, Board, Precheck};
use crate::desk::chord::{Chord, Key};
use crate::desk::dialog::{Dialog, Rollback};
use crate::desk::fit;
use crate::desk::fixture;
use crate::desk::state::{Desk, DeskEvent, Seat};
use crate::desk::update::update;
use crate::domain::text::cell_ok;
use crate::domain::time::Span;
use crate::incident::id::confirm_token;

fn open(board: Board, w: u16, h: u16) -> Desk {
    let mut desk = fixture::desk_as(board, Seat::Operator, w, h);
    let (now, wall) = (desk.now, desk.wall.plus(Span::from_secs(1)));
    update(&mut desk, DeskEvent::Key(Chord::char('R')), now, wall);
    update(&mut desk, DeskEvent::Woke, now, wall.plus(Span::from_secs(1)));
    desk
}

fn dialog(desk: &Desk) -> &Rollback {
    match &desk.ui.dialog {
        Some(Dialog::Rollback(r)) => r,
        other => panic!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn the_rollback_box_is_as_tall_as_fit_says_and_hides_nothing_that_is_confirmed(
        host in ".{0,120}",
        ids in prop::collection::vec("[a-z0-9.-]{1,90}|[日月火水木金土]{1,60}", 2),
        details in prop::collection::vec((".{0,200}", any::<bool>(), any::<bool>()), 0..11),
        w in 20u16..140, h in 8u16..40,
        unfolded: bool,
    ) {
        let mut board = fixture::outage();
        let plan = board.incidents[0].rollback.as_mut().expect("plan");
        plan.host = host;
        (plan.from, plan.to) = (ids[0].as_str().into(), ids[1].as_str().into());
        plan.confirm_token = confirm_token(&plan.to);
        plan.prechecks = details
            .into_iter()
            .map(|(detail, ok, required)| Precheck {
                name: "check".to_owned(),
                ok,
                required,
                waivable: false,
                detail,
            })
            .collect();
        plan.ready = plan.prechecks.iter().all(|c| c.ok || !c.required);
        let mut desk = open(board, w, h);
        if unfolded {
            let (now, wall) = (desk.now, desk.wall.plus(Span::from_secs(1)));
            update(&mut desk, DeskEvent::Key(Chord::plain(Key::Tab)), now, wall);
        }
        let view = present(&desk).dialog.expect("dialog");
        let layout = fit::layout(dialog(&desk), desk.size, false);
        prop_assert_eq!(view.lines.len(), layout.rows.len());
        let tall = layout.rows.len() + 2 <= usize::from(h);
        prop_assert!(tall || !layout.whole);
        prop_assert_eq!(layout.whole, fit::is_whole(dialog(&desk), desk.size, false));
        if w >= fit::WIDTH_MIN {
            // nothing from outside is cut by drawing: it was wrapped to the room there is
            let room = usize::from(view.width) - 4;
            let outside = layout.rows.iter().zip(&view.lines).filter(|(r, _)| !r.text.is_empty());
            for (_, line) in outside {
                prop_assert!(line.width() <= room, "{} > {room}: {}", line.width(), line.words());
            }
        }
        if layout.whole {
            let text: String = view.lines.iter().map(Line::words).collect();
            prop_assert!(text.contains("production / theme at"), "{}", text);
            prop_assert!(text.contains(dialog(&desk).plan.confirm_token.as_str()), "{}", text);
        }
    }
}

/// The three facts, the token, the field: whole where tmux leaves 23 rows, and at 60x12.
#[test]
fn the_rollback_box_is_whole_on_small_screens() {
    let release = |c: &str| {
        format!("{c}-{}-3", "x.2026.11.20-y.".repeat(4)).chars().take(60).collect::<String>()
    };
    let long = |board: &mut Board| {
        let plan = board.incidents[0].rollback.as_mut().expect("plan");
        (plan.from, plan.to) = (release("new").as_str().into(), release("old").as_str().into());
        plan.confirm_token = confirm_token(&plan.to);
    };
    let wide = |board: &mut Board| {
        let plan = board.incidents[0].rollback.as_mut().expect("plan");
        (plan.from, plan.to) = ("新".repeat(60).as_str().into(), "旧".repeat(60).as_str().into());
        plan.confirm_token = confirm_token(&plan.to);
    };
    let plain = |_: &mut Board| {};
    let edits: [&dyn Fn(&mut Board); 3] = [&plain, &long, &wide];
    for (w, h) in [(60, 12), (80, 12), (80, 23), (80, 24), (120, 40), (200, 60)] {
        for edit in edits {
            let mut board = fixture::outage();
            edit(&mut board);
            let plan = board.incidents[0].rollback.as_mut().expect("plan");
            let passed = plan.prechecks[0].clone();
            plan.prechecks = vec![passed; 10];
            let token = plan.confirm_token.clone();
            let desk = open(board, w, h);
            let view = present(&desk).dialog.expect("dialog");
            let text = view.lines.iter().map(Line::words).collect::<Vec<_>>().join("\n");
            assert!(fit::is_whole(dialog(&desk), desk.size, false), "{w}x{h}\n{text}");
            for must in ["deploy.shop.example", "10 of 10 ok", "Typed", "Confirm", &token] {
                assert!(text.contains(must), "{w}x{h} `{must}`\n{text}");
            }
            let layout = fit::layout(dialog(&desk), desk.size, false);
            let to = layout.rows.iter().filter(|r| r.part == fit::RowPart::To);
            let to: String = to.map(|r| r.text.as_str()).collect();
            assert_eq!(confirm_token(&to.as_str().into()), token, "{w}x{h} {to}");
        }
    }
}

/// A check that a reason goes past: words, field and token at 60x12.
#[test]
fn the_reason_has_its_field_at_60x12() {
    let mut board = fixture::outage();
    let plan = board.incidents[0].rollback.as_mut().expect("plan");
    plan.prechecks.retain(|c| c.required);
    (plan.prechecks[3].ok, plan.prechecks[3].waivable, plan.ready) = (false, true, false);
    let desk = open(board, 60, 12);
    assert!(fit::is_whole(dialog(&desk), desk.size, false));
    let lines = present(&desk).dialog.expect("dialog").lines;
    let text = lines.iter().map(Line::words).collect::<Vec<_>>().join("\n");
    for must in ["FAILS    cooldown: last action", "3 of 4 ok", "Reason   _", "type 611197", "kept"]
    {
        assert!(text.contains(must), "`{must}`\n{text}");
    }
}

/// What would read alike is never shortened to it.
#[test]
fn two_releases_that_differ_in_the_middle_are_not_cut_to_the_same_words() {
    let mut board = fixture::outage();
    let plan = board.incidents[0].rollback.as_mut().expect("plan");
    let name = |c: char| format!("{}{c}{}", "a".repeat(40), "b".repeat(40));
    (plan.from, plan.to) = (name('1').as_str().into(), name('2').as_str().into());
    for h in 9..24 {
        let desk = open(board.clone(), 60, h);
        let layout = fit::layout(dialog(&desk), desk.size, false);
        let of = |part| {
            let rows = layout.rows.iter().filter(move |r| r.part == part);
            rows.map(|r| r.text.to_string()).collect::<String>()
        };
        assert_ne!(of(fit::RowPart::From), of(fit::RowPart::To), "60x{h}");
    }
}

#[test]
fn failing_checks_come_first_with_their_words_and_no_word_is_torn() {
    let mut board = fixture::outage();
    let plan = board.incidents[0].rollback.as_mut().expect("plan");
    let mut fails = plan.prechecks[0].clone();
    fails.ok = false;
    fails.detail =
        "theme-2026.11.19-7 was live from 2026-11-20T14:07:00.000Z and not-incident".to_owned();
    plan.prechecks.push(fails);
    plan.ready = false;
    let desk = open(board, 60, 23);
    let lines: Vec<String> =
        present(&desk).dialog.expect("dialog").lines.iter().map(Line::words).collect();
    let text = lines.join("\n");
    let at = |word: &str| lines.iter().position(|l| l.contains(word)).expect(word);
    assert!(at("FAILS") < at("of 6 ok"), "{text}");
    for word in ["2026-11-20T14:07:00.000Z", "not-incident", "theme-2026.11.19-7"] {
        assert!(lines.iter().any(|l| l.contains(word)), "`{word}` is torn:\n{text}");
    }
}

#[test]
fn a_screen_too_small_says_the_size_it_needs() {
    for (w, h, says) in [(60, 9, "Needs 60x"), (44, 30, "Needs 60x"), (40, 12, "is 40x12")] {
        let desk = open(fixture::outage(), w, h);
        let view = present(&desk).dialog.expect("dialog");
        let last = view.lines.last().expect("lines").words();
        assert!(last.contains(says) && last.chars().count() <= usize::from(w) - 4, "{last}");
    }
    // below 40x12 only the summary is drawn; it tells of the dialog
    let summary = present(&open(fixture::outage(), 39, 9)).summary;
    assert!(summary[0].words().contains("A dialog is open"), "{summary:?}");
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

#[test]
fn a_release_that_a_check_holds_up_is_not_counted_as_a_way_back() {
    let mut board = fixture::outage();
    let plan = board.incidents[0].rollback.clone();
    let one = |release: &str, why_not: Option<&str>| Alternative {
        release: release.into(),
        service: "theme".to_owned(),
        share: None,
        suspect: why_not.is_none(),
        plan: plan.clone(),
        why_not: why_not.map(str::to_owned),
    };
    board.incidents[0].alternatives =
        vec![one("theme-2026.11.20-3", None), one("theme-2026.11.20-2", Some("it is not live"))];
    let lines = present(&open(board, 120, 40)).dialog.expect("dialog").lines;
    let text = lines.iter().map(Line::words).collect::<Vec<_>>().join("\n");
    assert!(text.contains("1 of 2 can be gone back from"), "{text}");
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
        x.suspect.release = None;
        x.suspect.candidates.iter_mut().for_each(|c| c.release = evil.into());
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
        update(&mut desk, DeskEvent::Key(key.parse().expect(key)), now, wall);
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
    x.suspect = crate::verdict::Suspect::default();
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

/// Of a tie the banner and the list say the names.
#[test]
fn a_tie_is_told_as_one() {
    let mut board = fixture::outage();
    let other = |release: &str, share| crate::verdict::Candidate {
        release: release.into(),
        share,
        previous: None,
    };
    let suspect = &mut board.incidents[0].suspect;
    suspect.candidates = vec![other("web-41", 0.48), other("flag-7", 0.40)];
    (suspect.release, suspect.reasons) = (None, vec!["one of web-41 (48 %), flag-7".to_owned()]);
    let desk = fixture::desk_as(board, Seat::Operator, 120, 40);
    let shown = format!("{:?}", present(&desk));
    assert!(shown.contains("one of web-41 (48 %), flag-7 (40 %)"), "the banner");
    assert!(shown.contains("? web-41 or flag-7"), "the list");
}

/// The shared corpus or what stands for it; one entry as a decoder hands it on.
fn corpus() -> Vec<String> {
    let Some(file) = crate::skip::shared("hostile/strings.json") else { return vec![] };
    let text = std::fs::read_to_string(file).expect("corpus");
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
            update(&mut desk, DeskEvent::Key(key.parse().expect(key)), now, wall);
            let shown = format!("{:?}", present(&desk));
            for part in shown.split("\\u{").skip(1) {
                let hex = part.split('}').next().expect("escape");
                let c = u32::from_str_radix(hex, 16).ok().and_then(char::from_u32).expect("char");
                assert!(cell_ok(&format!("a{c}")), "{key}: {c:?} of {evil:?}");
            }
        }
    }
}
