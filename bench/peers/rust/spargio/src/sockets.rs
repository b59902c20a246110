// SPDX-License-Identifier: MIT
//! Rows on streams to the echo server.
use crate::driver::{drive, io_runtime, DRIVER_SHARD};
use crate::streams::{connect_all, Receive, Stream};
use futures::channel::mpsc::{unbounded, UnboundedReceiver, UnboundedSender};
use futures::future::{select, Either};
use futures::StreamExt;
use shared::frames::*;
use shared::work::pipeline_work;
use shared::{Iterate, Row, Settings};
use spargio::net::StreamSessionPolicy::{Fixed, RoundRobin};
use spargio::{Event, RemoteShard, Runtime, RuntimeHandle, ShardCtx};
use std::future::Future;

// ---- On one stream, of the driver's shard ----

fn first_stream(runtime: &Runtime, settings: &Settings) -> Stream {
    connect_all(runtime, settings.port, Fixed(DRIVER_SHARD)).swap_remove(0)
}

fn begin_echo(settings: &Settings) -> Iterate {
    let runtime = io_runtime(settings.workers);
    let stream = first_stream(&runtime, settings);
    drive(runtime, stream, async |stream, warm_up| {
        let (mut out, mut back) = (vec![0; ECHO_BYTES], vec![0; ECHO_BYTES]);
        let mut sum = 0;
        for i in 0..echo_rounds(warm_up) {
            sum += u64::from(stream.echo(i, &mut out, &mut back).await);
        }
        sum
    })
}

fn begin_throughput(settings: &Settings) -> Iterate {
    let runtime = io_runtime(settings.workers);
    let stream = first_stream(&runtime, settings);
    drive(runtime, stream, async |stream, warm_up| {
        stream.exchange(0, stream_frames(warm_up), Receive::Multishot).await
    })
}

// ---- A task for each stream, on the shard of its session ----

struct Streams {
    handle: RuntimeHandle,
    all: Vec<Stream>,
}

fn connect_round_robin(runtime: &Runtime, settings: &Settings) -> Streams {
    Streams { handle: runtime.handle(), all: connect_all(runtime, settings.port, RoundRobin) }
}

impl Streams {
    /// Each task has its stream to itself, and hands it back.
    async fn run<F, W>(&mut self, work: W) -> u64
    where
        F: Future<Output = (Stream, u64)> + Send + 'static,
        W: Fn(Stream) -> F,
    {
        let mut tasks = Vec::new();
        for stream in self.all.drain(..) {
            let shard = stream.socket.session_shard();
            tasks.push(self.handle.spawn_pinned(shard, work(stream)).expect("a task"));
        }
        let mut sum = 0_u64;
        for task in tasks {
            let (stream, result) = task.await.expect("a stream");
            self.all.push(stream);
            sum = sum.wrapping_add(result);
        }
        sum
    }
}

async fn imbalanced(mut stream: Stream, warm_up: bool) -> (Stream, u64) {
    let count = imbalanced_frames(stream.number, warm_up);
    let sum = stream.exchange(0, count, Receive::Multishot).await;
    (stream, sum)
}

async fn rotation(mut stream: Stream, warm_up: bool) -> (Stream, u64) {
    let (mut frame, mut sum) = (0, 0);
    for step in 0..rotation_steps(warm_up) {
        let count = rotation_frames(stream.number, step, warm_up);
        sum += stream.exchange(frame, count, Receive::Exact).await;
        frame += count;
    }
    (stream, sum)
}

async fn pipeline(mut stream: Stream, warm_up: bool) -> (Stream, u64) {
    let mut sum = 0_u64;
    for first in (0..pipeline_frames(warm_up)).step_by(WINDOW as usize) {
        stream.send_one_by_one(first, WINDOW).await;
        for frame in first..first + WINDOW {
            let byte = stream.receive().await;
            let rounds = pipeline_rounds(stream.number, frame, warm_up);
            let result = pipeline_work(byte, u64::from(stream.number), u64::from(frame), rounds);
            sum = sum.wrapping_add(result);
        }
    }
    (stream, sum)
}

