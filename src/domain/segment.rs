//! Who is affected: the dimensions, their values, single segments and scopes (sets of segments).
//! Four kinds of value stay apart: aggregated over, a value, absent in the data, the vendor's rest.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::own;

/// A dimension of a segment; names are the ones of config and JSON.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Dim {
    Template,
    /// A part of the shop's own software, or a provider it calls.
    Service,
    Device,
    Browser,
    Network,
    TrafficSource,
    Customer,
    Region,
    PaymentMethod,
    Release,
    Cohort,
    /// One of a shop's own, by its place in [`own`].
    Own(u8),
}

/// How many dimensions there are: those of the program, and places for a shop's own.
const BUILT_IN: usize = 11;
const DIMS: usize = BUILT_IN + own::DIMS;

impl Dim {
    pub const ALL: [Self; DIMS] = [
        Self::Template,
        Self::Service,
        Self::Device,
        Self::Browser,
        Self::Network,
        Self::TrafficSource,
        Self::Customer,
        Self::Region,
        Self::PaymentMethod,
        Self::Release,
        Self::Cohort,
        Self::Own(0),
        Self::Own(1),
        Self::Own(2),
        Self::Own(3),
    ];

    /// Names of the program's own dimensions.
    pub const NAMES: [&'static str; BUILT_IN] = [
        "template",
        "service",
        "device",
        "browser",
        "network",
        "traffic_source",
        "customer",
        "region",
        "payment_method",
        "release",
        "cohort",
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Own(index) => own::dim_name(index),
            built_in => Self::NAMES.get(built_in.place()).copied().unwrap_or_default(),
        }
    }

    /// Where its value stands in a segment, the order of [`Self::ALL`].
    const fn place(self) -> usize {
        match self {
            Self::Template => 0,
            Self::Service => 1,
            Self::Device => 2,
            Self::Browser => 3,
            Self::Network => 4,
            Self::TrafficSource => 5,
            Self::Customer => 6,
            Self::Region => 7,
            Self::PaymentMethod => 8,
            Self::Release => 9,
            Self::Cohort => 10,
            Self::Own(index) => BUILT_IN + index as usize,
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::built_in(name).or_else(|| own::dim(name).map(Self::Own))
    }

    /// One of the program's own.
    pub fn built_in(name: &str) -> Option<Self> {
        let place = Self::NAMES.iter().position(|n| *n == name)?;
        Self::ALL.get(place).copied()
    }

    /// Adds one of a shop's own, or finds it.
    ///
    /// # Errors
    /// Why the name cannot be taken.
    pub fn declare(name: &str) -> Result<Self, String> {
        if Self::built_in(name).is_some() {
            return Err(format!("`{name}` is a dimension of the program; choose another name"));
        }
        own::declare_dim(name).map(Self::Own)
    }
}

impl Serialize for Dim {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Dim {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let name = String::deserialize(d)?;
        Self::from_name(&name).ok_or_else(|| D::Error::unknown_variant(&name, &Self::NAMES))
    }
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One coordinate of a segment. JSON: `All` is left out, `(unknown)` and `(other)` are reserved.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum DimValue {
    /// Aggregated over this dimension.
    #[default]
    All,
    Value(Arc<str>),
    /// The data had no value here.
    Unknown,
    /// The vendor's or our own rest bucket.
    Other,
}

impl DimValue {
    /// Reads a label value; empty means `Unknown`.
    pub fn from_label(text: &str) -> Self {
        match text {
            "" | "(unknown)" => Self::Unknown,
            "(other)" => Self::Other,
            _ => Self::Value(text.into()),
        }
    }

    pub fn as_str(&self) -> &str {
        match self {
            Self::All => "(all)",
            Self::Value(v) => v,
            Self::Unknown => "(unknown)",
            Self::Other => "(other)",
        }
    }
}

/// One cell of the shop: a value (or `All`) for each dimension. Copies share their values, because
/// a segment stands in many indexes; the whole shop has none.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Segment {
    values: Option<Arc<[DimValue; DIMS]>>,
}

impl Segment {
    /// The whole shop.
    pub fn all() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn with(mut self, dim: Dim, value: DimValue) -> Self {
        self.set(dim, value);
        self
    }

    pub fn set(&mut self, dim: Dim, value: DimValue) {
        if *self.get(dim) == value {
            return;
        }
        let values = Arc::make_mut(self.values.get_or_insert_default());
        if let Some(slot) = values.get_mut(dim.place()) {
            *slot = value;
        }
        if values.iter().all(|v| *v == DimValue::All) {
            self.values = None;
        }
    }

    pub fn get(&self, dim: Dim) -> &DimValue {
        let values = self.values.as_deref();
        values.and_then(|v| v.get(dim.place())).unwrap_or(&DimValue::All)
    }

