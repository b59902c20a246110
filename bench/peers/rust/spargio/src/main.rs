// SPDX-License-Identifier: MIT
//! The rows of the comparison on the crate spargio. Its shards never sleep: where they have nothing
//! to do they yield to other threads and look again, so that all of its rows are spinning.
mod boundary;
mod driver;
mod fan;
mod files;
mod memory;
mod serve;
mod sockets;
mod streams;
mod talk;
mod tasks;
mod timers;

fn main() {
    let mut rows = talk::rows();
    rows.extend(fan::rows());
    rows.extend(files::rows());
    rows.extend(sockets::rows());
    rows.extend(tasks::rows());
    rows.extend(timers::rows());
    rows.extend(boundary::rows());
    rows.extend(memory::rows());
    let version = env!("PEER_VERSION");
    shared::main_in_mode("spin", "spargio-rs", version, &rows, &serve::servers());
}
