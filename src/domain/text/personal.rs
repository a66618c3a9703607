//! Personal data in outside text: e-mail addresses, card numbers, telephone numbers. Found by
//! shape, replaced by a word; the value is never kept, logged or shown (RUM guide, F6).
//! Nothing is drawn.

#[cfg(test)]
mod tests;

/// What a piece of text looked like.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Personal {
    Mail,
    Card,
    Phone,
}

impl Personal {
    /// For people: `e-mail address`.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Mail => "e-mail address",
            Self::Card => "card number",
            Self::Phone => "telephone number",
        }
    }

    /// What stands in its place.
    const fn mark(self) -> &'static str {
        match self {
            Self::Mail => "[e-mail]",
            Self::Card => "[card]",
            Self::Phone => "[phone]",
        }
    }
}

/// Digits of a card number (ISO/IEC 7812: at most 19; no scheme issues fewer than 13).
const CARD: std::ops::RangeInclusive<usize> = 13..=19;
/// Digits of an international number behind its plus (ITU-T E.164: at most 15).
const PHONE: std::ops::RangeInclusive<usize> = 9..=15;
/// Endings of mail domains beside those of two letters: what looks like a version is none.
const ENDINGS: [&str; 16] = [
    "com", "org", "net", "edu", "gov", "mil", "int", "info", "biz", "name", "app", "dev", "shop",
    "store", "cloud", "example",
];

/// The text without personal data, and what was taken out; `None` when there is none in it.
pub fn redacted(outside: &str) -> Option<(String, Vec<Personal>)> {
    if !worth_a_look(outside) {
        return None;
    }
    let mut found: Vec<(usize, usize, Personal)> = mails(outside);
    found.extend(numbers(outside));
    if found.is_empty() {
        return None;
    }
    found.sort_unstable();
    let (mut out, mut kinds, mut at) = (String::with_capacity(outside.len()), Vec::new(), 0);
    for (from, to, kind) in found {
        if from < at {
            continue;
        }
        out.push_str(outside.get(at..from).unwrap_or_default());
        out.push_str(kind.mark());
        kinds.push(kind);
        at = to;
    }
    out.push_str(outside.get(at..).unwrap_or_default());
    kinds.sort_unstable();
    kinds.dedup();
    Some((out, kinds))
}

/// Cheap: nearly all names have no `@` and few digits.
fn worth_a_look(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    digits >= *PHONE.start() || text.contains('@')
}

const fn mail_local(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'%' | b'+' | b'-')
}

const fn mail_domain(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-')
}

fn mails(text: &str) -> Vec<(usize, usize, Personal)> {
    let bytes = text.as_bytes();
    let ats = bytes.iter().enumerate().filter(|(_, b)| **b == b'@').map(|(i, _)| i);
    ats.filter_map(|at| {
        let (before, after) = (bytes.get(..at)?, bytes.get(at + 1..)?);
        let from = at - before.iter().rev().take_while(|b| mail_local(**b)).count();
        let length = after.iter().take_while(|b| mail_domain(**b)).count();
        let domain = text.get(at + 1..at + 1 + length)?.trim_end_matches(['.', '-']);
        let local = text.get(from..at)?;
        let machine = local == "git" || domain.contains("noreply") || local.contains("noreply");
        let real = !local.is_empty() && !machine && is_mail_domain(domain);
        real.then_some((from, at + 1 + domain.len(), Personal::Mail))
    })
    .collect()
}

fn is_mail_domain(domain: &str) -> bool {
    let Some((name, ending)) = domain.rsplit_once('.') else { return false };
    let label = name.rsplit('.').next().unwrap_or_default();
    let ending = ending.to_ascii_lowercase();
    let country = ending.len() == 2 && ending.bytes().all(|b| b.is_ascii_lowercase());
    (country || ENDINGS.contains(&ending.as_str()))
        && label.bytes().any(|b| b.is_ascii_alphabetic())
}

/// Runs of digits with single separators between them.
fn numbers(text: &str) -> Vec<(usize, usize, Personal)> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(first) = bytes.get(at) {
        let starts = first.is_ascii_digit() || matches!(first, b'+' | b'(');
        let after_word = at.checked_sub(1).and_then(|i| bytes.get(i)).is_some_and(|b| wordy(*b));
        if !starts || after_word {
            at += 1;
            continue;
        }
        let end = run_end(bytes, at);
        let ends_word = bytes.get(end).is_some_and(|b| wordy(*b));
        let kind = text.get(at..end).filter(|_| !ends_word).and_then(kind_of);
        out.extend(kind.map(|kind| (at, end, kind)));
        at = end.max(at + 1);
    }
    out
}

/// A number never touches these: then it is part of a name, a version or a time.
const fn wordy(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':' | b'-') || b >= 0x80
}

/// The end of the digits that start at `from`, separators between digits included.
fn run_end(bytes: &[u8], from: usize) -> usize {
    let (mut end, mut i) = (from, from);
    while let Some(b) = bytes.get(i) {
        let separator = matches!(b, b' ' | b'-' | b'(' | b')');
        if b.is_ascii_digit() {
            end = i + 1;
        } else if !(separator && i < end + 2 || *b == b'+' && i == from) {
            break;
        }
        i += 1;
    }
    end.max(from)
}

fn kind_of(run: &str) -> Option<Personal> {
    let digits: Vec<u8> = run.bytes().filter(u8::is_ascii_digit).map(|b| b - b'0').collect();
    if run.starts_with('+') && PHONE.contains(&digits.len()) {
        return Some(Personal::Phone);
    }
    if CARD.contains(&digits.len()) && issued(&digits) && luhn(&digits) {
        return Some(Personal::Card);
    }
    national(run).then_some(Personal::Phone)
}

/// Numbers that a card scheme gives out (Visa, Mastercard, American Express, Discover, Maestro,
/// JCB, Diners): a random number of that length rarely passes this and the check digit.
fn issued(digits: &[u8]) -> bool {
    let head = |n: usize| digits.iter().take(n).fold(0_u32, |all, d| all * 10 + u32::from(*d));
    let known = matches!(head(1), 4)
        || matches!(head(2), 34 | 36 | 37 | 38 | 51..=55 | 65 | 67)
        || matches!(head(4), 2221..=2720 | 3528..=3589 | 6011);
    let repeated = digits.iter().all(|d| Some(d) == digits.first());
    known && !repeated
}

/// The check digit of ISO/IEC 7812-1, annex B.
fn luhn(digits: &[u8]) -> bool {
    let doubled = |d: u32| if d > 4 { 2 * d - 9 } else { 2 * d };
    let all = digits.iter().rev().enumerate();
    let sum: u32 =
        all.map(|(i, d)| if i % 2 == 1 { doubled(u32::from(*d)) } else { u32::from(*d) }).sum();
    sum.is_multiple_of(10)
}

/// `555-123-4567`, `(555) 123-4567`: three, three and four digits.
fn national(run: &str) -> bool {
    let parts: Vec<&str> =
        run.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
    let lengths: Vec<usize> = parts.iter().map(|p| p.len()).collect();
    lengths == [3, 3, 4]
}
