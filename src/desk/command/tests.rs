//! The table of commands: names, keys and orders agree.

use std::collections::BTreeSet;

use super::*;
use crate::desk::chord::{Chord, Key};
use crate::incident::order::ORDERS;

#[test]
fn names_are_unique_and_every_key_parses() {
    let names: BTreeSet<_> = TABLE.iter().map(|r| r.name).collect();
    let commands: BTreeSet<_> = TABLE.iter().map(|r| r.command).collect();
    assert_eq!((names.len(), commands.len()), (TABLE.len(), TABLE.len()));
    for row in &TABLE {
        assert!(!row.keys.is_empty() && !row.doc.is_empty() && row.doc.len() <= 58, "{}", row.name);
        for key in row.keys {
            assert!(key.parse::<Chord>().is_ok(), "{}: {key}", row.name);
        }
    }
}

#[test]
fn no_page_has_a_key_twice() {
    for page in Page::ALL {
        let keys: Vec<_> = TABLE.iter().filter(|r| r.applies(page)).flat_map(|r| r.keys).collect();
        let unique: BTreeSet<_> = keys.iter().collect();
        assert_eq!(keys.len(), unique.len(), "{page:?}: {keys:?}");
    }
}

#[test]
fn destructive_keys_are_never_bare_lower_case_letters() {
    for row in TABLE.iter().filter(|r| r.destructive) {
        for key in row.keys {
            let chord: Chord = key.parse().expect(key);
            let letter = matches!(chord.key, Key::Char(c) if c.is_lowercase());
            assert!(!letter && chord.key != Key::Enter, "{}: {key}", row.name);
        }
    }
    assert!(Command::Order(OrderKey::Rollback).row().destructive);
}

#[test]
fn every_order_has_a_key_and_every_key_of_an_operator_an_order() {
    for forms in &ORDERS {
        assert!(Command::from_name(forms.key).is_some_and(Command::is_order), "{}", forms.key);
    }
    for row in TABLE.iter().filter(|r| r.command.is_order()) {
        assert!(ORDERS.iter().any(|forms| forms.key == row.name), "{}", row.name);
    }
}

#[test]
fn what_changes_an_incident_needs_an_operator() {
    for row in &TABLE {
        assert_eq!(row.command.is_order(), row.category == Category::Respond, "{}", row.name);
    }
}
