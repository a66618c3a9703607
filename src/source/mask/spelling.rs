//! How one character of a secret may be written by somebody who repeats it: as it is, in either
//! case, in full width, percent-encoded, quoted-printable, escaped, as an HTML entity; and what may
//! be put between two of them, such as a line break or a colour. Pure functions over bytes.

/// Most bytes that are passed over between two characters.
const GAP: usize = 80;

/// First byte of the full-width letters.
const WIDE: u8 = 0xef;

/// What a repeated secret can begin with.
pub fn first_bytes(needle: &str) -> Vec<u8> {
    let Some(first) = needle.chars().next() else { return Vec::new() };
    (0..=u8::MAX).filter(|byte| may_begin(*byte, first)).collect()
}

/// Whether `first` in one of its spellings can begin with `byte`.
pub fn may_begin(byte: u8, first: char) -> bool {
    let mut room = [0; 4];
    let lead = first.encode_utf8(&mut room).bytes().next();
    matches!(byte, b'%' | b'\\' | b'&' | b'=' | WIDE)
        || (byte == b'+' && first == ' ')
        || lead.is_some_and(|b| b.eq_ignore_ascii_case(&byte))
}

/// How much of the start of `needle` stands at `at`: where it ends, and its characters. Between
/// `digits` may stand what separates numbers.
pub fn run(text: &[u8], at: usize, needle: &str, digits: bool) -> Option<(usize, usize)> {
    let plain = run_as(text, at, needle, (false, digits))?;
    let lone = plain.1 == 1 && !matches!(text.get(at), Some(b'%' | b'\\' | b'&' | b'='));
    if lone {
        return Some(plain);
    }
    // `&amp;` may be an ampersand or an ampersand with `amp;` behind it.
    let either = needle.contains(['%', '\\', '&', '=']);
    if either { Some(plain).max(run_as(text, at, needle, (true, digits))) } else { Some(plain) }
}

fn run_as(
    text: &[u8],
    at: usize,
    needle: &str,
    (spelled, digits): (bool, bool),
) -> Option<(usize, usize)> {
    let mut chars = needle.chars();
    let mut end = one(text, at, chars.next()?, spelled)?;
    let mut count = 1;
    for want in chars {
        match after_gap(text, end, want, (spelled, digits)) {
            Some(next) => (end, count) = (next, count + 1),
            None => break,
        }
    }
    Some((end, count))
}

fn after_gap(text: &[u8], at: usize, want: char, (spelled, digits): (bool, bool)) -> Option<usize> {
    let mut here = at;
    loop {
        if let Some(end) = one(text, here, want, spelled) {
            return Some(end);
        }
        let rest = text.get(here..)?;
        here += gap(rest).or_else(|| between(rest).filter(|_| digits))?;
        if here - at > GAP {
            return None;
        }
    }
}

/// The bytes of one thing that may stand between two characters.
fn gap(rest: &[u8]) -> Option<usize> {
    const MARKS: [&[u8]; 16] = [
        b"=\r\n", b"=\n", b"\\n", b"\\r", b"\\t", b"\\u000a", b"\\u000A", b"\\u000d", b"\\u000D",
        b"%0A", b"%0a", b"%0D", b"%0d", b"<br>", b"<br/>", b"<wbr>",
    ];
    const NONE: [&[u8]; 3] = ["\u{ad}".as_bytes(), "\u{200b}".as_bytes(), "\u{a0}".as_bytes()];
    let byte = *rest.first()?;
    let marked = matches!(byte, b'\\' | b'%' | b'<' | b'=' | 0xc2 | 0xe2 | 0x1b);
    if !marked {
        let blank = byte == b'-' || byte.is_ascii_whitespace() || byte.is_ascii_control();
        return blank.then_some(1);
    }
    if let Some(mark) = MARKS.iter().chain(&NONE).find(|m| rest.starts_with(m)) {
        return Some(mark.len());
    }
    if let Some(colour) = rest.strip_prefix(b"\x1b[") {
        return colour.iter().take(12).position(u8::is_ascii_alphabetic).map(|n| n + 3);
    }
    matches!(byte, 0x1b | b'\\').then_some(1)
}

/// What separates the numbers of a list of bytes.
fn between(rest: &[u8]) -> Option<usize> {
    if rest.starts_with(b"0x") || rest.starts_with(b"0X") {
        return Some(2);
    }
    matches!(rest.first()?, b',' | b':' | b';' | b'.' | b'|' | b'_').then_some(1)
}

