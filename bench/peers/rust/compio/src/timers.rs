// SPDX-License-Identifier: MIT
//! Timers that are cancelled, and timers that fire.
use crate::driver::{drive, Driver, Work};
use compio::runtime::spawn;
use compio::time::sleep;
use shared::amounts::{sleep_span, sleepers, timer_span, timers};
use shared::{Iterate, Row, Settings};
use std::future::{poll_fn, Future};
use std::pin::pin;
use std::task::Poll;

/// The first poll arms the timer; to drop it is to cancel it.
async fn arm_and_cancel(timer: u64) -> bool {
    let mut timer = pin!(sleep(timer_span(timer)));
    poll_fn(|context| Poll::Ready(timer.as_mut().poll(context).is_pending())).await
}

fn begin_timers(settings: &Settings) -> Iterate {
    drive(settings.workers, |_| async {
        |warm_up| {
            Box::pin(async move {
                let mut cancelled = 0;
                for timer in 0..timers(warm_up) {
                    cancelled += u64::from(arm_and_cancel(timer).await);
                }
                cancelled
            }) as Work
        }
    })
}

/// Of each `count` sleepers the one that is the worker's own.
async fn sleep_share(worker: u64, count: u64, warm_up: bool) -> u64 {
    let tasks: Vec<_> = (worker..sleepers(warm_up))
        .step_by(count as usize)
        .map(|sleeper| {
            spawn(async move {
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
}

/// Tasks do not move, and so each worker has its share of them from the beginning.
fn begin_sleepers(settings: &Settings) -> Iterate {
    let count = settings.workers as u64;
    let start = |worker: u64| {
        Driver::start(move || async move {
            move |warm_up| Box::pin(sleep_share(worker, count, warm_up)) as Work
        })
    };
    let drivers: Vec<_> = (0..count).map(start).collect();
    Box::new(move |warm_up| {
        drivers.iter().for_each(|driver| driver.order(warm_up));
        drivers.iter().map(Driver::answer).sum()
    })
}

pub fn rows() -> Vec<Row> {
    vec![
        Row { name: "timer_churn", workers: 1, begin: begin_timers },
        Row { name: "timer_churn_fire", workers: 2, begin: begin_sleepers },
    ]
}
