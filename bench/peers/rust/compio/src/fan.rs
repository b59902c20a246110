// SPDX-License-Identifier: MIT
//! Requests whose branches are dispatched to the workers, and their results gathered.
use crate::driver::{drive, proactor, Work};
use compio::dispatcher::Dispatcher;
use shared::work::{balanced_rounds, fan_seed, skewed_rounds, synthetic_work};
use shared::work::{FAN_BRANCHES, FAN_REQUESTS, FAN_WARM_UP};
use shared::{Iterate, Row, Settings};
use std::num::NonZeroUsize;
use std::rc::Rc;

type Rounds = fn(u32, u32) -> u32;

/// Each worker takes one branch at a time: with more, one worker may take all there are.
pub fn dispatcher(count: usize) -> Dispatcher {
    Dispatcher::builder()
        .worker_threads(NonZeroUsize::new(count).expect("workers"))
        .concurrent(false)
        .proactor_builder(proactor())
        .build()
        .expect("a dispatcher")
}

async fn request(dispatcher: &Dispatcher, request: u32, rounds: Rounds) -> u64 {
    let branches: Vec<_> = (0..FAN_BRANCHES)
        .map(|branch| {
            let (seed, rounds) = (fan_seed(request, branch), rounds(request, branch));
            let compute = move || async move { synthetic_work(seed, rounds) };
            dispatcher.dispatch(compute).expect("workers")
        })
        .collect();
    let mut sum = 0_u64;
    for branch in branches {
        sum = sum.wrapping_add(branch.await.expect("a branch"));
    }
    sum
}

/// The driver has a thread of its own, as the main thread of a program with a dispatcher.
fn begin(settings: &Settings, rounds: Rounds) -> Iterate {
    let count = settings.workers;
    drive(1, move |_| async move {
        let dispatcher = Rc::new(dispatcher(count));
        move |warm_up| {
            let dispatcher = dispatcher.clone();
            Box::pin(async move {
                let mut sum = 0_u64;
                for i in 0..if warm_up { FAN_WARM_UP } else { FAN_REQUESTS } {
                    sum = sum.wrapping_add(request(&dispatcher, i, rounds).await);
                }
                sum
            }) as Work
        }
    })
}

fn begin_balanced(settings: &Settings) -> Iterate {
    begin(settings, balanced_rounds)
}

fn begin_skewed(settings: &Settings) -> Iterate {
    begin(settings, skewed_rounds)
}

pub fn rows() -> Vec<Row> {
    vec![
        Row { name: "fanout_fanin_balanced", workers: 4, begin: begin_balanced },
        Row { name: "fanout_fanin_skewed", workers: 4, begin: begin_skewed },
    ]
}
