// SPDX-License-Identifier: MIT
//! Streams to the echo server.
use crate::driver::{drive, Work};
use compio::io::{AsyncReadExt, AsyncWriteExt};
use compio::net::TcpStream;
use compio::runtime::spawn;
use compio::BufResult;
use flume::{bounded, Receiver, Sender};
use shared::frames::*;
use shared::work::pipeline_work;
use shared::{Iterate, Row, Settings};
use std::cell::RefCell;
use std::future::Future;
use std::mem::take;
use std::rc::Rc;

struct Stream {
    number: u32,
    socket: TcpStream,
    out: Vec<u8>,
    back: Vec<u8>,
    sum: u64,
}

/// One task at a time works on it.
type Shared = Rc<RefCell<Stream>>;

/// What it sends and receives at once are so many bytes.
async fn connect(number: u32, port: u16, bytes: usize) -> Shared {
    let socket = TcpStream::connect(("127.0.0.1", port)).await.expect("the echo server");
    socket.set_nodelay(true).expect("TCP_NODELAY");
    let (out, back) = (vec![0; bytes], Vec::with_capacity(bytes));
    Rc::new(RefCell::new(Stream { number, socket, out, back, sum: 0 }))
}

async fn connect_all(port: u16, bytes: usize) -> Vec<Shared> {
    let mut all = Vec::new();
    for number in 0..STREAMS {
        all.push(connect(number, port, bytes).await);
    }
    all
}

impl Stream {
    async fn send(&mut self, first_byte: u8) {
        self.out[0] = first_byte;
        let BufResult(sent, out) = self.socket.write_all(take(&mut self.out)).await;
        sent.expect("a send");
        self.out = out;
    }

    async fn receive(&mut self) -> u8 {
        let BufResult(received, back) = self.socket.read_exact(take(&mut self.back)).await;
        received.expect("an answer");
        self.back = back;
        self.back[0]
    }

    /// Frames from `first` on, one write each.
    async fn send_window(&mut self, first: u32, count: u32) {
        for frame in first..first + count {
            self.send(frame as u8).await;
        }
    }

    async fn exchange(&mut self, first: u32, count: u32) {
        let mut done = 0;
        while done < count {
            let size = WINDOW.min(count - done);
            self.send_window(first + done, size).await;
            for _ in 0..size {
                self.sum += u64::from(self.receive().await);
            }
            done += size;
        }
    }
}

async fn echo(stream: Shared, warm_up: bool) -> u64 {
    let stream = &mut *stream.borrow_mut();
    let mut sum = 0;
    for i in 0..echo_rounds(warm_up) {
        stream.send(i as u8).await;
        sum += u64::from(stream.receive().await);
    }
    sum
}

async fn throughput(stream: Shared, warm_up: bool) -> u64 {
    let stream = &mut *stream.borrow_mut();
    stream.sum = 0;
    stream.exchange(0, stream_frames(warm_up)).await;
    stream.sum
}

async fn imbalanced(stream: Shared, warm_up: bool) -> u64 {
    let stream = &mut *stream.borrow_mut();
    stream.sum = 0;
    stream.exchange(0, imbalanced_frames(stream.number, warm_up)).await;
    stream.sum
}

async fn rotation(stream: Shared, warm_up: bool) -> u64 {
    let stream = &mut *stream.borrow_mut();
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
    let stream = &mut *stream.borrow_mut();
    let mut sum = 0_u64;
    for first in (0..pipeline_frames(warm_up)).step_by(WINDOW as usize) {
        stream.send_window(first, WINDOW).await;
        for frame in first..first + WINDOW {
            let byte = stream.receive().await;
            let rounds = pipeline_rounds(stream.number, frame, warm_up);
            let result = pipeline_work(byte, u64::from(stream.number), u64::from(frame), rounds);
            sum = sum.wrapping_add(result);
        }
    }
    sum
}

/// On stream 0 alone.
fn begin_first<F>(settings: &Settings, bytes: usize, work: fn(Shared, bool) -> F) -> Iterate
where
    F: Future<Output = u64> + 'static,
{
    let port = settings.port;
    drive(settings.workers, move |_| async move {
        let all = connect_all(port, bytes).await;
        move |warm_up| Box::pin(work(all[0].clone(), warm_up)) as Work
    })
}

