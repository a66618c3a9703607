//! `[[severity_rule]]` rows: which facts about a case make which severity. The first row that holds
//! wins, worst level first. Source of the defaults: EcomToolkit, "Alert policy by severity".

use serde::{Deserialize, Serialize};

use crate::domain::severity::Severity;

/// A fact about a case; rules combine them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// Synthetic checks of any journey fail.
    CheckFail,
    /// Synthetic checks of the checkout journey fail.
    CheckoutCheckFail,
    /// The lower bound of lost orders or payments is above `[detect] collapse`.
    OrderCollapse,
    /// Lost orders alone show that nobody can buy (`[detect] unusable`).
    CheckoutUnusable,
    /// A funnel step lost shoppers.
    FunnelLoss,
    /// Visits, requests or orders themselves are missing, by the server's own counts.
    VisitLoss,
    /// Orders, or their value, are out of band as no demand explains.
    Surge,
    /// More than `[detect] unusable` of an order's value is given away.
    Giveaway,
    /// Pages became slower.
    Speed,
    /// Pages or calls fail more often.
    Errors,
    /// More than `[detect] major_errors` of the views or calls fail on top of the usual.
    MajorErrors,
    /// It touches a template of `[shop] high_value_templates`, or all templates.
    HighValue,
    /// A slow ramp, or a change too small to be felt.
    Drift,
    /// A release in rollout or an experiment arm that serves less than `[detect] small_rollout`, or
    /// a segment below `[detect] small_cohort`.
    SmallCohort,
    /// The measuring broke, not the shop.
    Telemetry,
    /// Nothing tells any more whether checkout works.
    CheckoutBlind,
    /// Paid traffic pays back later.
    Efficiency,
    /// Every record behind it is partial, truncated, stale or a low sample.
    WeakEvidence,
}

impl Fact {
    pub const ALL: [Self; 18] = [
        Self::CheckFail,
        Self::CheckoutCheckFail,
        Self::OrderCollapse,
        Self::CheckoutUnusable,
        Self::FunnelLoss,
        Self::VisitLoss,
        Self::Surge,
        Self::Giveaway,
        Self::Speed,
        Self::Errors,
        Self::MajorErrors,
        Self::HighValue,
        Self::Drift,
        Self::SmallCohort,
        Self::Telemetry,
        Self::CheckoutBlind,
        Self::Efficiency,
        Self::WeakEvidence,
    ];

    /// As it reads in "Sev 1 if ...".
    pub const fn words(self) -> &'static str {
        match self {
            Self::CheckFail => "synthetic checks fail",
            Self::CheckoutCheckFail => "checkout checks fail",
            Self::OrderCollapse => "orders collapse",
            Self::CheckoutUnusable => "nobody can buy",
            Self::FunnelLoss => "a funnel step loses shoppers",
            Self::VisitLoss => "visits themselves are missing",
            Self::Surge => "orders surge without demand",
            Self::Giveaway => "orders are given away",
            Self::Speed => "pages get slower",
            Self::Errors => "pages fail more often",
            Self::MajorErrors => "many more pages fail",
            Self::HighValue => "a high-value template is hit",
            Self::Drift => "it keeps drifting",
            Self::SmallCohort => "only a small cohort is hit",
            Self::Telemetry => "only the measuring is broken",
            Self::CheckoutBlind => "checkout is blind",
            Self::Efficiency => "paid traffic pays back later",
            Self::WeakEvidence => "the evidence is weak",
        }
    }
}

/// One rule: every fact of `all`, at least one of `any` (when given), and none of `none`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeverityRule {
    pub name: String,
    pub level: Severity,
    #[serde(default)]
    pub all: Vec<Fact>,
    #[serde(default)]
    pub any: Vec<Fact>,
    #[serde(default)]
    pub none: Vec<Fact>,
}
