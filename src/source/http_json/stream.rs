//! Rows of a large document one at a time: a row is parsed, read and dropped before the next, so a
//! poll never holds the whole tree. What a row means is not known here.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// What was found where the rows should be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RowsFound {
    Rows,
    /// Null instead of a list: some APIs write an empty list so.
    Null,
    /// Nothing of that name.
    Absent,
    /// Something that is no list.
    NoList,
    /// Outer elements of which none holds a list.
    NoneInside,
}

/// The document's top level without the value of `key`: cheap, since rows are skipped unread.
///
/// # Errors
/// When the text is not one JSON document.
pub fn skeleton(text: &str, key: Option<&str>) -> Result<Value, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = Skeleton { key }.deserialize(&mut json)?;
    json.end()?;
    Ok(value)
}

/// Calls `f` with each element of the list under `key` (or of the document itself).
///
/// # Errors
/// When the text is not JSON up to there.
pub fn rows(
    text: &str,
    key: Option<&str>,
    f: &mut dyn FnMut(&Value),
) -> Result<RowsFound, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_str(text);
    RowStream { key, f }.deserialize(&mut json)
}

struct Skeleton<'k> {
    key: Option<&'k str>,
}

impl<'de> DeserializeSeed<'de> for Skeleton<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Value, D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Skeleton<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut out = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            if Some(key.as_str()) == self.key {
                map.next_value::<IgnoredAny>()?;
            } else {
                out.insert(key, map.next_value()?);
            }
        }
        Ok(Value::Object(out))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Null)
    }
}

struct RowStream<'k, 'f> {
    key: Option<&'k str>,
    f: &'f mut dyn FnMut(&Value),
}

impl<'de> DeserializeSeed<'de> for RowStream<'_, '_> {
    type Value = RowsFound;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<RowsFound, D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for RowStream<'_, '_> {
    type Value = RowsFound;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of rows")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RowsFound, A::Error> {
        let mut found = if self.key.is_none() { RowsFound::NoList } else { RowsFound::Absent };
        while let Some(key) = map.next_key::<String>()? {
            if Some(key.as_str()) == self.key && found == RowsFound::Absent {
                found = map.next_value_seed(RowStream { key: None, f: self.f })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<RowsFound, A::Error> {
        if self.key.is_some() {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(RowsFound::Absent);
        }
        while let Some(row) = seq.next_element_seed(Plain)? {
            (self.f)(&row);
        }
        Ok(RowsFound::Rows)
    }

    fn visit_unit<E>(self) -> Result<RowsFound, E> {
        Ok(RowsFound::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<RowsFound, E> {
        Ok(RowsFound::NoList)
    }

    fn visit_f64<E>(self, _: f64) -> Result<RowsFound, E> {
        Ok(RowsFound::NoList)
    }

    fn visit_i64<E>(self, _: i64) -> Result<RowsFound, E> {
        Ok(RowsFound::NoList)
    }

    fn visit_u64<E>(self, _: u64) -> Result<RowsFound, E> {
        Ok(RowsFound::NoList)
    }

    fn visit_str<E>(self, _: &str) -> Result<RowsFound, E> {
        Ok(RowsFound::NoList)
    }
}

struct Plain;

impl<'de> DeserializeSeed<'de> for Plain {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Value, D::Error> {
        Value::deserialize(d)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, key: Option<&str>) -> (Option<RowsFound>, usize) {
        let mut seen = 0;
        let found = rows(text, key, &mut |_| seen += 1);
        (found.ok(), seen)
    }

    #[test]
    fn rows_are_found_under_their_key_or_at_the_top() {
        let doc = r#"{"a": [9], "rows": [{"t": 1}, {"t": 2}], "bounds": [1, 2]}"#;
        assert_eq!(read(doc, Some("rows")), (Some(RowsFound::Rows), 2));
        assert_eq!(read("[1, 2, 3]", None), (Some(RowsFound::Rows), 3));
        assert_eq!(read(doc, Some("items")), (Some(RowsFound::Absent), 0));
        assert_eq!(read(r#"{"rows": null}"#, Some("rows")), (Some(RowsFound::Null), 0));
        assert_eq!(read(r#"{"rows": 3}"#, Some("rows")), (Some(RowsFound::NoList), 0));
        assert_eq!(read(r#"{"rows": {}}"#, Some("rows")), (Some(RowsFound::NoList), 0));
        assert_eq!(read("[1, 2", None).0, None);
        let small = skeleton(doc, Some("rows")).expect("document");
        assert_eq!(small.to_string(), r#"{"a":[9],"bounds":[1,2]}"#);
        assert!(skeleton("[1] x", None).is_err());
    }
}
