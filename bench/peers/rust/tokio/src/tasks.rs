// SPDX-License-Identifier: MIT
//! What it costs to spawn tasks, to join them, and to let others run.
use crate::driver::{drive, runtime, Work};
use shared::amounts::*;
use shared::work::synthetic_work;
use shared::{Iterate, Row, Settings};
use std::time::Instant;
use tokio::task::{yield_now, JoinHandle};

fn begin_spawns(settings: &Settings) -> Iterate {
    drive(runtime(settings.workers), |warm_up| {
        Box::pin(async move {
            let mut sum = 0;
            for i in 0..spawns(warm_up) {
                sum += tokio::spawn(async move { i }).await.expect("a task");
            }
            sum
        }) as Work
    })
}

async fn join(tasks: &mut Vec<JoinHandle<u64>>) -> u64 {
    let mut sum = 0_u64;
    for task in tasks.drain(..) {
        sum = sum.wrapping_add(task.await.expect("a task"));
    }
    sum
}

fn begin_batches(settings: &Settings) -> Iterate {
    drive(runtime(settings.workers), |warm_up| {
        Box::pin(async move {
            let mut sum = 0;
            let mut batch = Vec::with_capacity(SPAWN_BATCH as usize);
            for first in (0..spawns(warm_up)).step_by(SPAWN_BATCH as usize) {
                batch.extend((first..first + SPAWN_BATCH).map(|i| tokio::spawn(async move { i })));
                sum += join(&mut batch).await;
            }
            sum
        }) as Work
    })
}

fn begin_foreign(settings: &Settings) -> Iterate {
    let runtime = runtime(settings.workers);
    let mut window = Vec::with_capacity(SPAWN_WINDOW as usize);
    Box::new(move |warm_up| {
        let mut sum = 0;
        for first in (0..spawns(warm_up)).step_by(SPAWN_WINDOW as usize) {
            window.extend((first..first + SPAWN_WINDOW).map(|i| runtime.spawn(async move { i })));
            sum += runtime.block_on(join(&mut window));
        }
        sum
    })
}

async fn yield_often(count: u64) -> u64 {
    for _ in 0..count {
        yield_now().await;
    }
    count
}

fn begin_yields(settings: &Settings) -> Iterate {
    drive(runtime(settings.workers), |warm_up| {
        Box::pin(async move {
            let one = tokio::spawn(yield_often(yields(warm_up)));
            let other = tokio::spawn(yield_often(yields(warm_up)));
            one.await.expect("a task") + other.await.expect("a task")
        }) as Work
    })
}

/// The result of a task, and how long after its spawn it had it, if it is a probe.
async fn flood_task(task: u64, spawned: Option<Instant>) -> (u64, Option<u64>) {
    let result = synthetic_work(task, flood_rounds(task));
    (result, spawned.map(|spawned| spawned.elapsed().as_nanos() as u64))
}

fn begin_flood(settings: &Settings) -> Iterate {
    let record = settings.record.clone();
    drive(runtime(settings.workers), move |warm_up| {
        let record = record.clone();
        Box::pin(async move {
            let tasks: Vec<_> = (0..flood_tasks(warm_up))
                .map(|task| tokio::spawn(flood_task(task, flood_probe(task).then(Instant::now))))
                .collect();
            let mut sum = 0_u64;
            for task in tasks {
                let (result, latency) = task.await.expect("a task");
                sum = sum.wrapping_add(result);
                latency.into_iter().for_each(|ns| record.sample(ns));
            }
            sum
        }) as Work
    })
}

/// A runtime for each iteration.
fn begin_cold(settings: &Settings) -> Iterate {
    let workers = settings.workers;
    Box::new(move |_| {
        let runtime = runtime(workers);
        runtime.block_on(runtime.spawn(async { 1 })).expect("a task")
    })
}

pub fn rows() -> Vec<Row> {
    vec![
        Row { name: "spawn_join", workers: 1, begin: begin_spawns },
        Row { name: "spawn_join_batch16", workers: 1, begin: begin_batches },
        Row { name: "spawn_join_foreign", workers: 2, begin: begin_foreign },
        Row { name: "switch_yield", workers: 1, begin: begin_yields },
        Row { name: "shard_flood", workers: 2, begin: begin_flood },
        Row { name: "cold_start", workers: 2, begin: begin_cold },
    ]
}
