// SPDX-License-Identifier: MIT
//! Timers that fire. There is no row on timers that are cancelled: whoever drops a sleep leaves
//! its timer to the ring, where it stays until it is due.
use crate::driver::{builder, drive};
use shared::amounts::{sleep_span, sleepers};
use shared::{Iterate, Row, Settings};
use spargio::TaskPlacement;

/// As many as a ring can have: each timer is an entry, and where the ends of too many of them are due
/// at once, some are lost, and who sleeps never wakes.
const RING_ENTRIES: u32 = 32768;

fn begin_sleepers(settings: &Settings) -> Iterate {
    let builder = builder(settings.workers).ring_entries(RING_ENTRIES);
    let runtime = builder.build().expect("a runtime");
    let handle = runtime.handle();
    drive(runtime, handle, async |handle, warm_up| {
        let spawn = |sleeper| {
            let task = handle.spawn_with_placement(TaskPlacement::RoundRobin, async move {
                spargio::sleep(sleep_span(sleeper)).await;
                1_u64
            });
            task.expect("a sleeper")
        };
        let tasks: Vec<_> = (0..sleepers(warm_up)).map(spawn).collect();
        let mut slept = 0;
        for task in tasks {
            slept += task.await.expect("a sleeper");
        }
        slept
    })
}

pub fn rows() -> Vec<Row> {
    vec![Row { name: "timer_churn_fire", workers: 2, begin: begin_sleepers }]
}
