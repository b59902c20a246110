// SPDX-License-Identifier: MIT
//! What tasks that wait, or sleep, take of the machine.
use crate::driver::{drive, runtime, Work};
use shared::amounts::{idle_span, IDLE_SLEEP, IDLE_TASKS};
use shared::{resident_bytes, Iterate, Row, Settings};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use tokio::sync::Notify;

#[derive(Default)]
struct Meeting {
    begun: AtomicU64,
    all_begun: Notify,
    release: Notify,
}

async fn wait(meeting: Arc<Meeting>, count: u64) -> u64 {
    let released = meeting.release.notified();
    if meeting.begun.fetch_add(1, Ordering::AcqRel) + 1 == count {
        meeting.all_begun.notify_one();
    }
    released.await;
    1
}

/// Tasks that wait for one notice; asks once all do, and lets them go.
async fn wait_together(count: u64, asked: impl FnOnce()) -> u64 {
    let meeting = Arc::new(Meeting::default());
    let tasks: Vec<_> = (0..count).map(|_| tokio::spawn(wait(meeting.clone(), count))).collect();
    meeting.all_begun.notified().await;
    asked();
    meeting.release.notify_waiters();
    let mut woken = 0;
    for task in tasks {
        woken += task.await.expect("a task");
    }
    woken
}

fn begin_waiters(settings: &Settings, count: u64) -> Iterate {
    settings.record.once();
    let record = settings.record.clone();
    drive(runtime(settings.workers), move |warm_up| {
        let record = record.clone();
        let count = if warm_up { 1 } else { count };
        Box::pin(async move {
            let before = resident_bytes();
            wait_together(count, || {
                let bytes = resident_bytes() as f64 - before as f64;
                record.figure("bytes/task", bytes / count as f64);
            })
            .await
        }) as Work
    })
}

/// The iterations are of the main thread alone.
fn begin_idle(settings: &Settings) -> Iterate {
    settings.record.least(1);
    let runtime = runtime(settings.workers);
    for _ in 0..IDLE_TASKS {
        runtime.spawn(async { tokio::time::sleep(IDLE_SLEEP).await });
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
