//! Keymap: the table's default chords with the overrides of `[keys]`; lookup both ways.
//! Problems are data: a bad override leaves the command its defaults.

use std::collections::BTreeMap;

use super::chord::{Chord, Key};
use super::command::{Command, CommandRow, TABLE};
use super::page::Page;

/// Which chords ask for which command.
#[derive(Clone, PartialEq, Debug)]
pub struct Keymap {
    rows: Vec<(Command, Vec<Chord>)>,
}

/// Something wrong under `[keys]`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeymapProblem {
    /// The command name as written.
    pub name: String,
    /// What is wrong and what to write instead.
    pub text: String,
}

impl Default for Keymap {
    fn default() -> Self {
        let chords = |row: &CommandRow| row.keys.iter().filter_map(|k| k.parse().ok()).collect();
        Self { rows: TABLE.iter().map(|row| (row.command, chords(row))).collect() }
    }
}

impl Keymap {
    /// Defaults with `[keys]` (command name to chords) laid over them. A listed command has exactly
    /// the chords listed; an empty list takes its keys away.
    pub fn with(overrides: &BTreeMap<String, Vec<String>>) -> (Self, Vec<KeymapProblem>) {
        let (mut map, mut problems) = (Self::default(), Vec::new());
        for (name, keys) in overrides {
            match read(name, keys) {
                Ok((command, chords)) => map.set(command, chords),
                Err(text) => problems.push(KeymapProblem { name: name.clone(), text }),
            }
        }
        for (name, text) in map.conflicts() {
            problems.push(KeymapProblem { name: name.to_owned(), text });
        }
        map.drop_conflicts(overrides);
        (map, problems)
    }

    /// The command of a chord on a page.
    pub fn find(&self, page: Page, chord: Chord) -> Option<Command> {
        self.rows
            .iter()
            .find(|(command, chords)| chords.contains(&chord) && command.row().applies(page))
            .map(|(command, _)| *command)
    }

    /// The command of a chord on whatever page.
    pub fn anywhere(&self, chord: Chord) -> Option<Command> {
        self.rows.iter().find(|(_, chords)| chords.contains(&chord)).map(|(command, _)| *command)
    }

    pub fn chords(&self, command: Command) -> &[Chord] {
        self.rows.iter().find(|(c, _)| *c == command).map_or(&[], |(_, chords)| chords)
    }

    /// The chord hints show.
    pub fn first(&self, command: Command) -> Option<Chord> {
        self.chords(command).first().copied()
    }

    fn set(&mut self, command: Command, chords: Vec<Chord>) {
        if let Some((_, slot)) = self.rows.iter_mut().find(|(c, _)| *c == command) {
            *slot = chords;
        }
    }

    /// Pairs of commands that share a chord on some page, as (name of the later, sentence).
    fn conflicts(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        for (i, (a, keys)) in self.rows.iter().enumerate() {
            for (b, others) in self.rows.iter().skip(i + 1) {
                let shared = keys.iter().find(|k| others.contains(k));
                if let Some(chord) = shared.filter(|_| overlap(a.row(), b.row())) {
                    let (first, second) = (a.row().name, b.row().name);
                    found.push((second, format!("`{chord}` is also the key of `{first}`")));
                }
            }
        }
        found
    }

    /// In a conflict the command that was not overridden loses the chord, else the later row.
    fn drop_conflicts(&mut self, overrides: &BTreeMap<String, Vec<String>>) {
        let chosen = |c: Command| overrides.contains_key(c.row().name);
        for i in 0..self.rows.len() {
            for j in i + 1..self.rows.len() {
                let (Some((a, keys)), Some((b, others))) = (self.rows.get(i), self.rows.get(j))
                else {
                    continue;
                };
                if !overlap(a.row(), b.row()) {
                    continue;
                }
                let (loser, keep) =
                    if chosen(*b) && !chosen(*a) { (i, others.clone()) } else { (j, keys.clone()) };
                if let Some((_, chords)) = self.rows.get_mut(loser) {
                    chords.retain(|k| !keep.contains(k));
                }
            }
        }
    }
}

fn overlap(a: &CommandRow, b: &CommandRow) -> bool {
    Page::ALL.into_iter().any(|p| a.applies(p) && b.applies(p))
}

fn read(name: &str, keys: &[String]) -> Result<(Command, Vec<Chord>), String> {
    let command = Command::from_name(name).ok_or_else(|| match nearest(name) {
        Some(near) => format!("no command `{name}`; did you mean `{near}`?"),
        None => format!("no command `{name}`; `tillwatch keys` lists them"),
    })?;
    let chords = keys.iter().map(|k| k.parse::<Chord>()).collect::<Result<Vec<_>, _>>()?;
    if command.row().destructive
        && let Some(bare) = chords.iter().find(|c| is_bare(**c))
    {
        return Err(format!(
            "`{bare}` is too easy to hit for `{name}`; use a capital letter, ctrl-g, ctrl-o, \
             ctrl-v, ctrl-x or alt- with a letter"
        ));
    }
    Ok((command, chords))
}

