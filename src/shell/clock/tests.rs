//! Clocks of two programs on one machine, on two machines, and after the machine's clock was set.

use super::*;
use crate::board::Watcher;

fn board(beat: Option<Beat>, made_at: Timestamp, speed: f64) -> Board {
    let watcher = Watcher {
        host: "h".to_owned(),
        pid: 1,
        since: made_at,
        lease_until: None,
        wall_at: Some(made_at),
        beat,
    };
    Board { generated_at: made_at, watcher: Some(watcher), speed, ..Board::default() }
}

/// `now` is `want`, give or take what a busy machine needs.
fn about(now: Timestamp, want: Timestamp) -> bool {
    now.since(want) >= Span::from_millis(-50) && now.since(want) < Span::from_secs(30)
}

#[test]
fn a_clock_goes_on_from_where_it_began_and_sees_how_far_the_machines_is() {
    let clock = Clock::system();
    assert!(about(clock.now(), clock.wall()) && about(clock.steady(), clock.wall()));
    let ahead = clock.going_on(clock.now().plus(Span::from_hours(1)));
    let off = ahead.off().millis() + 3_600_000;
    assert!(off.abs() < 2000, "{off}");
    assert!(about(ahead.steady(), clock.wall()), "undo windows know nothing of it");
}

#[test]
fn programs_on_one_machine_agree_on_the_watchers_time_whatever_the_clock_says() {
    // The watcher began before the machine's clock was set back by a day.
    let watcher = Clock::system().going_on(Clock::system().now().plus(Span::from_days(1)));
    let made_at = watcher.now().minus(Span::from_secs(90));
    let board = board(watcher.beat(made_at), made_at, 1.0);
    let own = Clock::system();
    assert!(about(own.now_by(&board), watcher.now()), "{}", own.now_by(&board));
    assert!(about(Clock::of_board(&board).now(), watcher.now()));
    assert!(!Clock::of_board(&board).is_simulated());
}

#[test]
fn a_board_of_another_machine_or_of_before_a_restart_tells_no_time() {
    let clock = Clock::system();
    let made_at = clock.now().plus(Span::from_days(1));
    let beat = clock.beat(made_at).expect("a boot id");
    let elsewhere = Beat { boot: "00ff".to_owned(), ..beat.clone() };
    let later = Beat { up_ms: i64::MAX, ..beat };
    for beat in [Some(elsewhere), Some(later), None] {
        assert!(about(clock.now_by(&board(beat, made_at, 1.0)), clock.wall()));
    }
}

#[test]
fn orders_for_a_fast_demo_are_given_in_its_time_and_not_in_its_last_boards() {
    let wall = Clock::system().wall();
    let made: Timestamp = "2026-11-20T18:00:00Z".parse().expect("time");
    let mut board = board(None, made, 60.0);
    if let Some(watcher) = &mut board.watcher {
        watcher.wall_at = Some(wall.minus(Span::from_secs(10)));
    }
    let passed = Clock::of_board(&board).now().since(made);
    assert!(passed >= Span::from_mins(10), "{passed}");
    let shop = Clock::simulated(made.plus(Span::from_mins(10)), 60.0);
    let beat = shop.beat(made);
    let board = Board { watcher: board.watcher.map(|w| Watcher { beat, ..w }), ..board };
    let passed = shop.now_by(&board).since(made);
    assert!(passed >= Span::from_mins(10) && passed < Span::from_mins(40), "{passed}");
    assert!(!Clock::of_board(&Board { speed: 1.0, ..Board::default() }).is_simulated());
}
