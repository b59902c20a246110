// SPDX-License-Identifier: MIT
//! Timers that are cancelled, and timers that fire.
use crate::driver::{drive, runtime, Work};
use shared::amounts::{sleep_span, sleepers, timer_span, timers};
use shared::{Iterate, Row, Settings};
use std::future::{poll_fn, Future};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use tokio::time::{interval, sleep};

/// The first poll arms the timer; to drop it is to cancel it.
async fn arm_and_cancel(timer: u64) -> bool {
    let mut timer = pin!(sleep(timer_span(timer)));
    poll_fn(|context| Poll::Ready(timer.as_mut().poll(context).is_pending())).await
}

/// Something is due earlier, as it is in most programs. Where nothing is, each timer that is armed
/// is the next one that is due, and tokio wakes its driver for it, by a system call.
async fn tick() {
    let mut ticks = interval(Duration::from_secs(1));
    loop {
        ticks.tick().await;
    }
}

fn begin_timers(settings: &Settings) -> Iterate {
    let runtime = runtime(settings.workers);
    runtime.spawn(tick());
    drive(runtime, |warm_up| {
        Box::pin(async move {
            let mut cancelled = 0;
            for timer in 0..timers(warm_up) {
                cancelled += u64::from(arm_and_cancel(timer).await);
            }
            cancelled
        }) as Work
    })
}

fn begin_sleepers(settings: &Settings) -> Iterate {
    drive(runtime(settings.workers), |warm_up| {
        Box::pin(async move {
            let tasks: Vec<_> = (0..sleepers(warm_up))
                .map(|sleeper| {
                    tokio::spawn(async move {
                        sleep(sleep_span(sleeper)).await;
                        1_u64
                    })
                })
                .collect();
            let mut slept = 0;
            for task in tasks {
                slept += task.await.expect("a sleeper");
            }
            slept
        }) as Work
    })
}

pub fn rows() -> Vec<Row> {
    vec![
        Row { name: "timer_churn", workers: 1, begin: begin_timers },
        Row { name: "timer_churn_fire", workers: 2, begin: begin_sleepers },
    ]
}
