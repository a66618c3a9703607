//! Dimensions of the demo shop: names, the 864 visit cells and the published cuts over them.
//! Pure tables and index arithmetic; nothing random and nothing about time.

use crate::domain::segment::{Dim, Scope};

pub const TEMPLATES: [&str; 6] = ["home", "landing", "collection", "pdp", "cart", "checkout"];
pub const DEVICES: [&str; 3] = ["mobile", "desktop", "tablet"];
pub const BROWSERS: [&str; 4] = ["chrome", "safari", "firefox", "other"];
pub const NETWORKS: [&str; 3] = ["fast", "medium", "slow"];
pub const SOURCES: [&str; 4] = ["organic", "paid", "email", "direct"];
pub const CUSTOMERS: [&str; 2] = ["new", "returning"];
pub const REGIONS: [&str; 3] = ["eu", "us", "apac"];
pub const COHORTS: [&str; 2] = ["control", "variant"];

pub const HOME: usize = 0;
pub const LANDING: usize = 1;
pub const COLLECTION: usize = 2;
pub const PDP: usize = 3;
pub const CART: usize = 4;
pub const CHECKOUT: usize = 5;

/// Bit per template.
pub type TemplateMask = u8;
pub const ALL_TEMPLATES: TemplateMask = 0b11_1111;

/// Visit cells: region x device x browser x network x traffic source x customer.
pub const CELLS: usize = 3 * 3 * 4 * 3 * 4 * 2;

/// Coordinates of a visit cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShopCell {
    pub region: usize,
    pub device: usize,
    pub browser: usize,
    pub network: usize,
    pub source: usize,
    pub customer: usize,
}

impl ShopCell {
    /// The cell with number `n` (0..CELLS); customers vary fastest, regions slowest.
    pub const fn at(n: usize) -> Self {
        Self {
            customer: n % 2,
            source: n / 2 % 4,
            network: n / 8 % 3,
            browser: n / 24 % 4,
            device: n / 96 % 3,
            region: n / 288 % 3,
        }
    }

    fn value(&self, dim: Dim) -> Option<&'static str> {
        match dim {
            Dim::Device => DEVICES.get(self.device).copied(),
            Dim::Browser => BROWSERS.get(self.browser).copied(),
            Dim::Network => NETWORKS.get(self.network).copied(),
            Dim::TrafficSource => SOURCES.get(self.source).copied(),
            Dim::Customer => CUSTOMERS.get(self.customer).copied(),
            Dim::Region => REGIONS.get(self.region).copied(),
            Dim::Template
            | Dim::Service
            | Dim::PaymentMethod
            | Dim::Release
            | Dim::Cohort
            | Dim::Own(_) => None,
        }
    }
}

/// The cells inside a scope; template, release and cohort do not limit visit cells.
pub fn cell_mask(scope: &Scope) -> Vec<bool> {
    (0..CELLS)
        .map(|n| {
            let cell = ShopCell::at(n);
            scope.dims.iter().all(|(dim, values)| match dim {
                Dim::Template | Dim::Release | Dim::Cohort => true,
                _ => cell.value(*dim).is_some_and(|v| values.contains(v)),
            })
        })
        .collect()
}

/// The templates inside a scope; all when it names none.
pub fn template_mask(scope: &Scope) -> TemplateMask {
    scope.dims.get(&Dim::Template).map_or(ALL_TEMPLATES, |values| {
        TEMPLATES.iter().enumerate().fold(
            0,
            |m, (i, name)| {
                if values.contains(*name) { m | 1 << i } else { m }
            },
        )
    })
}

/// Mask of templates by name; unknown names are left out.
pub fn mask_of(names: &[&str]) -> TemplateMask {
    TEMPLATES
        .iter()
        .enumerate()
        .fold(0, |m, (i, name)| if names.contains(name) { m | 1 << i } else { m })
}

/// Names of the templates in a mask.
pub fn mask_names(mask: TemplateMask) -> Vec<&'static str> {
    TEMPLATES.iter().enumerate().filter(|(i, _)| mask >> i & 1 == 1).map(|(_, n)| *n).collect()
}

/// A published group-by of page views. Each cut counts the same views: cuts are never added up.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum RumCut {
    Source,
    Browser,
    Network,
    Release,
    Cohort,
}

