//! The bazaar's table in Markdown, one row a fault and seed, and the sums; with lines for people
//! that say what stood on the board where it was not right. No arithmetic of its own but sums.

use super::play::{Glance, Played, Seen};
use super::score::{Blame, Mark, Marks, during, settled};
use super::story::Phase;

fn places(seen: &Glance) -> String {
    let all: Vec<String> = seen.places.iter().map(ToString::to_string).collect();
    if all.is_empty() { "all".to_owned() } else { all.join(" | ") }
}

fn span(at: Option<i64>) -> String {
    at.map_or("-".to_owned(), |t| t.to_string())
}

fn suspect(glance: &Glance) -> String {
    let name = glance.release.as_deref().unwrap_or("none");
    let tie: Vec<String> =
        glance.candidates.iter().map(|(r, s)| format!("{r} {:.0}%", s * 100.0)).collect();
    if glance.candidates.len() > 1 {
        format!("{name} ({}; {})", glance.confidence, tie.join(", "))
    } else {
        format!("{name} ({})", glance.confidence)
    }
}

/// Whom it blamed when, from its opening on.
fn course(seen: &Seen, from: i64) -> String {
    let mut last = String::new();
    let mut all = Vec::new();
    for glance in &seen.glances {
        let said = suspect(glance);
        if said != last {
            all.push(format!("{}s {said}", glance.at - from));
            last = said;
        }
    }
    all.join(" -> ")
}

fn blamed(mark: &Mark, glance: Option<&Glance>) -> String {
    let said = glance.map(suspect).unwrap_or_default();
    match mark.blame {
        None => "-".to_owned(),
        Some(Blame::Guilty) => format!("guilty: {said}"),
        Some(Blame::Tie) => format!("tie with it: {said}"),
        Some(Blame::RightlyNone) => "rightly none".to_owned(),
        Some(Blame::Innocent) => format!("INNOCENT: {said}"),
        Some(Blame::WronglyNone) => "wrongly none".to_owned(),
    }
}

fn row(played: &Played, mark: &Mark) -> String {
    let phase = &played.story.phases[mark.fault];
    let seen = mark.own.map(|n| &played.seen[n]);
    let glance = seen.and_then(|s| s.at(settled(phase, s)));
    let changes = seen.map_or(0, |s| {
        let own = s.glances.iter().filter(|g| g.at <= settled(phase, s));
        let mut said: Vec<String> = own.map(suspect).collect();
        said.dedup();
        said.len().saturating_sub(1)
    });
    let own = match (mark.own, mark.inside) {
        (Some(n), _) => played.seen[n].id.clone(),
        (None, Some(n)) => format!("IN {}", played.seen[n].id),
        (None, None) => "MISSED".to_owned(),
    };
    let severity = mark.severity.map_or("-".to_owned(), |(s, worst)| {
        let right = phase.kind.severity;
        let more = if worst < s { format!(", once {worst}") } else { String::new() };
        format!("{s}{more} / {right}{}", if s == right { "" } else { " WRONG" })
    });
    let class = glance.map_or("-".to_owned(), |g| {
        format!("{:?}{}", g.class, if mark.class_right { "" } else { " WRONG" }).to_lowercase()
    });
    format!(
        "| {} | {} | {own} | {} | {} | {} / {} | {} | {class} | {severity} | {}{} |",
        phase.kind.name,
        played.story.seed,
        span(mark.opened),
        span(mark.paged),
        span(mark.rules.0),
        span(mark.rules.1),
        if seen.is_some() { mark.place.word() } else { "-" },
        blamed(mark, glance),
        if changes > 0 { format!("; changed {changes} times") } else { String::new() },
    )
}

/// The phases in order, each with the changes beside its onset.
fn story(played: &Played) -> Vec<String> {
    let start = played.story.start;
    let phase = |p: &Phase| {
        let near = played.story.changes.iter().filter(|c| (-150..=90).contains(&(c.at - p.onset)));
        let near: Vec<String> = near.map(|c| format!("{:+} {}", c.at - p.onset, c.id)).collect();
        format!(
            "  +{:>5} s for {:>3} s: {}{}; changes: {}",
            p.onset - start,
            p.end - p.onset,
            p.kind.name,
            p.guilty.as_ref().map(|g| format!(" by {g}")).unwrap_or_default(),
            near.join(", "),
        )
    };
    played.story.phases.iter().map(phase).collect()
}

fn told(played: &Played, seen: &Seen, from: i64) -> Vec<String> {
    let (Some(first), Some(last)) = (seen.glances.first(), seen.glances.last()) else {
        return Vec::new();
    };
    let open = seen.glances.iter().rev().find(|g| g.open).unwrap_or(first);
    let start = played.story.start;
    let mut lines = vec![format!(
        "  {} opened +{} (onset said +{}), Sev {} {:?} [{}] -> Sev {} [{}] {}; {}",
        seen.id,
        seen.opened - start,
        seen.onset - start,
        first.severity,
        first.class,
        places(first),
        open.severity,
        places(open),
        if last.open { "still open" } else { "closed" },
        open.headline,
    )];
    lines.push(format!("      suspects: {}", course(seen, from)));
    lines.push(format!(
        "      for: {}; against: {}",
        seen.reasons.join("; "),
        seen.against.join("; ")
    ));
    lines.push(format!("      first finding: {}", seen.finding));
    lines.extend(seen.considered.iter().map(|c| format!("      considered: {c}")));
    for (at, text) in seen.timeline.iter().take(14) {
        lines.push(format!("      +{} {text}", at - start));
    }
    lines
}

