//! Reads Rust source just well enough for the tidy checks: code without comments and literals,
//! which lines are test code, where functions begin and end. No syntax tree, no macros.

use std::path::{Path, PathBuf};

/// One source file, prepared for checks. All line vectors have the same length.
pub struct Source {
    /// Relative to the repository, with forward slashes.
    pub path: String,
    pub raw: Vec<String>,
    /// The lines with comments and the insides of strings and characters blanked out.
    pub code: Vec<String>,
    /// The line belongs to a `#[cfg(test)]` or `#[test]` item, or the whole file is a test file.
    pub is_test: Vec<bool>,
}

/// A function: its first line (0-based), name, and lines of code between its braces.
pub struct Function {
    pub line: usize,
    pub name: String,
    pub code_lines: usize,
}

impl Source {
    pub fn parse(path: &str, text: &str) -> Self {
        let raw: Vec<String> = text.lines().map(str::to_owned).collect();
        let code: Vec<String> = blank(text).lines().map(str::to_owned).collect();
        let whole = path.starts_with("tests/") || path.ends_with("/tests.rs");
        let is_test = if whole || path.contains("/tests/") {
            vec![true; raw.len()]
        } else {
            mark_tests(&code)
        };
        Self { path: path.to_owned(), raw, code, is_test }
    }

    /// The room under `src/`: `src/detect/blame.rs` and `src/detect.rs` are both `detect`.
    pub fn room(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("src/")?;
        let name = inside.split('/').next()?;
        Some(name.strip_suffix(".rs").unwrap_or(name))
    }

    /// Lines of code outside tests: number from 1, text.
    pub fn product_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.code.iter().zip(&self.is_test).enumerate();
        lines.filter(|(_, (_, test))| !**test).map(|(n, (line, _))| (n + 1, line.as_str()))
    }

    pub fn functions(&self) -> Vec<Function> {
        let starts = self.code.iter().enumerate();
        starts
            .filter_map(|(n, line)| function_name(line).and_then(|f| self.measure(n, f)))
            .collect()
    }

    fn measure(&self, line: usize, name: &str) -> Option<Function> {
        let (first, last) = braces(&self.code, line)?;
        let inner = self.code.get(first + 1..last).unwrap_or_default();
        let code_lines = inner.iter().filter(|l| !l.trim().is_empty()).count();
        Some(Function { line, name: name.to_owned(), code_lines })
    }
}

/// Every `.rs` file below the given folders of the repository.
pub fn sources(folders: &[&str]) -> Vec<Source> {
    let files = files(folders).into_iter().filter(|p| p.extension().is_some_and(|e| e == "rs"));
    let parse = |p: PathBuf| Source::parse(&relative(&p), &std::fs::read_to_string(&p).unwrap());
    let mut all: Vec<Source> = files.map(parse).collect();
    let tests: Vec<String> = all.iter().flat_map(test_modules).collect();
    for source in all.iter_mut().filter(|s| tests.contains(&s.path)) {
        source.is_test.fill(true);
    }
    all
}

/// Files that exist for tests only: `#[cfg(test)] mod fixture;` in their parent.
fn test_modules(parent: &Source) -> Vec<String> {
    let folder = parent.path.strip_suffix(".rs").unwrap_or(&parent.path);
    let marked = parent.code.iter().zip(parent.code.iter().skip(1));
    let modules = marked.filter(|(mark, _)| mark.trim() == "#[cfg(test)]");
    let named = modules.filter_map(|(_, line)| line.trim().split("mod ").nth(1));
    named.filter_map(|m| m.strip_suffix(';')).map(|m| format!("{folder}/{m}.rs")).collect()
}

