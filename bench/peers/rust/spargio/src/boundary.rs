// SPDX-License-Identifier: MIT
//! Calls from a thread that is none of the runtime's, one after the other.
use crate::driver::{runtime, DRIVER_SHARD};
use futures::channel::mpsc::unbounded;
use futures::executor::block_on;
use futures::StreamExt;
use shared::amounts::{calls, CHANNEL_CAPACITY};
use shared::{Iterate, Record, Row, Settings};
use spargio::boundary::{channel, BoundaryClient};
use spargio::Runtime;
use std::sync::mpsc::Receiver;
use std::time::Instant;

fn call_often(record: &Record, warm_up: bool, mut call: impl FnMut(u64) -> u64) -> u64 {
    let mut sum = 0;
    for i in 0..calls(warm_up) {
        let begin = Instant::now();
        sum += call(i);
        record.sample(begin.elapsed().as_nanos() as u64);
    }
    sum
}

// ---- Its boundary ----

fn start_server(runtime: &Runtime) -> BoundaryClient<u64, u64> {
    let (client, server) = channel::<u64, u64>(CHANNEL_CAPACITY);
    let task = runtime.handle().spawn_stealable(async move {
        while let Ok(request) = server.recv().await {
            let question = *request.request();
            request.respond(question).expect("who has asked");
        }
    });
    task.expect("a task that answers");
    client
}

async fn call(client: &BoundaryClient<u64, u64>, question: u64) -> u64 {
    let ticket = client.call(question).await.expect("a task that answers");
    ticket.await.expect("an answer")
}

/// The task looks for requests once a millisecond.
fn begin_boundary(settings: &Settings) -> Iterate {
    let runtime = runtime(settings.workers);
    let client = start_server(&runtime);
    let record = settings.record.clone();
    Box::new(move |warm_up| {
        let _alive = &runtime;
        call_often(&record, warm_up, |question| block_on(call(&client, question)))
    })
}

// ---- A channel to a task ----

/// As the shards do, the thread looks again and again.
fn await_answer(answered: &Receiver<u64>) -> u64 {
    loop {
        if let Ok(answer) = answered.try_recv() {
            return answer;
        }
        std::thread::yield_now();
    }
}

/// As its own benchmarks call tasks: questions through a channel of futures.
fn begin_channel(settings: &Settings) -> Iterate {
    let runtime = runtime(settings.workers);
    let record = settings.record.clone();
    let (questions, mut questioned) = unbounded::<u64>();
    let (answers, answered) = std::sync::mpsc::channel::<u64>();
    let task = runtime.spawn_on(DRIVER_SHARD, async move {
        while let Some(question) = questioned.next().await {
            if answers.send(question).is_err() {
                return;
            }
        }
    });
    task.expect("a task that answers");
    Box::new(move |warm_up| {
        let _alive = &runtime;
        call_often(&record, warm_up, |question| {
            questions.unbounded_send(question).expect("a task that answers");
            await_answer(&answered)
        })
    })
}

pub fn rows() -> Vec<Row> {
    vec![
        Row { name: "boundary_rtt", workers: 2, begin: begin_channel },
        Row { name: "boundary_rtt_api", workers: 2, begin: begin_boundary },
    ]
}
