// SPDX-License-Identifier: MIT
//! The rows of the comparison on monoio: a runtime, and its ring, for each thread. It has no row on
//! tasks that talk across threads, which it has nothing of its own for; and none on yielding: a
//! task that wakes itself is the next to run, before all others.
mod driver;
mod files;
mod serve;
mod sockets;
mod tasks;
mod timers;

fn main() {
    let mut rows = files::rows();
    rows.extend(sockets::rows());
    rows.extend(tasks::rows());
    rows.extend(timers::rows());
    shared::main_with_servers("monoio", env!("PEER_VERSION"), &rows, &serve::servers());
}
