//! Reading TOML with places: tables merge over the defaults key by key, rows are read one by one,
//! and every failure names its line and key. Knows serde, not what the keys mean.

use std::path::PathBuf;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use crate::source::faults::KeyStep;

use super::problem::{Level, Problem, line_of, meant, suggestion};
use super::take_out::take_out;

/// A parsed file and the problems found in it so far.
pub struct ConfigReader<'t> {
    text: &'t str,
    file: PathBuf,
    root: DeTable<'t>,
    known: Vec<&'static str>,
    pub problems: Vec<Problem>,
}

impl<'t> ConfigReader<'t> {
    /// Parses `text`; a file that is not TOML has one problem and no content.
    pub fn new(file: PathBuf, text: &'t str) -> Self {
        let mut reader =
            Self { text, file, root: DeTable::new(), known: Vec::new(), problems: Vec::new() };
        match DeTable::parse(text) {
            Ok(root) => reader.root = root.into_inner(),
            Err(error) => reader.report("(file)", &error, 0),
        }
        reader
    }

    /// A `[name]` table laid over `defaults`; keys that do not fit are reported one by one.
    pub fn table<T: DeserializeOwned>(
        &mut self,
        name: &'static str,
        defaults: &toml::Table,
    ) -> Option<T> {
        self.known.push(name);
        let base = defaults.get(name).and_then(toml::Value::as_table).cloned().unwrap_or_default();
        let mut merged = base.clone();
        let user = self.root.get(name).cloned();
        if let Some(value) = user {
            let offset = value.span().start;
            match value.into_inner() {
                DeValue::Table(table) => self.lay_over::<T>(name, &base, &mut merged, table),
                _ => self.complain(name, "must be a table: write [name] on its own line", offset),
            }
        }
        match merged.try_into::<T>() {
            Ok(section) => Some(section),
            Err(error) => {
                if !self.problems.iter().any(|p| p.key.starts_with(name)) {
                    self.complain(name, error.message(), 0);
                }
                None
            }
        }
    }

    fn lay_over<T: DeserializeOwned>(
        &mut self,
        name: &str,
        base: &toml::Table,
        merged: &mut toml::Table,
        user: DeTable<'t>,
    ) {
        for (key, value) in user {
            let offset = key.span().start;
            let path = format!("{name}.{}", key.get_ref());
            let plain = match toml_value(value) {
                Ok(plain) => plain,
                Err(error) => {
                    self.report(&path, &error, offset);
                    continue;
                }
            };
            let mut alone = base.clone();
            alone.insert(key.get_ref().to_string(), plain.clone());
            match alone.try_into::<T>() {
                Ok(_) => {
                    merged.insert(key.get_ref().to_string(), plain);
                }
                Err(error) => self.complain(&path, error.message(), offset),
            }
        }
    }

    /// Every `[name]` table as plain values; rows are left out.
    pub fn tables(&self) -> toml::Table {
        let tables = self.root.iter().filter(|(_, value)| value.get_ref().is_table());
        let plain = tables.filter_map(|(key, value)| {
            Some((key.get_ref().to_string(), toml_value(value.clone()).ok()?))
        });
        plain.collect()
    }

    /// All `[[name]]` rows that could be read, each with its line.
    pub fn rows<T: DeserializeOwned>(&mut self, name: &'static str) -> Vec<(usize, T)> {
        self.known.push(name);
        let Some(value) = self.root.get(name).cloned() else { return Vec::new() };
        let offset = value.span().start;
        let DeValue::Array(rows) = value.into_inner() else {
            self.complain(name, &format!("must be rows: write [[{name}]]"), offset);
            return Vec::new();
        };
        let mut read = Vec::new();
        for (idx, row) in rows.into_iter().enumerate() {
            let offset = row.span().start;
            let line = line_of(self.text, offset);
            match T::deserialize(ValueDeserializer::from(row.clone())) {
                Ok(row) => read.push((line, row)),
                Err(error) => self.row_faults::<T>(&format!("{name}[{}]", idx + 1), row, error),
            }
        }
        read
    }

    /// Tells everything that is wrong with a row: what does not fit is taken out and the rest is
    /// read again, since serde stops at the first fault.
    fn row_faults<T: DeserializeOwned>(
        &mut self,
        key: &str,
        row: Spanned<DeValue<'t>>,
        first: toml::de::Error,
    ) {
        let start = row.span().start;
        let (mut rest, mut error, mut out) = (row, first, Vec::<(String, usize)>::new());
        loop {
            let lacks = |name: &str| *error.message() == format!("missing field `{name}`");
            // What is taken out is missing afterwards, and a typo is told with what was meant:
            // then the row around it goes.
            let ours = out.iter().rfind(|(name, _)| lacks(name)).map(|(_, around)| *around);
            if ours.is_none() {
                self.report(key, &error, start);
            }
            let at = ours.or_else(|| error.span().map(|span| span.start)).unwrap_or(start);
            let meant = meant(error.message()).map(str::to_owned);
            let Some((name, around)) = take_out(&mut rest, at) else { return };
            out.extend(meant.into_iter().chain([name]).map(|name| (name, around)));
            match T::deserialize(ValueDeserializer::from(rest.clone())) {
                Ok(_) => return,
                Err(next) => error = next,
            }
        }
    }

