//! Every scenario as one session from the start to after recovery, read frame by frame at 80x24 by
//! a reader that knows the truth of the shop. No frame may say Calm, ok or live where the truth of
//! that moment says otherwise. The list of what is held stands below.

mod claims;
mod reading;
mod session;
mod truth;

use tillwatch::shop::scenario;

use self::session::Session;

// What is held, on every page and on the wall, each minute:
// 1. before the past has been read and judged nothing is called calm and no guardrail ok;
// 2. "Calm" is on no frame while a fault of the truth lasts that a careful person would have
//    called twice over, nor while an incident is open, mitigated or closed by hand and firing;
// 3. a journey whose every check fails is not ok after two rounds of its checks;
// 4. a funnel step that lost half its shoppers everywhere is not ok;
// 5. a guardrail whose metric is broken for a whole template or for everyone is not ok;
// 6. no cell of the heatmap is drawn well whose every shopper is hit;
// 7. when the shop stops answering, no source is live and nothing is ok or calm two intervals on;
// 8. once all is well again for an hour, the session ends calm, or says what still fires: silence
//    is not the safe answer;
// 9. "high" is said of no release that did not do it; a place is one where somebody is hit;
// 10. money lost and the age of what is closed never go back, and what is over costs nothing a
//     minute, is in breach nowhere and is never called harmless after shoppers were lost;
// 11. of one service's releases those called live share the shoppers, and none is live for nobody;
// 12. no cell is called ok whose own number is far beyond chance on the bad side;
// 13. no words of the arithmetic, and no value that is none.

macro_rules! sessions {
    ($($test:ident $name:literal)*) => {
        $(#[test]
        fn $test() {
            Session::play($name);
        })*

        #[test]
        fn every_scenario_has_its_session() {
            let table: Vec<&str> = scenario::table().iter().map(|s| s.name).collect();
            assert_eq!(table, [$($name),*]);
        }
    };
}

sessions! {
    calm_day "calm-day"
    checkout_outage "checkout-outage"
    mobile_pdp_inp "mobile-pdp-inp"
    payment_drop "payment-drop"
    telemetry_drop "telemetry-drop"
    campaign_mix_shift "campaign-mix-shift"
    slow_drift "slow-drift"
    innocent_release "innocent-release"
    cdn_region_slow "cdn-region-slow"
    third_party_script "third-party-script"
    sampling_change "sampling-change"
    clock_skew "clock-skew"
    over_collection "over-collection"
    orphaned_traces "orphaned-traces"
    pii_leak "pii-leak"
    ab_cohort "ab-cohort"
    payment_outage "payment-outage"
    bot_traffic "bot-traffic"
    low_traffic "low-traffic"
    holiday "holiday"
    maintenance "maintenance"
    flapping "flapping"
    two_at_once "two-at-once"
    rollback_no_help "rollback-no-help"
    staged_5pct "staged-5pct"
    search_errors "search-errors"
    returning_login_break "returning-login-break"
    slow_network_images "slow-network-images"
    location_glitch "location-glitch"
    paid_mobile_conversion "paid-mobile-conversion"
    checkout_js_error_browser "checkout-js-error-browser"
    region_checkout_down "region-checkout-down"
    paid_efficiency "paid-efficiency"
    region_dark "region-dark"
    price_zero "price-zero"
    stacking_coupons "stacking-coupons"
    double_orders "double-orders"
    scalpers "scalpers"
    flash_sale "flash-sale"
    stock_out "stock-out"
    ingest_lag "ingest-lag"
    beacons_twice "beacons-twice"
}
