// SPDX-License-Identifier: MIT
//! Two tasks that talk: on two shards through messages between rings, which go from shard to shard;
//! on one shard through channels of futures, since between tasks it has none of its own.
use crate::driver::{builder, drive, here, runtime, DRIVER_SHARD};
use futures::channel::mpsc::{unbounded, UnboundedReceiver, UnboundedSender};
use futures::StreamExt;
use shared::work::{one_way_count, ping_rounds, BATCH, COLD_ROUNDS, ONE_WAY};
use shared::{Iterate, Row, Settings};
use spargio::{Event, Runtime, ShardCtx};

const PING: u16 = 1;
const ACK: u16 = 2;
const VALUE: u16 = 3;
const QUESTION: u16 = 4;
const SUM: u16 = 5;

// ---- On two shards ----

fn last_shard(runtime: &Runtime) -> u16 {
    (runtime.shard_count() - 1) as u16
}

/// The ticket tells that the message is in the other ring.
async fn send(shard: &ShardCtx, target: u16, tag: u16, value: u32) {
    shard.send_raw(target, tag, value).expect("a message").await.expect("a message");
}

async fn receive(shard: &ShardCtx) -> (u16, u32) {
    let Event::RingMsg { tag, val, .. } = shard.next_event().await;
    (tag, val)
}

/// Acks each ping; sums values up, and tells the sum when it is asked.
async fn respond(shard: ShardCtx) {
    let mut sum = 0;
    loop {
        match receive(&shard).await {
            (PING, value) => send(&shard, DRIVER_SHARD, ACK, value).await,
            (VALUE, value) => sum += value,
            _ => {
                send(&shard, DRIVER_SHARD, SUM, sum).await;
                sum = 0;
            }
        }
    }
}

fn start_responder(runtime: &Runtime) -> u16 {
    let shard = last_shard(runtime);
    runtime.handle().spawn_local_on(shard, respond).expect("the responder");
    shard
}

async fn ping(responder: u16, rounds: u32) -> u64 {
    let shard = here();
    let mut sum = 0;
    for i in 0..rounds {
        send(&shard, responder, PING, i).await;
        sum += u64::from(receive(&shard).await.1);
    }
    sum
}

fn begin_ping_pong(settings: &Settings) -> Iterate {
    let runtime = runtime(settings.workers);
    let responder = start_responder(&runtime);
    drive(runtime, responder, async |responder, warm_up| {
        ping(*responder, ping_rounds(warm_up)).await
    })
}

/// A runtime for each iteration.
fn begin_cold(settings: &Settings) -> Iterate {
    let workers = settings.workers;
    Box::new(move |warm_up| {
        let runtime = runtime(workers);
        let responder = start_responder(&runtime);
        let mut iterate =
            drive(runtime, responder, async |responder, _| ping(*responder, COLD_ROUNDS).await);
        iterate(warm_up)
    })
}

/// Values in batches, the flush, then the sum that comes back.
async fn send_values(responder: u16, count: u64, batch: usize) -> u64 {
    let shard = here();
    for first in (0..count).step_by(batch) {
        let values = (first..count.min(first + batch as u64)).map(|i| (VALUE, i as u32));
        shard.send_many_raw_nowait(responder, values).expect("values");
    }
    shard.flush().expect("a flush").await.expect("a flush");
    send(&shard, responder, QUESTION, 0).await;
    u64::from(receive(&shard).await.1)
}

fn begin_one_way(settings: &Settings, batch: usize) -> Iterate {
    let builder = builder(settings.workers).ring_entries(4096).msg_ring_queue_capacity(4096);
    let runtime = builder.build().expect("a runtime");
    let responder = start_responder(&runtime);
    drive(runtime, responder, async move |responder, warm_up| {
        send_values(*responder, one_way_count(warm_up), batch).await
    })
}

// ---- On one shard ----

struct Ends<T> {
    there: UnboundedSender<T>,
    back: UnboundedReceiver<u64>,
}

