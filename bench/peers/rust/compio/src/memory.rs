// SPDX-License-Identifier: MIT
//! What tasks that wait, or sleep, take of the machine.
use crate::driver::{drive, workers, Work};
use compio::runtime::spawn;
use event_listener::{listener, Event};
use shared::amounts::{idle_span, IDLE_SLEEP, IDLE_TASKS};
use shared::{resident_bytes, Iterate, Row, Settings};
use std::cell::Cell;
use std::rc::Rc;

#[derive(Default)]
struct Meeting {
    begun: Cell<u64>,
    all_begun: Event,
    release: Event,
}

async fn wait(meeting: Rc<Meeting>, count: u64) -> u64 {
    listener!(meeting.release => released);
    meeting.begun.set(meeting.begun.get() + 1);
    if meeting.begun.get() == count {
        meeting.all_begun.notify(1);
    }
    released.await;
    1
}

/// Tasks that wait for one notice; asks once all do, and lets them go.
async fn wait_together(count: u64, asked: impl FnOnce()) -> u64 {
    let meeting = Rc::new(Meeting::default());
    let all_begun = meeting.all_begun.listen();
    let tasks: Vec<_> = (0..count).map(|_| spawn(wait(meeting.clone(), count))).collect();
    all_begun.await;
    asked();
    meeting.release.notify(usize::MAX);
    let mut woken = 0;
    for task in tasks {
        woken += task.await.expect("a task");
    }
    woken
}

fn begin_waiters(settings: &Settings, count: u64) -> Iterate {
    settings.record.once();
    let record = settings.record.clone();
    drive(settings.workers, move |_| async move {
        move |warm_up| {
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
        }
    })
}

async fn sleep_together(count: u64) {
    for _ in 0..count {
        spawn(compio::time::sleep(IDLE_SLEEP)).detach();
    }
}

/// The iterations are of the main thread alone.
fn begin_idle(settings: &Settings) -> Iterate {
    settings.record.least(1);
    let workers = workers(settings.workers);
    let share = IDLE_TASKS / settings.workers as u64;
    workers.iter().for_each(|worker| worker.jobs.spawn(move || sleep_together(share)));
    Box::new(move |warm_up| {
        let _alive = &workers;
        std::thread::sleep(idle_span(warm_up));
        IDLE_TASKS
    })
}

pub fn rows() -> Vec<Row> {
    vec![
        Row { name: "task_memory_10k", workers: 1, begin: |s| begin_waiters(s, 10_000) },
        Row { name: "task_memory_100k", workers: 1, begin: |s| begin_waiters(s, 100_000) },
        Row { name: "task_memory_1m", workers: 1, begin: |s| begin_waiters(s, 1_000_000) },
        Row { name: "idle_cost", workers: 2, begin: begin_idle },
    ]
}
