//! The rule against the shared hostile strings, own fixtures and random text.
//! The strings are read where they lie; absent, one loud line says so.

use base64::Engine;
use proptest::prelude::*;
use std::collections::BTreeSet;
use unicode_properties::UnicodeGeneralCategory;

use super::*;
use crate::skip::{fixture, shared};

/// One entry as text, as a decoder that replaces bad bytes would hand it on.
fn entry(value: &serde_json::Value) -> String {
    let part = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let raw = base64::engine::general_purpose::STANDARD.decode(part("b64")).expect("base64");
    let times = value["repeat"].as_u64().unwrap_or(1) as usize;
    let body = part("s") + &String::from_utf8_lossy(&raw);
    part("pre") + &body.repeat(times) + &part("post")
}

/// The rule written a second time, from its text and not from the code under test.
fn broken_rule(text: &str, rtl: bool) -> Option<String> {
    let mut marks = 3;
    for c in text.chars() {
        let category = format!("{:?}", c.general_category_group());
        let ok = c == ' '
            || ["Letter", "Mark", "Number", "Punctuation", "Symbol"].contains(&category.as_str());
        let blank = "\u{2800}\u{034F}\u{115F}\u{1160}\u{17B4}\u{17B5}\u{3164}\u{FFA0}".contains(c);
        let selector = matches!(c as u32, 0x180B..=0x180F | 0xFE00..=0xFE0F | 0xE0000..=0xE0FFF);
        let leftward = !rtl && matches!(c as u32, 0x591..=0x8FF | 0xFB1D..=0xFDFC);
        marks = if category == "Mark" { marks + 1 } else { 0 };
        if !ok || blank || selector || leftward || marks > 2 {
            return Some(format!("U+{:04X} in {text:?}", c as u32));
        }
    }
    let wide = text.graphemes(true).find(|g| g.len() > 16 || rule::columns(g) == 0);
    wide.map(|g| format!("grapheme {g:?}"))
        .or_else(|| (text.chars().count() > SHOWN).then(|| "too long".to_owned()))
}

#[test]
fn the_hostile_strings_keep_the_rule_and_stay_readable() {
    let Some(file) = shared("hostile/strings.json") else { return };
    let text = std::fs::read_to_string(&file).expect("readable");
    let all: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let strings = all["strings"].as_array().expect("strings");
    let least = if file == fixture("hostile/strings.json") { 15 } else { 113 };
    assert!(strings.len() >= least, "only {} strings", strings.len());
    for value in strings {
        let outside = entry(value);
        for (shown, rtl) in
            [(screen_text(&outside), false), (screen_text_last_field(&outside), true)]
        {
            let id = &value["id"];
            assert_eq!(broken_rule(shown.as_str(), rtl), None, "{id}");
            assert_eq!(shown.changed(), shown.as_str() != outside, "{id}");
            assert!(shown.as_str().contains(value["must_show"].as_str().unwrap_or("")), "{id}");
            assert!(shown.as_str().graphemes(true).all(cell_ok), "{id}");
            assert!(shown.ascii().as_str().bytes().all(|b| matches!(b, b' '..=b'~')), "{id}");
            let plain = screen_text(&escaped(&outside)).as_str().contains(MARK);
            assert!(!plain, "{id}: the escaped form needs no mark");
        }
    }
}

#[test]
fn altered_text_shows_it_where_it_was_altered() {
    for (outside, shown) in [
        ("checkout\u{1b}[31mred", "checkout▯[31mred"),
        ("a\u{1b}\u{200b}\u{7}b", "a▯b"),
        ("Z\u{489}\u{334}\u{322}\u{301}x", "Z\u{489}\u{334}▯x"),
        ("\u{301}leading", "▯leading"),
        (" \u{301}", " ▯"),
        ("\u{3164}", "▯"),
        ("SEV1 שלום 42", "SEV1 ▯ 42"),
        ("a▯b", "a▯b"),
        ("\u{1F44D}\u{1F3FD}", "\u{1F44D}\u{1F3FD}"),
        ("a\u{1F3FD}", "a▯"),
        ("\u{1161}x", "▯x"),
        ("a\u{2800}b", "a▯b"),
    ] {
        let text = screen_text(outside);
        assert_eq!(text.as_str(), shown, "{outside:?}");
        assert_eq!(text.changed(), shown.contains(MARK), "{outside:?}");
    }
    for whole in ["café 中文 €12", "\u{FFFD}", "…", "│ SEV4 │", "क्षि", "e\u{301}"]
    {
        assert_eq!(screen_text(whole).as_str(), whole);
        assert!(!screen_text(whole).changed(), "{whole}");
    }
    assert_eq!(screen_text_last_field("by שלום").as_str(), "by שלום");
}

#[test]
fn long_text_is_cut_visibly() {
    let long = screen_text(&"A".repeat(1 << 20));
    assert_eq!(long.as_str().chars().count(), SHOWN);
    assert!(long.changed() && long.as_str().ends_with(CUT));
    assert!(!screen_text(&"A".repeat(SHOWN)).changed());
    assert_eq!(kept(&"é".repeat(5000)).chars().count(), KEPT);
    assert_eq!(ScreenText::made("x".repeat(600)).width(), 600);
}

