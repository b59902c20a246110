// SPDX-License-Identifier: MIT
//! Servers for a generator of load: a task for each connection, on the shard of its session.
use crate::driver::{server_runtime, DRIVER_SHARD};
use futures::executor::block_on;
use shared::serving::{answer_stall, HttpRequests, HTTP_BYTES, STALL_BYTES};
use shared::{Server, Workers};
use spargio::net::{TcpListener, TcpStream};
use spargio::RuntimeHandle;
use std::future::Future;

async fn accept<F>(handle: RuntimeHandle, listener: std::net::TcpListener, talk: fn(TcpStream) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::from_std(handle.clone(), listener);
    loop {
        let (socket, _) = listener.accept_round_robin().await.expect("a connection");
        let shard = socket.session_shard();
        handle.spawn_pinned(shard, talk(socket)).expect("a task");
    }
}

fn serve<F>(workers: Workers, listener: std::net::TcpListener, talk: fn(TcpStream) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let runtime = server_runtime(workers);
    let accepting = accept(runtime.handle(), listener, talk);
    let accepting = runtime.spawn_on(DRIVER_SHARD, accepting).expect("a task that accepts");
    block_on(accepting).expect("a task that accepts");
}

/// What a message asks to be computed is computed here, in its turn.
async fn echo_stalls(socket: TcpStream) {
    let mut bytes = vec![0; STALL_BYTES];
    while let Ok(mut read) = socket.read_exact_owned(bytes).await {
        answer_stall(read.as_mut_slice().try_into().expect("a message"));
        let Ok(sent) = socket.write_all_owned(read).await else {
            return;
        };
        bytes = sent;
    }
}

async fn answer_http(socket: TcpStream) {
    let mut requests = HttpRequests::default();
    let (mut bytes, mut answers) = (vec![0; HTTP_BYTES], Vec::new());
    while let Ok((count @ 1.., read)) = socket.recv_owned(bytes).await {
        requests.answer(&read[..count], &mut answers);
        let Ok(sent) = socket.write_all_owned(answers).await else {
            return;
        };
        (bytes, answers) = (read, sent);
    }
}

pub fn servers() -> Vec<Server> {
    vec![
        Server { name: "stall_echo", serve: |on, listener| serve(on, listener, echo_stalls) },
        Server { name: "http_plain", serve: |on, listener| serve(on, listener, answer_http) },
    ]
}
