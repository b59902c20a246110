// SPDX-License-Identifier: MIT
//! The rows of the comparison on compio: a runtime, and its ring, for each thread. Tasks stay on
//! their thread; what threads tell each other goes through flume's channels, which compio itself
//! uses for that.
mod boundary;
mod channels;
mod driver;
mod fan;
mod files;
mod memory;
mod serve;
mod sockets;
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
    rows.extend(channels::rows());
    rows.extend(boundary::rows());
    rows.extend(memory::rows());
    shared::main_with_servers("compio", env!("PEER_VERSION"), &rows, &serve::servers());
}
