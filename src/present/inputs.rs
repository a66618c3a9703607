//! A verdict unfolded to its inputs: value, n, interval, usual value, test with its line, controls
//! compared, releases considered, where the numbers come from. What is not known says so.

use crate::board::{IncidentView, SourceView};
use crate::desk::fit;
use crate::desk::inputs::Subject;
use crate::desk::state::Desk;
use crate::domain::metric::Metric;
use crate::domain::segment::Scope;
use crate::domain::text::{ScreenText, screen_text};
use crate::incident::words::suspect as suspect_words;
use crate::verdict::{Basis, Cell, Finding, Impact};

use super::bars::source_word;
use super::clocks;
use super::field::label;
use super::role::Role;
use super::screen::{DialogView, Line};
use super::words;

/// Impacts and releases shown; the pages have the rest.
const MOST: usize = 4;

pub fn view(desk: &Desk, of: &Subject, scroll: usize) -> DialogView {
    let page = InputPage { room: fit::text_width(desk.size), lines: vec![] };
    let (title, lines) = match of {
        Subject::Finding { .. } => match of.finding(&desk.board) {
            Some((x, f, at)) => {
                let n = x.findings.len();
                let title = format!("{} finding {} of {n} (tab: next)", x.id, at + 1);
                (title, page.finding(desk, of, x, f))
            }
            None => ("Inputs".to_owned(), page.gone()),
        },
        Subject::Cell { .. } => match of.find_cell(&desk.board) {
            Some(cell) => ("Inputs of a cell".to_owned(), page.cell(desk, cell)),
            None => ("Inputs".to_owned(), page.gone()),
        },
    };
    DialogView {
        title: screen_text(&format!("{title}; esc closes")),
        role: Role::Focus,
        width: desk.size.w.min(fit::WIDTH),
        lines,
        scroll,
        whole: false,
        scrolls: true,
    }
}

/// Lines under construction, wrapped to the dialog.
struct InputPage {
    room: usize,
    lines: Vec<Line>,
}

impl InputPage {
    fn gone(mut self) -> Vec<Line> {
        self.say("", Role::Warning, "It is not on the board any more.");
        self.lines
    }

    /// A labelled text over as many lines as it takes.
    fn say(&mut self, head: &'static str, role: Role, text: &str) {
        self.put(head, role, &screen_text(text));
    }

    fn put(&mut self, head: &'static str, role: Role, text: &ScreenText) {
        let parts = fit::wrap(text, self.room).into_iter().enumerate();
        self.lines
            .extend(parts.map(|(i, part)| label(if i == 0 { head } else { "" }).and(role, part)));
    }

    fn line(&mut self, head: &'static str, line: Line) {
        self.lines.push(label(head).and_line(line));
    }

    fn finding(mut self, desk: &Desk, of: &Subject, x: &IncidentView, f: &Finding) -> Vec<Line> {
        let name = format!("{} on {} ({})", f.guardrail, f.metric.row().label, f.stat);
        self.line("Verdict", clocks::verdict_line(f.verdict).say(Role::Text, " "));
        self.say("Rule", Role::Text, &name);
        self.guardrail(desk, f.guardrail.as_str());
        self.say("Where", Role::Text, &f.segment.to_string());
        self.say("Says", Role::Title, &f.text);
        if f.now.is_some() {
            let was = Line::of(Role::Text, words::value(f.value, &f.unit));
            let n = words::made(format!("{} samples", words::count(f.n)));
            self.line("Was", was.say(Role::Muted, " over ").and(Role::Text, n));
        }
        let cell = of.find_cell(&desk.board);
        let (value, n) = match (f.now, cell) {
            (Some(_), Some(cell)) => (f.now, cell.n),
            (Some(_), None) | (None, _) => (f.now.or(f.value), f.n),
        };
        let shown = cell.filter(|c| c.value == value);
        self.numbers((value, f.baseline, n), &f.unit, shown);
        self.basis(f.basis);
        self.say("Test", Role::Text, &f.test);
        self.controls(desk, x, f.metric, &f.segment);
        self.releases(x);
        self.sources(desk, f.metric);
        self.lines
    }

