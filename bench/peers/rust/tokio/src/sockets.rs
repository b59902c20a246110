// SPDX-License-Identifier: MIT
//! Streams to the echo server.
use crate::driver::{drive, runtime, Work};
use shared::frames::*;
use shared::work::pipeline_work;
use shared::{Iterate, Row, Settings};
use std::future::Future;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{channel, Sender};
use tokio::sync::Mutex;

struct Stream {
    number: u32,
    socket: TcpStream,
    out: Vec<u8>,
    back: Vec<u8>,
    sum: u64,
}

type Shared = Arc<Mutex<Stream>>;

async fn connect(number: u32, port: u16) -> Shared {
    let socket = TcpStream::connect(("127.0.0.1", port)).await.expect("the echo server");
    socket.set_nodelay(true).expect("TCP_NODELAY");
    let (out, back) = (vec![0; FRAME], vec![0; FRAME]);
    Arc::new(Mutex::new(Stream { number, socket, out, back, sum: 0 }))
}

fn connect_all(runtime: &Runtime, port: u16) -> Vec<Shared> {
    runtime.block_on(async {
        let mut all = Vec::new();
        for number in 0..STREAMS {
            all.push(connect(number, port).await);
        }
        all
    })
}

impl Stream {
    async fn receive(&mut self, bytes: usize) -> u8 {
        self.socket.read_exact(&mut self.back[..bytes]).await.expect("an answer");
        self.back[0]
    }

    /// Frames from `first` on, one write each.
    async fn send_window(&mut self, first: u32, count: u32) {
        for frame in first..first + count {
            self.out[0] = frame as u8;
            self.socket.write_all(&self.out).await.expect("a send");
        }
    }

    async fn exchange(&mut self, first: u32, count: u32) {
        let mut done = 0;
        while done < count {
            let size = WINDOW.min(count - done);
            self.send_window(first + done, size).await;
            for _ in 0..size {
                self.sum += u64::from(self.receive(FRAME).await);
            }
            done += size;
        }
    }
}

fn begin_echo(settings: &Settings) -> Iterate {
    let runtime = runtime(settings.workers);
    let stream = connect_all(&runtime, settings.port).swap_remove(0);
    drive(runtime, move |warm_up| {
        let stream = stream.clone();
        Box::pin(async move {
            let stream = &mut *stream.lock().await;
            let mut sum = 0;
            for i in 0..echo_rounds(warm_up) {
                stream.out[0] = i as u8;
                stream.socket.write_all(&stream.out[..ECHO_BYTES]).await.expect("a send");
                sum += u64::from(stream.receive(ECHO_BYTES).await);
            }
            sum
        }) as Work
    })
}

fn begin_throughput(settings: &Settings) -> Iterate {
    let runtime = runtime(settings.workers);
    let stream = connect_all(&runtime, settings.port).swap_remove(0);
    drive(runtime, move |warm_up| {
        let stream = stream.clone();
        Box::pin(async move {
            let stream = &mut *stream.lock().await;
            stream.sum = 0;
            stream.exchange(0, stream_frames(warm_up)).await;
            stream.sum
        }) as Work
    })
}

/// A task for each stream runs work on it.
async fn run_all<F, W>(all: Vec<Shared>, work: W) -> u64
where
    F: Future<Output = u64> + Send + 'static,
    W: Fn(Shared) -> F,
{
    let tasks: Vec<_> = all.into_iter().map(|stream| tokio::spawn(work(stream))).collect();
    let mut sum = 0_u64;
    for task in tasks {
        sum = sum.wrapping_add(task.await.expect("a stream"));
    }
    sum
}

async fn imbalanced(stream: Shared, warm_up: bool) -> u64 {
    let stream = &mut *stream.lock().await;
    stream.sum = 0;
    stream.exchange(0, imbalanced_frames(stream.number, warm_up)).await;
    stream.sum
}

async fn rotation(stream: Shared, warm_up: bool) -> u64 {
    let stream = &mut *stream.lock().await;
    stream.sum = 0;
    let mut frame = 0;
    for step in 0..rotation_steps(warm_up) {
        let count = rotation_frames(stream.number, step, warm_up);
        stream.exchange(frame, count).await;
        frame += count;
    }
    stream.sum
}

