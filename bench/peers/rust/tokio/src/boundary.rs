// SPDX-License-Identifier: MIT
//! Calls from a thread that is none of the runtime's, one after the other.
use crate::driver::runtime;
use shared::amounts::{calls, CHANNEL_CAPACITY};
use shared::{Iterate, Row, Settings};
use std::time::Instant;
use tokio::sync::mpsc::channel;

/// The answers come through a channel of the standard library, which is what a thread waits at.
fn begin_calls(settings: &Settings) -> Iterate {
    let runtime = runtime(settings.workers);
    let record = settings.record.clone();
    let (questions, mut questioned) = channel::<u64>(CHANNEL_CAPACITY);
    let (answers, answered) = std::sync::mpsc::channel::<u64>();
    runtime.spawn(async move {
        while let Some(question) = questioned.recv().await {
            if answers.send(question).is_err() {
                return;
            }
        }
    });
    Box::new(move |warm_up| {
        let _alive = &runtime;
        let mut sum = 0;
        for i in 0..calls(warm_up) {
            let begin = Instant::now();
            questions.blocking_send(i).expect("a task that answers");
            sum += answered.recv().expect("a task that answers");
            record.sample(begin.elapsed().as_nanos() as u64);
        }
        sum
    })
}

pub fn rows() -> Vec<Row> {
    vec![Row { name: "boundary_rtt", workers: 2, begin: begin_calls }]
}
