// SPDX-License-Identifier: MIT
//! How much the rows on tasks, timers, channels, calls from outside and memory do.
use std::time::Duration;

pub const SPAWN_BATCH: u64 = 16;
pub const SPAWN_WINDOW: u64 = 1000;

pub fn spawns(warm_up: bool) -> u64 {
    if warm_up { 1000 } else { 100_000 }
}

pub fn yields(warm_up: bool) -> u64 {
    if warm_up { 1000 } else { 100_000 }
}

pub fn flood_tasks(warm_up: bool) -> u64 {
    if warm_up { 200 } else { 2000 }
}

/// One task in a hundred is a probe: it does little, and its latency counts.
pub fn flood_probe(task: u64) -> bool {
    task % 100 == 99
}

pub fn flood_rounds(task: u64) -> u32 {
    if flood_probe(task) { 200 } else { 20_000 }
}

pub fn timers(warm_up: bool) -> u64 {
    if warm_up { 10_000 } else { 1_000_000 }
}

/// When a timer that is cancelled would be due.
pub fn timer_span(timer: u64) -> Duration {
    Duration::from_secs(10) + Duration::from_micros(timer)
}

pub fn sleepers(warm_up: bool) -> u64 {
    if warm_up { 1000 } else { 100_000 }
}

pub fn sleep_span(sleeper: u64) -> Duration {
    Duration::from_millis(1 + sleeper % 20)
}

pub const CHANNEL_CAPACITY: usize = 64;

/// Of all producers together.
pub fn channel_items(warm_up: bool) -> u64 {
    if warm_up { 960 } else { 96_000 }
}

pub fn calls(warm_up: bool) -> u64 {
    if warm_up { 100 } else { 1000 }
}

pub const IDLE_TASKS: u64 = 10_000;
pub const IDLE_SLEEP: Duration = Duration::from_secs(3600);

/// The warm-up is long enough for all to have fallen asleep.
pub fn idle_span(warm_up: bool) -> Duration {
    Duration::from_millis(if warm_up { 50 } else { 1000 })
}
