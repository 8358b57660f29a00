//! The program starts. The tests of what it does are in the workspace's `tests`; this one makes Cargo build
//! the program along with them, once and with the same features.

use std::process::Command;

#[test]
fn the_program_says_its_version() {
    let output = Command::new(env!("CARGO_BIN_EXE_surgetank")).arg("--version").output().unwrap();
    let version = concat!(" ", env!("CARGO_PKG_VERSION"), "\n");
    assert!(String::from_utf8(output.stdout).unwrap().ends_with(version));
}
