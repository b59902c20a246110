// SPDX-License-Identifier: MIT
//! What it costs to spawn tasks, to join them, and to let others run.
use crate::driver::{drive, Work};
use glommio::{executor, spawn_local};
use shared::amounts::*;
use shared::{Iterate, Row, Settings};

async fn spawn_one_by_one(warm_up: bool) -> u64 {
    let mut sum = 0;
    for i in 0..spawns(warm_up) {
        sum += spawn_local(async move { i }).await;
    }
    sum
}

async fn spawn_batches(warm_up: bool) -> u64 {
    let mut sum = 0;
    let mut batch = Vec::with_capacity(SPAWN_BATCH as usize);
    for first in (0..spawns(warm_up)).step_by(SPAWN_BATCH as usize) {
        batch.extend((first..first + SPAWN_BATCH).map(|i| spawn_local(async move { i })));
        for task in batch.drain(..) {
            sum += task.await;
        }
    }
    sum
}

fn begin_spawns(_settings: &Settings) -> Iterate {
    drive(|| async { |warm_up| Box::pin(spawn_one_by_one(warm_up)) as Work })
}

fn begin_batches(_settings: &Settings) -> Iterate {
    drive(|| async { |warm_up| Box::pin(spawn_batches(warm_up)) as Work })
}

async fn yield_often(count: u64) -> u64 {
    for _ in 0..count {
        executor().yield_now().await;
    }
    count
}

async fn yield_in_turn(warm_up: bool) -> u64 {
    let one = spawn_local(yield_often(yields(warm_up)));
    let other = spawn_local(yield_often(yields(warm_up)));
    one.await + other.await
}

fn begin_yields(_settings: &Settings) -> Iterate {
    drive(|| async { |warm_up| Box::pin(yield_in_turn(warm_up)) as Work })
}

pub fn rows() -> Vec<Row> {
    vec![
        Row { name: "spawn_join", workers: 1, begin: begin_spawns },
        Row { name: "spawn_join_batch16", workers: 1, begin: begin_batches },
        Row { name: "switch_yield", workers: 1, begin: begin_yields },
    ]
}
