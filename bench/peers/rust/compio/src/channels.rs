// SPDX-License-Identifier: MIT
//! Producers and consumers at one bounded channel: consumers on the driver's worker, producers
//! on another, if there is one.
use crate::driver::{drive, Place, Work};
use compio::runtime::spawn;
use flume::{bounded, Receiver, Sender};
use shared::amounts::{channel_items, CHANNEL_CAPACITY};
use shared::{Iterate, Row, Settings};
use std::ops::Range;

async fn consume(receiver: Receiver<u64>) -> u64 {
    let mut sum = 0;
    while let Ok(value) = receiver.recv_async().await {
        sum += value;
    }
    sum
}

async fn produce(sender: Sender<u64>, values: Range<u64>) {
    for value in values {
        sender.send_async(value).await.expect("a consumer");
    }
}

/// The last producer that ends closes the channel.
async fn pass(far: Place, producers: u64, consumers: u64, items: u64) -> u64 {
    let (sender, receiver) = bounded::<u64>(CHANNEL_CAPACITY);
    let tasks: Vec<_> = (0..consumers).map(|_| spawn(consume(receiver.clone()))).collect();
    let share = items / producers;
    far.spawn(move || async move {
        for first in (0..items).step_by(share as usize) {
            spawn(produce(sender.clone(), first..first + share)).detach();
        }
    });
    let mut sum = 0;
    for task in tasks {
        sum += task.await.expect("a task");
    }
    sum
}

fn begin(settings: &Settings, producers: u64, consumers: u64) -> Iterate {
    drive(settings.workers, move |far| async move {
        move |warm_up| {
            Box::pin(pass(far.clone(), producers, consumers, channel_items(warm_up))) as Work
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
