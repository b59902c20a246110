// SPDX-License-Identifier: MIT
//! Servers for a generator of load: a task for each connection, on the worker that it was dealt to.
use crate::driver::Worker;
use compio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use compio::net::TcpStream;
use compio::BufResult;
use shared::serving::{answer_stall, HttpRequests, HTTP_BYTES, STALL_BYTES};
use shared::{Server, Workers};
use std::future::Future;
use std::net::TcpListener;

/// The thread that accepts is no worker; it deals connections out in turn, so that all workers have
/// as many.
fn serve<F>(workers: Workers, listener: TcpListener, talk: fn(TcpStream) -> F)
where
    F: Future<Output = ()> + 'static,
{
    let start = |i| Worker::start(workers.cpu_of(i));
    let workers: Vec<_> = (0..workers.count).map(start).collect();
    for worker in workers.iter().cycle() {
        let (socket, _) = listener.accept().expect("a connection");
        socket.set_nodelay(true).expect("TCP_NODELAY");
        worker.jobs.spawn(move || talk(TcpStream::from_std(socket).expect("a connection")));
    }
}

/// What a message asks to be computed is computed here, in its turn.
async fn echo_stalls(mut socket: TcpStream) {
    let mut message = [0; STALL_BYTES];
    loop {
        let read = socket.read_exact(message).await;
        message = read.1;
        if read.0.is_err() {
            return;
        }
        answer_stall(&mut message);
        if socket.write_all(message).await.is_err() {
            return;
        }
    }
}

async fn answer_http(mut socket: TcpStream) {
    let mut requests = HttpRequests::default();
    let (mut bytes, mut answers) = (Vec::with_capacity(HTTP_BYTES), Vec::new());
    loop {
        let BufResult(count, read) = socket.read(bytes).await;
        if !matches!(count, Ok(1..)) {
            return;
        }
        requests.answer(&read, &mut answers);
        let BufResult(written, back) = socket.write_all(answers).await;
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
