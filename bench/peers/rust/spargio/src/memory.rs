// SPDX-License-Identifier: MIT
//! What tasks that wait, or sleep, take of the machine.
use crate::driver::{drive, runtime};
use futures::channel::oneshot;
use futures::future::Shared;
use futures::FutureExt;
use shared::amounts::{idle_span, IDLE_SLEEP, IDLE_TASKS};
use shared::{resident_bytes, Iterate, Row, Settings};
use spargio::{RuntimeHandle, TaskPlacement};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

type Release = Shared<oneshot::Receiver<()>>;

/// Tells when so many have begun.
struct Beginning {
    missing: AtomicU64,
    all_begun: Mutex<Option<oneshot::Sender<()>>>,
}

async fn wait(beginning: Arc<Beginning>, release: Release) -> u64 {
    if beginning.missing.fetch_sub(1, Ordering::AcqRel) == 1 {
        let all_begun = beginning.all_begun.lock().expect("a lock").take();
        all_begun.expect("one who is the last").send(()).expect("the driver");
    }
    drop(beginning);
    release.await.expect("a release");
    1
}

/// Tasks that wait for one notice; asks once all do, and lets them go. Its own cancellation token
/// is no such notice: who waits for it looks through all others who do.
async fn wait_together(handle: &RuntimeHandle, count: u64, asked: impl FnOnce()) -> u64 {
    let (let_go, release) = oneshot::channel::<()>();
    let (begun, all_begun) = oneshot::channel::<()>();
    let missing = AtomicU64::new(count);
    let beginning = Arc::new(Beginning { missing, all_begun: Mutex::new(Some(begun)) });
    let release = release.shared();
    let spawn = |_| {
        let work = wait(beginning.clone(), release.clone());
        handle.spawn_with_placement(TaskPlacement::RoundRobin, work).expect("a task")
    };
    let tasks: Vec<_> = (0..count).map(spawn).collect();
    all_begun.await.expect("all of them");
    asked();
    let_go.send(()).expect("those who wait");
    let mut woken = 0;
    for task in tasks {
        woken += task.await.expect("a task");
    }
    woken
}

fn begin_waiters(settings: &Settings, count: u64) -> Iterate {
    settings.record.once();
    let record = settings.record.clone();
    let runtime = runtime(settings.workers);
    let handle = runtime.handle();
    drive(runtime, handle, async move |handle, warm_up| {
        let count = if warm_up { 1 } else { count };
        let before = resident_bytes();
        let asked = || {
            let bytes = resident_bytes() as f64 - before as f64;
            record.figure("bytes/task", bytes / count as f64);
        };
        wait_together(handle, count, asked).await
    })
}

/// The iterations are of the main thread alone.
fn begin_idle(settings: &Settings) -> Iterate {
    settings.record.least(1);
    let runtime = runtime(settings.workers);
    let handle = runtime.handle();
    for _ in 0..IDLE_TASKS {
        let sleep = spargio::sleep(IDLE_SLEEP);
        handle.spawn_with_placement(TaskPlacement::RoundRobin, sleep).expect("a sleeper");
    }
    Box::new(move |warm_up| {
        let _alive = &runtime;
        std::thread::sleep(idle_span(warm_up));
        IDLE_TASKS
    })
}

pub fn rows() -> Vec<Row> {
    vec![
        Row { name: "task_memory_10k", workers: 2, begin: |s| begin_waiters(s, 10_000) },
        Row { name: "task_memory_100k", workers: 2, begin: |s| begin_waiters(s, 100_000) },
        Row { name: "task_memory_1m", workers: 2, begin: |s| begin_waiters(s, 1_000_000) },
        Row { name: "idle_cost", workers: 2, begin: begin_idle },
    ]
}
