// SPDX-License-Identifier: MIT
//! The rows of the comparison on glommio that one thread does: an executor, and its three rings,
//! for each thread.
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
    shared::main_with_servers("glommio", env!("PEER_VERSION"), &rows, &serve::servers());
}
