//! A wall clock that a test sets for the programs it starts: `shim/clock.c`, compiled on the spot
//! and preloaded. Monotonic clocks stay true, so what is seen is a step of the wall clock alone.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::child::output;
use crate::skip::program;

/// The clock of one home folder.
pub struct WallClock {
    library: PathBuf,
    offset: PathBuf,
}

impl WallClock {
    /// True time until it is stepped; none, after a loud skip, where there is no C compiler.
    pub fn new(dir: &Path) -> Option<Self> {
        let compiler = program("cc")?;
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/shim/clock.c");
        let clock = Self { library: dir.join("clock.so"), offset: dir.join("clock.offset") };
        let mut compile = Command::new(compiler);
        compile.args(["-O1", "-shared", "-fPIC", "-o"]).arg(&clock.library).arg(source);
        let done = output(compile);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        clock.set(0.0);
        Some(clock)
    }

    /// From now on the wall clock is this far from the true one, seconds.
    pub fn set(&self, seconds: f64) {
        let next = self.offset.with_extension("next");
        std::fs::write(&next, format!("{seconds}")).expect("a file");
        std::fs::rename(&next, &self.offset).expect("replaced");
    }

    /// What a program needs in its environment to live by this clock.
    pub fn environment(&self) -> [(&'static str, String); 2] {
        let text = |path: &Path| path.display().to_string();
        [("LD_PRELOAD", text(&self.library)), ("TILLWATCH_TEST_CLOCK", text(&self.offset))]
    }
}

#[test]
fn the_shim_moves_the_wall_clock_of_a_program_and_nothing_else() {
    let home = crate::servers::home();
    let Some(clock) = WallClock::new(home.path()) else { return };
    let off = |offset: f64| {
        clock.set(offset);
        let mut date = Command::new("date");
        date.args(["-u", "+%s"]).envs(clock.environment());
        let said = String::from_utf8(output(date).stdout).expect("digits");
        let said: i64 = said.trim().parse().expect("seconds");
        said - crate::wait::unix_now()
    };
    assert!(off(0.0).abs() <= 5);
    assert!((off(-3600.0) + 3600).abs() <= 5);
    assert!((off(86_400.0 * 365.0) - 86_400 * 365).abs() <= 5);
}
