// SPDX-License-Identifier: MIT
//! The rows of the comparison on tokio, its multi-threaded runtime.
mod driver;
mod fan;
mod files;
mod sockets;
mod talk;

fn main() {
    let mut rows = talk::rows();
    rows.extend(fan::rows());
    rows.extend(files::rows());
    rows.extend(sockets::rows());
    shared::main("tokio", env!("TOKIO_VERSION"), &rows);
}
