//! Which files of a room import each other in a circle. Follows every path of the product's code
//! and of its `use` trees; a name that a file only re-exports is charged to the file it comes from.
//! Macros, methods and types that are never named are not seen.

use std::collections::{BTreeMap, BTreeSet};

use crate::rust_text::Source;

/// A file as its place among the modules: `src/desk/update.rs` is `desk`, `update`.
type Place = Vec<String>;

/// Rooms that still have circles: how many files lie in one at most, and why.
const STILL: [(&str, usize, &str); 0] = [];

/// What one file names.
#[derive(Default)]
struct Names {
    /// Names that a `use` brings in, with the path they stand for.
    uses: Vec<(bool, String, Place)>,
    paths: Vec<Place>,
}

impl Names {
    fn of(code: &str) -> Self {
        let tokens = tokens(code);
        let (mut names, mut i, mut public) = (Self::default(), 0, false);
        while let Some(token) = tokens.get(i) {
            let next = tokens.get(i + 1).copied();
            match *token {
                // `pub(in crate::room)` says who sees it and imports nothing
                "pub" if next == Some("(") => {
                    i += tokens[i..].iter().position(|t| *t == ")").unwrap_or(0);
                    public = true;
                }
                "pub" => public = true,
                "use" if next != Some("<") => {
                    i = names.tree(&tokens, i + 1, public);
                    public = false;
                }
                word if is_word(word) => {
                    i = names.path(&tokens, i);
                    public = false;
                }
                _ => public = false,
            }
            i += 1;
        }
        names
    }

    /// Reads `use ...;` whose tree begins at `start`; the place of its semicolon.
    fn tree(&mut self, tokens: &[&str], start: usize, public: bool) -> usize {
        let length = tokens[start..].iter().position(|t| *t == ";");
        let end = length.map_or(tokens.len(), |n| start + n);
        let mut found = Vec::new();
        branch(&tokens[start..end], &[], &mut found);
        self.uses.extend(found.into_iter().map(|(name, path)| (public, name, path)));
        end
    }

    /// Reads `a::b::c` that begins at `i`; the place of its last word.
    fn path(&mut self, tokens: &[&str], mut i: usize) -> usize {
        let mut path = vec![tokens[i].to_owned()];
        while tokens.get(i + 1) == Some(&"::") && tokens.get(i + 2).is_some_and(|t| is_word(t)) {
            i += 2;
            path.push(tokens[i].to_owned());
        }
        if path.len() > 1 {
            self.paths.push(path);
        }
        i
    }
}

