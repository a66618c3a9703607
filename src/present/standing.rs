//! How the board stands, in words: the sentence that banner, wall and `once` share, and the lines
//! that stay on every page until what they tell is over. Decides nothing (`board::standing` does).

use crate::board::standing::{
    Learning, Standing, Trust, fires_on, high, is_unseen, is_unsure, judging_stopped, worst,
};
use crate::board::{Board, IncidentView, SourceState, State};
use crate::domain::id::GuardrailId;
use crate::domain::money::Range;
use crate::domain::time::{Span, Timestamp};
use crate::verdict::{GuardrailState, Judged};

use super::role::Role;
use super::words;

/// A standing in a word for the wall.
pub const fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Open => "OPEN",
        Standing::Firing => "STILL FIRING",
        Standing::Stale => "NO DATA",
        Standing::Blind => "BLIND",
        Standing::Learning => "LEARNING",
        Standing::Unsure => "UNSURE",
        Standing::Recovering => "RECOVERING",
        Standing::Calm => "CALM",
    }
}

/// Green is for calm alone.
pub const fn role(standing: Standing) -> Role {
    match standing {
        Standing::Open | Standing::Firing => Role::Warning,
        Standing::Stale => Role::Error,
        Standing::Blind => Role::Blind,
        Standing::Learning | Standing::Unsure => Role::Unsure,
        Standing::Recovering => Role::Accent,
        Standing::Calm => Role::Ok,
    }
}

/// The one sentence. Text from outside is in it; whoever shows it cleans it.
pub fn sentence(board: &Board, standing: Standing, trust: Trust) -> String {
    match standing {
        Standing::Open => open(board),
        Standing::Firing => firing(board),
        Standing::Stale => stale(board, trust),
        Standing::Blind => blind(board),
        Standing::Learning => learning(board),
        Standing::Unsure => unsure(board),
        Standing::Recovering => recovering(board),
        Standing::Calm => {
            let more = unmeasured(board).map(|n| format!("; {n} not measured"));
            format!("Calm: nothing is open, every source is live{}", more.unwrap_or_default())
        }
    }
}

/// What stands until it is over, most important first: what fires although it is closed (beside an
/// open incident; alone it is the sentence), then what the board says about itself.
pub fn lines(board: &Board, standing: Standing) -> Vec<String> {
    let beside = usize::from(standing == Standing::Firing);
    let fires = board.incidents.iter().filter(|x| fires_on(x)).skip(beside).map(still);
    fires.chain(board.notices.iter().cloned()).collect()
}

fn open(board: &Board) -> String {
    let open = board.incidents.iter().filter(|x| x.state.is_open()).count();
    let worst = worst(board).map(|s| format!(", worst {s}")).unwrap_or_default();
    format!("{open} open{worst}")
}

fn firing(board: &Board) -> String {
    board.incidents.iter().find(|x| fires_on(x)).map(still).unwrap_or_default()
}

/// `Sev 1 checkout: closed by hand, still firing, EUR 852-1,045/min`.
pub fn still(x: &IncidentView) -> String {
    let journey = x.journey.as_ref().map_or("shop", |j| j.as_str());
    let money = x
        .revenue_at_risk
        .as_ref()
        .map(|m| format!(", {} {}/min", m.currency, words::range(Range::new(m.low, m.high))));
    let money = money.unwrap_or_default();
    format!("Sev {} {journey}: closed by hand, still firing{money}", x.severity.number())
}

fn stale(board: &Board, trust: Trust) -> String {
    if board.generated_at == Timestamp::EPOCH {
        return "NO DATA: waiting for the first board".to_owned();
    }
    let since = words::hm_utc(board.generated_at);
    let age = |age: Span| words::length(age.secs().max(0));
    match trust {
        Trust::Unwatched(old) => {
            format!("NO FRESH DATA since {since} ({}): nobody watches the shop now", age(old))
        }
        Trust::Late(old) => {
            format!("NO FRESH DATA since {since} ({}): what is below may be over", age(old))
        }
        Trust::Fresh => format!("NO FRESH DATA since {since}"),
    }
}

