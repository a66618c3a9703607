//! The bazaar's faults and benign phases as tables: what each does, to whom, who is to blame and
//! what an operator should have been told. When they happen stands in `story`.

use tillwatch::verdict::Class;

use super::world::Place;

/// What a phase does to shoppers or to what is measured of them.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum What {
    /// Factors on speed.
    Lcp,
    Inp,
    /// Added share of views with a script error; of page loads that fail.
    Script,
    Load,
    /// Share of beacons that still arrive.
    Beacons,
    /// Factor on visits.
    Visits,
    /// Further visits as a share of the usual ones, and their factor on buying.
    Extra(f64),
    /// Factor on going on to a step: 0 bag, 1 begin, 2 authorize, 3 placed.
    Step(usize),
    /// Factor on the value of an order.
    Value,
    /// Share of a service's calls that fail; those who call it on the same page fail as well.
    Http(&'static str),
    /// Factor on how long a service takes.
    Slow(&'static str),
    /// Share of the page's checks that fail.
    Check,
    /// Memory of a service's pods that is never given back, in times of the usual.
    Memory(&'static str),
}

#[derive(Clone, Copy, Debug)]
pub struct Effect {
    pub what: What,
    pub at: Place,
    pub size: f64,
}

/// Who did it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    Release(&'static str),
    Flag(&'static str),
    Config(&'static str),
    Campaign(&'static str),
    /// A provider, a network, a vendor: nothing that a feed tells.
    Nobody,
    /// Nothing is wrong.
    Benign,
    /// Nothing is wrong, and it was announced.
    Announced,
}

/// A kind of phase.
pub struct Kind {
    pub name: &'static str,
    pub effects: &'static [Effect],
    /// Everything it touches; empty for benign phases.
    pub truth: &'static [Place],
    pub classes: &'static [Class],
    pub severity: u8,
    pub cause: Cause,
    /// Seconds until it is felt in full.
    pub ramp: i64,
    /// Two faults of one field never overlap, or nobody could tell them apart.
    pub field: &'static str,
}

const fn does(what: What, at: Place, size: f64) -> Effect {
    Effect { what, at, size }
}

const ALL: Place = Place::ALL;

const fn on(page: &'static str) -> Place {
    Place { page: Some(page), ..ALL }
}
const fn with(device: &'static str) -> Place {
    Place { device: Some(device), ..ALL }
}
const fn by(browser: &'static str) -> Place {
    Place { browser: Some(browser), ..ALL }
}
const fn from(region: &'static str) -> Place {
    Place { region: Some(region), ..ALL }
}
const fn who(customer: &'static str) -> Place {
    Place { customer: Some(customer), ..ALL }
}
const fn paying(method: &'static str) -> Place {
    Place { method: Some(method), ..ALL }
}
const fn through(source: &'static str) -> Place {
    Place { source: Some(source), ..ALL }
}

const PDP_MOBILE: Place = Place { device: Some("mobile"), ..on("pdp") };
const PDP_SAFARI: Place = Place { browser: Some("MobileSafari"), ..on("pdp") };
const PAID_MOBILE: Place = Place { source: Some("paid"), ..with("mobile") };
const TILL_MEMBER: Place = Place { customer: Some("member"), ..on("checkout") };
const TILL_PIX: Place = Place { method: Some("pix"), ..on("checkout") };
const TILL_CARD: Place = Place { method: Some("card"), ..on("checkout") };
const TILL_WALLET: Place = Place { method: Some("wallet"), ..on("checkout") };

const HARM: &[Class] = &[Class::Regression, Class::Availability, Class::Conversion];
const SLOW: &[Class] = &[Class::Regression];
const LOST: &[Class] = &[Class::Conversion, Class::Regression];

const fn kind(
    name: &'static str,
    (cause, field): (Cause, &'static str),
    (truth, classes, severity): (&'static [Place], &'static [Class], u8),
    effects: &'static [Effect],
) -> Kind {
    Kind { name, effects, truth, classes, severity, cause, ramp: 0, field }
}

use Cause::{Announced, Benign, Campaign, Config, Flag, Nobody, Release};
use What::{
    Beacons, Check, Extra, Http, Inp, Lcp, Load, Memory, Script, Slow, Step, Value, Visits,
};

pub const FAULTS: [Kind; 17] = [
    kind(
        "pay-500",
        (Release("checkout"), "till"),
        (&[on("checkout")], HARM, 1),
        &[
            does(Http("checkout"), on("checkout"), 0.35),
            does(Load, on("checkout"), 0.14),
            does(Step(2), ALL, 0.60),
            does(Step(3), ALL, 0.92),
            does(Check, on("checkout"), 0.6),
        ],
    ),
    kind(
        "pix-declines",
        (Nobody, "till"),
        (&[TILL_PIX], HARM, 2),
        &[does(Step(3), paying("pix"), 0.30)],
    ),
    kind(
        "item-lcp",
        (Release("web-shop"), "speed"),
        (&[PDP_MOBILE], SLOW, 2),
        &[does(Lcp, PDP_MOBILE, 1.7), does(Step(0), with("mobile"), 0.94)],
    ),
    kind(
        "listing-inp",
        (Release("web-shop"), "inp"),
        (&[on("collection")], SLOW, 3),
        &[does(Inp, on("collection"), 1.9)],
    ),
    kind(
        "cdn-mx",
        (Nobody, "speed"),
        (&[from("mx")], SLOW, 2),
        &[does(Lcp, from("mx"), 1.8), does(Step(0), from("mx"), 0.93)],
    ),
    kind(
        "search-500",
        (Release("search"), "find"),
        (&[on("search")], HARM, 2),
        &[does(Http("search"), on("search"), 0.4), does(Load, on("search"), 0.35)],
    ),
    kind(
        "tag-vendor",
        (Nobody, "inp"),
        (&[with("mobile")], SLOW, 2),
        &[
            does(Inp, with("mobile"), 2.0),
            does(Lcp, with("mobile"), 1.15),
            does(Script, with("mobile"), 0.008),
        ],
    ),
    Kind {
        ramp: 420,
        ..kind(
            "cart-leak",
            (Release("cart"), "bag"),
            (&[on("cart")], HARM, 2),
            &[
                does(Slow("cart"), on("cart"), 9.0),
                does(Lcp, on("cart"), 2.2),
                does(Load, on("cart"), 0.07),
                does(Http("cart"), on("cart"), 0.08),
                does(Step(1), ALL, 0.75),
                does(Memory("cart"), ALL, 4.0),
            ],
        )
    },
    kind(
        "beacon-loss",
        (Release("rum-sdk"), "beacons"),
        (&[by("SamsungInternet")], &[Class::Telemetry], 4),
        &[does(Beacons, by("SamsungInternet"), 0.2)],
    ),
    kind(
        "member-flag",
        (Flag("member-wallet"), "till"),
        (&[TILL_MEMBER], LOST, 2),
        &[does(Step(2), who("member"), 0.45)],
    ),
    kind(
        "acquirer-down",
        (Nobody, "till"),
        (&[TILL_CARD, TILL_WALLET], HARM, 2),
        &[does(Step(3), paying("card"), 0.3), does(Step(3), paying("wallet"), 0.3)],
    ),
    kind(
        "safari-script",
        (Release("web-shop"), "script"),
        (&[PDP_SAFARI], LOST, 2),
        &[does(Script, PDP_SAFARI, 0.25), does(Step(0), by("MobileSafari"), 0.35)],
    ),
    kind(
        "stock-out",
        (Config("stock-sync"), "item"),
        (&[on("pdp")], LOST, 2),
        &[does(Step(0), ALL, 0.5)],
    ),
    kind(
        "zero-price",
        (Release("pricing"), "item"),
        (&[on("pdp")], &[Class::Conversion], 2),
        &[does(Value, ALL, 0.4), does(Step(0), ALL, 1.4), does(Step(1), ALL, 1.15)],
    ),
    kind(
        "region-dark",
        (Nobody, "visits"),
        (&[from("ar")], &[Class::Availability], 2),
        &[does(Visits, from("ar"), 0.06)],
    ),
    kind(
        "home-errors",
        (Release("bff"), "home"),
        (&[on("home")], HARM, 3),
        &[does(Http("bff"), on("home"), 0.035), does(Load, on("home"), 0.03)],
    ),
    kind(
        "paid-mobile",
        (Campaign("brand-refresh"), "paid"),
        (&[PAID_MOBILE], LOST, 2),
        &[does(Step(0), PAID_MOBILE, 0.4)],
    ),
];

pub const BENIGN: [Kind; 4] = [
    kind(
        "campaign",
        (Campaign("spring-push"), "-"),
        (&[], &[], 0),
        &[does(Extra(0.5), through("paid"), 0.7)],
    ),
    kind(
        "flash-sale",
        (Campaign("flash-hour"), "-"),
        (&[], &[], 0),
        &[
            does(Extra(1.0), through("email"), 0.35),
            does(Step(0), ALL, 1.3),
            does(Value, ALL, 0.85),
        ],
    ),
    kind("bots", (Benign, "-"), (&[], &[], 0), &[does(Extra(0.0), with("desktop"), 0.6)]),
    kind(
        "works",
        (Announced, "-"),
        (&[], &[], 0),
        &[does(Http("search"), on("search"), 0.9), does(Load, on("search"), 0.85)],
    ),
];

impl Kind {
    /// Nothing is wrong while it lasts, whatever moves.
    pub const fn is_benign(&self) -> bool {
        self.truth.is_empty()
    }
}
