// SPDX-License-Identifier: MIT
//! Two tasks that talk through channels.
use crate::driver::{drive, Place, Work};
use flume::{bounded, unbounded, Receiver, Sender};
use shared::work::{one_way_count, ping_rounds, BATCH, COLD_ROUNDS, ONE_WAY};
use shared::{Iterate, Row, Settings};

#[derive(Clone)]
struct Ends {
    pings: Sender<u32>,
    acks: Receiver<u32>,
}

fn responder(place: &Place) -> Ends {
    let (pings, pinged) = unbounded::<u32>();
    let (acked, acks) = unbounded::<u32>();
    place.spawn(move || async move {
        while let Ok(ping) = pinged.recv_async().await {
            if acked.send(ping).is_err() {
                return;
            }
        }
    });
    Ends { pings, acks }
}

async fn ping(ends: Ends, rounds: u32) -> u64 {
    let mut sum = 0;
    for i in 0..rounds {
        ends.pings.send(i).expect("the responder");
        sum += u64::from(ends.acks.recv_async().await.expect("the responder"));
    }
    sum
}

fn begin_ping_pong(settings: &Settings) -> Iterate {
    drive(settings.workers, |far| async move {
        let ends = responder(&far);
        move |warm_up| Box::pin(ping(ends.clone(), ping_rounds(warm_up))) as Work
    })
}

/// Workers for each iteration, which has waited for their end.
fn begin_cold(settings: &Settings, choose: fn(Place) -> Place) -> Iterate {
    let count = settings.workers;
    Box::new(move |warm_up| {
        let mut iterate = drive(count, move |far| async move {
            let ends = responder(&choose(far));
            move |_| Box::pin(ping(ends.clone(), COLD_ROUNDS)) as Work
        });
        iterate(warm_up)
    })
}

enum Value {
    Number(u64),
    Question,
}

async fn sum_up(values: Receiver<Value>, sums: Sender<u64>) {
    let mut sum = 0;
    while let Ok(value) = values.recv_async().await {
        match value {
            Value::Number(number) => sum += number,
            Value::Question => {
                sums.send(sum).ok();
                sum = 0;
            }
        }
    }
}

fn begin_one_way(settings: &Settings) -> Iterate {
    drive(settings.workers, |far| async move {
        let (values, valued) = bounded::<Value>(ONE_WAY as usize);
        let (sums, summed) = unbounded::<u64>();
        far.spawn(move || sum_up(valued, sums));
        move |warm_up| {
            let (values, summed) = (values.clone(), summed.clone());
            Box::pin(async move {
                for i in 0..one_way_count(warm_up) {
                    values.send_async(Value::Number(i)).await.ok();
                }
                values.send_async(Value::Question).await.ok();
                summed.recv_async().await.expect("the summer")
            }) as Work
        }
    })
}

/// An empty batch is the question.
async fn sum_up_batches(batches: Receiver<Vec<u64>>, sums: Sender<u64>) {
    let mut sum = 0;
    while let Ok(batch) = batches.recv_async().await {
        if batch.is_empty() {
            sums.send(sum).ok();
            sum = 0;
        }
        sum += batch.iter().sum::<u64>();
    }
}

/// Batches of 64 in a vector each.
fn begin_one_way_batched(settings: &Settings) -> Iterate {
    drive(settings.workers, |far| async move {
        let (batches, batched) = bounded::<Vec<u64>>(ONE_WAY as usize / BATCH);
        let (sums, summed) = unbounded::<u64>();
        far.spawn(move || sum_up_batches(batched, sums));
        move |warm_up| {
            let (batches, summed) = (batches.clone(), summed.clone());
            Box::pin(async move {
                for first in (0..one_way_count(warm_up)).step_by(BATCH) {
                    let batch = (first..first + BATCH as u64).collect();
                    batches.send_async(batch).await.ok();
                }
                batches.send_async(Vec::new()).await.ok();
                summed.recv_async().await.expect("the summer")
            }) as Work
        }
    })
}

/// With free ends both are on one worker, where none of them wakes a thread.
pub fn rows() -> Vec<Row> {
    fn row(name: &'static str, workers: usize, begin: fn(&Settings) -> Iterate) -> Row {
        Row { name, workers, begin }
    }
    vec![
        row("steady_ping_pong_rtt", 2, begin_ping_pong),
        row("steady_ping_pong_rtt_free", 1, begin_ping_pong),
        row("steady_one_way_send_drain", 2, begin_one_way),
        row("steady_one_way_send_drain_free", 1, begin_one_way),
        row("steady_one_way_send_drain_batch64", 2, begin_one_way_batched),
        row("steady_one_way_send_drain_batch64_free", 1, begin_one_way_batched),
        row("cold_start_ping_pong", 2, |s| begin_cold(s, |far| far)),
        row("cold_start_ping_pong_free", 2, |s| begin_cold(s, |_| Place::default())),
    ]
}