    /// The dimensions that are not aggregated over, in the order of [`Dim::ALL`].
    pub fn dims(&self) -> impl Iterator<Item = (Dim, &DimValue)> {
        let values = self.values.as_deref().into_iter().flatten();
        Dim::ALL.into_iter().zip(values).filter(|(_, v)| **v != DimValue::All)
    }

    /// What its values cost beyond itself; copies share them.
    pub fn heap_bytes(&self) -> usize {
        self.values.as_ref().map_or(0, |v| size_of_val(v.as_ref()) + 2 * size_of::<usize>())
    }

    /// True when every coordinate fixed in `self` has the same value in `other`.
    pub fn covers(&self, other: &Self) -> bool {
        self.dims().all(|(d, v)| other.get(d) == v)
    }
}

impl fmt::Display for Segment {
    /// `checkout · mobile · paid`, or `all` for the whole shop. Not safe to draw as it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for (_, value) in self.dims() {
            f.write_str(if first { "" } else { " · " })?;
            f.write_str(value.as_str())?;
            first = false;
        }
        if first { f.write_str("all") } else { Ok(()) }
    }
}

impl Serialize for Segment {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_map(self.dims().map(|(d, v)| (d.name(), v.as_str())))
    }
}

impl<'de> Deserialize<'de> for Segment {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let map = BTreeMap::<Dim, String>::deserialize(d)?;
        let mut segment = Self::all();
        for (dim, value) in map {
            segment.set(dim, DimValue::from_label(&value));
        }
        Ok(segment)
    }
}

/// A conjunction over sets: template in {pdp, cart} and device in {mobile}. Empty means everything.
/// JSON: `{"template": ["pdp"], "device": ["mobile"]}`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scope {
    pub dims: BTreeMap<Dim, BTreeSet<String>>,
}

impl Scope {
    pub fn everything() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn with(mut self, dim: Dim, value: &str) -> Self {
        self.dims.entry(dim).or_default().insert(value.to_owned());
        self
    }

    pub fn of(segment: &Segment) -> Self {
        segment.dims().fold(Self::default(), |scope, (d, v)| scope.with(d, v.as_str()))
    }

    /// True when `segment` lies inside: each constrained dimension is fixed to a listed value.
    pub fn contains(&self, segment: &Segment) -> bool {
        self.dims.iter().all(|(dim, values)| match segment.get(*dim) {
            DimValue::All => false,
            value => values.contains(value.as_str()),
        })
    }

    /// True when every shopper of it is in `outer` as well.
    pub fn is_within(&self, outer: &Self) -> bool {
        let mut fixed = outer.dims.iter();
        fixed.all(|(d, allowed)| self.dims.get(d).is_some_and(|v| v.is_subset(allowed)))
    }

    /// True when no dimension rules the two apart (a dimension left open overlaps everything).
    pub fn overlaps(&self, other: &Self) -> bool {
        self.dims
            .iter()
            .all(|(dim, values)| other.dims.get(dim).is_none_or(|o| !values.is_disjoint(o)))
    }
}

impl fmt::Display for Scope {
    /// `pdp,cart · mobile`, or `all`. Not safe to draw as it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.dims.is_empty() {
            return f.write_str("all");
        }
        let parts: Vec<String> = self
            .dims
            .values()
            .map(|values| values.iter().map(String::as_str).collect::<Vec<_>>().join(","))
            .collect();
        f.write_str(&parts.join(" · "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dimension_reads_back_by_its_name() {
        for (place, dim) in Dim::ALL.into_iter().enumerate() {
            assert_eq!(dim.place(), place);
        }
        for name in Dim::NAMES {
            let dim = Dim::from_name(name).expect(name);
            assert_eq!(dim.name(), name);
            assert_eq!(serde_json::to_value(dim).expect("a word"), name);
        }
        assert_eq!(Dim::ALL.len(), Dim::ALL.iter().collect::<BTreeSet<_>>().len());
    }

    #[test]
    fn a_segment_that_lost_its_last_value_is_the_whole_shop() {
        let value = |v: &str| DimValue::Value(v.into());
        let mut one = Segment::all().with(Dim::Service, value("cart"));
        let copy = one.clone();
        one.set(Dim::Region, value("eu"));
        assert_eq!(copy.to_string(), "cart", "a copy is no alias");
        assert_eq!(one.to_string(), "cart · eu");
        one.set(Dim::Region, DimValue::All);
        assert_eq!(one, copy);
        one.set(Dim::Service, DimValue::All);
        assert_eq!(one, Segment::all());
        assert!(Segment::all() < copy && Segment::all().with(Dim::Cohort, DimValue::All) < copy);
    }

    #[test]
    fn old_records_without_the_newer_dimensions_read_as_before() {
        let old = r#"{"template":"pdp","region":"(unknown)"}"#;
        let segment: Segment = serde_json::from_str(old).expect("reads");
        assert_eq!(serde_json::to_string(&segment).expect("writes"), old);
        assert_eq!(*segment.get(Dim::Service), DimValue::All);
    }
}
