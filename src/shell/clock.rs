//! The only door through which time enters. Policy time may run faster than the wall (demo).
//! Everything else takes instants as parameters; clippy forbids other `now()` calls.

use std::time::{Duration, Instant};

use crate::domain::time::{Span, Timestamp};

/// A source of instants. With speed 1 policy time is wall time.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    base: Option<(Timestamp, Instant)>,
    speed: f64,
    start: Option<Timestamp>,
}

/// No poll and no wake comes more often than this in wall time, whatever the speed.
pub const WALL_FLOOR: Duration = Duration::from_millis(250);

#[expect(clippy::disallowed_methods, reason = "this is the door")]
fn wall_now() -> Timestamp {
    chrono::Utc::now().into()
}

#[expect(clippy::disallowed_methods, reason = "this is the door")]
fn instant_now() -> Instant {
    Instant::now()
}

impl Clock {
    /// Wall time.
    pub const fn system() -> Self {
        Self { base: None, speed: 1.0, start: None }
    }

    /// Policy time starts at `base` now and runs `speed` times as fast as the wall.
    pub fn simulated(base: Timestamp, speed: f64) -> Self {
        let speed = speed.clamp(0.001, 100_000.0);
        Self { base: Some((base, instant_now())), speed, start: Some(base) }
    }

    /// Policy time.
    pub fn now(self) -> Timestamp {
        match self.base {
            None => wall_now(),
            Some((base, wall0)) => {
                let passed = instant_now().saturating_duration_since(wall0).as_secs_f64();
                base.plus(Span::from_millis((passed * self.speed * 1000.0) as i64))
            }
        }
    }

    /// Wall time, for signatures, undo windows and input guards.
    pub fn wall(self) -> Timestamp {
        wall_now()
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
        self.base.is_some()
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
}

/// Milliseconds on the monotonic clock of the machine.
pub fn monotonic_ms() -> u64 {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    t.tv_sec
        .unsigned_abs()
        .saturating_mul(1000)
        .saturating_add(t.tv_nsec.unsigned_abs() / 1_000_000)
}
