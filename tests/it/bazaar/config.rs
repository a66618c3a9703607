//! The bazaar's config for the watcher: `shop.toml` with its repeated queries written out.
//! It says which of the shop's names mean what, and knows nothing of faults.

use super::world::{PAGES, UAS};

const TEXT: &str = include_str!("shop.toml");

/// Cuts of what browsers tell: our dimension and their label.
const CUTS: [[(&str, &str); 3]; 2] = [
    [("template", "page_group"), ("device", "form_factor"), ("region", "country")],
    [("template", "page_group"), ("device", "form_factor"), ("browser", "ua_family")],
];
const WHO: [[(&str, &str); 3]; 2] = [
    [("device", "form_factor"), ("traffic_source", "utm_medium"), ("customer", "shopper")],
    [("device", "form_factor"), ("browser", "ua_family"), ("region", "country")],
];
const COUNTS: [(&str, &str); 5] = [
    ("sessions", "visit"),
    ("add_to_cart", "bag"),
    ("checkout_start", "begin"),
    ("payment_try", "authorize"),
    ("orders", "placed"),
];

fn names(pairs: impl Iterator<Item = (&'static str, &'static str)>) -> String {
    let mut all: Vec<String> = pairs.map(|(a, b)| format!("\"{a}\" = \"{b}\"")).collect();
    all.sort();
    all.dedup();
    format!("{{ {} }}", all.join(", "))
}

/// `labels` and `values` of a cut.
fn mapped(cut: &[(&'static str, &'static str)]) -> String {
    let mut text = format!("labels = {}\n", names(cut.iter().copied()));
    for (dim, _) in cut {
        let values = match *dim {
            "template" => names(PAGES.iter().map(|p| (p.theirs, p.ours))),
            "device" => names(UAS.iter().map(|u| u.form)),
            "traffic_source" => names([("cpc", "paid"), ("none", "direct")].into_iter()),
            _ => continue,
        };
        text += &format!("values.{dim} = {values}\n");
    }
    text
}

fn by(cut: &[(&str, &str)], more: &str, inside: &str) -> String {
    let labels: Vec<&str> = cut.iter().map(|(_, theirs)| *theirs).collect();
    format!("sum by ({more}{}) (increase({inside}[$window]))", labels.join(", "))
}

fn rum() -> String {
    let mut text = String::new();
    for cut in &CUTS {
        let maps = mapped(cut);
        for metric in ["lcp", "inp"] {
            let expr = by(cut, "le, ", &format!("web_vitals_{metric}_seconds_bucket"));
            text += &format!(
                "[[source.query]]\nmetric = \"{metric}\"\nkind = \"histogram\"\nunit = \"s\"\n\
                 expr = '{expr}'\n{maps}\n"
            );
        }
        let views = by(cut, "", "rum_page_views_total");
        let errors = by(cut, "", "rum_script_errors_total");
        let failures = by(cut, "", "rum_page_load_failures_total");
        text += &format!(
            "[[source.query]]\nmetric = \"page_views\"\nkind = \"count\"\nexpr = '{views}'\n\
             {maps}\n[[source.query]]\nmetric = \"js_error_rate\"\nkind = \"ratio\"\n\
             hits = '{errors}'\n\
             trials = '{views}'\nabsent_hits = \"zero\"\n{maps}\n\
             [[source.query]]\nmetric = \"page_load_success\"\nkind = \"ratio\"\n\
             hits = '{views} - {failures}'\ntrials = '{views}'\n{maps}\n"
        );
    }
    text
}

fn orders() -> String {
    let mut text = String::new();
    for cut in &WHO {
        let maps = mapped(cut);
        for (metric, stage) in COUNTS {
            let expr = by(cut, "", &format!("checkout_events_total{{stage=\"{stage}\"}}"));
            text += &format!(
                "[[source.query]]\nmetric = \"{metric}\"\nkind = \"count\"\n\
                 expr = '{expr}'\n{maps}\n"
            );
        }
        let expr = by(cut, "", "order_value_cents_total");
        text += &format!(
            "[[source.query]]\nmetric = \"revenue\"\nkind = \"count\"\nunit = \"cents\"\n\
             expr = '{expr}'\n{maps}\n"
        );
    }
    text
}

/// The whole text: `announced` is the operator's list of works.
pub fn text(prometheus: &str, feed: &str, announced: &str) -> String {
    let text = TEXT.replace("\nRUM\n", &format!("\n{}", rum()));
    let text = text.replace("\nORDERS\n", &format!("\n{}", orders()));
    text.replace("PROMETHEUS", prometheus).replace("FEED", feed) + "\n" + announced
}