    fn cell(mut self, desk: &Desk, cell: &Cell) -> Vec<Line> {
        let scope = Scope::of(&cell.segment);
        self.line("Verdict", clocks::verdict_line(cell.verdict));
        self.say("Metric", Role::Text, &format!("{} ({})", cell.metric.row().label, cell.stat));
        self.say("Where", Role::Text, &scope.to_string());
        self.numbers((cell.value, cell.baseline, cell.n), &cell.unit, Some(cell));
        self.doubts(cell);
        self.basis(cell.basis);
        let about = |f: &&Finding| f.metric == cell.metric && f.segment.overlaps(&scope);
        let open = desk.board.incidents.iter().filter(|x| x.state.is_open());
        for (x, f) in open.flat_map(|x| x.findings.iter().filter(about).map(move |f| (x, f))) {
            self.say("Test", Role::Text, &format!("{}, on {} ({})", f.test, f.segment, x.id));
        }
        let open = desk.board.incidents.iter().filter(|x| x.state.is_open());
        let here: Vec<(&IncidentView, &Finding)> =
            open.flat_map(|x| x.findings.iter().filter(about).map(move |f| (x, f))).collect();
        for (_, f) in here.iter().take(2) {
            self.say("Rule", Role::Muted, &format!("{}: {}", f.guardrail, f.text));
        }
        let none = nothing_compared(here.iter().map(|(x, _)| *x));
        self.impacts(desk, cell.metric, |i| i.segment == cell.segment, &none);
        self.sources(desk, cell.metric);
        self.lines
    }

    /// Harm that is over and still in the window, and what its records are marked with.
    fn doubts(&mut self, cell: &Cell) {
        if cell.holds_bad {
            self.say(
                "Holds",
                Role::Unsure,
                "minutes of harm that is over; it will leave the window",
            );
        }
        let names = cell.quality.names();
        if !names.is_empty() {
            self.say("Doubts", Role::Unsure, &names.join(", ").replace('_', " "));
        }
    }

    fn guardrail(&mut self, desk: &Desk, name: &str) {
        let row = desk.board.guardrails.iter().find(|g| g.guardrail.as_str() == name);
        if let Some(row) = row.filter(|r| !r.detail.is_empty()) {
            self.say("", Role::Muted, &format!("{}; owner {}", row.detail, row.owner));
        }
    }

    /// Value, usual value, n, and the interval of the cell where there is one.
    fn numbers(
        &mut self,
        (value, usual, n): (Option<f64>, Option<f64>, f64),
        unit: &str,
        cell: Option<&Cell>,
    ) {
        let mut now = Line::of(Role::Title, words::value(value, unit));
        if let Some(range) = cell.and_then(|c| c.interval) {
            let (low, high) =
                (words::value(Some(range.low), unit), words::value(Some(range.high), unit));
            now = now.say(Role::Muted, " (95 % between ").and(Role::Text, low);
            now = now.say(Role::Muted, " and ").and(Role::Text, high).say(Role::Muted, ")");
        }
        let change = words::change(usual, value);
        self.line("Now", now.say(Role::Muted, ", change ").and(Role::Text, change));
        let usual = match usual {
            Some(_) => Line::of(Role::Text, words::value(usual, unit))
                .say(Role::Muted, " at this hour of the day"),
            None => Line::fixed(Role::Unsure, "no baseline yet"),
        };
        self.line("Usual", usual);
        let samples = words::made(format!("{} samples", words::count(n)));
        let minutes = cell.map(|c| c.minutes).filter(|m| *m > 0.0);
        let window = minutes.map(|m| words::made(format!(" in the last {m:.0} min")));
        let line = Line::of(Role::Text, samples);
        self.line("N", window.map_or(line.clone(), |w| line.and(Role::Muted, w)));
    }

    /// What the usual value was learnt from.
    fn basis(&mut self, basis: Option<Basis>) {
        let Some(basis) = basis else { return };
        let samples = words::count(basis.samples);
        let text = if basis.days > 0.0 {
            format!("from {:.1} days of history, {samples} samples in them", basis.days)
        } else {
            format!("from the live minutes since the start, {samples} samples")
        };
        self.say("Learnt", Role::Muted, &text);
    }

    /// The suspect's before and after on this metric beside what was not touched.
    fn controls(&mut self, desk: &Desk, x: &IncidentView, metric: Metric, place: &Scope) {
        let suspect = x.suspect.release.as_ref();
        let fits =
            |i: &Impact| Some(&i.release) == suspect && place.overlaps(&Scope::of(&i.segment));
        self.impacts(desk, metric, fits, &nothing_compared(std::iter::once(x)));
    }

