//! The `[services]` table against the rest of the config: a name that stands nowhere else is likely
//! a typo, and nobody calls itself. Lines and hints; what calls mean is decided in `detect`.

use std::collections::BTreeSet;

use crate::domain::segment::Dim;
use crate::policy::journey::Journey;
use crate::policy::services::Services;
use crate::sink::config::ActionConfig;
use crate::source::SourceConfig;

use super::file::ConfigReader;
use super::problem::Level;

/// Names that a service, a template or a journey has elsewhere in the config.
pub fn named(
    journeys: &[Journey],
    sources: &[SourceConfig],
    actions: &[ActionConfig],
) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for j in journeys {
        out.insert(j.name.to_string());
        out.extend(j.templates.iter().cloned());
    }
    for s in sources {
        out.extend(s.service.clone());
        for q in &s.query {
            out.extend(q.service.clone());
            out.extend(q.segment.get(&Dim::Service).cloned());
            out.extend(q.values.get(&Dim::Service).into_iter().flat_map(|v| v.values().cloned()));
        }
        for r in &s.record {
            out.extend(r.values.get(&Dim::Service).into_iter().flat_map(|v| v.values().cloned()));
            let change = r.change.as_ref().and_then(|c| c.service.as_ref());
            let literal = r.segment.get(&Dim::Service).into_iter().chain(change);
            let bare = |e: &String| Some(e.strip_prefix('\'')?.strip_suffix('\'')?.to_owned());
            out.extend(literal.filter_map(bare));
        }
    }
    out.extend(actions.iter().map(|a| a.service.clone()).filter(|s| !s.is_empty()));
    out
}

/// Reports names that stand nowhere else, and who calls itself.
pub fn check(user: &mut ConfigReader<'_>, services: &Services, elsewhere: &BTreeSet<String>) {
    let known: BTreeSet<&str> =
        services.calls.keys().chain(elsewhere).map(String::as_str).collect();
    for (caller, callees) in &services.calls {
        let key = format!("services.calls.{caller}");
        for callee in &callees.0 {
            let line = user.line_in_table("services", &format!("\"{callee}\""));
            if callee == caller {
                user.mean(Level::Error, line, &key, format!("`{caller}` calls itself"));
            } else if !known.contains(callee.as_str()) {
                let message = format!("`{callee}` is called and named nowhere else");
                let hint = near(callee, &known)
                    .unwrap_or_else(|| format!("if it calls nobody, write {callee} = []"));
                user.mean_with(Level::Warning, line, (&key, Some(hint)), message);
            }
        }
    }
}

fn near(name: &str, known: &BTreeSet<&str>) -> Option<String> {
    let close = known.iter().map(|k| (strsim::damerau_levenshtein(name, k), *k));
    let best = close.filter(|(distance, _)| 3 * distance <= name.chars().count()).min()?;
    Some(format!("did you mean `{}`?", best.1))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::load::from_text;
    use crate::config::problem::Level;

    #[test]
    fn names_that_stand_nowhere_else_are_told_with_their_line() {
        let text = "[shop]\nname = \"x\"\n[services]\ncalls.checkout = [\"gateway\"]\n\
                    calls.gateway = [\"catalog\",\n  \"catlog\", \"mailer\"]\n\
                    calls.catalog = []\n[ui]\nascii = true\n";
        let loaded = from_text(Path::new("t"), text);
        let config = loaded.config.expect("warnings only");
        assert!(config.services.reaches("checkout", "catalog"));
        let told: Vec<_> =
            loaded.problems.iter().map(|p| (p.line, p.level, p.hint.clone())).collect();
        let hint = |text: &str| Some(text.to_owned());
        assert_eq!(
            told,
            [
                (6, Level::Warning, hint("did you mean `catalog`?")),
                (6, Level::Warning, hint("if it calls nobody, write mailer = []")),
            ]
        );
    }

    #[test]
    fn who_calls_itself_and_what_is_no_list_of_names_is_refused_with_its_line() {
        let text = "[services]\ncalls = { a = [\"b\"], b = [\"b\"] }\n";
        let problem = &from_text(Path::new("t"), text).problems[0];
        assert_eq!((problem.line, problem.level), (2, Level::Error), "{problem}");
        let text = "\n[services]\ncalls = { a = 3 }\n";
        let problem = &from_text(Path::new("t"), text).problems[0];
        assert_eq!((problem.line, problem.level), (3, Level::Error), "{problem}");
        let problem = &from_text(Path::new("t"), "[services]\ncals = {}\n").problems[0];
        assert_eq!(problem.hint.as_deref(), Some("did you mean `calls`?"));
    }
}
