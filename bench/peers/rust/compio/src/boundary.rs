// SPDX-License-Identifier: MIT
//! Calls from a thread that is none of the runtimes', one after the other.
use crate::driver::workers;
use flume::bounded;
use shared::amounts::{calls, CHANNEL_CAPACITY};
use shared::{Iterate, Row, Settings};
use std::time::Instant;

/// The answers come through a channel of the standard library, which is what a thread waits at.
fn begin_calls(settings: &Settings) -> Iterate {
    let workers = workers(settings.workers);
    let record = settings.record.clone();
    let (questions, questioned) = bounded::<u64>(CHANNEL_CAPACITY);
    let (answers, answered) = std::sync::mpsc::channel::<u64>();
    workers[0].jobs.spawn(move || async move {
        while let Ok(question) = questioned.recv_async().await {
            if answers.send(question).is_err() {
                return;
            }
        }
    });
    Box::new(move |warm_up| {
        let _alive = &workers;
        let mut sum = 0;
        for i in 0..calls(warm_up) {
            let begin = Instant::now();
            questions.send(i).expect("a task that answers");
            sum += answered.recv().expect("a task that answers");
            record.sample(begin.elapsed().as_nanos() as u64);
        }
        sum
    })
}

pub fn rows() -> Vec<Row> {
    vec![Row { name: "boundary_rtt", workers: 2, begin: begin_calls }]
}
