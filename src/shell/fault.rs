//! A fault on demand, so that tests see what a real one does to the terminal. Builds without debug
//! assertions hold none of it: there is no way to ask a released program for a fault.

/// Faults when `TILLWATCH_FAULT` begins with the name of this place; its text is the fault's.
#[cfg(debug_assertions)]
pub fn here(place: &str) {
    let asked = std::env::var("TILLWATCH_FAULT").unwrap_or_default();
    if asked.split(' ').next() == Some(place) {
        std::panic::panic_any(asked);
    }
}

#[cfg(not(debug_assertions))]
pub const fn here(_place: &str) {}
