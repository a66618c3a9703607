//! How one character of a secret may be written by somebody who repeats it: as it is, in either
//! case, percent-encoded, escaped for JSON, quoted for a header, as an HTML entity; and what may be
//! put between two of them, such as a line break. Pure functions over bytes.

/// Most bytes that are passed over between two characters.
const GAP: usize = 80;

/// What a repeated secret can begin with.
pub fn first_bytes(needle: &str) -> Vec<u8> {
    let Some(first) = needle.chars().next() else { return Vec::new() };
    let mut bytes = vec![b'%', b'\\', b'&'];
    if first == ' ' {
        bytes.push(b'+');
    }
    let mut room = [0; 4];
    let lead = first.encode_utf8(&mut room).bytes().next();
    bytes.extend(lead.into_iter().flat_map(|b| [b.to_ascii_lowercase(), b.to_ascii_uppercase()]));
    bytes
}

/// Where `needle` ends when all of it stands at `at`.
pub fn whole(text: &[u8], at: usize, needle: &str) -> Option<usize> {
    let (end, count) = run(text, at, needle)?;
    (count == needle.chars().count()).then_some(end)
}

/// How much of the start of `needle` stands at `at`: where it ends, and its characters.
pub fn run(text: &[u8], at: usize, needle: &str) -> Option<(usize, usize)> {
    // `&amp;` may be an ampersand or an ampersand with `amp;` behind it.
    let either = needle.contains(['%', '\\', '&']);
    let plain = run_as(text, at, needle, false);
    if either { plain.max(run_as(text, at, needle, true)) } else { plain }
}

fn run_as(text: &[u8], at: usize, needle: &str, spelled: bool) -> Option<(usize, usize)> {
    let mut chars = needle.chars();
    let mut end = one(text, at, chars.next()?, spelled)?;
    let mut count = 1;
    for want in chars {
        match after_gap(text, end, want, spelled) {
            Some(next) => (end, count) = (next, count + 1),
            None => break,
        }
    }
    Some((end, count))
}

fn after_gap(text: &[u8], at: usize, want: char, spelled: bool) -> Option<usize> {
    let mut here = at;
    loop {
        if let Some(end) = one(text, here, want, spelled) {
            return Some(end);
        }
        here += gap(text.get(here..)?)?;
        if here - at > GAP {
            return None;
        }
    }
}

/// The bytes of one thing that may stand between two characters.
fn gap(rest: &[u8]) -> Option<usize> {
    const MARKS: [&[u8]; 14] = [
        b"\\n", b"\\r", b"\\t", b"\\u000a", b"\\u000A", b"\\u000d", b"\\u000D", b"%0A", b"%0a",
        b"%0D", b"%0d", b"<br>", b"<br/>", b"<wbr>",
    ];
    const NONE: [&[u8]; 3] = ["\u{ad}".as_bytes(), "\u{200b}".as_bytes(), "\u{a0}".as_bytes()];
    if let Some(mark) = MARKS.iter().chain(&NONE).find(|m| rest.starts_with(m)) {
        return Some(mark.len());
    }
    let byte = rest.first()?;
    (byte.is_ascii_whitespace() || byte.is_ascii_control() || *byte == b'\\').then_some(1)
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

/// `\"`, `\/`, `\u002B`, `\x2b`.
fn escaped(rest: &[u8], want: char) -> Option<usize> {
    let after = rest.get(1..)?;
    let code = u32::from(want);
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
