// SPDX-License-Identifier: MIT
//! What it costs to spawn tasks, to join them, and to let others run.
use crate::driver::{drive, here, runtime, DRIVER_SHARD};
use futures::executor::block_on;
use shared::amounts::*;
use shared::work::synthetic_work;
use shared::{Iterate, Record, Row, Settings};
use spargio::{JoinHandle, RuntimeHandle};
use std::future::{poll_fn, Future};
use std::task::Poll;
use std::time::Instant;

fn begin_spawns(settings: &Settings) -> Iterate {
    drive(runtime(settings.workers), (), async |_, warm_up| {
        let shard = here();
        let mut sum = 0;
        for i in 0..spawns(warm_up) {
            sum += shard.spawn_local(async move { i }).await.expect("a task");
        }
        sum
    })
}

fn begin_batches(settings: &Settings) -> Iterate {
    drive(runtime(settings.workers), (), async |_, warm_up| {
        let shard = here();
        let mut sum = 0;
        let mut batch = Vec::with_capacity(SPAWN_BATCH as usize);
        for first in (0..spawns(warm_up)).step_by(SPAWN_BATCH as usize) {
            let indices = first..first + SPAWN_BATCH;
            batch.extend(indices.map(|i| shard.spawn_local(async move { i })));
            for task in batch.drain(..) {
                sum += task.await.expect("a task");
            }
        }
        sum
    })
}

async fn join(tasks: &mut Vec<JoinHandle<u64>>) -> u64 {
    let mut sum = 0;
    for task in tasks.drain(..) {
        sum += task.await.expect("a task");
    }
    sum
}

fn begin_foreign(settings: &Settings) -> Iterate {
    let runtime = runtime(settings.workers);
    let handle = runtime.handle();
    let mut window = Vec::with_capacity(SPAWN_WINDOW as usize);
    Box::new(move |warm_up| {
        let _alive = &runtime;
        let mut sum = 0;
        for first in (0..spawns(warm_up)).step_by(SPAWN_WINDOW as usize) {
            let spawn = |i| handle.spawn_stealable(async move { i }).expect("a task");
            window.extend((first..first + SPAWN_WINDOW).map(spawn));
            sum += block_on(join(&mut window));
        }
        sum
    })
}

/// It has no call for that: whoever wakes itself is behind the others.
fn yield_now() -> impl Future<Output = ()> {
    let mut yielded = false;
    poll_fn(move |context| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
}

async fn yield_often(count: u64) -> u64 {
    for _ in 0..count {
        yield_now().await;
    }
    count
}

fn begin_yields(settings: &Settings) -> Iterate {
    drive(runtime(settings.workers), (), async |_, warm_up| {
        let shard = here();
        let one = shard.spawn_local(yield_often(yields(warm_up)));
        let other = shard.spawn_local(yield_often(yields(warm_up)));
        one.await.expect("a task") + other.await.expect("a task")
    })
}

/// The result of a task, and how long after its spawn it had it, if it is a probe.
async fn flood_task(task: u64, spawned: Option<Instant>) -> (u64, Option<u64>) {
    let result = synthetic_work(task, flood_rounds(task));
    (result, spawned.map(|spawned| spawned.elapsed().as_nanos() as u64))
}

type Flooded = JoinHandle<(u64, Option<u64>)>;

/// Probes are for the last shard, all else for the driver's, from where it may be stolen.
fn spawn_flood(handle: &RuntimeHandle, task: u64, steal: bool) -> Flooded {
    let probe = flood_probe(task);
    let last_shard = (handle.shard_count() - 1) as u16;
    let work = flood_task(task, probe.then(Instant::now));
    let spawned = match (probe, steal) {
        (true, _) => handle.spawn_pinned(last_shard, work),
        (false, true) => handle.spawn_stealable_on(DRIVER_SHARD, work),
        (false, false) => handle.spawn_pinned(DRIVER_SHARD, work),
    };
    spawned.expect("a task")
}

async fn flood(handle: &RuntimeHandle, count: u64, steal: bool, record: &Record) -> u64 {
    let tasks: Vec<_> = (0..count).map(|task| spawn_flood(handle, task, steal)).collect();
    let mut sum = 0_u64;
    for task in tasks {
        let (result, latency) = task.await.expect("a task");
        sum = sum.wrapping_add(result);
        latency.into_iter().for_each(|ns| record.sample(ns));
    }
    sum
}

fn begin_flood(settings: &Settings, steal: bool) -> Iterate {
    let record = settings.record.clone();
    let runtime = runtime(settings.workers);
    let handle = runtime.handle();
    drive(runtime, handle, async move |handle, warm_up| {
        flood(handle, flood_tasks(warm_up), steal, &record).await
    })
}

/// A runtime for each iteration.
fn begin_cold(settings: &Settings) -> Iterate {
    let workers = settings.workers;
    Box::new(move |_| {
        let runtime = runtime(workers);
        block_on(runtime.handle().spawn_stealable(async { 1 }).expect("a task")).expect("a task")
    })
}

pub fn rows() -> Vec<Row> {
    vec![
        Row { name: "spawn_join", workers: 1, begin: begin_spawns },
        Row { name: "spawn_join_batch16", workers: 1, begin: begin_batches },
        Row { name: "spawn_join_foreign", workers: 2, begin: begin_foreign },
        Row { name: "switch_yield", workers: 1, begin: begin_yields },
        Row { name: "shard_flood", workers: 2, begin: |s| begin_flood(s, true) },
        Row { name: "shard_flood_pinned", workers: 2, begin: |s| begin_flood(s, false) },
        Row { name: "cold_start", workers: 2, begin: begin_cold },
    ]
}
