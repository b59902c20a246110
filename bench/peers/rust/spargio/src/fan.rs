// SPDX-License-Identifier: MIT
//! Requests that spawn branches and gather their results.
use crate::driver::{drive, runtime};
use shared::work::{balanced_rounds, fan_seed, skewed_rounds, synthetic_work};
use shared::work::{FAN_BRANCHES, FAN_REQUESTS, FAN_WARM_UP};
use shared::{Iterate, Row, Settings};
use spargio::{JoinHandle, RuntimeHandle};

type Rounds = fn(u32, u32) -> u32;

/// No shard is preferred: branches begin on all of them in turn, and may be stolen.
fn spawn_branches(handle: &RuntimeHandle, request: u32, rounds: Rounds) -> Vec<JoinHandle<u64>> {
    let spawn = |branch| {
        handle.spawn_stealable(async move {
            synthetic_work(fan_seed(request, branch), rounds(request, branch))
        })
    };
    (0..FAN_BRANCHES).map(|branch| spawn(branch).expect("a branch")).collect()
}

fn begin(settings: &Settings, rounds: Rounds) -> Iterate {
    let runtime = runtime(settings.workers);
    let handle = runtime.handle();
    drive(runtime, handle, async move |handle, warm_up| {
        let mut sum = 0_u64;
        for request in 0..if warm_up { FAN_WARM_UP } else { FAN_REQUESTS } {
            for branch in spawn_branches(handle, request, rounds) {
                sum = sum.wrapping_add(branch.await.expect("a branch"));
            }
        }
        sum
    })
}

pub fn rows() -> Vec<Row> {
    vec![
        Row { name: "fanout_fanin_balanced", workers: 4, begin: |s| begin(s, balanced_rounds) },
        Row { name: "fanout_fanin_skewed", workers: 4, begin: |s| begin(s, skewed_rounds) },
    ]
}
