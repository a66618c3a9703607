//! What may share a case: missing visits and what keeps to their region, weak signs that began as
//! one. Pairs of faults and single ones with many signs are in `pairs`.

use super::faults::{Fault, Harm, World};

#[test]
fn visits_that_miss_in_one_region_are_not_explained_by_a_script_that_fails_everywhere() {
    for seed in 0..3 {
        let mut world = World::new(seed);
        world.run(10);
        let scripts = Fault::new(Harm::Scripts(25.0), "pdp", 600.0, 1200.0);
        world.faults.push(Fault { device: Some("mobile"), ..scripts });
        let dark = Fault::new(Harm::Visits(0.97), "home", 690.0, 1200.0);
        world.faults.push(Fault { region: Some("north"), ..dark });
        world.run(8);
        assert_eq!(world.firing().len(), 2, "seed {seed}: {:#?}", world.firing());
    }
}

#[test]
fn weak_signs_that_began_apart_do_not_pass_the_line_together() {
    // A page of one device is a little slower, and 25 minutes later scripts fail a little there.
    for (seed, slow, scripts) in [(3, 1.16, 2.5), (5, 1.16, 3.5), (3, 1.22, 2.5)] {
        let mut world = World::new(seed);
        world.run(10);
        for (harm, from) in [(Harm::SlowChecks(slow), 600.0), (Harm::Scripts(scripts), 2100.0)] {
            let fault = Fault::new(harm, "pdp", from, 20_000.0);
            world.faults.push(Fault { device: Some("desktop"), ..fault });
        }
        for minute in 0..80 {
            world.run(1);
            let cases = world.firing().len();
            assert!(cases < 2, "seed {seed}, minute {minute}: neither was found alone");
            if cases > 0 {
                break;
            }
        }
    }
}
