//! Who is affected: the nine dimensions, their values, single segments and scopes (sets of
//! segments). Four kinds of value stay apart: aggregated over, a value, absent in the data, the
//! vendor's rest.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A dimension of a segment; names are the ones of config and JSON.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dim {
    Template,
    Device,
    Browser,
    Network,
    TrafficSource,
    Customer,
    Region,
    Release,
    Cohort,
}

impl Dim {
    pub const ALL: [Self; 9] = [
        Self::Template,
        Self::Device,
        Self::Browser,
        Self::Network,
        Self::TrafficSource,
        Self::Customer,
        Self::Region,
        Self::Release,
        Self::Cohort,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Template => "template",
            Self::Device => "device",
            Self::Browser => "browser",
            Self::Network => "network",
            Self::TrafficSource => "traffic_source",
            Self::Customer => "customer",
            Self::Region => "region",
            Self::Release => "release",
            Self::Cohort => "cohort",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|d| d.name() == name)
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

/// One cell of the shop: a value (or `All`) for each dimension.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Segment {
    values: [DimValue; 9],
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
        if let Some(slot) = self.values.get_mut(dim as usize) {
            *slot = value;
        }
    }

    pub fn get(&self, dim: Dim) -> &DimValue {
        self.values.get(dim as usize).unwrap_or(&DimValue::All)
    }

    /// The dimensions that are not aggregated over, in the order of [`Dim::ALL`].
    pub fn dims(&self) -> impl Iterator<Item = (Dim, &DimValue)> {
        Dim::ALL.into_iter().zip(&self.values).filter(|(_, v)| **v != DimValue::All)
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
