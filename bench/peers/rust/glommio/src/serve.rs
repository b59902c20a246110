// SPDX-License-Identifier: MIT
//! Servers for a generator of load: a task for each connection, on the worker that it was dealt to.
use crate::driver::start;
use flume::{unbounded, Receiver};
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use glommio::net::TcpStream;
use glommio::spawn_local;
use shared::serving::{answer_stall, HttpRequests, HTTP_BYTES, STALL_BYTES};
use shared::{Server, Workers};
use std::future::Future;
use std::net::{TcpListener, TcpStream as Socket};
use std::os::fd::{FromRawFd, IntoRawFd};

async fn take_sockets<F>(sockets: Receiver<Socket>, talk: fn(TcpStream) -> F)
where
    F: Future<Output = ()> + 'static,
{
    while let Ok(socket) = sockets.recv_async().await {
        // SAFETY: it is given up here, and nobody else has it.
        let socket = unsafe { TcpStream::from_raw_fd(socket.into_raw_fd()) };
        spawn_local(talk(socket)).detach();
    }
}

/// The thread that accepts is no worker; it deals connections out in turn, so that all workers have
/// as many.
fn serve<F>(workers: Workers, listener: TcpListener, talk: fn(TcpStream) -> F)
where
    F: Future<Output = ()> + 'static,
{
    let worker = |i| {
        let (sockets, taken) = unbounded();
        (sockets, start(workers.cpu_of(i), move || take_sockets(taken, talk)))
    };
    let workers: Vec<_> = (0..workers.count).map(worker).collect();
    for (sockets, _) in workers.iter().cycle() {
        let (socket, _) = listener.accept().expect("a connection");
        socket.set_nodelay(true).expect("TCP_NODELAY");
        sockets.send(socket).expect("a worker");
    }
}

/// What a message asks to be computed is computed here, in its turn.
async fn echo_stalls(mut socket: TcpStream) {
    let mut message = [0; STALL_BYTES];
    while socket.read_exact(&mut message).await.is_ok() {
        answer_stall(&mut message);
        if socket.write_all(&message).await.is_err() {
            return;
        }
    }
}

async fn answer_http(mut socket: TcpStream) {
    let mut requests = HttpRequests::default();
    let (mut bytes, mut answers) = (vec![0; HTTP_BYTES], Vec::new());
    while let Ok(count @ 1..) = socket.read(&mut bytes).await {
        requests.answer(&bytes[..count], &mut answers);
        if socket.write_all(&answers).await.is_err() {
            return;
        }
    }
}

pub fn servers() -> Vec<Server> {
    vec![
        Server { name: "stall_echo", serve: |on, listener| serve(on, listener, echo_stalls) },
        Server { name: "http_plain", serve: |on, listener| serve(on, listener, answer_http) },
    ]
}