/// Where `want` ends when it stands at `at` in one of its spellings; `spelled` prefers a longer
/// one.
fn one(text: &[u8], at: usize, want: char, spelled: bool) -> Option<usize> {
    let rest = text.get(at..)?;
    let mut room = [0; 4];
    let plain = want.encode_utf8(&mut room).as_bytes();
    let same = rest.get(..plain.len()).is_some_and(|b| b.eq_ignore_ascii_case(plain));
    let as_it_is = same.then_some(plain.len());
    if as_it_is.is_some() && !spelled {
        return as_it_is.map(|n| at + n);
    }
    let longer = match rest.first()? {
        b'%' => percent(rest, plain),
        b'=' => printable(rest, plain),
        &WIDE => wide(rest, want),
        b'\\' => escaped(rest, want),
        b'&' => entity(rest, want),
        b'+' if want == ' ' => Some(1),
        _ => None,
    };
    longer.or(as_it_is).map(|n| at + n)
}

/// `%2B`, `%2b`, and `%252B` where somebody encoded twice.
fn percent(rest: &[u8], plain: &[u8]) -> Option<usize> {
    let mut used = 0;
    for byte in plain {
        let part = rest.get(used..)?.strip_prefix(b"%")?;
        let (part, extra) = match part.strip_prefix(b"25") {
            Some(twice) if *byte != b'%' && hex(twice.get(..2)?) == Some(u32::from(*byte)) => {
                (twice, 2)
            }
            _ => (part, 0),
        };
        let same = hex(part.get(..2)?).is_some_and(|n| same(n, u32::from(*byte)));
        used += same.then_some(3 + extra)?;
    }
    Some(used)
}

/// `=2B`, as mail has it.
fn printable(rest: &[u8], plain: &[u8]) -> Option<usize> {
    let same = |(n, byte): (usize, &u8)| {
        let part = rest.get(3 * n..3 * n + 3).and_then(|p| p.strip_prefix(b"="));
        part.and_then(hex).is_some_and(|code| same(code, u32::from(*byte)))
    };
    plain.iter().enumerate().all(same).then_some(3 * plain.len())
}

/// The same letter in the width of East Asian ones.
fn wide(rest: &[u8], want: char) -> Option<usize> {
    let letter = std::str::from_utf8(rest.get(..3)?).ok()?.chars().next()?;
    let code = u32::from(letter).checked_sub(0xfee0)?;
    same(code, u32::from(want)).then_some(3)
}

/// `\"`, `\/`, `\u002B`, `\u{2b}`, `\x2b`, `\053`.
fn escaped(rest: &[u8], want: char) -> Option<usize> {
    let after = rest.get(1..)?;
    let code = u32::from(want);
    if let Some(digits) = after.strip_prefix(b"u{") {
        let end = digits.iter().take(7).position(|b| *b == b'}')?;
        return hex(digits.get(..end)?).filter(|n| same(*n, code)).map(|_| end + 4);
    }
    let octal = after.get(..3).filter(|d| d.iter().all(|b| (b'0'..=b'7').contains(b)));
    if let Some(digits) = octal {
        let value = digits.iter().fold(0, |sum, b| sum * 8 + u32::from(b - b'0'));
        return same(value, code).then_some(4);
    }
    if let Some(digits) = after.strip_prefix(b"u").or_else(|| after.strip_prefix(b"U")) {
        return hex(digits.get(..4)?).filter(|n| same(*n, code)).map(|_| 6);
    }
    if let Some(digits) = after.strip_prefix(b"x") {
        return hex(digits.get(..2)?).filter(|n| same(*n, code)).map(|_| 4);
    }
    let quoted = matches!(want, '"' | '\\' | '/' | '\'');
    (quoted && u32::from(*after.first()?) == code).then_some(2)
}

/// `&amp;`, `&#43;`, `&#x2B;`.
fn entity(rest: &[u8], want: char) -> Option<usize> {
    let end = rest.iter().take(12).position(|b| *b == b';')?;
    let name = std::str::from_utf8(rest.get(1..end)?).ok()?.to_ascii_lowercase();
    let code = match name.as_str() {
        "amp" => 38,
        "lt" => 60,
        "gt" => 62,
        "quot" => 34,
        "apos" => 39,
        numbered => match (numbered.strip_prefix("#x"), numbered.strip_prefix('#')) {
            (Some(digits), _) => u32::from_str_radix(digits, 16).ok()?,
            (None, Some(digits)) => digits.parse().ok()?,
            (None, None) => return None,
        },
    };
    same(code, u32::from(want)).then_some(end + 1)
}

fn hex(digits: &[u8]) -> Option<u32> {
    let plain = digits.iter().all(u8::is_ascii_hexdigit);
    u32::from_str_radix(std::str::from_utf8(digits).ok().filter(|_| plain)?, 16).ok()
}

/// The same character, whatever its case.
fn same(a: u32, b: u32) -> bool {
    match (u8::try_from(a), u8::try_from(b)) {
        (Ok(a), Ok(b)) => a.eq_ignore_ascii_case(&b),
        _ => a == b,
    }
}
