//! Lists for people: keys, themes, the starter config, and a board as lines of text.
//! Words come from the tables they describe; nothing is written twice.

use crate::board::aged::aged;
use crate::board::standing::{self, Standing, Trust};
use crate::board::{Board, IncidentView, SourceView};
use crate::config::{EXAMPLE, schema};
use crate::domain::money::MoneyRange;
use crate::incident::words;
use crate::present::keys::{markdown, plain};
use crate::present::standing::{lines as standing_lines, sentence};
use crate::present::trouble;
use crate::render::theme;

use super::app;
use super::args::{Global, KeysArgs, KeysFormat, SchemaArgs};
use super::exit::Exit;
use super::out;

pub fn init() -> Exit {
    out::document(EXAMPLE);
    Exit::Ok
}

pub fn keys(global: &Global, args: &KeysArgs) -> Exit {
    let config = match app::config(global) {
        Ok(found) => found.config(),
        Err(exit) => return exit,
    };
    match app::keymap(&config) {
        Ok(keymap) => {
            match args.format {
                KeysFormat::Text => out::lines(plain(&keymap).lines()),
                KeysFormat::Markdown => out::document(&markdown(&keymap)),
            }
            Exit::Ok
        }
        Err(exit) => exit,
    }
}

pub fn schema(args: &SchemaArgs) -> Exit {
    match args.format {
        KeysFormat::Text => out::lines(schema::plain()),
        KeysFormat::Markdown => out::document(&schema::markdown()),
    }
    Exit::Ok
}

pub fn themes(_global: &Global) -> Exit {
    let width = theme::themes().iter().map(|t| t.name.len()).max().unwrap_or(0);
    out::lines(theme::themes().iter().map(|t| {
        format!("{:width$}  {:5}  {}", t.name, if t.light { "light" } else { "dark" }, t.about)
    }));
    Exit::Ok
}

/// The board as lines: how it stands and what stands on every page, then incidents worst first,
/// then sources.
pub fn board(board: &Board, trust: Trust) -> Vec<String> {
    let asks = |i: &&IncidentView| i.state.is_open() || standing::fires_on(i);
    let open: Vec<&IncidentView> = board.incidents.iter().filter(asks).collect();
    let stands = Standing::of(board, trust);
    let mut lines = vec![sentence(board, stands, trust)];
    lines.extend(standing_lines(board, stands).into_iter().map(|n| format!("! {n}")));
    lines.push(format!(
        "{}  {}  {} open",
        if board.site.is_empty() { "shop" } else { &board.site },
        board.generated_at,
        open.iter().filter(|i| i.state.is_open()).count()
    ));
    lines.extend(open.iter().flat_map(|i| {
        let trouble = trouble::of(i, board.generated_at, board.speed);
        let all = trouble.into_iter().chain(trouble::page(i));
        let lines: Vec<String> = all.map(|t| format!("    ! {}", t.words())).collect();
        incident(i).into_iter().chain(lines)
    }));
    lines.extend(aged(board, trust).sources.iter().map(source));
    lines
}

fn incident(i: &IncidentView) -> Vec<String> {
    let scopes: Vec<String> = i.segments.iter().map(ToString::to_string).collect();
    let suspect = i.suspect.release.as_ref().map_or_else(
        || words::suspect(&i.suspect),
        |r| format!("suspect {r} ({})", i.suspect.confidence.name()).to_lowercase(),
    );
    vec![
        format!("{}  {}  {}{}  {}", i.severity, i.id, i.state.name(), kept(i), i.headline),
        format!(
            "    {}; {}; owner {}; {}",
            scopes.join(" and "),
            i.revenue_at_risk.as_ref().map_or("money unknown".into(), |m| money(m, i)),
            i.owner.as_deref().unwrap_or("nobody"),
            suspect
        ),
    ]
}

/// Said of what no journal has yet.
const fn kept(i: &IncidentView) -> &'static str {
    if i.stored { "" } else { "  NOT STORED" }
}

fn money(range: &MoneyRange, i: &IncidentView) -> String {
    let currency = &range.currency;
    let now = format!("{:.0}-{:.0} {currency}/min at risk", range.low, range.high);
    let was = i.burned_per_minute.map(|w| format!(" now, was {:.0}-{:.0}", w.low, w.high));
    let lost = i.lost.map(|l| format!(", lost {:.0}-{:.0} {currency}", l.low, l.high));
    format!("{now}{}{}", was.unwrap_or_default(), lost.unwrap_or_default())
}

fn source(s: &SourceView) -> String {
    let state = s.state.name();
    let error = s.error.as_ref().map(|e| format!("  {e}")).unwrap_or_default();
    format!("source {}  {}  {state}{error}", s.name, s.kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::ActionState;
    use crate::desk::fixture;
    use crate::incident::event::Outcome;

    #[test]
    fn no_source_of_a_board_that_is_not_fresh_is_live() {
        let late = Trust::Late(crate::domain::time::Span::from_mins(3));
        let lines = board(&fixture::calm(), late).join("\n");
        assert!(!lines.contains("  live"), "{lines}");
        assert!(lines.contains("source rum  prometheus  stale  was live at 03:07 UTC"), "{lines}");
    }

    #[test]
    fn what_went_wrong_with_an_action_is_a_line_of_its_own() {
        let mut shown = fixture::outage();
        let mut action = fixture::action(ActionState::NotSent);
        action.answer = Some(Outcome::NotSent { detail: "disk full".to_owned() });
        shown.incidents[0].action = Some(action);
        let lines = board(&shown, Trust::Fresh);
        assert_eq!(lines[4], "    ! ROLLBACK NOT SENT: disk full", "{lines:?}");
    }
}
