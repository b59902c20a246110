// SPDX-License-Identifier: MIT
//! Requests that spawn branches and gather their results.
use crate::driver::{drive, runtime, Work};
use shared::work::{balanced_rounds, fan_seed, skewed_rounds, synthetic_work};
use shared::work::{FAN_BRANCHES, FAN_REQUESTS, FAN_WARM_UP};
use shared::{Iterate, Row, Settings};

fn begin(settings: &Settings, rounds: fn(u32, u32) -> u32) -> Iterate {
    drive(runtime(settings.workers), move |warm_up| {
        Box::pin(async move {
            let mut sum = 0_u64;
            for request in 0..if warm_up { FAN_WARM_UP } else { FAN_REQUESTS } {
                let branches: Vec<_> = (0..FAN_BRANCHES)
                    .map(|branch| {
                        tokio::spawn(async move {
                            synthetic_work(fan_seed(request, branch), rounds(request, branch))
                        })
                    })
                    .collect();
                for branch in branches {
                    sum = sum.wrapping_add(branch.await.expect("a branch"));
                }
            }
            sum
        }) as Work
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