    /// A top-level name that is read elsewhere.
    pub fn know(&mut self, name: &'static str) {
        self.known.push(name);
    }

    /// Reports top-level names that nobody asked for; call last.
    pub fn finish(mut self) -> Vec<Problem> {
        let unknown: Vec<(String, usize)> = self
            .root
            .iter()
            .filter(|(key, _)| !self.known.contains(&key.get_ref().as_ref()))
            .map(|(key, _)| (key.get_ref().to_string(), key.span().start))
            .collect();
        for (key, offset) in unknown {
            let expected: Vec<String> = self.known.iter().map(|n| format!("`{n}`")).collect();
            let message = format!("unknown field `{key}`, expected one of {}", expected.join(", "));
            self.complain(&key, &message, offset);
        }
        self.problems
    }

    /// The line of a row (which starts at `line`) that holds `word`; the row's own when none does.
    pub fn line_in_row(&self, line: usize, word: &str) -> usize {
        let rows = self.text.lines().enumerate().skip(line);
        let mut own = rows.take_while(|(_, text)| !text.trim_start().starts_with("[["));
        own.find(|(_, text)| text.contains(word)).map_or(line, |(at, _)| at + 1)
    }

    /// The line of a row (which starts at `line`) that sets `key`; the row's own when none does.
    pub fn line_of_key(&self, line: usize, key: &str) -> usize {
        let sets = |text: &str| {
            let rest = text.trim_start().trim_start_matches(['[', '"', '\'']);
            let rest = rest.strip_prefix("action.").unwrap_or(rest);
            rest.strip_prefix(key)
                .is_some_and(|r| !r.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        };
        let rows = self.text.lines().enumerate().skip(line);
        let mut own = rows.take_while(|(_, text)| !text.trim_start().starts_with("[["));
        own.find(|(_, text)| sets(text)).map_or(line, |(at, _)| at + 1)
    }

    /// The first line of the table `name` (its header's) that holds `word`; the header's when none
    /// does, 0 when there is no such table.
    pub fn line_in_table(&self, name: &str, word: &str) -> usize {
        let Some(value) = self.root.get(name) else { return 0 };
        let head = line_of(self.text, value.span().start);
        let rows = self.text.lines().enumerate().skip(head.saturating_sub(1));
        let mut own = rows.take_while(|(at, text)| *at < head || !text.starts_with('['));
        own.find(|(_, text)| text.contains(word)).map_or(head, |(at, _)| at + 1)
    }

    /// The line of the key that `way` leads to from the top; of the last step that is there.
    pub fn line_at(&self, way: &[KeyStep<'_>]) -> usize {
        let mut line = 1;
        let mut place = KeyPlace::Table(&self.root);
        for step in way {
            let next = match (step, place) {
                (KeyStep::Key(name), KeyPlace::Table(table)) => table
                    .iter()
                    .find(|(key, _)| key.get_ref() == name)
                    .map(|(key, value)| (key.span().start, value)),
                (KeyStep::Row(index), KeyPlace::Value(DeValue::Array(rows))) => {
                    rows.get(*index).map(|row| (row.span().start, row))
                }
                (KeyStep::Key(name), KeyPlace::Value(DeValue::Table(table))) => table
                    .iter()
                    .find(|(key, _)| key.get_ref() == name)
                    .map(|(key, value)| (key.span().start, value)),
                _ => None,
            };
            let Some((start, value)) = next else { break };
            line = line_of(self.text, start);
            place = KeyPlace::Value(value.get_ref());
        }
        line
    }

    /// The place of the row of `name` that begins at `line` in the file.
    pub fn index_of(&self, name: &str, line: usize) -> usize {
        self.rows_of(name).position(|row| line_of(self.text, row.span().start) == line).unwrap_or(0)
    }

    /// The place of the last row of `name` whose `key` is `value`; none in this file, perhaps.
    pub fn index_with(&self, name: &str, (key, value): (&str, &str)) -> Option<usize> {
        let is = |row: &Spanned<DeValue<'_>>| {
            let found = row.get_ref().as_table()?.get(key)?;
            Some(match found.get_ref() {
                DeValue::String(text) => text == value,
                DeValue::Integer(number) => number.as_str() == value,
                _ => false,
            })
        };
        let rows: Vec<bool> = self.rows_of(name).map(|row| is(row).unwrap_or(false)).collect();
        rows.iter().rposition(|found| *found)
    }

    fn rows_of(&self, name: &str) -> impl Iterator<Item = &Spanned<DeValue<'t>>> {
        self.root.get(name).and_then(|v| v.get_ref().as_array()).into_iter().flatten()
    }

