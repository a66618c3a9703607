//! The only door through which time enters. A clock begins at the machine's time and goes on by
//! the time the machine has been up, sleep included: a step of the machine's clock moves nothing
//! here, it is only seen. Policy time may run faster than the wall (demo).
//! Everything else takes instants as parameters; clippy forbids other `now()` calls.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::board::{Beat, Board};
use crate::domain::time::{Span, Timestamp};

use super::alive;

/// A source of instants. With speed 1 policy time is wall time.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// The machine's time, and how long it had been up, when this clock began.
    wall: Timestamp,
    up: Duration,
    /// Policy time at that moment.
    base: Timestamp,
    speed: f64,
    start: Option<Timestamp>,
    simulated: bool,
    /// Which start of the machine counts the time it has been up; none where it does not tell.
    boot: Option<u128>,
}

/// No poll and no wake comes more often than this in wall time, whatever the speed.
pub const WALL_FLOOR: Duration = Duration::from_millis(250);

/// Counts through a suspended machine, unlike `Instant`, and is never set.
#[cfg(target_os = "linux")]
const UP: ClockId = ClockId::Boottime;
#[cfg(not(target_os = "linux"))]
const UP: ClockId = ClockId::Monotonic;

#[expect(clippy::disallowed_methods, reason = "this is the door")]
fn machine_now() -> Timestamp {
    chrono::Utc::now().into()
}

#[expect(clippy::disallowed_methods, reason = "this is the door")]
fn instant_now() -> Instant {
    Instant::now()
}

fn up_now() -> Duration {
    elapsed(UP)
}

/// For how long this machine has been up, sleep included; for who measures and has no clock.
pub fn up() -> Duration {
    up_now()
}

fn elapsed(id: ClockId) -> Duration {
    let t = clock_gettime(id);
    Duration::from_secs(t.tv_sec.unsigned_abs())
        .saturating_add(Duration::from_nanos(t.tv_nsec.unsigned_abs()))
}

fn span(duration: Duration) -> Span {
    Span::from_millis(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
}

impl Clock {
    /// Wall time.
    pub fn system() -> Self {
        let (wall, up) = (machine_now(), up_now());
        let boot = alive::boot();
        Self { wall, up, base: wall, speed: 1.0, start: None, simulated: false, boot }
    }

    /// Policy time starts at `base` now and runs `speed` times as fast as the wall.
    pub fn simulated(base: Timestamp, speed: f64) -> Self {
        let speed = speed.clamp(0.001, 100_000.0);
        Self { base, speed, start: Some(base), simulated: true, ..Self::system() }
    }

    /// The time of the watcher whose board this is, for other programs: of the embedded shop it
    /// watches, or its own where the machine's clock was set since it began. Wall time without one.
    pub fn of_board(board: &Board) -> Self {
        let own = Self::system();
        if board.speed != 1.0 && board.watcher.is_some() {
            let base = own.passed(board).map_or(board.generated_at, |p| board.generated_at.plus(p));
            return Self::simulated(base, board.speed);
        }
        Self { base: own.now_by(board), ..own }
    }

    /// The same clock, going on from `now`: what the journal holds must not lie ahead of it.
    pub fn going_on(self, now: Timestamp) -> Self {
        let fresh = Self::system();
        Self { wall: fresh.wall, up: fresh.up, base: now, ..self }
    }

    /// Policy time.
    pub fn now(self) -> Timestamp {
        self.base.plus(self.policy(self.alive()))
    }

    /// Policy time by the board's watcher, where that runs since the same start of this machine;
    /// else by this clock. Two programs that began before and after a step agree in it.
    pub fn now_by(self, board: &Board) -> Timestamp {
        let beat = board.watcher.as_ref().and_then(|w| w.beat.as_ref());
        match beat.and_then(|b| self.since(b)) {
            Some(passed) => board.generated_at.plus(times(passed, board.speed)),
            None => self.now(),
        }
    }

    /// Wall time that no step moves: for undo windows and input guards.
    pub fn steady(self) -> Timestamp {
        self.wall.plus(span(self.alive()))
    }

    /// What the machine's clock says, steps and all: for what others compare with theirs (leases,
    /// signatures, the time of a board).
    pub fn wall(self) -> Timestamp {
        machine_now()
    }

    /// How far the machine's clock is ahead of this one.
    pub fn off(self) -> Span {
        machine_now().since(if self.simulated { self.steady() } else { self.now() })
    }

    /// For how long the machine has been up, sleep included.
    pub fn up(self) -> Duration {
        up_now()
    }

    /// When a board of `made_at` was made, in a form that no step of the clock moves.
    pub fn beat(self, made_at: Timestamp) -> Option<Beat> {
        let boot = format!("{:032x}", self.boot?);
        let age = self.now().since(made_at).as_secs_f64().max(0.0) / self.speed;
        let up = span(up_now()).millis() - (age * 1000.0) as i64;
        Some(Beat { boot, up_ms: up })
    }

    /// A monotonic instant for measuring.
    pub fn instant(self) -> Instant {
        instant_now()
    }

    /// The same clock, known to have been started at `start`.
    pub fn started(self, start: Timestamp) -> Self {
        Self { start: Some(start), ..self }
    }

    /// Policy time at which the clock's world began; now when it always was.
    pub fn start(self) -> Timestamp {
        self.start.unwrap_or_else(|| self.now())
    }

    /// Policy time is not wall time.
    pub const fn is_simulated(self) -> bool {
        self.simulated
    }

    pub const fn speed(self) -> f64 {
        self.speed
    }

    /// How long to wait on the wall for `span` of policy time.
    pub fn wall_for(self, span: Span) -> Duration {
        Duration::from_secs_f64((span.as_secs_f64() / self.speed).max(0.0))
    }

    /// The same, never below [`WALL_FLOOR`].
    pub fn pause_for(self, span: Span) -> Duration {
        self.wall_for(span).max(WALL_FLOOR)
    }

    /// Wall time since this clock began.
    fn alive(self) -> Duration {
        up_now().saturating_sub(self.up)
    }

    fn policy(self, wall: Duration) -> Span {
        Span::from_millis((wall.as_secs_f64() * self.speed * 1000.0) as i64)
    }

    /// Wall time since a beat of this start of the machine.
    fn since(self, beat: &Beat) -> Option<Span> {
        let same = self.boot.is_some() && u128::from_str_radix(&beat.boot, 16).ok() == self.boot;
        let passed = span(up_now()).millis().checked_sub(beat.up_ms)?;
        (same && passed >= 0).then_some(Span::from_millis(passed))
    }

    /// Wall time since a board was made; by what the machine's clock says where its watcher ran
    /// elsewhere or before this start, and negative then when that clock is not ours.
    pub fn age(self, board: &Board) -> Option<Span> {
        let watcher = board.watcher.as_ref()?;
        let by_beat = watcher.beat.as_ref().and_then(|b| self.since(b));
        by_beat.or_else(|| Some(machine_now().since(watcher.wall_at?)))
    }

    /// The same in policy time.
    fn passed(self, board: &Board) -> Option<Span> {
        self.age(board).map(|passed| times(passed.max(Span::ZERO), board.speed))
    }
}

fn times(wall: Span, speed: f64) -> Span {
    Span::from_millis((wall.as_secs_f64() * speed.max(0.0) * 1000.0) as i64)
}

/// Milliseconds on the monotonic clock of the machine.
pub fn monotonic_ms() -> u64 {
    u64::try_from(elapsed(ClockId::Monotonic).as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