/// Starts the other end beside the driver; it answers what reply gives for a message, if anything.
fn start_end<T: Send + 'static>(
    runtime: &Runtime,
    mut reply: impl FnMut(T) -> Option<u64> + Send + 'static,
) -> Ends<T> {
    let (there, mut messages) = unbounded::<T>();
    let (answers, back) = unbounded::<u64>();
    let end = runtime.handle().spawn_local_on(DRIVER_SHARD, |_| async move {
        while let Some(message) = messages.next().await {
            if let Some(answer) = reply(message) {
                answers.unbounded_send(answer).expect("the driver");
            }
        }
    });
    end.expect("the other end");
    Ends { there, back }
}

impl<T> Ends<T> {
    fn send(&self, message: T) {
        self.there.unbounded_send(message).expect("the other end");
    }

    async fn receive(&mut self) -> u64 {
        self.back.next().await.expect("the other end")
    }
}

async fn ping_freely(ends: &mut Ends<u32>, rounds: u32) -> u64 {
    let mut sum = 0;
    for i in 0..rounds {
        ends.send(i);
        sum += ends.receive().await;
    }
    sum
}

fn ack(ping: u32) -> Option<u64> {
    Some(u64::from(ping))
}

fn begin_ping_pong_free(settings: &Settings) -> Iterate {
    let runtime = runtime(settings.workers);
    let ends = start_end(&runtime, ack);
    drive(runtime, ends, async |ends, warm_up| ping_freely(ends, ping_rounds(warm_up)).await)
}

fn begin_cold_free(settings: &Settings) -> Iterate {
    let workers = settings.workers;
    Box::new(move |warm_up| {
        let runtime = runtime(workers);
        let ends = start_end(&runtime, ack);
        let mut iterate =
            drive(runtime, ends, async |ends, _| ping_freely(ends, COLD_ROUNDS).await);
        iterate(warm_up)
    })
}

/// Sums up, until the message is the question.
fn summer<T: Send + 'static>(
    value: impl Fn(T) -> Option<u64> + Send + 'static,
) -> impl FnMut(T) -> Option<u64> + Send + 'static {
    let mut sum = 0;
    move |message| match value(message) {
        Some(value) => {
            sum += value;
            None
        }
        None => Some(std::mem::take(&mut sum)),
    }
}

fn begin_one_way_free(settings: &Settings) -> Iterate {
    let runtime = runtime(settings.workers);
    let ends = start_end(&runtime, summer(|value: Option<u64>| value));
    drive(runtime, ends, async |ends, warm_up| {
        (0..one_way_count(warm_up)).for_each(|i| ends.send(Some(i)));
        ends.send(None);
        ends.receive().await
    })
}

/// An empty batch is the question.
fn begin_one_way_batched_free(settings: &Settings) -> Iterate {
    let runtime = runtime(settings.workers);
    let sum_of = |batch: Vec<u64>| batch.into_iter().reduce(|a, b| a + b);
    let ends = start_end(&runtime, summer(sum_of));
    drive(runtime, ends, async |ends, warm_up| {
        for first in (0..one_way_count(warm_up)).step_by(BATCH) {
            ends.send((first..first + BATCH as u64).collect());
        }
        ends.send(Vec::new());
        ends.receive().await
    })
}

pub fn rows() -> Vec<Row> {
    fn row(name: &'static str, begin: fn(&Settings) -> Iterate) -> Row {
        Row { name, workers: 2, begin }
    }
    vec![
        row("steady_ping_pong_rtt", begin_ping_pong),
        row("steady_ping_pong_rtt_free", begin_ping_pong_free),
        row("steady_one_way_send_drain", |s| begin_one_way(s, ONE_WAY as usize)),
        row("steady_one_way_send_drain_free", begin_one_way_free),
        row("steady_one_way_send_drain_batch64", |s| begin_one_way(s, BATCH)),
        row("steady_one_way_send_drain_batch64_free", begin_one_way_batched_free),
        row("cold_start_ping_pong", begin_cold),
        row("cold_start_ping_pong_free", begin_cold_free),
    ]
}