    /// Every text that stands under one of these keys anywhere, with its line.
    pub fn texts_under(&self, keys: &[&str]) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        for (key, value) in &self.root {
            texts(self.text, (key.get_ref(), value), keys, &mut found);
        }
        found
    }

    /// A problem found by a check of meaning.
    pub fn mean(&mut self, level: Level, line: usize, key: &str, message: String) {
        self.mean_with(level, line, (key, None), message);
    }

    /// The same with a hint.
    pub fn mean_with(
        &mut self,
        level: Level,
        line: usize,
        (key, hint): (&str, Option<String>),
        message: String,
    ) {
        let file = self.file.clone();
        self.problems.push(Problem { level, file, line, key: key.to_owned(), message, hint });
    }

    fn report(&mut self, key: &str, error: &toml::de::Error, fallback: usize) {
        let offset = error.span().map_or(fallback, |span| span.start);
        self.complain(key, error.message(), offset);
    }

    fn complain(&mut self, key: &str, message: &str, offset: usize) {
        self.problems.push(Problem {
            level: Level::Error,
            file: self.file.clone(),
            line: line_of(self.text, offset),
            key: key.to_owned(),
            message: message.trim().to_owned(),
            hint: suggestion(message),
        });
    }
}

/// Where a way through the file has come to.
#[derive(Clone, Copy)]
enum KeyPlace<'a, 't> {
    Table(&'a DeTable<'t>),
    Value(&'a DeValue<'t>),
}

fn texts(
    text: &str,
    (key, value): (&str, &Spanned<DeValue<'_>>),
    keys: &[&str],
    found: &mut Vec<(usize, String)>,
) {
    match value.get_ref() {
        DeValue::String(word) if keys.contains(&key) => {
            found.push((line_of(text, value.span().start), word.to_string()));
        }
        DeValue::Array(all) => all.iter().for_each(|one| texts(text, (key, one), keys, found)),
        DeValue::Table(table) => {
            table.iter().for_each(|(key, one)| texts(text, (key.get_ref(), one), keys, found));
        }
        _ => {}
    }
}

fn toml_value(value: Spanned<DeValue<'_>>) -> Result<toml::Value, toml::de::Error> {
    serde::Deserialize::deserialize(ValueDeserializer::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    struct ShopTable {
        name: String,
        cents: u32,
    }

    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    struct UrlRow {
        url: String,
        #[serde(default)]
        #[expect(dead_code, reason = "only its reading is tested")]
        every: u32,
        #[serde(default)]
        #[expect(dead_code, reason = "only its reading is tested")]
        part: Vec<ShopTable>,
    }

    #[test]
    fn a_row_tells_each_of_its_faults() {
        let text = "[[source]]\nurl = 3\nevery = \"x\"\nfoo = 1\n[[source.part]]\nname = 5\n\
                    cents = 1\n[[source.part]]\ncents = 2\nbar = 1\n[[source]]\nurl = \"y\"\n";
        let mut reader = ConfigReader::new("t.toml".into(), text);
        assert_eq!(reader.rows::<UrlRow>("source").len(), 1);
        let told: Vec<String> =
            reader.finish().iter().map(|p| format!("{} {}", p.line, p.message)).collect();
        let begins = ["2 invalid type", "3 invalid type", "4 unknown field `foo`"];
        for (told, begin) in told.iter().zip(begins) {
            assert!(told.starts_with(begin), "{told} for {begin}");
        }
        assert!(told.iter().any(|t| t.starts_with("6 invalid type")), "{told:?}");
        assert!(told.iter().any(|t| t.starts_with("10 unknown field `bar`")), "{told:?}");
        assert_eq!(told.len(), 5, "{told:#?}");
    }

    #[test]
    fn all_problems_are_found_with_their_lines() {
        let defaults: toml::Table =
            toml::from_str("[shop]\nname = \"demo\"\ncents = 5\n").expect("defaults");
        let text = "[shop]\nname = 3\ncent = 4\ncents = 7\n[[source]]\nulr = \"x\"\n[[source]]\n\
                    url = \"y\"\n[sorce]\n";
        let mut reader = ConfigReader::new("t.toml".into(), text);
        let shop: Option<ShopTable> = reader.table("shop", &defaults);
        let shop = shop.expect("the good keys hold over the defaults");
        assert_eq!((shop.name.as_str(), shop.cents), ("demo", 7));
        let rows: Vec<(usize, UrlRow)> = reader.rows("source");
        assert_eq!((rows.len(), rows[0].0, rows[0].1.url.as_str()), (1, 7, "y"));
        let problems = reader.finish();
        let places: Vec<(usize, &str)> =
            problems.iter().map(|p| (p.line, p.key.as_str())).collect();
        assert_eq!(places, [(2, "shop.name"), (3, "shop.cent"), (6, "source[1]"), (9, "sorce")]);
        assert_eq!(problems[2].hint.as_deref(), Some("did you mean `url`?"));
    }
}
