//! Takes one entry out of parsed TOML by its place in the text, so that the rest can be read again.
//! Knows no key.

use toml::Spanned;
use toml::de::{DeArray, DeValue};

/// Takes the innermost entry at this place out of a table; a row of rows goes as a whole where none
/// of its entries is there. The name of what is gone and where the table around it begins; `None`
/// where nothing is there.
pub fn take_out(value: &mut Spanned<DeValue<'_>>, at: usize) -> Option<(String, usize)> {
    let start = value.span().start;
    // A table with a header of its own does not span its entries: all of them are looked through.
    match value.get_mut() {
        DeValue::Table(table) => {
            if let Some(found) = table.iter_mut().find_map(|(_, value)| take_out(value, at)) {
                return Some(found);
            }
            let (key, _) = table
                .iter()
                .find(|(key, value)| key.span().contains(&at) || value.span().contains(&at))?;
            let name = key.get_ref().to_string();
            table.remove(&*name).map(|_| (name, start))
        }
        DeValue::Array(rows) => {
            if let Some(found) = rows.iter_mut().find_map(|row| take_out(row, at)) {
                return Some(found);
            }
            let index = rows.iter().position(|row| row.span().contains(&at))?;
            if !rows.get(index).is_some_and(|row| row.get_ref().is_table()) {
                return None;
            }
            let mut kept = DeArray::new();
            let others = rows.iter().enumerate().filter(|(at, _)| *at != index);
            others.for_each(|(_, row)| kept.push(row.clone()));
            *rows = kept;
            Some((String::new(), start))
        }
        _ => None,
    }
}
