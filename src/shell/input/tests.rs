//! The parser on whole, torn, hostile and random input. No terminal is opened here.

use proptest::prelude::*;

use super::*;
use crate::desk::chord::Chord;
use crate::desk::chord::Key;

fn key(text: &str) -> TermEvent {
    TermEvent::Key(text.parse().expect(text))
}

fn keys(list: &[&str]) -> Vec<TermEvent> {
    list.iter().map(|text| key(text)).collect()
}

fn burst(bytes: usize, text: &str) -> TermEvent {
    TermEvent::Burst(bytes, text.to_owned())
}

/// One read, then a long silence.
fn read(bytes: &[u8]) -> Vec<TermEvent> {
    let mut parser = Parser::default();
    let mut events = parser.feed(bytes, 1000);
    events.extend(parser.tick(9000));
    events
}

#[test]
fn presses_become_chords() {
    for (bytes, chord) in [
        (&b"a"[..], "a"),
        (b"R", "R"),
        (b"\r", "enter"),
        (b"\n", "ctrl-j"),
        (b"\t", "tab"),
        (b"\x7f", "backspace"),
        (b"\x03", "ctrl-c"),
        (b"\x1b", "esc"),
        (b"\x1bR", "alt-R"),
        (b"\x1b\x7f", "alt-backspace"),
        ("é".as_bytes(), "é"),
        ("\x1bü".as_bytes(), "alt-ü"),
        ("中".as_bytes(), "中"),
        (b"\x1b[A", "up"),
        (b"\x1bOB", "down"),
        (b"\x1b[1;5C", "ctrl-right"),
        (b"\x1b[1;2D", "left"),
        (b"\x1b[3~", "delete"),
        (b"\x1b[5;3~", "alt-pgup"),
        (b"\x1b[H", "home"),
        (b"\x1b[8~", "end"),
        (b"\x1bOP", "f1"),
        (b"\x1b[15~", "f5"),
        (b"\x1b[24~", "f12"),
        (b"\x1b[[E", "f5"),
        (b"\x1b[Z", "backtab"),
    ] {
        assert_eq!(read(bytes), keys(&[chord]), "{bytes:?}");
    }
    assert_eq!(read(b"\x00"), [TermEvent::Key(Chord::ctrl(' '))]);
    assert_eq!(read(b"\x1a"), [TermEvent::Suspend]);
    assert_eq!(read(b"\x1b\x1b"), keys(&["esc", "esc"]));
}