/// Every file below the given folders (or the files themselves), sorted.
pub fn files(starts: &[&str]) -> Vec<PathBuf> {
    let mut todo: Vec<PathBuf> = starts.iter().map(|s| root().join(s)).collect();
    let mut found = Vec::new();
    while let Some(path) = todo.pop() {
        if path.file_name().is_some_and(|n| n == "target" || n == ".git") {
            continue;
        }
        if path.is_dir() {
            todo.extend(std::fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()));
        } else if path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    found
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

fn function_name(line: &str) -> Option<&str> {
    let mut words = line.trim_start();
    for word in ["pub", "const", "async", "unsafe"] {
        if let Some(rest) = words.strip_prefix(word) {
            words = rest.strip_prefix(' ').or_else(|| rest.split_once(") ").map(|r| r.1))?;
        }
    }
    let name = words.strip_prefix("fn ")?;
    name.split(|c: char| !c.is_alphanumeric() && c != '_').next()
}

/// The lines of the item's opening and closing brace; none for `fn f();`.
fn braces(code: &[String], line: usize) -> Option<(usize, usize)> {
    let (mut depth, mut round, mut open) = (0_i32, 0_i32, None);
    for (n, text) in code.iter().enumerate().skip(line) {
        for c in text.chars() {
            match c {
                '(' | '[' => round += 1,
                ')' | ']' => round -= 1,
                ';' if open.is_none() && round == 0 => return None,
                '{' => {
                    open = open.or(Some(n));
                    depth += 1;
                }
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 0 && c == '}' {
                return open.map(|first| (first, n));
            }
        }
    }
    None
}

fn mark_tests(code: &[String]) -> Vec<bool> {
    let mut marks = vec![false; code.len()];
    for (n, line) in code.iter().enumerate() {
        let line = line.trim();
        if line.starts_with("#[cfg(test)]") || line.starts_with("#[test]") {
            let last = braces(code, n + 1).map_or(n + 1, |(_, last)| last);
            marks.iter_mut().take(last + 1).skip(n).for_each(|m| *m = true);
        }
    }
    marks
}

/// Blanks comments and the insides of literals, keeping every newline.
fn blank(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let (mut out, mut i) = (String::with_capacity(text.len()), 0);
    let keep = |out: &mut String, c: char| out.push(if c == '\n' { '\n' } else { ' ' });
    while i < chars.len() {
        let c = at(i);
        let end = match c {
            '/' if at(i + 1) == '/' => until(&chars, i, |j| at(j) == '\n'),
            '/' if at(i + 1) == '*' => block_comment(&chars, i),
            '"' => string_end(&chars, i + 1),
            'r' | 'b' if !word(at(i.wrapping_sub(1))) => raw_end(&chars, i).unwrap_or(i),
            '\'' if at(i + 1) == '\\' || at(i + 2) == '\'' => {
                until(&chars, i + 2 + usize::from(at(i + 1) == '\\'), |j| at(j) == '\'') + 1
            }
            _ => i,
        };
        if end == i {
            out.push(c);
            i += 1;
            continue;
        }
        let quoted = c != '/';
        for j in i..end {
            let edge = quoted && (j == i || j + 1 == end);
            if edge { out.push('"') } else { keep(&mut out, at(j)) }
        }
        i = end;
    }
    out
}

fn word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn until(chars: &[char], from: usize, stop: impl Fn(usize) -> bool) -> usize {
    (from..chars.len()).find(|j| stop(*j)).unwrap_or(chars.len())
}

fn block_comment(chars: &[char], from: usize) -> usize {
    let (mut depth, mut i) = (0, from);
    while i + 1 < chars.len() {
        match (chars[i], chars[i + 1]) {
            ('/', '*') => (depth, i) = (depth + 1, i + 1),
            ('*', '/') => (depth, i) = (depth - 1, i + 1),
            _ => {}
        }
        i += 1;
        if depth == 0 {
            return i;
        }
    }
    chars.len()
}

fn string_end(chars: &[char], from: usize) -> usize {
    let mut i = from;
    while i < chars.len() && chars[i] != '"' {
        i += if chars[i] == '\\' { 2 } else { 1 };
    }
    (i + 1).min(chars.len())
}

/// The end of `r"..."`, `r#"..."#`, `b"..."`, `br"..."`; none when this is no such literal.
fn raw_end(chars: &[char], from: usize) -> Option<usize> {
    let mut i = from;
    let byte = chars.get(i) == Some(&'b');
    i += usize::from(byte);
    let raw = chars.get(i) == Some(&'r');
    i += usize::from(raw);
    let open = i;
    while raw && chars.get(i) == Some(&'#') {
        i += 1;
    }
    let hashes = i - open;
    if chars.get(i) != Some(&'"') {
        return None;
    }
    if !raw {
        return Some(string_end(chars, i + 1));
    }
    let closes = |j: usize| chars[j] == '"' && (1..=hashes).all(|k| chars.get(j + k) == Some(&'#'));
    Some((until(chars, i + 1, closes) + 1 + hashes).min(chars.len()))
}

#[test]
fn comments_and_literals_are_blanked_and_lines_stay() {
    let text =
        "let a = \"x // \\\" {\"; // b {\n/* c\n{ */ let d = r#\"{\"#; let e = '{'; 'f: loop {}\n";
    let code = blank(text);
    assert_eq!(code.lines().count(), text.lines().count());
    assert_eq!(code.matches('{').count(), 1, "{code}");
    assert!(code.contains("'f: loop"), "{code}");
}

#[test]
fn functions_and_test_code_are_found() {
    let text = "pub(crate) const fn a() {\n    one();\n\n    // note\n    two();\n}\n\
                trait T {\n    fn none(&self, x: [u8; 2]);\n}\n\
                #[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n";
    let source = Source::parse("src/room/file.rs", text);
    let found: Vec<(String, usize)> =
        source.functions().into_iter().map(|f| (f.name, f.code_lines)).collect();
    assert_eq!(found, [("a".to_owned(), 2), ("b".to_owned(), 0), ("c".to_owned(), 0)]);
    let product: Vec<usize> = source.product_lines().map(|(n, _)| n).collect();
    assert_eq!(product, [1, 2, 3, 4, 5, 6, 7, 8, 9, 14]);
    assert_eq!(source.room(), Some("room"));
}
