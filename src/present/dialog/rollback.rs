//! The words of the rollback dialog; `desk::fit` says which rows there are and what fits.
//! What Enter does, and why it does not, is decided in `desk::update`.

use crate::board::Precheck;
use crate::desk::dialog::{DialogRefusal, Rollback};
use crate::desk::fit::{self, DialogRow, Layout, RowPart};
use crate::desk::state::Desk;
use crate::desk::update::GUARD;
use crate::domain::text::{ScreenText, screen_text};
use crate::incident::state::{Alternative, failing};
use crate::present::clocks;
use crate::present::field::tail;
use crate::present::role::Role;
use crate::present::say;
use crate::present::screen::{DialogView, Line};
use crate::present::words;

pub fn view(desk: &Desk, r: &Rollback) -> DialogView {
    let layout = fit::layout(r, desk.size, desk.is_stale());
    let lines = layout.rows.iter().map(|row| line(desk, r, &layout, row)).collect();
    let title = match (&r.plan.resend_of, r.again) {
        (Some(_), _) => "Send the SAME rollback again",
        (None, true) => "Roll back AGAIN",
        (None, false) => "Roll back",
    };
    DialogView {
        title: screen_text(&format!("{title} - {}", say::named(desk, &r.incident))),
        role: Role::Warning,
        width: desk.size.w.min(fit::WIDTH),
        lines,
        scroll: 0,
        whole: true,
        scrolls: false,
    }
}

fn line(desk: &Desk, r: &Rollback, layout: &Layout, row: &DialogRow) -> Line {
    let text =
        |head, role| head_of(if row.first { head } else { "" }, role).and(role, row.text.clone());
    match row.part {
        RowPart::Where => text("Where", Role::Title),
        RowPart::From => text("From", Role::Title),
        RowPart::To => text("To", Role::Title),
        RowPart::Other => text("Releases", Role::Text),
        RowPart::Others => others(r),
        RowPart::Fails => text("FAILS", Role::Error),
        RowPart::Advice => text("note", Role::Warning),
        RowPart::Passed => text("ok", Role::Ok),
        RowPart::Folded => folded(r),
        RowPart::Saves => saves(desk, r),
        RowPart::Reason => field("Reason", &r.reason, r.on_reason, room(desk)),
        RowPart::Ask => ask(desk, r),
        RowPart::Typed => field("Typed", &r.typed, !r.on_reason, room(desk)),
        RowPart::State => state(desk, r, layout),
        RowPart::Blank => Line::new(),
    }
}

/// Columns for a text that is typed, with its cursor.
fn room(desk: &Desk) -> usize {
    usize::from(desk.size.w.min(fit::WIDTH)).saturating_sub(fit::HEAD + 5)
}

fn head_of(text: &'static str, role: Role) -> Line {
    let pad = fit::HEAD.saturating_sub(text.len());
    // a failure is loud in its label too; other labels are quiet
    let role = if matches!(role, Role::Error | Role::Warning) { role } else { Role::Muted };
    Line::fixed(role, text).and(Role::Muted, words::made(" ".repeat(pad)))
}

fn field(head: &'static str, typed: &str, active: bool, room: usize) -> Line {
    let role = if active { Role::Title } else { Role::Muted };
    let line = head_of(head, Role::Muted).and(role, tail(typed, room));
    if active { line.say(Role::Focus, "_") } else { line }
}

/// `checks  10 of 10 ok, tab shows them`.
fn folded(r: &Rollback) -> Line {
    let all = &r.plan.prechecks;
    let ok = |c: &&Precheck| c.ok;
    let (passed, n) = (all.iter().filter(ok).count(), all.len());
    let role = if all.iter().any(|c| c.required && !c.ok) { Role::Text } else { Role::Ok };
    head_of("Checks", Role::Muted)
        .and(role, words::made(format!("{passed} of {n} ok")))
        .say(Role::Muted, ", ")
        .say(Role::Key, "tab")
        .say(Role::Muted, " shows them")
}

/// `2 of 3 can be gone back from: left, right choose`; what is held up by a check cannot.
fn others(r: &Rollback) -> Line {
    let ways = r.others.iter().filter(|a| a.why_not.is_none()).count();
    let text = format!("{ways} of {} can be gone back from: ", r.others.len());
    let head = head_of("", Role::Muted).and(Role::Muted, words::made(text));
    head.say(Role::Key, "left, right").say(Role::Muted, " choose")
}

