//! The rule for every byte that reaches a terminal: our own sequences from a closed list, and
//! characters a person can see. Independent of the product's own filter on purpose.

use unicode_properties::{GeneralCategory as Gc, UnicodeGeneralCategory};

/// Offenders in what was written: offset and what is wrong; empty when the rule holds.
pub fn offenders(bytes: &[u8]) -> Vec<String> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(e) => return vec![format!("byte {}: not UTF-8", e.valid_up_to())],
    };
    let (mut found, mut rest) = (Vec::new(), text);
    while let Some(c) = rest.chars().next() {
        let at = text.len() - rest.len();
        let length = if c == '\x1b' { sequence(rest) } else { seen(c) };
        let bad = || rest.chars().take(12).collect::<String>();
        if length.is_none() {
            found.push(format!("byte {at}: {:?}", bad()));
        }
        rest = rest.get(length.unwrap_or_else(|| c.len_utf8())..).unwrap_or_default();
    }
    found
}

/// The length of a sequence of the closed list at the start of `text`.
fn sequence(text: &str) -> Option<usize> {
    let inner = text.strip_prefix("\x1b[")?;
    let end = inner.find(|c: char| c.is_ascii_alphabetic())?;
    let (args, last) = (inner.get(..end)?, inner.chars().nth(end)?);
    let numbers = args.split(';').all(|n| n.len() <= 5 && n.bytes().all(|b| b.is_ascii_digit()));
    let modes = ["?25", "?1049", "?2004", "?2026", "?1000", "?1002", "?1006"];
    let known = match last {
        'H' => numbers && args.split(';').count() <= 2,
        'C' | 'J' | 'K' => numbers && args.split(';').count() == 1,
        'm' => numbers && colours(args),
        'h' | 'l' => modes.contains(&args),
        'u' => args.starts_with(['>', '<']) && args.get(1..)?.bytes().all(|b| b.is_ascii_digit()),
        _ => false,
    };
    known.then_some(2 + end + 1)
}

/// Parameters of CSI m: attributes, 16 colours, 38/48/58 with 5;n or 2;r;g;b.
fn colours(args: &str) -> bool {
    let mut numbers = args.split(';').map(|n| if n.is_empty() { Ok(0) } else { n.parse::<u32>() });
    while let Some(Ok(n)) = numbers.next() {
        let more = match n {
            38 | 48 | 58 => match numbers.next() {
                Some(Ok(5)) => 1,
                Some(Ok(2)) => 3,
                _ => return false,
            },
            0..=9 | 21..=29 | 30..=37 | 39..=47 | 49 | 53 | 55 | 59 | 90..=97 | 100..=107 => 0,
            _ => return false,
        };
        if !(0..more).all(|_| numbers.next().is_some_and(|n| n.is_ok_and(|v| v <= 255))) {
            return false;
        }
    }
    true
}

/// The length of a character that may be seen.
fn seen(c: char) -> Option<usize> {
    let category = c.general_category();
    let forbidden = matches!(
        category,
        Gc::Control
            | Gc::Format
            | Gc::Surrogate
            | Gc::PrivateUse
            | Gc::Unassigned
            | Gc::LineSeparator
            | Gc::ParagraphSeparator
    );
    let ignorable = matches!(
        u32::from(c),
        0x034F | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x180B..=0x180F | 0x3164 | 0xFFA0
            | 0xFE00..=0xFE0F | 0xE0100..=0xE01EF
    );
    let space = category == Gc::SpaceSeparator && c != ' ';
    (!forbidden && !ignorable && !space).then(|| c.len_utf8())
}

#[test]
fn our_own_sequences_pass_and_foreign_ones_do_not() {
    let ours = "\x1b[?1049h\x1b[?25l\x1b[12;40H\x1b[38;2;255;0;9;1mSev 1 ▲ ä e\u{301}\
                \x1b[0m\x1b[3C\x1b[2J";
    assert_eq!(offenders(ours.as_bytes()), Vec::<String>::new());
    for bad in [
        "\x1b]0;title\x07",
        "\x1b[38:2::255:0:0m",
        "\x1b[6n",
        "\x1b[?1004h",
        "\x1bP0\x1b\\",
        "\u{9b}31m",
        "a\tb",
        "\u{202e}",
        "\u{200b}",
        "\u{3164}",
        "\u{a0}",
        "\x1b[3;5r",
        "\x1b[",
        "\x1b[38;5m",
        "\x07",
    ] {
        assert!(!offenders(bad.as_bytes()).is_empty(), "{bad:?}");
    }
    assert!(!offenders(b"a\xc0\xafb").is_empty());
}
