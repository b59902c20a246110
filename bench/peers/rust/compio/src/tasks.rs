// SPDX-License-Identifier: MIT
//! What it costs to spawn tasks, to join them, and to let others run.
use crate::driver::{drive, proactor, workers, Place, Work};
use compio::dispatcher::Dispatcher;
use compio::runtime::{spawn, JoinHandle};
use flume::{unbounded, Sender};
use futures_executor::block_on;
use shared::amounts::*;
use shared::work::synthetic_work;
use shared::{Iterate, Row, Settings};
use std::future::poll_fn;
use std::num::NonZeroUsize;
use std::task::Poll;
use std::time::Instant;

async fn spawn_one_by_one(warm_up: bool) -> u64 {
    let mut sum = 0;
    for i in 0..spawns(warm_up) {
        sum += spawn(async move { i }).await.expect("a task");
    }
    sum
}

async fn join(tasks: &mut Vec<JoinHandle<u64>>) -> u64 {
    let mut sum = 0_u64;
    for task in tasks.drain(..) {
        sum = sum.wrapping_add(task.await.expect("a task"));
    }
    sum
}

async fn spawn_batches(warm_up: bool) -> u64 {
    let mut sum = 0;
    let mut batch = Vec::with_capacity(SPAWN_BATCH as usize);
    for first in (0..spawns(warm_up)).step_by(SPAWN_BATCH as usize) {
        batch.extend((first..first + SPAWN_BATCH).map(|i| spawn(async move { i })));
        sum += join(&mut batch).await;
    }
    sum
}

/// compio has none of its own.
async fn yield_now() {
    let mut yielded = false;
    poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}

async fn yield_often(count: u64) -> u64 {
    for _ in 0..count {
        yield_now().await;
    }
    count
}

async fn yield_in_turn(warm_up: bool) -> u64 {
    let one = spawn(yield_often(yields(warm_up)));
    let other = spawn(yield_often(yields(warm_up)));
    one.await.expect("a task") + other.await.expect("a task")
}

fn begin_with(settings: &Settings, work: fn(bool) -> Work) -> Iterate {
    drive(settings.workers, move |_| async move { work })
}

/// What the main thread waits at are the receivers that the dispatcher gives it.
fn begin_foreign(settings: &Settings) -> Iterate {
    let dispatcher = Dispatcher::builder()
        .worker_threads(NonZeroUsize::new(settings.workers).expect("workers"))
        .proactor_builder(proactor())
        .build()
        .expect("a dispatcher");
    let mut window = Vec::with_capacity(SPAWN_WINDOW as usize);
    Box::new(move |warm_up| {
        let mut sum = 0;
        for first in (0..spawns(warm_up)).step_by(SPAWN_WINDOW as usize) {
            let dispatch = |i| dispatcher.dispatch(move || async move { i }).expect("workers");
            window.extend((first..first + SPAWN_WINDOW).map(dispatch));
            sum += window.drain(..).map(|task| block_on(task).expect("a task")).sum::<u64>();
        }
        sum
    })
}

/// The results of the probes, which run on another worker, and how long after their spawn they had
/// them.
fn probe(far: &Place, task: u64, results: Sender<(u64, u64)>) {
    let spawned = Instant::now();
    far.spawn(move || async move {
        let result = synthetic_work(task, flood_rounds(task));
        results.send((result, spawned.elapsed().as_nanos() as u64)).ok();
    });
}

fn begin_flood(settings: &Settings) -> Iterate {
    let record = settings.record.clone();
    drive(settings.workers, move |far| async move {
        move |warm_up| {
            let (record, far) = (record.clone(), far.clone());
            Box::pin(async move {
                let (results, probed) = unbounded();
                let mut tasks = Vec::new();
                for task in 0..flood_tasks(warm_up) {
                    if flood_probe(task) {
                        probe(&far, task, results.clone());
                    } else {
                        tasks.push(spawn(async move { synthetic_work(task, flood_rounds(task)) }));
                    }
                }
                drop(results);
                let mut sum = join(&mut tasks).await;
                while let Ok((result, ns)) = probed.recv_async().await {
                    sum = sum.wrapping_add(result);
                    record.sample(ns);
                }
                sum
            }) as Work
        }
    })
}

/// Workers for each iteration, which has waited for their end.
fn begin_cold(settings: &Settings) -> Iterate {
    let count = settings.workers;
    Box::new(move |_| {
        let workers = workers(count);
        let (results, result) = std::sync::mpsc::channel();
        workers[0].jobs.spawn(move || async move { results.send(1).expect("the main thread") });
        result.recv().expect("a task")
    })
}

pub fn rows() -> Vec<Row> {
    fn row(name: &'static str, workers: usize, begin: fn(&Settings) -> Iterate) -> Row {
        Row { name, workers, begin }
    }
    vec![
        row("spawn_join", 1, |s| begin_with(s, |warm_up| Box::pin(spawn_one_by_one(warm_up)))),
        row("spawn_join_batch16", 1, |s| begin_with(s, |warm_up| Box::pin(spawn_batches(warm_up)))),
        row("spawn_join_foreign", 2, begin_foreign),
        row("switch_yield", 1, |s| begin_with(s, |warm_up| Box::pin(yield_in_turn(warm_up)))),
        row("shard_flood_pinned", 2, begin_flood),
        row("cold_start", 2, begin_cold),
    ]
}