    fn impacts(
        &mut self,
        desk: &Desk,
        metric: Metric,
        about: impl Fn(&Impact) -> bool,
        none: &str,
    ) {
        let unit = metric.row().unit;
        let fits = |i: &&Impact| i.metric == metric && about(i);
        let mut all: Vec<&Impact> = desk.board.impacts.iter().filter(fits).collect();
        all.sort_by_key(|i| std::cmp::Reverse(i.verdict));
        let rows: Vec<String> = all
            .into_iter()
            .take(MOST)
            .map(|i| {
                let control = i.control.map_or_else(
                    || "nothing untouched to compare with".to_owned(),
                    |ratio| format!("untouched x{ratio:.2}"),
                );
                let (before, after) = (words::value(i.before, unit), words::value(i.after, unit));
                let (n, m) = (words::count(i.n_before), words::count(i.n_after));
                let (before, after) = (before.as_str(), after.as_str());
                let (release, place) = (&i.release, &i.segment);
                format!("{release} in {place}: {before} (n {n}) -> {after} (n {m}), {control}")
            })
            .collect();
        self.each("Controls", &rows, none);
    }

    /// Every release that was considered, with the reason it was kept or cleared.
    fn releases(&mut self, x: &IncidentView) {
        let s = &x.suspect;
        let head = match &s.release {
            Some(id) => format!("{id}: {} confidence", clocks::confidence_word(s.confidence)),
            None => suspect_words(s),
        };
        self.say("Suspect", Role::Text, &head);
        for (mark, role, all) in [("+ ", Role::Warning, &s.reasons), ("- ", Role::Ok, &s.against)] {
            for text in all {
                self.say("", role, &format!("{mark}{text}"));
            }
        }
        let rows: Vec<String> =
            s.considered.iter().take(MOST).map(|c| format!("{}: {}", c.release, c.why)).collect();
        self.each("Considered", &rows, "no other change in the time before onset");
    }

    fn each(&mut self, head: &'static str, rows: &[String], none: &str) {
        if rows.is_empty() {
            self.say(head, Role::Muted, none);
        }
        for (i, row) in rows.iter().enumerate() {
            self.say(if i == 0 { head } else { "" }, Role::Text, row);
        }
    }

    /// Where the numbers come from, with the address to look further.
    fn sources(&mut self, desk: &Desk, metric: Metric) {
        let told = |s: &&SourceView| parts(metric).iter().any(|m| s.metrics.contains(m));
        let mut any = false;
        for source in desk.board.sources.iter().filter(told) {
            let (state, role) = source_word(source);
            let age = source.last_ok_at.map(|at| words::slow_age(at, desk.now));
            let age = age.as_ref().map_or("never", ScreenText::as_str);
            let (name, kind, url) = (&source.name, &source.kind, &source.url);
            let text = format!("{name} ({kind}) {state}, last good {age} ago; {url}");
            let role = if role == Role::Ok { Role::Link } else { role };
            self.say(if any { "" } else { "Source" }, role, &text);
            any = true;
        }
        if !any {
            self.say("Source", Role::Muted, "not told by the board");
        }
    }
}

/// What stands where no before and after was measured: it never says that no release was there
/// while one is suspected of this.
fn nothing_compared<'a>(mut of: impl Iterator<Item = &'a IncidentView>) -> String {
    let suspect = of.find_map(|x| {
        let first = x.suspect.candidates.first().map(|c| &c.release);
        x.suspect.release.as_ref().or(first.filter(|_| x.suspect.is_tie()))
    });
    suspect.map_or_else(
        || "no release touched this, so nothing was compared".to_owned(),
        |id| format!("{id} is suspected; its before and after cannot be told here"),
    )
}

/// The metric itself, and the counts a derived one is made of.
fn parts(metric: Metric) -> Vec<Metric> {
    let made_of: &[Metric] = match metric {
        Metric::OrderValue => &[Metric::Revenue, Metric::Orders],
        Metric::ConversionRate | Metric::OrdersPerVisit => &[Metric::Orders, Metric::Sessions],
        Metric::AddToCartRate => &[Metric::AddToCart, Metric::Sessions],
        Metric::CheckoutRate => &[Metric::CheckoutStart, Metric::AddToCart],
        Metric::PaymentRate => &[Metric::PaymentTry, Metric::CheckoutStart],
        Metric::OrderRate => &[Metric::Orders, Metric::PaymentTry],
        _ => &[],
    };
    std::iter::once(metric).chain(made_of.iter().copied()).collect()
}
