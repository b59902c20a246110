// SPDX-License-Identifier: MIT
//! Producers and consumers at one bounded channel: tokio's own for one consumer. It has none for
//! several of which each item goes to one, and its tutorial names async-channel for that.
use crate::driver::{drive, runtime, Work};
use shared::amounts::{channel_items, CHANNEL_CAPACITY};
use shared::{Iterate, Row, Settings};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

async fn join(tasks: Vec<JoinHandle<u64>>) -> u64 {
    let mut sum = 0;
    for task in tasks {
        sum += task.await.expect("a task");
    }
    sum
}

/// The last producer that ends closes the channel.
async fn to_one(producers: u64, items: u64) -> u64 {
    let (sender, mut receiver) = mpsc::channel::<u64>(CHANNEL_CAPACITY);
    let mut tasks = vec![tokio::spawn(async move {
        let mut sum = 0;
        while let Some(value) = receiver.recv().await {
            sum += value;
        }
        sum
    })];
    for first in (0..items).step_by((items / producers) as usize) {
        let sender = sender.clone();
        tasks.push(tokio::spawn(async move {
            for value in first..first + items / producers {
                sender.send(value).await.expect("a consumer");
            }
            0
        }));
    }
    drop(sender);
    join(tasks).await
}

async fn to_many(producers: u64, consumers: u64, items: u64) -> u64 {
    let (sender, receiver) = async_channel::bounded::<u64>(CHANNEL_CAPACITY);
    let mut tasks = Vec::new();
    for _ in 0..consumers {
        let receiver = receiver.clone();
        tasks.push(tokio::spawn(async move {
            let mut sum = 0;
            while let Ok(value) = receiver.recv().await {
                sum += value;
            }
            sum
        }));
    }
    for first in (0..items).step_by((items / producers) as usize) {
        let sender = sender.clone();
        tasks.push(tokio::spawn(async move {
            for value in first..first + items / producers {
                sender.send(value).await.expect("a consumer");
            }
            0
        }));
    }
    drop(sender);
    join(tasks).await
}

fn begin(settings: &Settings, producers: u64, consumers: u64) -> Iterate {
    drive(runtime(settings.workers), move |warm_up| {
        let items = channel_items(warm_up);
        if consumers == 1 {
            Box::pin(to_one(producers, items)) as Work
        } else {
            Box::pin(to_many(producers, consumers, items)) as Work
        }
    })
}

pub fn rows() -> Vec<Row> {
    vec![
        Row { name: "chan_1x1", workers: 2, begin: |s| begin(s, 1, 1) },
        Row { name: "chan_1x1_one", workers: 1, begin: |s| begin(s, 1, 1) },
        Row { name: "chan_4x1", workers: 2, begin: |s| begin(s, 4, 1) },
        Row { name: "chan_4x1_one", workers: 1, begin: |s| begin(s, 4, 1) },
        Row { name: "chan_16x1", workers: 2, begin: |s| begin(s, 16, 1) },
        Row { name: "chan_16x1_one", workers: 1, begin: |s| begin(s, 16, 1) },
        Row { name: "chan_4x4", workers: 2, begin: |s| begin(s, 4, 4) },
        Row { name: "chan_4x4_one", workers: 1, begin: |s| begin(s, 4, 4) },
        Row { name: "chan_16x16", workers: 2, begin: |s| begin(s, 16, 16) },
        Row { name: "chan_16x16_one", workers: 1, begin: |s| begin(s, 16, 16) },
    ]
}
