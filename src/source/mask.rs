//! Takes secrets out of what the other side said, in every spelling in which it may say them back.
//! One `Mask` belongs to each HTTP client; what leaves the client has gone through it. It knows
//! secrets and nothing of sources; what counts as one in a config is told by `mask::telltale`.

mod coding;
mod spelling;
pub mod telltale;

use secrecy::{ExposeSecret, SecretString};

use super::answer::HttpAnswer;
use super::error::SourceError;

/// What stands where a secret stood.
const GONE: &str = "***";
/// Shorter ones cannot be told from ordinary words.
const SHORTEST: usize = 4;
/// So many characters in a row of a secret give it away in a message, even when the rest is cut.
const PIECE: usize = 6;
/// Secrets remembered; the oldest ones go first as they are renewed.
const MOST: usize = 320;

/// The secrets that one client sends.
#[derive(Default)]
pub struct Mask {
    needles: Vec<Needle>,
}

/// One spelling of one secret.
struct Needle {
    text: SecretString,
    /// A piece of it is as telling as the whole.
    telling: bool,
    /// So many characters in a row are such a piece.
    enough: usize,
    /// Bytes as numbers, between which there may be commas and colons.
    digits: bool,
    /// Long and odd enough to be looked for in data, where a mere word must stay.
    odd: bool,
}

impl std::fmt::Debug for Mask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mask({} spellings)", self.needles.len())
    }
}

impl Mask {
    /// Remembers a secret: as it is, and as the usual codings of bytes make it.
    pub fn learn(&mut self, secret: &SecretString) {
        let text = secret.expose_secret();
        self.add(text, true);
        self.learn_coded(text);
        if let Some(rest) = text.trim().strip_prefix("whsec_") {
            self.add(rest.trim_end_matches('='), true);
        }
    }

    /// Remembers `user:password` as Basic sends it; the user alone is no secret.
    pub fn learn_basic(&mut self, user: &str, password: &SecretString) {
        self.learn(password);
        let pair = format!("{user}:{}", password.expose_secret());
        self.learn_coded(&pair);
    }

    fn learn_coded(&mut self, text: &str) {
        if text.chars().count() < SHORTEST {
            return;
        }
        for coded in coding::letters(text) {
            self.add(&coded, true);
        }
        for coded in coding::numbers(text) {
            let enough = coded.len().min(2 * PIECE);
            let text = SecretString::from(coded);
            self.push(Needle { text, telling: true, enough, digits: true, odd: true });
        }
    }

    /// Remembers a configured text that is sent but need not be secret: only the whole of it goes,
    /// and only from messages.
    pub fn learn_plain(&mut self, text: &str) {
        self.add(text, false);
    }

    fn add(&mut self, text: &str, telling: bool) {
        let length = text.chars().count();
        let known = |n: &Needle| n.text.expose_secret() == text && n.telling >= telling;
        if length < SHORTEST || self.needles.iter().any(known) {
            return;
        }
        let mixed = text.chars().any(char::is_numeric) && text.chars().any(char::is_alphabetic);
        let odd = telling && (length >= 8 || (length >= 5 && mixed));
        let enough = if length < PIECE + 3 { SHORTEST } else { PIECE };
        let text = SecretString::from(text.to_owned());
        self.push(Needle { text, telling, enough, digits: false, odd });
    }

    fn push(&mut self, needle: Needle) {
        let text = needle.text.expose_secret();
        if self.needles.iter().any(|n| n.digits && n.text.expose_secret() == text) {
            return;
        }
        if self.needles.len() >= MOST {
            self.needles.remove(0);
        }
        self.needles.push(needle);
    }

    /// `text` without any secret, nor a telling piece of one. For messages, not for data.
    pub fn text(&self, text: &str) -> String {
        let found = |at: usize| self.needles.iter().filter_map(|n| n.in_message(text, at)).max();
        let mut out = String::new();
        let (mut at, mut kept) = (0, 0);
        while at < text.len() {
            match found(at) {
                Some(end) if end > at => {
                    out.push_str(text.get(kept..at).unwrap_or_default());
                    out.push_str(GONE);
                    (at, kept) = (end, end);
                }
                _ => at += 1,
            }
        }
        out.push_str(text.get(kept..).unwrap_or_default());
        out
    }

    /// The same error without secrets.
    pub fn error(&self, error: SourceError) -> SourceError {
        error.reworded(|why| self.text(why))
    }

    /// Takes whole secrets out of headers and body, before anybody decodes them. In the body of a
    /// good answer, which is data, only the odd ones are looked for.
    pub fn answer(&self, answer: &mut HttpAnswer) {
        for value in answer.headers.values_mut() {
            if let Some(clean) = self.bytes(value.as_bytes(), |_| true) {
                *value = String::from_utf8_lossy(&clean).into_owned();
            }
        }
        let data = (200..=299).contains(&answer.status);
        if let Some(clean) = self.bytes(&answer.body, |n| n.odd || !data) {
            answer.body = clean;
        }
    }

    /// `None` when nothing had to go.
    fn bytes(&self, body: &[u8], wanted: impl Fn(&Needle) -> bool) -> Option<Vec<u8>> {
        let mut first: Vec<Vec<&Needle>> = vec![Vec::new(); 256];
        for needle in self.needles.iter().filter(|n| wanted(n)) {
            for byte in spelling::first_bytes(needle.text.expose_secret()) {
                first.get_mut(usize::from(byte)).into_iter().for_each(|all| all.push(needle));
            }
        }
        let of = |at: usize| body.get(at).and_then(|b| first.get(usize::from(*b)));
        let may = |at: &usize| of(*at).is_some_and(|all| !all.is_empty());
        let mut out: Option<Vec<u8>> = None;
        let (mut at, mut kept) = (0, 0);
        while let Some(start) = (at..body.len()).find(may) {
            let ends = of(start).into_iter().flatten().filter_map(|n| n.whole(body, start));
            if let Some(end) = ends.max() {
                let out = out.get_or_insert_default();
                out.extend_from_slice(body.get(kept..start).unwrap_or_default());
                out.extend_from_slice(GONE.as_bytes());
                (at, kept) = (end, end);
            } else {
                at = start + 1;
            }
        }
        if let Some(out) = &mut out {
            out.extend_from_slice(body.get(kept..).unwrap_or_default());
        }
        out
    }
}

impl Needle {
    /// Where it ends when all of it stands at `at`.
    fn whole(&self, text: &[u8], at: usize) -> Option<usize> {
        let needle = self.text.expose_secret();
        let (end, count) = spelling::run(text, at, needle, self.digits)?;
        (count > 1 && count == needle.chars().count()).then_some(end)
    }

    /// Where a telling run of it that starts at `at` ends.
    fn in_message(&self, text: &str, at: usize) -> Option<usize> {
        let (bytes, needle) = (text.as_bytes(), self.text.expose_secret());
        if !text.is_char_boundary(at) {
            return None;
        }
        if !self.telling {
            return self.whole(bytes, at);
        }
        let lead = *bytes.get(at)?;
        let length = needle.chars().count();
        let starts = needle.char_indices().take(length.saturating_sub(self.enough - 1));
        let starts = starts.filter(|(_, first)| spelling::may_begin(lead, *first));
        let run = |from: usize| spelling::run(bytes, at, needle.get(from..)?, self.digits);
        let runs = starts.filter_map(|(from, _)| run(from));
        let ends = runs.filter(|(_, count)| *count >= self.enough).map(|(end, _)| end);
        ends.filter(|end| text.is_char_boundary(*end)).max()
    }
}

#[cfg(test)]
mod tests;
