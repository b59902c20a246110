// SPDX-License-Identifier: MIT
//! Servers for a generator of load: a task for each connection, on the worker that it was dealt to.
use crate::driver::block_on;
use flume::{unbounded, Receiver};
use monoio::io::{AsyncReadRent, AsyncReadRentExt, AsyncWriteRentExt};
use monoio::net::TcpStream;
use monoio::spawn;
use shared::serving::{answer_stall, HttpRequests, HTTP_BYTES, STALL_BYTES};
use shared::{stay_on, Server, Workers};
use std::future::Future;
use std::net::{TcpListener, TcpStream as Socket};

async fn take_sockets<F>(sockets: Receiver<Socket>, talk: fn(TcpStream) -> F)
where
    F: Future<Output = ()> + 'static,
{
    while let Ok(socket) = sockets.recv_async().await {
        spawn(talk(TcpStream::from_std(socket).expect("a connection")));
    }
}

/// The thread that accepts is no worker; it deals connections out in turn, so that all workers have
/// as many.
fn serve<F>(workers: Workers, listener: TcpListener, talk: fn(TcpStream) -> F)
where
    F: Future<Output = ()> + 'static,
{
    let start = |i| {
        let (sockets, taken) = unbounded();
        std::thread::spawn(move || {
            stay_on(workers.cpu_of(i));
            block_on(take_sockets(taken, talk))
        });
        sockets
    };
    let workers: Vec<_> = (0..workers.count).map(start).collect();
    for worker in workers.iter().cycle() {
        let (socket, _) = listener.accept().expect("a connection");
        socket.set_nodelay(true).expect("TCP_NODELAY");
        worker.send(socket).expect("a worker");
    }
}

/// What a message asks to be computed is computed here, in its turn.
async fn echo_stalls(mut socket: TcpStream) {
    let mut message = Box::new([0; STALL_BYTES]);
    loop {
        let (read, mut asked) = socket.read_exact(message).await;
        if read.is_err() {
            return;
        }
        answer_stall(&mut asked);
        let (written, back) = socket.write_all(asked).await;
        if written.is_err() {
            return;
        }
        message = back;
    }
}

async fn answer_http(mut socket: TcpStream) {
    let mut requests = HttpRequests::default();
    let (mut bytes, mut answers) = (Vec::with_capacity(HTTP_BYTES), Vec::new());
    loop {
        let (count, read) = socket.read(bytes).await;
        if !matches!(count, Ok(1..)) {
            return;
        }
        requests.answer(&read, &mut answers);
        let (written, back) = socket.write_all(answers).await;
        if written.is_err() {
            return;
        }
        (bytes, answers) = (read, back);
    }
}

pub fn servers() -> Vec<Server> {
    vec![
        Server { name: "stall_echo", serve: |on, listener| serve(on, listener, echo_stalls) },
        Server { name: "http_plain", serve: |on, listener| serve(on, listener, answer_http) },
    ]
}
