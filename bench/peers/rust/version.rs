// SPDX-License-Identifier: MIT
//! Of each peer's build: the version that Cargo.lock names of what bench_NAME measures, for the
//! results.
fn main() {
    println!("cargo:rerun-if-changed=../Cargo.lock");
    let package = std::env::var("CARGO_PKG_NAME").expect("a package");
    let crate_name = package.trim_start_matches("bench_").trim_end_matches("_rs");
    let name = format!("name = \"{crate_name}\"");
    let lock = std::fs::read_to_string("../Cargo.lock").unwrap_or_default();
    let mut lines = lock.lines();
    let found = lines.find(|line| *line == name).and_then(|_| lines.next());
    let version = found.and_then(|line| line.split('"').nth(1)).unwrap_or("unknown");
    println!("cargo:rustc-env=PEER_VERSION={version}");
}