fn begin_streams<F>(settings: &Settings, work: fn(Stream, bool) -> F) -> Iterate
where
    F: Future<Output = (Stream, u64)> + Send + 'static,
{
    let runtime = io_runtime(settings.workers);
    let streams = connect_round_robin(&runtime, settings);
    drive(runtime, streams, async move |streams, warm_up| {
        streams.run(|stream| work(stream, warm_up)).await
    })
}

// ---- Owners of keys ----

/// Messages of this tag are added up on their way; their owner sees the sum of some.
const KEY: u16 = 1;
const END: u16 = 2;

/// Adds up what all streams send, and tells the sum; for each iteration anew.
async fn own_keys(shard: ShardCtx, sums: UnboundedSender<u64>) {
    let (mut sum, mut ended) = (0, 0);
    loop {
        match select(shard.next_hot_count(KEY), shard.next_hot_event()).await {
            Either::Left((count, _)) => sum += count,
            Either::Right((Event::RingMsg { .. }, _)) => ended += 1,
        }
        if ended == STREAMS {
            sum += shard.try_take_hot_count(KEY).unwrap_or(0);
            if sums.unbounded_send(sum).is_err() {
                return;
            }
            (sum, ended) = (0, 0);
        }
    }
}

fn send_keys(owner: &RemoteShard, count: u32) {
    const MOST: u32 = 64;
    for first in (0..count).step_by(MOST as usize) {
        let batch = (first..count.min(first + MOST)).map(|_| (KEY, 1));
        owner.send_many_raw_nowait(batch).expect("an owner");
    }
}

async fn keyed(mut stream: Stream, owners: Vec<RemoteShard>, warm_up: bool) -> (Stream, u64) {
    let (mut frame, mut sum) = (0, 0);
    for step in 0..rotation_steps(warm_up) {
        let count = rotation_frames(stream.number, step, warm_up);
        sum += stream.exchange(frame, count, Receive::Exact).await;
        send_keys(&owners[step as usize % OWNERS], count * MESSAGES_PER_FRAME);
        frame += count;
    }
    for owner in &owners {
        owner.send_raw(END, 0).expect("an owner").await.expect("an owner");
    }
    (stream, sum)
}

struct Keyed {
    streams: Streams,
    owners: Vec<RemoteShard>,
    summed: UnboundedReceiver<u64>,
}

fn start_owners(runtime: &Runtime, sums: UnboundedSender<u64>) -> Vec<RemoteShard> {
    let start = |owner: usize| {
        let (sums, shard) = (sums.clone(), (owner % runtime.shard_count()) as u16);
        let task = runtime.handle().spawn_local_on(shard, |shard| own_keys(shard, sums));
        task.expect("an owner");
        runtime.remote(shard).expect("a shard")
    };
    (0..OWNERS).map(start).collect()
}

fn begin_keyed(settings: &Settings) -> Iterate {
    let builder = crate::driver::builder(settings.workers).io_uring_throughput_mode(None);
    let builder = builder.hot_msg_tag(END).coalesced_hot_msg_tag(KEY);
    let runtime = builder.build().expect("a runtime");
    let (sums, summed) = unbounded();
    let owners = start_owners(&runtime, sums);
    let keyed_streams =
        Keyed { streams: connect_round_robin(&runtime, settings), owners, summed };
    drive(runtime, keyed_streams, async |all, warm_up| {
        let owners = &all.owners;
        let mut sum = all.streams.run(|stream| keyed(stream, owners.clone(), warm_up)).await;
        for _ in 0..OWNERS {
            sum += all.summed.next().await.expect("an owner");
        }
        sum
    })
}

pub fn rows() -> Vec<Row> {
    fn row(name: &'static str, begin: fn(&Settings) -> Iterate) -> Row {
        Row { name, workers: 2, begin }
    }
    vec![
        row("net_echo_rtt_256b", begin_echo),
        row("net_stream_throughput_4k_window32", begin_throughput),
        row("net_stream_imbalanced_4k_hot1_light7", |s| begin_streams(s, imbalanced)),
        row("net_stream_hotspot_rotation_4k", |s| begin_streams(s, rotation)),
        row("net_pipeline_hotspot_rotation_4k_window32", |s| begin_streams(s, pipeline)),
        row("net_keyed_hotspot_rotation_4k", begin_keyed),
    ]
}