/// The leaves of a `use` tree: name and path.
fn branch(tokens: &[&str], head: &[String], found: &mut Vec<(String, Place)>) {
    let Some(open) = tokens.iter().position(|t| *t == "{") else {
        let path = tokens.split(|t| *t == "as").next().unwrap_or_default();
        let words = path.iter().filter(|t| is_word(t) || **t == "*").map(|t| (*t).to_owned());
        let mut path: Place = head.iter().cloned().chain(words).collect();
        path.pop_if(|last| last == "self" && !head.is_empty());
        let name = if tokens.contains(&"as") {
            tokens.last().map(|t| (*t).to_owned())
        } else {
            path.last().cloned()
        };
        found.extend(name.map(|name| (name, path)));
        return;
    };
    let words = tokens[..open].iter().filter(|t| is_word(t)).map(|t| (*t).to_owned());
    let head: Place = head.iter().cloned().chain(words).collect();
    let (mut depth, mut from) = (0_i32, open + 1);
    for (at, token) in tokens.iter().enumerate().skip(open) {
        depth += i32::from(*token == "{") - i32::from(*token == "}");
        let ends = (depth == 1 && *token == ",") || depth == 0;
        if ends && from < at {
            branch(&tokens[from..at], &head, found);
        }
        if ends {
            from = at + 1;
        }
        if depth == 0 {
            return;
        }
    }
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Words, `::`, and every other character by itself.
fn tokens(code: &str) -> Vec<&str> {
    let (mut found, mut rest) = (Vec::new(), code.trim_start());
    while let Some(first) = rest.chars().next() {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let length = match first {
            _ if word(first) => rest.find(|c| !word(c)).unwrap_or(rest.len()),
            _ if rest.starts_with("::") => 2,
            _ => first.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        found.push(token);
        rest = after.trim_start();
    }
    found
}

/// All files of the product with what they name.
struct Tree(BTreeMap<Place, Names>);

impl Tree {
    fn of(sources: &[Source]) -> Self {
        let place = |s: &Source| -> Option<Place> {
            let inside = s.path.strip_prefix("src/")?.strip_suffix(".rs")?;
            Some(inside.split('/').map(str::to_owned).collect())
        };
        let tests: BTreeSet<Place> = sources
            .iter()
            .filter(|s| s.is_test.iter().all(|t| *t) && !s.is_test.is_empty())
            .filter_map(place)
            .collect();
        let under_test = |p: &Place| (1..=p.len()).any(|n| tests.contains(&p[..n]));
        let files = sources.iter().filter_map(|s| Some((place(s)?, s)));
        let files = files.filter(|(p, _)| !under_test(p) && *p != ["lib"] && *p != ["main"]);
        let read = |s: &Source| {
            let code: Vec<&str> = s.product_lines().map(|(_, line)| line).collect();
            Names::of(&code.join("\n"))
        };
        Self(files.map(|(p, s)| (p, read(s))).collect())
    }

    /// The file that a path leads to from `from`; none where it leaves the crate.
    fn resolve(
        &self,
        from: &Place,
        path: &[String],
        seen: &mut Vec<(Place, String)>,
    ) -> Option<Place> {
        let (mut at, mut rest) = match path.first()?.as_str() {
            "crate" => (vec![], &path[1..]),
            "self" => (from.clone(), &path[1..]),
            "super" => {
                let ups = path.iter().take_while(|s| *s == "super").count();
                (from[..from.len().saturating_sub(ups)].to_vec(), &path[ups..])
            }
            child if self.child(from, child).is_some() => (from.clone(), path),
            _ => return None,
        };
        while let Some(next) = rest.first().and_then(|name| self.child(&at, name)) {
            (at, rest) = (next, &rest[1..]);
        }
        if let Some(name) = rest.first()
            && let Some(names) = self.0.get(&at)
            && let Some((_, _, real)) =
                names.uses.iter().find(|(public, n, _)| *public && n == name)
            && !seen.contains(&(at.clone(), name.clone()))
        {
            seen.push((at.clone(), name.clone()));
            let real: Place = real.iter().chain(&rest[1..]).cloned().collect();
            if let Some(found) = self.resolve(&at, &real, seen) {
                return Some(found);
            }
        }
        self.0.contains_key(&at).then_some(at)
    }

    fn child(&self, of: &Place, name: &str) -> Option<Place> {
        let place: Place = of.iter().cloned().chain([name.to_owned()]).collect();
        let nearest = self.0.range(place.clone()..).next();
        nearest.is_some_and(|(found, _)| found.starts_with(&place)).then_some(place)
    }

    /// The files of the same room that a file names.
    fn arrows(&self, from: &Place, names: &Names) -> BTreeSet<Place> {
        let mut found = BTreeSet::new();
        let mut add = |path: &[String]| {
            let to = self.resolve(from, path, &mut Vec::new());
            found.extend(to.filter(|to| to != from && to[0] == from[0]));
        };
        for (public, _, path) in &names.uses {
            if !public {
                add(path);
            }
        }
        for path in &names.paths {
            let own = matches!(path[0].as_str(), "crate" | "self" | "super")
                || self.child(from, &path[0]).is_some();
            let brought = names.uses.iter().find(|(_, name, _)| *name == path[0]);
            match brought.filter(|_| !own) {
                None => add(path),
                Some((_, _, real)) => {
                    let whole: Place = real.iter().chain(&path[1..]).cloned().collect();
                    add(&whole);
                }
            }
        }
        found
    }
}

/// Files of one room that lead to each other, each circle once.
pub fn circles(sources: &[Source]) -> Vec<Vec<String>> {
    let tree = Tree::of(sources);
    let arrows: BTreeMap<&Place, BTreeSet<Place>> =
        tree.0.iter().map(|(place, names)| (place, tree.arrows(place, names))).collect();
    let reached: BTreeMap<&Place, BTreeSet<&Place>> =
        arrows.keys().map(|place| (*place, reach(&arrows, place))).collect();
    let mut circles: BTreeSet<Vec<String>> = BTreeSet::new();
    for (place, far) in &reached {
        let back = far.iter().filter(|to| reached.get(*to).is_some_and(|r| r.contains(place)));
        let circle: Vec<String> = back.map(|p| format!("src/{}.rs", p.join("/"))).collect();
        if circle.len() > 1 {
            circles.insert(circle);
        }
    }
    circles.into_iter().collect()
}

/// Every file that can be come to from `start`, itself only where a way leads back.
fn reach<'a>(
    arrows: &'a BTreeMap<&'a Place, BTreeSet<Place>>,
    start: &Place,
) -> BTreeSet<&'a Place> {
    let (mut found, mut todo) = (BTreeSet::new(), vec![start]);
    while let Some(at) = todo.pop() {
        for to in arrows.get(at).into_iter().flatten() {
            if found.insert(to) {
                todo.push(to);
            }
        }
    }
    found
}

/// Circles beyond those that are known; a known one that is gone must leave the list.
pub fn offenders(sources: &[Source]) -> Vec<String> {
    let circles = circles(sources);
    let room = |circle: &[String]| {
        let name = circle.first().and_then(|p| p.strip_prefix("src/")?.split(['/', '.']).next());
        name.unwrap_or_default().to_owned()
    };
    let size =
        |name: &str| -> usize { circles.iter().filter(|c| room(c) == name).map(Vec::len).sum() };
    let known = |name: &str| STILL.iter().find(|(n, _, _)| *n == name);
    let new = circles.iter().filter(|c| {
        let name = room(c);
        known(&name).is_none_or(|(_, most, _)| size(&name) > *most)
    });
    let mut found: Vec<String> = new.map(|c| c.join(", ")).collect();
    found.extend(STILL.iter().filter(|(name, _, _)| size(name) == 0).map(|(name, _, reason)| {
        format!("{name} has no circle any more: take it off the list ({reason})")
    }));
    found
}
