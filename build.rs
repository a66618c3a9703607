//! The program is linked at a fixed address on Linux: the tables of time zones hold fifty thousand
//! addresses, and a movable program writes every one of them anew at each start (1 to 1.5 ms, more
//! than all the rest before the first frame of a small program). Heap, stack and libraries stay
//! at random places. Nothing else is decided here.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|v| v == value);
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}