async fn pipeline(stream: Shared, warm_up: bool) -> u64 {
    let stream = &mut *stream.lock().await;
    let mut sum = 0_u64;
    for first in (0..pipeline_frames(warm_up)).step_by(WINDOW as usize) {
        stream.send_window(first, WINDOW).await;
        for frame in first..first + WINDOW {
            let byte = stream.receive(FRAME).await;
            let rounds = pipeline_rounds(stream.number, frame, warm_up);
            let result = pipeline_work(byte, u64::from(stream.number), u64::from(frame), rounds);
            sum = sum.wrapping_add(result);
        }
    }
    sum
}

fn begin_streams<F>(settings: &Settings, work: fn(Shared, bool) -> F) -> Iterate
where
    F: Future<Output = u64> + Send + 'static,
{
    let runtime = runtime(settings.workers);
    let all = connect_all(&runtime, settings.port);
    drive(runtime, move |warm_up| {
        let all = all.clone();
        Box::pin(run_all(all, move |stream| work(stream, warm_up))) as Work
    })
}

fn begin_imbalanced(settings: &Settings) -> Iterate {
    begin_streams(settings, imbalanced)
}

fn begin_rotation(settings: &Settings) -> Iterate {
    begin_streams(settings, rotation)
}

fn begin_pipeline(settings: &Settings) -> Iterate {
    begin_streams(settings, pipeline)
}

/// Counts of messages in batches of 64 at most; 0: the stream has ended.
async fn keyed(stream: Shared, owners: Vec<Sender<u32>>, warm_up: bool) -> u64 {
    const MOST: u32 = 64;
    let stream = &mut *stream.lock().await;
    stream.sum = 0;
    let mut frame = 0;
    for step in 0..rotation_steps(warm_up) {
        let count = rotation_frames(stream.number, step, warm_up);
        stream.exchange(frame, count).await;
        frame += count;
        let mut left = count * MESSAGES_PER_FRAME;
        while left > 0 {
            let batch = left.min(MOST);
            owners[step as usize % OWNERS].send(batch).await.expect("an owner");
            left -= batch;
        }
    }
    for owner in &owners {
        owner.send(0).await.expect("an owner");
    }
    stream.sum
}

fn begin_keyed(settings: &Settings) -> Iterate {
    let runtime = runtime(settings.workers);
    let all = connect_all(&runtime, settings.port);
    let (sums, summed) = channel::<u64>(OWNERS);
    let mut owners = Vec::new();
    for _ in 0..OWNERS {
        let (owner, mut owned) = channel::<u32>(1024);
        let sums = sums.clone();
        owners.push(owner);
        runtime.spawn(async move {
            let (mut sum, mut ended) = (0, 0);
            while let Some(count) = owned.recv().await {
                sum += u64::from(count);
                ended += u32::from(count == 0);
                if ended == STREAMS {
                    sums.send(sum).await.ok();
                    (sum, ended) = (0, 0);
                }
            }
        });
    }
    let summed = Arc::new(Mutex::new(summed));
    drive(runtime, move |warm_up| {
        let (all, owners, summed) = (all.clone(), owners.clone(), summed.clone());
        Box::pin(async move {
            let mut sum = run_all(all, |stream| keyed(stream, owners.clone(), warm_up)).await;
            for _ in 0..OWNERS {
                sum += summed.lock().await.recv().await.expect("an owner");
            }
            sum
        }) as Work
    })
}

pub fn rows() -> Vec<Row> {
    vec![
        Row { name: "net_echo_rtt_256b", workers: 2, begin: begin_echo },
        Row { name: "net_stream_throughput_4k_window32", workers: 2, begin: begin_throughput },
        Row { name: "net_stream_imbalanced_4k_hot1_light7", workers: 2, begin: begin_imbalanced },
        Row { name: "net_stream_hotspot_rotation_4k", workers: 2, begin: begin_rotation },
        Row {
            name: "net_pipeline_hotspot_rotation_4k_window32",
            workers: 2,
            begin: begin_pipeline,
        },
        Row { name: "net_keyed_hotspot_rotation_4k", workers: 2, begin: begin_keyed },
    ]
}