#[test]
fn answers_reports_and_unknown_sequences_are_swallowed() {
    for bytes in [
        &b"\x1b[?62;1;2c"[..],
        b"\x1b[12;40R",
        b"\x1b[1;5R",
        b"\x1b[I\x1b[O",
        b"\x1b[<0;10;20M\x1b[<0;10;20m",
        b"\x1b[M !!",
        b"\x1b[27;5;13~",
        b"\x1b[97;5u",
        b"\x1b[201~",
        b"\x1b[2~",
        b"\x1bO5;2~",
        b"\x1b]11;rgb:0000/0000/0000\x07",
        b"\x1b]11;rgb:0000/0000/0000\x1b\\",
        b"\x1bP1$r0m\x1b\\",
        b"\x1b_Gi=1;OK\x1b\\",
        b"\x1b[38;2;1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17;18;19;20;21;22;23;24;25;26;27;28;29z",
        b"\x1b[",
        b"\x1b[1;",
        b"\x1bO",
        b"\x1b]never ended",
        b"\xc3",
        "\u{9b}".as_bytes(),
    ] {
        assert_eq!(read(bytes), [], "{:?}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn a_press_after_a_broken_sequence_counts_again() {
    for broken in [&b"\x1b["[..], b"\x1b]0;x", b"\x1bPq", b"\x1bO", b"\x1b[M", b"\xe4\xb8"] {
        let mut parser = Parser::default();
        assert_eq!(parser.feed(broken, 1000), []);
        let due = parser.deadline_ms().expect("an open sequence has a deadline");
        assert!(due <= 1250, "{broken:?} {due}");
        assert_eq!(parser.feed(b"q", due), keys(&["q"]), "{broken:?}");
        assert_eq!(parser.deadline_ms(), None, "idle means no wake-up");
    }
    // even while a key is held down and no silence ever comes
    let mut parser = Parser::default();
    parser.feed(b"\x1b]0;x", 0);
    let found = (1..100).find(|n| !parser.feed(b"q", n * 33).is_empty());
    assert!(found.is_some_and(|n| n * 33 <= 2000), "{found:?}");
}

#[test]
fn a_torn_arrow_is_no_letter() {
    let mut parser = Parser::default();
    assert_eq!(parser.feed(b"\x1b", 0), []);
    assert_eq!(parser.tick(25), keys(&["esc"]));
    assert_eq!(parser.feed(b"[A", 200), keys(&["up"]), "not `[` and `A`");
    assert_eq!(parser.feed(b"[", 210), keys(&["["]));
    assert_eq!(parser.feed(b"\x1b[", 400), []);
    assert_eq!(parser.feed(b"B", 500), keys(&["down"]));
}

#[test]
fn a_paste_is_text_of_one_line() {
    let pasted = |text: &str| vec![TermEvent::Paste(text.to_owned())];
    assert_eq!(read(b"\x1b[200~rollback\r\ny\r\x1b[201~"), pasted("rollback y "));
    assert_eq!(read("\x1b[200~é中\x1b[201~".as_bytes()), pasted("é中"));
    assert_eq!(read(b"\x1b[200~a\x1b[31mb\x1b[201~"), pasted("a [31mb"));
    assert_eq!(read(b"\x1b[200~\x1b[201~"), pasted(""));
    let long = ["\x1b[200~", &"é".repeat(4000), "\x1b[201~"].concat();
    let TermEvent::Paste(text) = &read(long.as_bytes())[0] else { panic!("a paste") };
    assert_eq!((text.chars().count(), text.chars().all(|c| c == 'é')), (4000, true));
    let longer = ["\x1b[200~", &"é".repeat(9000), "\x1b[201~"].concat();
    let TermEvent::Paste(text) = &read(longer.as_bytes())[0] else { panic!("a paste") };
    assert_eq!((text.len(), text.chars().all(|c| c == 'é')), (8192, true));
}

#[test]
fn nothing_after_a_paste_in_the_same_breath_is_a_press() {
    let mut parser = Parser::default();
    let events = parser.feed(b"\x1b[200~harmless \x1b[201~RRyy\r\x1b[201~", 0);
    assert_eq!(events, [TermEvent::Paste("harmless ".into()), burst(5, "RRyy ")]);
    assert_eq!(parser.feed(b"y\r", 20), [burst(2, "y ")]);
    assert_eq!(parser.feed(b"y", 60), keys(&["y"]));
}

#[test]
fn an_unterminated_paste_gives_the_keyboard_back_in_two_seconds() {
    let mut parser = Parser::default();
    assert_eq!(parser.feed(b"\x1b[200~never ended", 0), []);
    for step in 1..20 {
        assert_eq!(parser.feed(b"q", step * 100), [], "still taken as pasted");
    }
    assert_eq!(parser.deadline_ms(), Some(2000));
    assert_eq!(parser.feed(b"q", 2000), [burst(30, "never endedqqqqqqqqqqqqqqqqqqq"), key("q")]);
    // a long paste over a slow line is not cut off while it still comes
    assert_eq!(parser.feed(b"\x1b[200~", 5000), []);
    for step in 1..10 {
        assert_eq!(parser.feed(&[b'x'; 500], 5000 + step * 1500), []);
    }
    let end = parser.feed(b"\x1b[201~", 19_000);
    assert!(matches!(&end[..], [TermEvent::Paste(text)] if text.len() == 4500), "{end:?}");
}

#[test]
fn more_than_a_hand_types_is_a_burst() {
    assert_eq!(read(&[b'j'; 16]).len(), 16);
    assert_eq!(read(&[b'j'; 17]), [burst(17, &"j".repeat(17))]);
    let mut parser = Parser::default();
    parser.feed(&[b'R'; 4096], 0);
    assert_eq!(parser.feed(b"y\r", 29), [burst(2, "y ")], "the tail belongs to it");
    assert_eq!(parser.feed(b"y", 60), keys(&["y"]));
    // ten arrows that a slow line delivers together still move ten rows
    assert_eq!(read(&b"\x1b[B".repeat(10)).len(), 10);
    assert_eq!(read(&b"\x1b[15~".repeat(10)), [burst(50, "")]);
    assert_eq!(read("é".repeat(9).as_bytes()), [burst(18, &"é".repeat(9))]);
}

/// Text that came without brackets: its letters are kept for a text field, what is no letter goes.
#[test]
fn a_burst_carries_its_letters_as_one_line() {
    assert_eq!(
        read("deploy of théme-3 at 02:41\r\nlooks\tbad".as_bytes()),
        [burst(38, "deploy of théme-3 at 02:41 looks bad")]
    );
    assert_eq!(
        read(b"\x1b[200~one\x1b[201~two three four five"),
        [TermEvent::Paste("one".into()), burst(19, "two three four five"),]
    );
    assert_eq!(read(&[3; 20]), [burst(20, "")], "twenty ctrl-c are no text");
}

proptest! {
    #[test]
    fn any_bytes_in_any_split_never_panic_and_the_keyboard_comes_back(
        reads in prop::collection::vec((any_bytes(), 0_u64..3000), 0..30)
    ) {
        let (mut parser, mut now) = (Parser::default(), 0);
        for (bytes, pause) in reads {
            now += pause;
            for event in parser.feed(&bytes, now) {
                if let TermEvent::Paste(text) = event {
                    prop_assert!(text.len() <= 3 * 8192 && !text.contains(char::is_control));
                }
            }
        }
        parser.tick(now + 2000);
        prop_assert_eq!(parser.feed(b"q", now + 2000), vec![TermEvent::Key(Chord::char('q'))]);
    }

    #[test]
    fn a_split_changes_nothing_within_a_sequence(at in 0_usize..40) {
        let whole = "a\u{1b}[1;5Cé\u{1b}OP\u{1b}[200~two\u{1b}[201~".as_bytes();
        let (left, right) = whole.split_at(at.min(whole.len()));
        let mut parser = Parser::default();
        let mut events = parser.feed(left, 0);
        events.extend(parser.feed(right, 5));
        let expected: Vec<TermEvent> = keys(&["a", "ctrl-right", "é", "f1"])
            .into_iter()
            .chain([TermEvent::Paste("two".into())])
            .collect();
        let alone = TermEvent::Key(Chord::plain(Key::F(1)));
        if events.contains(&alone) {
            prop_assert_eq!(events, expected);
        } else {
            // keys and the end of a paste in one read: the keys are not believed
            prop_assert!(events.contains(&TermEvent::Paste("two".into())));
        }
    }
}

fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::sample::select(vec![
        &b"\x1b"[..],
        b"\x1b[",
        b"\x1b[200~",
        b"\x1b[201~",
        b"\x1b]",
        b"\x1bP",
        b"\x1b[M",
        b"\x1bO",
        b"R",
        b"\r",
        b"\xe4\xb8",
        b"\x9b",
        b"1;5",
    ]);
    let random = prop::collection::vec(any::<u8>(), 0..40);
    prop_oneof![random, prop::collection::vec(pieces, 0..8).prop_map(|parts| parts.concat()),]
}
