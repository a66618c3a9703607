//! `[[metric]]` and `[[dimension]]`: what a shop measures or tells apart beside the program's own.
//! They are declared before anything else of a config is read; how they are judged is not said
//! here.

use serde::Deserialize;

use crate::domain::metric::{Bad, Kind, Metric};
use crate::domain::own::Declared;
use crate::domain::segment::Dim;
use crate::source::units::{UNITS, Unit};

use super::file::ConfigReader;
use super::problem::Level;

/// `[[metric]]`
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnMetric {
    /// Its name in queries, rows and JSON.
    pub name: String,
    /// Its words on screens; the name unless given.
    pub label: Option<String>,
    pub kind: OwnKind,
    /// Of its values; of a histogram of its bounds.
    pub unit: Option<Unit>,
    /// The way that hurts.
    #[serde(default = "up")]
    pub bad: Bad,
}

/// The kinds that a query can have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnKind {
    Histogram,
    Ratio,
    Count,
    Gauge,
}

/// `[[dimension]]`
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnDimension {
    pub name: String,
}

const fn up() -> Bad {
    Bad::Up
}

impl OwnMetric {
    /// # Errors
    /// The key and why it does not fit.
    fn declared(&self) -> Result<Declared, (&'static str, String)> {
        let (kind, usual) = match self.kind {
            OwnKind::Histogram => (Kind::Dist, Unit::Ms),
            OwnKind::Ratio => (Kind::Ratio, Unit::Ratio),
            OwnKind::Count => (Kind::Count, Unit::Count),
            OwnKind::Gauge => (Kind::Gauge, Unit::Count),
        };
        let unit = self.unit.unwrap_or(usual);
        let own = !matches!(unit, Unit::S | Unit::Us | Unit::Ns | Unit::Percent | Unit::Cents);
        let fits = own && (kind == Kind::Ratio) == (unit == Unit::Ratio);
        let name = UNITS.iter().find(|(known, _)| *known == unit).map_or("", |(_, name)| name);
        if !fits {
            let why = match kind {
                Kind::Ratio => "a ratio is told in `ratio`; a query may give percent".to_owned(),
                _ => format!(
                    "`{name}` is no unit to show: write ms, count, score, money, days or bytes; \
                     a query may give another one"
                ),
            };
            return Err(("unit", why));
        }
        let label = self.label.clone().unwrap_or_else(|| self.name.replace('_', " "));
        Ok(Declared { name: self.name.clone(), label, unit: name, kind, bad: self.bad })
    }
}

/// Declares what the file names, and reports what cannot be.
pub fn declare(user: &mut ConfigReader<'_>) {
    let metrics = user.rows::<OwnMetric>("metric");
    for (line, row) in &metrics {
        let twice = metrics.iter().any(|(at, other)| at < line && other.name == row.name);
        let fault = match row.declared() {
            _ if twice => Some(("name", format!("`{}` is declared twice", row.name))),
            Ok(own) => Metric::declare(&own).err().map(|why| ("name", why)),
            Err(fault) => Some(fault),
        };
        if let Some((key, why)) = fault {
            let at = user.line_of_key(*line, key);
            user.mean(Level::Error, at, &format!("metric.{}.{key}", row.name), why);
        }
    }
    for (line, row) in user.rows::<OwnDimension>("dimension") {
        if let Err(why) = Dim::declare(&row.name) {
            let at = user.line_of_key(line, "name");
            user.mean(Level::Error, at, &format!("dimension.{}.name", row.name), why);
        }
    }
}