#[test]
fn cuts_by_columns_and_never_through_a_grapheme() {
    let text = screen_text("中文ab");
    let cuts: Vec<String> = (0..=6).map(|w| text.cut(w).to_string()).collect();
    assert_eq!(cuts, ["", "…", "…", "中…", "中…", "中文…", "中文ab"]);
    assert_eq!(text.ascii().as_str(), "????ab");
    assert_eq!(text.cut(3).ascii().as_str(), "??~");
    assert_eq!(format!("[{:<4}]", screen_text("ab")), "[ab  ]");
}

#[test]
fn joined_parts_are_clean_at_the_seam() {
    let mut row = ScreenText::fixed("owner ");
    row.push(&screen_text_last_field("דנה"));
    row.push(&screen_text("\u{202e}"));
    assert_eq!(row.as_str(), "owner דנה▯");
    assert!(row.changed());
    let flag = ScreenText::join(&[screen_text("\u{1F1E9}"), screen_text("\u{1F1EA}")]);
    assert_eq!(flag.width(), 2);
    assert!(ScreenText::join(&[]).is_empty());
}

#[test]
fn the_escaped_form_tells_two_originals_apart() {
    assert_eq!(escaped("a\u{1b}[31m\\"), "a\\u{1b}[31m\\u{5c}");
    let same_look =
        ["pay\u{200b}ment", "pay\u{2060}ment", "pay\\u{200b}ment", "pay▯ment", "payment"];
    let forms: BTreeSet<String> = same_look.iter().map(|s| escaped(s)).collect();
    assert_eq!(forms.len(), same_look.len());
}

#[test]
fn the_sweep_refuses_what_the_rule_forbids() {
    for ok in ["", " ", "a", "é", "e\u{301}\u{302}", "中", "┃", "⣿", "\u{2800}", "क्षि"]
    {
        assert!(cell_ok(ok), "{ok:?}");
    }
    let marks = ["e\u{301}\u{301}\u{301}", "\u{301}", "\u{202e}", "\u{1b}", "\u{7f}", "a\u{200d}"];
    let odd = ["\u{9b}", "\t", "\u{a0}", "\u{e0b0}", "\u{2764}\u{fe0f}", "aaaaaaaaaaaaaaaaa"];
    for bad in marks.iter().chain(&odd) {
        assert!(!cell_ok(bad), "{bad:?}");
    }
}

/// Text from the places where the rule can go wrong, beside any text.
fn outside() -> impl Strategy<Value = String> {
    let risky = prop::sample::select(
        "a \u{1b}▯…\u{301}\u{489}\u{200d}\u{fe0f}\u{1F3FD}\u{1F44D}\u{1F1E9}\u{1100}\u{1161}\
         \u{11a8}\u{ac00}\u{915}\u{94d}\u{93f}\u{d4e}\u{5d0}\u{5b0}\u{644}\u{627}\u{ff9e}\
         \u{ff76}\u{e33}\u{e0067}中"
            .chars()
            .collect::<Vec<char>>(),
    );
    let any = prop_oneof![3 => risky, 1 => any::<char>()];
    prop::collection::vec(any, 0..40).prop_map(String::from_iter)
}

proptest! {
    #[test]
    fn twice_is_once_and_nothing_forbidden_remains(text in outside(), columns in 0_usize..50) {
        for (once, rtl) in [(screen_text(&text), false), (screen_text_last_field(&text), true)] {
            prop_assert_eq!(broken_rule(once.as_str(), rtl), None);
            let twice = ScreenText::clean(once.as_str(), SHOWN, rtl);
            prop_assert_eq!(twice.as_str(), once.as_str());
            prop_assert!(once.changed() || once.as_str() == text);
            prop_assert!(once.cut(columns).width() <= columns);
            prop_assert_eq!(once.ascii().width(), once.width());
        }
    }

    #[test]
    fn a_join_keeps_the_rule(left in outside(), right in outside()) {
        let joined = ScreenText::join(&[screen_text(&left), screen_text(&right)]);
        prop_assert_eq!(broken_rule(joined.as_str(), true), None);
        prop_assert!(joined.as_str().graphemes(true).all(cell_ok));
    }
}

#[test]
fn json_keeps_its_meaning_and_loses_its_teeth() {
    let text = serde_json::to_string("ä \u{84}\u{202e}\u{e0041}\u{7f}\u{1b} ok").expect("json");
    let safe = json_safe(&text);
    assert!(safe.contains('ä'));
    assert!(!safe.chars().any(|c| c.is_control() || c == '\u{202e}' || c == '\u{e0041}'));
    let back: String = serde_json::from_str(&safe).expect("still json");
    assert_eq!(back, "ä \u{84}\u{202e}\u{e0041}\u{7f}\u{1b} ok");
}
