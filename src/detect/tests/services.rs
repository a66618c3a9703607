//! Shops of many services that call each other: who is hurt, who did it, who is left in peace.
//! Worlds are made in `world`, played in `play` and counted by the dozen in `score`.

mod play;
mod score;
mod world;

use play::{changes, live, play, warm};
use world::{Fault, ONSET, Release, World, release};

#[test]
fn a_broken_leaf_is_told_with_its_release_and_nobody_healthy() {
    let o = play(3, Fault::Leaf, Release::Own, true);
    assert!(o.found && o.place, "{:#?}", o.words);
    assert_eq!(o.healthy, Vec::<String>::new(), "{:#?}", o.words);
    assert_eq!(o.suspect.as_deref(), Some("near"), "{:#?}", o.words);
}
