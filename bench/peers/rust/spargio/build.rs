// SPDX-License-Identifier: MIT
//! The version of the crate spargio that Cargo.lock names, for the results.
fn main() {
    println!("cargo:rerun-if-changed=../Cargo.lock");
    let lock = std::fs::read_to_string("../Cargo.lock").unwrap_or_default();
    let mut lines = lock.lines();
    let found = lines.find(|line| *line == "name = \"spargio\"").and_then(|_| lines.next());
    let version = found.and_then(|line| line.split('"').nth(1)).unwrap_or("unknown");
    println!("cargo:rustc-env=SPARGIO_VERSION={version}");
}