fn blind(board: &Board) -> String {
    let (all, bad) = sources(board);
    if all == 0 {
        return "No data yet: nothing can be said about the shop".to_owned();
    }
    if all == bad {
        return "BLIND: no source is live; nothing open does not mean well".to_owned();
    }
    if bad > 0 {
        return unsure(board);
    }
    let rows: Vec<&GuardrailState> = high(board).filter(|g| is_unseen(g)).collect();
    let first = rows.first().map(|g| format!(": {} ({})", g.guardrail, g.detail));
    format!("BLIND: {} unseen{}", counted(rows.len()), first.unwrap_or_default())
}

fn unsure(board: &Board) -> String {
    let (all, bad) = sources(board);
    if bad > 0 {
        return format!("Nothing is open, but {bad} of {all} sources cannot be relied on");
    }
    let rows: Vec<&GuardrailState> = high(board).filter(|g| is_unsure(g)).collect();
    let names: Vec<&str> = rows.iter().map(|g| g.guardrail.as_str()).collect();
    let why = rows.first().map(|g| format!(" ({})", g.detail)).unwrap_or_default();
    format!("Nothing is open, but there is no verdict on {}{why}", names.join(", "))
}

fn sources(board: &Board) -> (usize, usize) {
    let bad = board.sources.iter().filter(|s| s.state != SourceState::Live).count();
    (board.sources.len(), bad)
}

fn recovering(board: &Board) -> String {
    let better = || board.incidents.iter().filter(|x| x.state == State::Mitigated);
    let first = better().min_by_key(|x| x.severity);
    let what = first.map(|x| {
        let journey = x.journey.as_ref().map_or("shop", |j| j.as_str());
        format!(", Sev {} {journey} is not closed yet", x.severity.number())
    });
    let more = match better().count() {
        0 | 1 => String::new(),
        n => format!(" (+{})", n - 1),
    };
    format!("RECOVERING: nothing fires{}{more}", what.unwrap_or_default())
}

fn learning(board: &Board) -> String {
    match &board.learning {
        Some(learning) if !learning.reading.is_empty() => {
            let (read, all) = (learning.histories_read, learning.histories);
            let when = in_about(board, learning)
                .map_or(", judging starts then".to_owned(), |t| format!(", judging in about {t}"));
            format!("LEARNING: {read} of {all} histories read{when}")
        }
        Some(learning) if board.judged_until.is_some() && !learning.without_verdict.is_empty() => {
            let names: Vec<&str> =
                learning.without_verdict.iter().map(GuardrailId::as_str).collect();
            let when =
                in_about(board, learning).map_or(String::new(), |t| format!(", in about {t}"));
            format!("LEARNING: no verdict yet on {}{when}", names.join(", "))
        }
        Some(_) => "LEARNING: the first minute is not judged yet".to_owned(),
        None if judging_stopped(board) => {
            let until = board.judged_until.map(words::hm_utc);
            format!("NOT JUDGING since {}", until.unwrap_or_else(|| "the start".to_owned()))
        }
        None => "LEARNING".to_owned(),
    }
}

/// Wall time until there are verdicts, rounded: `40 s`, `12 min`, `2 h`.
fn in_about(board: &Board, learning: &Learning) -> Option<String> {
    let speed = if board.speed.is_finite() { board.speed.max(1.0) } else { 1.0 };
    let secs = learning.judging_at?.since(board.generated_at).as_secs_f64() / speed;
    Some(match secs {
        s if s < 90.0 => format!("{:.0} s", (s / 10.0).ceil().max(1.0) * 10.0),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.0} h", s / 3600.0),
    })
}

/// Guardrails that no source measures.
fn unmeasured(board: &Board) -> Option<String> {
    let count = board.guardrails.iter().filter(|g| g.judged == Judged::Unmeasured).count();
    (count > 0).then(|| counted(count))
}

fn counted(n: usize) -> String {
    format!("{n} guardrail{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests;