/// A key a stray hand or a shell line types: plain lower-case letters, space, Enter and the like,
/// and the control keys of line editing (readline) and of terminals.
fn is_bare(chord: Chord) -> bool {
    match chord.key {
        Key::Char(c) if chord.ctrl => !chord.alt && READLINE.contains(c.to_ascii_lowercase()),
        Key::Char(c) => !chord.alt && !c.is_uppercase(),
        Key::F(_) => false,
        _ => !chord.ctrl && !chord.alt,
    }
}

/// Control keys that hands know from a shell line; ctrl-i, -j, -m and -h are Tab, Enter, Backspace.
const READLINE: &str = "abcdefhijklmnpqrstuwyz_@[]\\^";

/// A name with a common start of at least three letters.
fn nearest(name: &str) -> Option<&'static str> {
    let shared =
        |row: &CommandRow| row.name.chars().zip(name.chars()).take_while(|(a, b)| a == b).count();
    TABLE.iter().max_by_key(|r| shared(r)).filter(|r| shared(r) >= 3).map(|r| r.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::command::{OrderKey, ViewKey};

    fn keys(rows: &[(&str, &[&str])]) -> (Keymap, Vec<KeymapProblem>) {
        let own = |keys: &[&str]| keys.iter().map(ToString::to_string).collect();
        Keymap::with(&rows.iter().map(|(name, k)| ((*name).to_owned(), own(k))).collect())
    }

    #[test]
    fn overrides_replace_and_the_reverse_lookup_follows() {
        let (map, problems) = keys(&[("acknowledge", &["A", "ctrl-a"])]);
        assert_eq!(problems, []);
        assert_eq!(
            map.find(Page::Incidents, Chord::char('A')),
            Some(Command::Order(OrderKey::Acknowledge))
        );
        assert_eq!(map.find(Page::Incidents, Chord::char('a')), None);
        assert_eq!(map.first(Command::Order(OrderKey::Acknowledge)), Some(Chord::char('A')));
    }

    #[test]
    fn problems_name_the_command_and_the_way_out() {
        let (map, problems) = keys(&[
            ("rolback", &["Q"]),
            ("rollback", &["r"]),
            ("note", &["hello"]),
            ("timer", &["a"]),
        ]);
        let text: Vec<_> = problems.iter().map(|p| format!("{}: {}", p.name, p.text)).collect();
        assert!(text.iter().any(|t| t.contains("did you mean `rollback`")), "{text:?}");
        assert!(text.iter().any(|t| t.contains("too easy to hit")), "{text:?}");
        assert!(text.iter().any(|t| t.starts_with("note: `hello`")), "{text:?}");
        assert!(
            text.iter().any(|t| t.contains("`a` is also the key of `acknowledge`")),
            "{text:?}"
        );
        assert_eq!(
            map.find(Page::Incidents, Chord::char('R')),
            Some(Command::Order(OrderKey::Rollback))
        );
        assert_eq!(
            map.find(Page::Incidents, Chord::char('r')),
            Some(Command::View(ViewKey::Releases))
        );
        assert_eq!(
            map.find(Page::Incidents, Chord::char('a')),
            Some(Command::Order(OrderKey::Timer))
        );
    }

    #[test]
    fn no_override_puts_a_destructive_command_on_a_key_that_hands_type() {
        let destructive = TABLE.iter().filter(|row| row.destructive);
        for row in destructive {
            for key in ["r", "1", ":", "enter", "space", "tab", "esc", "ctrl-w", "ctrl-m", "ctrl-u"]
            {
                let (map, problems) = keys(&[(row.name, &[key])]);
                assert_eq!(problems.len(), 1, "{} on {key}", row.name);
                let found: Chord = key.parse().expect(key);
                assert_ne!(map.find(Page::Incidents, found), Some(row.command), "{key}");
            }
            for key in ["Q", "ctrl-g", "alt-r", "f9"] {
                let (map, problems) = keys(&[(row.name, &[key])]);
                let found: Chord = key.parse().expect(key);
                assert_eq!(
                    (problems, map.find(Page::Incidents, found)),
                    (vec![], Some(row.command))
                );
            }
        }
    }

    #[test]
    fn the_same_key_may_mean_two_things_on_two_pages() {
        let map = Keymap::default();
        assert_eq!(
            map.find(Page::Heatmap, Chord::char('x')),
            Some(Command::View(ViewKey::Columns))
        );
        assert_eq!(
            map.find(Page::Journal, Chord::char('x')),
            Some(Command::View(ViewKey::Everything))
        );
        assert_eq!(map.find(Page::Incidents, Chord::char('x')), None);
    }
}
