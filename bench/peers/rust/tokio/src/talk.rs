// SPDX-License-Identifier: MIT
//! Two tasks that talk through channels.
use crate::driver::{drive, runtime, Work};
use shared::work::{one_way_count, ping_rounds, BATCH, COLD_ROUNDS, ONE_WAY};
use shared::{Iterate, Row, Settings};
use std::future::Future;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{channel, unbounded_channel, UnboundedReceiver, UnboundedSender};
use tokio::sync::Mutex;
use std::sync::Arc;

/// Where the other end runs.
#[derive(Clone, Copy)]
enum Place {
    /// Beside the driver, wherever the runtime puts it.
    Free,
    /// On a runtime of its own, on a thread of its own.
    Apart,
}

fn start(runtime: &Runtime, place: Place, work: impl Future<Output = ()> + Send + 'static) {
    match place {
        Place::Free => {
            runtime.spawn(work);
        }
        Place::Apart => {
            std::thread::spawn(move || {
                Builder::new_current_thread().build().expect("a runtime").block_on(work)
            });
        }
    }
}

/// With the other end apart, the driver's runtime has one worker less.
fn runtime_of(workers: usize, place: Place) -> Runtime {
    match place {
        Place::Free => runtime(workers),
        Place::Apart => runtime((workers - 1).max(1)),
    }
}

struct Ends {
    pings: UnboundedSender<u32>,
    acks: UnboundedReceiver<u32>,
}

fn responder(runtime: &Runtime, place: Place) -> Ends {
    let (pings, mut pinged) = unbounded_channel::<u32>();
    let (acked, acks) = unbounded_channel::<u32>();
    start(runtime, place, async move {
        while let Some(ping) = pinged.recv().await {
            if acked.send(ping).is_err() {
                return;
            }
        }
    });
    Ends { pings, acks }
}

async fn ping(ends: &mut Ends, rounds: u32) -> u64 {
    let mut sum = 0;
    for i in 0..rounds {
        ends.pings.send(i).expect("the responder");
        sum += u64::from(ends.acks.recv().await.expect("the responder"));
    }
    sum
}

fn begin_ping_pong(settings: &Settings, place: Place) -> Iterate {
    let runtime = runtime_of(settings.workers, place);
    let ends = Arc::new(Mutex::new(responder(&runtime, place)));
    drive(runtime, move |warm_up| {
        let ends = ends.clone();
        Box::pin(async move { ping(&mut *ends.lock().await, ping_rounds(warm_up)).await }) as Work
    })
}

/// A runtime for each iteration.
fn begin_cold(settings: &Settings, place: Place) -> Iterate {
    let workers = settings.workers;
    Box::new(move |warm_up| {
        let runtime = runtime_of(workers, place);
        let ends = Arc::new(Mutex::new(responder(&runtime, place)));
        let mut iterate = drive(runtime, move |_| {
            let ends = ends.clone();
            Box::pin(async move { ping(&mut *ends.lock().await, COLD_ROUNDS).await }) as Work
        });
        iterate(warm_up)
    })
}

enum Value {
    Number(u64),
    Question,
}

fn begin_one_way(settings: &Settings, place: Place) -> Iterate {
    let runtime = runtime_of(settings.workers, place);
    let (values, mut valued) = channel::<Value>(ONE_WAY as usize);
    let (sums, summed) = unbounded_channel::<u64>();
    start(&runtime, place, async move {
        let mut sum = 0;
        while let Some(value) = valued.recv().await {
            match value {
                Value::Number(number) => sum += number,
                Value::Question => {
                    sums.send(sum).expect("the driver");
                    sum = 0;
                }
            }
        }
    });
    let summed = Arc::new(Mutex::new(summed));
    drive(runtime, move |warm_up| {
        let (values, summed) = (values.clone(), summed.clone());
        Box::pin(async move {
            for i in 0..one_way_count(warm_up) {
                values.send(Value::Number(i)).await.ok();
            }
            values.send(Value::Question).await.ok();
            summed.lock().await.recv().await.expect("the summer")
        }) as Work
    })
}

/// Batches of 64 in a vector each; an empty one is the question.
fn begin_one_way_batched(settings: &Settings, place: Place) -> Iterate {
    let runtime = runtime_of(settings.workers, place);
    let (batches, mut batched) = channel::<Vec<u64>>(ONE_WAY as usize / BATCH);
    let (sums, summed) = unbounded_channel::<u64>();
    start(&runtime, place, async move {
        let mut sum = 0;
        while let Some(batch) = batched.recv().await {
            if batch.is_empty() {
                sums.send(sum).expect("the driver");
                sum = 0;
            }
            sum += batch.iter().sum::<u64>();
        }
    });
    let summed = Arc::new(Mutex::new(summed));
    drive(runtime, move |warm_up| {
        let (batches, summed) = (batches.clone(), summed.clone());
        Box::pin(async move {
            for first in (0..one_way_count(warm_up)).step_by(BATCH) {
                batches.send((first..first + BATCH as u64).collect()).await.ok();
            }
            batches.send(Vec::new()).await.ok();
            summed.lock().await.recv().await.expect("the summer")
        }) as Work
    })
}

pub fn rows() -> Vec<Row> {
    fn row(name: &'static str, begin: fn(&Settings) -> Iterate) -> Row {
        Row { name, workers: 2, begin }
    }
    vec![
        row("steady_ping_pong_rtt", |s| begin_ping_pong(s, Place::Apart)),
        row("steady_ping_pong_rtt_free", |s| begin_ping_pong(s, Place::Free)),
        row("steady_one_way_send_drain", |s| begin_one_way(s, Place::Apart)),
        row("steady_one_way_send_drain_free", |s| begin_one_way(s, Place::Free)),
        row("steady_one_way_send_drain_batch64", |s| begin_one_way_batched(s, Place::Apart)),
        row("steady_one_way_send_drain_batch64_free", |s| begin_one_way_batched(s, Place::Free)),
        row("cold_start_ping_pong", |s| begin_cold(s, Place::Apart)),
        row("cold_start_ping_pong_free", |s| begin_cold(s, Place::Free)),
    ]
}