fn begin_echo(settings: &Settings) -> Iterate {
    begin_first(settings, ECHO_BYTES, echo)
}

fn begin_throughput(settings: &Settings) -> Iterate {
    begin_first(settings, FRAME, throughput)
}

/// A task for each stream runs work on it.
async fn run_all<F, W>(all: Vec<Shared>, work: W) -> u64
where
    F: Future<Output = u64> + 'static,
    W: Fn(Shared) -> F,
{
    let tasks: Vec<_> = all.into_iter().map(|stream| spawn(work(stream))).collect();
    let mut sum = 0_u64;
    for task in tasks {
        sum = sum.wrapping_add(task.await.expect("a stream"));
    }
    sum
}

fn begin_streams<F>(settings: &Settings, work: fn(Shared, bool) -> F) -> Iterate
where
    F: Future<Output = u64> + 'static,
{
    let port = settings.port;
    drive(settings.workers, move |_| async move {
        let all = connect_all(port, FRAME).await;
        move |warm_up| Box::pin(run_all(all.clone(), move |stream| work(stream, warm_up))) as Work
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
    let stream = &mut *stream.borrow_mut();
    stream.sum = 0;
    let mut frame = 0;
    for step in 0..rotation_steps(warm_up) {
        let count = rotation_frames(stream.number, step, warm_up);
        stream.exchange(frame, count).await;
        frame += count;
        let mut left = count * MESSAGES_PER_FRAME;
        while left > 0 {
            let batch = left.min(MOST);
            owners[step as usize % OWNERS].send_async(batch).await.expect("an owner");
            left -= batch;
        }
    }
    for owner in &owners {
        owner.send_async(0).await.expect("an owner");
    }
    stream.sum
}

/// Tells the sum of what has come once all streams have ended, for each iteration anew.
async fn own(owned: Receiver<u32>, sums: Sender<u64>) {
    let (mut sum, mut ended) = (0, 0);
    while let Ok(count) = owned.recv_async().await {
        sum += u64::from(count);
        ended += u32::from(count == 0);
        if ended == STREAMS {
            sums.send(sum).ok();
            (sum, ended) = (0, 0);
        }
    }
}

fn start_owners() -> (Vec<Sender<u32>>, Receiver<u64>) {
    let (sums, summed) = bounded(OWNERS);
    let mut owners = Vec::new();
    for _ in 0..OWNERS {
        let (owner, owned) = bounded(1024);
        spawn(own(owned, sums.clone())).detach();
        owners.push(owner);
    }
    (owners, summed)
}

fn begin_keyed(settings: &Settings) -> Iterate {
    let port = settings.port;
    drive(settings.workers, move |_| async move {
        let all = connect_all(port, FRAME).await;
        let (owners, summed) = start_owners();
        move |warm_up| {
            let (all, owners, summed) = (all.clone(), owners.clone(), summed.clone());
            Box::pin(async move {
                let mut sum = run_all(all, |stream| keyed(stream, owners.clone(), warm_up)).await;
                for _ in 0..OWNERS {
                    sum += summed.recv_async().await.expect("an owner");
                }
                sum
            }) as Work
        }
    })
}

pub fn rows() -> Vec<Row> {
    vec![
        Row { name: "net_echo_rtt_256b", workers: 1, begin: begin_echo },
        Row { name: "net_stream_throughput_4k_window32", workers: 1, begin: begin_throughput },
        Row { name: "net_stream_imbalanced_4k_hot1_light7", workers: 1, begin: begin_imbalanced },
        Row { name: "net_stream_hotspot_rotation_4k", workers: 1, begin: begin_rotation },
        Row {
            name: "net_pipeline_hotspot_rotation_4k_window32",
            workers: 1,
            begin: begin_pipeline,
        },
        Row { name: "net_keyed_hotspot_rotation_4k", workers: 1, begin: begin_keyed },
    ]
}
