// SPDX-License-Identifier: MIT
//! Two tasks that talk through channels.
use crate::driver::{drive, runtime, Work};
use shared::work::{one_way_count, ping_rounds, BATCH, COLD_ROUNDS, ONE_WAY};
use shared::{Iterate, Row, Settings};
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{channel, unbounded_channel, UnboundedReceiver, UnboundedSender};
use tokio::sync::Mutex;
use std::sync::Arc;

struct Ends {
    pings: UnboundedSender<u32>,
    acks: UnboundedReceiver<u32>,
}

fn responder(runtime: &Runtime) -> Ends {
    let (pings, mut pinged) = unbounded_channel::<u32>();
    let (acked, acks) = unbounded_channel::<u32>();
    runtime.spawn(async move {
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

fn begin_ping_pong(settings: &Settings) -> Iterate {
    let runtime = runtime(settings.workers);
    let ends = Arc::new(Mutex::new(responder(&runtime)));
    drive(runtime, move |warm_up| {
        let ends = ends.clone();
        Box::pin(async move { ping(&mut *ends.lock().await, ping_rounds(warm_up)).await }) as Work
    })
}

/// A runtime for each iteration.
fn begin_cold(settings: &Settings) -> Iterate {
    let workers = settings.workers;
    Box::new(move |warm_up| {
        let runtime = runtime(workers);
        let ends = Arc::new(Mutex::new(responder(&runtime)));
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

fn begin_one_way(settings: &Settings) -> Iterate {
    let runtime = runtime(settings.workers);
    let (values, mut valued) = channel::<Value>(ONE_WAY as usize);
    let (sums, summed) = unbounded_channel::<u64>();
    runtime.spawn(async move {
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
fn begin_one_way_batched(settings: &Settings) -> Iterate {
    let runtime = runtime(settings.workers);
    let (batches, mut batched) = channel::<Vec<u64>>(ONE_WAY as usize / BATCH);
    let (sums, summed) = unbounded_channel::<u64>();
    runtime.spawn(async move {
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
    vec![
        Row { name: "steady_ping_pong_rtt_free", workers: 2, begin: begin_ping_pong },
        Row { name: "steady_one_way_send_drain", workers: 2, begin: begin_one_way },
        Row { name: "steady_one_way_send_drain_batch64", workers: 2, begin: begin_one_way_batched },
        Row { name: "cold_start_ping_pong", workers: 2, begin: begin_cold },
    ]
}