/// Everything about one played day, for people who look for the cause.
pub fn report(played: &Played, marks: &Marks) -> String {
    let mut lines = vec![format!(
        "\n## seed {}: {} series, {} minutes",
        played.story.seed,
        played.series,
        (played.story.end - played.story.start) / 60
    )];
    lines.extend(story(played));
    for mark in &marks.marks {
        let phase = &played.story.phases[mark.fault];
        lines.push(row(played, mark));
        if let Some(n) = mark.own.or(mark.inside) {
            lines.extend(told(played, &played.seen[n], phase.onset));
        }
    }
    for (n, phase) in &marks.wrong {
        lines.push(format!("FALSE in {phase}"));
        lines.extend(told(played, &played.seen[*n], played.seen[*n].opened));
    }
    for (n, fault) in &marks.twice {
        lines.push(format!("AGAIN {}", played.story.phases[*fault].kind.name));
        lines.extend(told(played, &played.seen[*n], played.seen[*n].opened));
    }
    for alert in super::rules::wrong(&played.alerts, &played.story) {
        lines.push(format!(
            "rules: {} {} +{} in {} {:?}",
            if alert.pages { "false page" } else { "false ticket" },
            alert.rule,
            alert.from - played.story.start,
            during(played, alert.from),
            alert.labels,
        ));
    }
    lines.join("\n")
}

#[derive(Default)]
struct Sums {
    faults: usize,
    own: usize,
    inside: usize,
    exact: usize,
    class: usize,
    severity: usize,
    blame: [usize; 5],
    innocent_high: usize,
    opened: Vec<i64>,
    rules: Vec<i64>,
    rules_found: usize,
    earlier: usize,
    wrong: usize,
    notes: usize,
    twice: usize,
    false_pages: usize,
    false_tickets: usize,
}

fn add(sums: &mut Sums, played: &Played, marks: &Marks) {
    for mark in &marks.marks {
        let phase = &played.story.phases[mark.fault];
        sums.faults += 1;
        sums.own += usize::from(mark.own.is_some());
        sums.inside += usize::from(mark.inside.is_some());
        sums.exact += usize::from(mark.place.word() == "exact");
        sums.class += usize::from(mark.class_right);
        sums.severity += usize::from(mark.severity.is_some_and(|s| s.0 == phase.kind.severity));
        if let Some(blame) = mark.blame {
            sums.blame[blame as usize] += 1;
            let glance = mark.own.map(|n| &played.seen[n]).and_then(|s| s.at(settled(phase, s)));
            let high = glance.is_some_and(|g| g.confidence == "high");
            sums.innocent_high += usize::from(blame == Blame::Innocent && high);
        }
        sums.opened.extend(mark.opened);
        sums.rules.extend(mark.rules.0);
        sums.rules_found += usize::from(mark.rules.0.is_some());
        let first = mark.rules.0.unwrap_or(i64::MAX);
        sums.earlier += usize::from(mark.opened.is_some_and(|o| o <= first));
    }
    let loud = |n: usize| played.seen[n].glances.iter().any(|g| g.severity <= 3);
    sums.wrong += marks.wrong.iter().filter(|w| loud(w.0)).count();
    sums.notes += marks.wrong.iter().filter(|w| !loud(w.0)).count();
    sums.twice += marks.twice.len();
    for alert in super::rules::wrong(&played.alerts, &played.story) {
        if alert.pages {
            sums.false_pages += 1;
        } else {
            sums.false_tickets += 1;
        }
    }
}

fn middle(values: &[i64], q: f64) -> String {
    let mut v = values.to_vec();
    v.sort_unstable();
    let at = (v.len().saturating_sub(1) as f64 * q).round() as usize;
    v.get(at).map_or("-".to_owned(), ToString::to_string)
}

/// The table over all days, and its sums.
pub fn table(days: &[(Played, Marks)]) -> String {
    let mut lines = vec![
        "| fault | seed | its own incident | opened, s | page, s | rules: alert / page, s | \
         place | class | severity told / right | suspect |"
            .to_owned(),
        format!("|{}", "---|".repeat(10)),
    ];
    let mut rows: Vec<(&str, u64, String)> = Vec::new();
    let mut sums = Sums::default();
    for (played, marks) in days {
        for mark in &marks.marks {
            let name = played.story.phases[mark.fault].kind.name;
            rows.push((name, played.story.seed, row(played, mark)));
        }
        add(&mut sums, played, marks);
    }
    rows.sort();
    lines.extend(rows.into_iter().map(|r| r.2));
    let [guilty, tie, rightly, innocent, wrongly] = sums.blame;
    lines.push(format!(
        "\n{} faults: own incident {}, in another's {}, missed {}; place exact {}, class right {}, \
         severity right {}; suspect: guilty {guilty}, tie with it {tie}, rightly none {rightly}, \
         innocent {innocent} ({} at high), wrongly none {wrongly}.\n\
         Opened after {} s (median; 90 %: {} s), the rules' first alert after {} s (90 %: {} s; {} \
         of {} at all); no later than the rules: {}.\n\
         False incidents {} (and {} of Sev 4), told twice {}; the rules: {} false pages, {} false \
         tickets.",
        sums.faults,
        sums.own,
        sums.inside,
        sums.faults - sums.own - sums.inside,
        sums.exact,
        sums.class,
        sums.severity,
        sums.innocent_high,
        middle(&sums.opened, 0.5),
        middle(&sums.opened, 0.9),
        middle(&sums.rules, 0.5),
        middle(&sums.rules, 0.9),
        sums.rules_found,
        sums.faults,
        sums.earlier,
        sums.wrong,
        sums.notes,
        sums.twice,
        sums.false_pages,
        sums.false_tickets,
    ));
    lines.join("\n")
}
