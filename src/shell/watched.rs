//! A stored board seen from outside its watcher: how old it is, and whether anybody still stands
//! behind it. Reads the lease; takes nothing and writes nothing.

use std::time::Duration;

use crate::board::standing::Trust;
use crate::board::{Absent, Board};
use crate::domain::time::{Span, Timestamp};
use crate::journal::Journal;

use super::clock::Clock;
use super::{alive, lease};

/// A lease may be over for so long before its holder counts as silent: on this machine, whose clock
/// is the holder's, and on another.
const GRACE_HERE: Span = Span::from_secs(2);
const GRACE_ELSEWHERE: Span = Span::from_secs(60);
/// A board that does not say how long it is fresh.
const FRESH_FOR: Span = Span::from_secs(60);

/// Does anybody stand behind the stored board? Takes some seconds where the machine's clock was set
/// back since the lease was written: how long that holds is seen by whether it is renewed then.
pub async fn absent(journal: &Journal) -> Option<Absent> {
    let lease = lease_of(journal).await?;
    let wall = Clock::system().wall();
    let absent = of_lease(lease.as_ref(), wall);
    if absent.is_some() || !is_of_another_clock(lease.as_ref(), wall) {
        return absent;
    }
    tokio::time::sleep(lease::RENEW_EVERY + Duration::from_secs(1)).await;
    let later = lease_of(journal).await?;
    let renewed = later != lease;
    of_lease(later.as_ref(), Clock::system().wall()).or((!renewed).then_some(Absent::Silent))
}

/// None when it cannot be read; inside, none when nobody has it.
async fn lease_of(journal: &Journal) -> Option<Option<(String, Timestamp)>> {
    let read = journal.lease().await;
    read.inspect_err(|error| tracing::warn!(%error, "the lease could not be read")).ok()
}

/// A lease of this machine that holds for longer than any is given.
fn is_of_another_clock(lease: Option<&(String, Timestamp)>, wall: Timestamp) -> bool {
    let far = |until: Timestamp| until.since(wall) > lease::LEASE.plus(GRACE_HERE);
    lease.is_some_and(|(owner, until)| alive::is_here(owner) && far(*until))
}

/// The same by the row of the lease.
pub fn of_lease(lease: Option<&(String, Timestamp)>, wall: Timestamp) -> Option<Absent> {
    let Some((owner, until)) = lease else { return Some(Absent::Ended) };
    if alive::is_gone(owner) {
        return Some(Absent::Ended);
    }
    let grace = if alive::is_here(owner) { GRACE_HERE } else { GRACE_ELSEWHERE };
    (wall.since(*until) > grace).then_some(Absent::Silent)
}

/// How far a stored board can be believed, by the machine's clock and by how long it has been up.
pub fn trust(board: &Board, absent: Option<Absent>, clock: Clock) -> Trust {
    let age = clock.age(board).unwrap_or_else(|| clock.wall().since(board.generated_at));
    trust_at(board, absent, age)
}

/// The same for a board that was made so long ago on the wall.
fn trust_at(board: &Board, absent: Option<Absent>, age: Span) -> Trust {
    let speed = if board.speed.is_finite() { board.speed.max(1.0) } else { 1.0 };
    let shop = Span::from_millis((age.millis() as f64 * speed) as i64);
    let fresh_for = board.fresh_for.unwrap_or(FRESH_FOR);
    // one of the future is of a clock that is not ours: how old it is cannot be told
    let far = shop > fresh_for || age < GRACE_ELSEWHERE.times(-1);
    match absent {
        Some(Absent::Ended) => Trust::Unwatched(shop),
        Some(Absent::Silent) => Trust::Late(shop),
        None if far => Trust::Late(shop),
        None => Trust::Fresh,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::Watcher;

    fn board(wall: Timestamp, speed: f64) -> Board {
        let made = "2026-11-20T18:00:00Z".parse().expect("time");
        let watcher = Watcher {
            host: "h".to_owned(),
            pid: 1,
            since: wall,
            lease_until: None,
            wall_at: Some(wall),
            beat: None,
        };
        let fresh_for = Some(Span::from_secs(360));
        Board { speed, generated_at: made, watcher: Some(watcher), fresh_for, ..Board::default() }
    }

    #[test]
    fn a_board_is_believed_while_its_watcher_lives_and_it_is_fresh() {
        let wall = Timestamp::from_secs(1_800_000_000);
        let after = |secs: i64, speed: f64, absent| {
            trust_at(&board(wall, speed), absent, Span::from_secs(secs))
        };
        let secs = Span::from_secs;
        assert_eq!(after(300, 1.0, None), Trust::Fresh);
        assert_eq!(after(361, 1.0, None), Trust::Late(secs(361)));
        assert_eq!(after(5, 60.0, None), Trust::Fresh, "in the time of the shop");
        assert_eq!(after(7, 60.0, None), Trust::Late(secs(420)));
        assert_eq!(after(1, 1.0, Some(Absent::Ended)), Trust::Unwatched(secs(1)));
        assert_eq!(after(1, 1.0, Some(Absent::Silent)), Trust::Late(secs(1)));
        assert_eq!(after(-61, 1.0, None), Trust::Late(secs(-61)), "a clock that is not ours");
        assert_eq!(after(-50, 1.0, None), Trust::Fresh);
    }

    #[test]
    fn a_lease_that_ran_out_or_is_not_there_is_no_watcher() {
        let now = Timestamp::from_secs(1_800_000_000);
        let lease = |owner: String, ago: i64| (owner, now.minus(Span::from_secs(ago)));
        assert_eq!(of_lease(None, now), Some(Absent::Ended));
        let own = alive::own_name;
        assert_eq!(of_lease(Some(&lease(own(), -5)), now), None);
        assert_eq!(of_lease(Some(&lease(own(), 1)), now), None, "it is being renewed");
        assert_eq!(of_lease(Some(&lease(own(), 3)), now), Some(Absent::Silent), "it hangs");
        let ahead = |secs: i64| is_of_another_clock(Some(&lease(own(), -secs)), now);
        assert!(!ahead(8) && ahead(11), "nobody is given so much: the clock was set back");
        let far = || "elsewhere:7:8:9:boot".to_owned();
        assert_eq!(of_lease(Some(&lease(far(), 30)), now), None, "its clock may differ");
        assert_eq!(of_lease(Some(&lease(far(), 61)), now), Some(Absent::Silent));
    }
}
