// SPDX-License-Identifier: MIT
//! Servers for a generator of load: a task for each connection.
use crate::driver::server_runtime;
use shared::serving::{answer_stall, HttpRequests, HTTP_BYTES, STALL_BYTES};
use shared::{Server, Workers};
use std::future::Future;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

async fn accept<F>(listener: std::net::TcpListener, talk: fn(TcpStream) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    listener.set_nonblocking(true).expect("a listener that does not block");
    let listener = TcpListener::from_std(listener).expect("a listener");
    loop {
        let (socket, _) = listener.accept().await.expect("a connection");
        socket.set_nodelay(true).expect("TCP_NODELAY");
        tokio::spawn(talk(socket));
    }
}

/// The loop that accepts is a task among the others: the thread that waits for it is no worker.
fn serve<F>(workers: Workers, listener: std::net::TcpListener, talk: fn(TcpStream) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let runtime = server_runtime(workers);
    runtime.block_on(runtime.spawn(accept(listener, talk))).expect("a task that accepts");
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