impl RumCut {
    pub const ALL: [Self; 5] =
        [Self::Source, Self::Browser, Self::Network, Self::Release, Self::Cohort];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Browser => "browser",
            Self::Network => "network",
            Self::Release => "release",
            Self::Cohort => "cohort",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.name() == name)
    }

    /// Label names in key order.
    pub const fn dims(self) -> [&'static str; 3] {
        match self {
            Self::Source => ["template", "device", "traffic_source"],
            Self::Browser => ["template", "device", "browser"],
            Self::Network => ["template", "network", "region"],
            Self::Release => ["template", "device", "release"],
            Self::Cohort => ["template", "device", "cohort"],
        }
    }

    /// Values of the third dimension; releases grow over time and so lead the key instead.
    const fn third(self) -> usize {
        match self {
            Self::Source | Self::Browser => 4,
            Self::Network | Self::Release => 3,
            Self::Cohort => 2,
        }
    }

    /// Number of keys while `releases` versions are known.
    pub const fn keys(self, releases: usize) -> usize {
        match self {
            Self::Release => 18 * releases,
            _ => 18 * self.third(),
        }
    }

    /// Label values of a key. Keys are (template, second, third) with the third fastest; for
    /// releases (release, template, device), so that a new release appends keys.
    pub fn labels(self, key: usize, versions: &[String]) -> [String; 3] {
        let pick = |names: &[&str], i: usize| names.get(i).map_or("?", |n| *n).to_owned();
        let n = self.third();
        let (first, second, third) = (key / (3 * n), key / n % 3, key % n);
        let (template, device) = (pick(&TEMPLATES, first), pick(&DEVICES, second));
        match self {
            Self::Source => [template, device, pick(&SOURCES, third)],
            Self::Browser => [template, device, pick(&BROWSERS, third)],
            Self::Network => [template, pick(&NETWORKS, second), pick(&REGIONS, third)],
            Self::Cohort => [template, device, pick(&COHORTS, third)],
            Self::Release => [
                pick(&TEMPLATES, key % 18 / 3),
                pick(&DEVICES, key % 3),
                versions.get(key / 18).cloned().unwrap_or_default(),
            ],
        }
    }
}

/// A published group-by of server-side business counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum BizCut {
    Source,
    Browser,
}

impl BizCut {
    pub const ALL: [Self; 2] = [Self::Source, Self::Browser];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Source => "biz_source",
            Self::Browser => "biz_browser",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.name() == name)
    }

    pub const fn dims(self) -> [&'static str; 3] {
        match self {
            Self::Source => ["device", "traffic_source", "customer"],
            Self::Browser => ["device", "browser", "region"],
        }
    }

    pub const fn keys(self) -> usize {
        match self {
            Self::Source => 24,
            Self::Browser => 36,
        }
    }

    /// Key of a visit cell.
    pub const fn key(self, cell: ShopCell) -> usize {
        match self {
            Self::Source => (cell.device * 4 + cell.source) * 2 + cell.customer,
            Self::Browser => (cell.device * 4 + cell.browser) * 3 + cell.region,
        }
    }

    /// Label values of a key.
    pub fn labels(self, key: usize) -> [&'static str; 3] {
        let pick = |names: &[&'static str], i: usize| names.get(i).copied().unwrap_or("?");
        match self {
            Self::Source => {
                [pick(&DEVICES, key / 8), pick(&SOURCES, key / 2 % 4), pick(&CUSTOMERS, key % 2)]
            }
            Self::Browser => {
                [pick(&DEVICES, key / 12), pick(&BROWSERS, key / 3 % 4), pick(&REGIONS, key % 3)]
            }
        }
    }
}

/// Histogram bins: bin k holds samples from 50*2^(k/4) ms up to the next edge; bin 0 also
/// everything below, the last bin everything above.
pub const BINS: usize = 48;
pub const FIRST_MS: f64 = 50.0;
pub const PER_OCTAVE: f64 = 4.0;

/// Lower edge of a bin in milliseconds.
pub fn edge_ms(bin: usize) -> f64 {
    FIRST_MS * (bin as f64 / PER_OCTAVE).exp2()
}

/// Position on the bin axis of a time in milliseconds.
pub fn bin_axis(ms: f64) -> f64 {
    PER_OCTAVE * (ms / FIRST_MS).log2()
}