/// What stands there is the one that is suspected, or one of a tie.
fn is_suspected(r: &Rollback) -> bool {
    let about = |a: &&Alternative| a.plan.as_ref().is_some_and(|plan| r.is_about(plan));
    let mine = r.others.iter().find(about);
    r.picked.is_none() || mine.is_some_and(|a| a.suspect || a.share.is_some_and(|s| s > 0.0))
}

fn saves(desk: &Desk, r: &Rollback) -> Line {
    if !is_suspected(r) {
        let line = head_of("Saves", Role::Muted).say(Role::Warning, "nothing that is known: ");
        return line.say(Role::Text, "it is not suspected");
    }
    let money = desk.incident(&r.incident).map_or_else(Line::new, clocks::money_phrase);
    let old = words::slow_age(desk.board.generated_at, desk.now);
    let (role, word) =
        if desk.is_stale() { (Role::Stale, " old: NOT FRESH") } else { (Role::Text, " old") };
    head_of("Saves", Role::Muted)
        .and_line(money)
        .say(Role::Muted, ", evidence ")
        .and(role, old)
        .say(role, word)
}

fn ask(desk: &Desk, r: &Rollback) -> Line {
    if r.unchosen {
        let line = head_of("Confirm", Role::Muted).say(Role::Warning, "nobody suspects it: ");
        return line.say(Role::Key, "left, right").say(Role::Text, " chooses");
    }
    if desk.wall.since(r.opened_at) < GUARD {
        return head_of("Confirm", Role::Muted).say(Role::Muted, "read first ...");
    }
    head_of("Confirm", Role::Muted)
        .say(Role::Text, "type ")
        .and(Role::Key, screen_text(&r.plan.confirm_token))
        .say(Role::Text, " then enter; esc closes")
}

/// Whether Enter may fire, and why it did not.
fn state(desk: &Desk, r: &Rollback, layout: &Layout) -> Line {
    let error = |text| Line::fixed(Role::Error, text);
    if !layout.whole && layout.window.is_none() {
        return too_small(desk, layout);
    }
    match &r.refusal {
        Some(DialogRefusal::TooSmall) => too_small(desk, layout),
        Some(DialogRefusal::Unfolded) => error("Not all is in sight: tab folds the checks first."),
        Some(DialogRefusal::TooSoon) => error("Enter came too soon after a key; press it again."),
        Some(DialogRefusal::NotReady(check)) => named("Not safe now: ", check),
        Some(DialogRefusal::NoReason) => {
            error("Write why you go past the failing check, then enter.")
        }
        Some(DialogRefusal::Worse(check)) => named("Now it fails, nothing was sent: ", check),
        Some(DialogRefusal::WrongToken) => error("That is not the token; nothing was sent."),
        Some(DialogRefusal::Unchosen) => error("Nothing is chosen yet: left or right chooses it."),
        Some(DialogRefusal::Burst) => error("One burst, not typed: field cleared, type it slower."),
        None => quiet(r, layout),
    }
}

fn named(words: &'static str, check: &str) -> Line {
    Line::fixed(Role::Error, words).and(Role::Error, screen_text(failing(check)))
}

fn too_small(desk: &Desk, layout: &Layout) -> Line {
    let (needs, has) = (layout.needs, desk.size);
    let text = format!("Needs {}x{} to confirm, is {}x{}.", needs.w, needs.h, has.w, has.h);
    Line::of(Role::Error, words::made(text))
}

/// Nothing was refused yet: what the next step is.
fn quiet(r: &Rollback, layout: &Layout) -> Line {
    let muted = |text| Line::fixed(Role::Muted, text);
    if let Some((from, shown, all)) = layout.window {
        let text = format!("Rows {}-{} of {all}, up and down; tab folds.", from + 1, from + shown);
        return Line::of(Role::Muted, words::made(text));
    }
    if r.unfolded {
        return muted("Tab folds what holds.");
    }
    if let Some(check) = r.plan.blocked() {
        return Line::fixed(Role::Error, "Not safe now: ").and(Role::Error, name(check));
    }
    match (r.needs_reason(), r.on_reason) {
        (true, true) if r.stale => {
            Line::fixed(Role::Warning, "The board is not fresh: a written reason goes past it.")
        }
        (true, true) => Line::fixed(Role::Warning, "A written reason goes past it, and is kept."),
        (true, false) => muted("The reason is kept with it; backtab edits it."),
        (false, _) if !r.plan.ready => Line::fixed(Role::Error, "Not safe now."),
        (false, _) if r.plan.resend_of.is_some() => {
            muted("Same key, same bytes: done at most once where keys are kept.")
        }
        (false, _) => muted("Nothing is sent before enter."),
    }
}

fn name(check: &Precheck) -> ScreenText {
    screen_text(check.finding())
}
