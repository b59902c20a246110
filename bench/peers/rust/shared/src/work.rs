// SPDX-License-Identifier: MIT
//! The computations of the rows, and how much of them each has.
pub const FAN_REQUESTS: u32 = 64;
pub const FAN_WARM_UP: u32 = 8;
pub const FAN_BRANCHES: u32 = 16;
const SEED: u64 = 0x9E37_79B9_7F4A_7C15;

pub fn synthetic_work(seed: u64, rounds: u32) -> u64 {
    let mut x = seed ^ SEED;
    for i in 0..u64::from(rounds) {
        x = x.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407 ^ i);
        x ^= x >> 29;
    }
    x
}

pub fn pipeline_work(byte: u8, stream: u64, frame: u64, rounds: u32) -> u64 {
    let mut x = u64::from(byte) << 40 ^ stream << 17 ^ frame << 3 ^ SEED;
    for i in 0..u64::from(rounds) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        x = x.wrapping_add(i.wrapping_mul(0x27D4_EB2D));
    }
    x
}

pub fn fan_seed(request: u32, branch: u32) -> u64 {
    u64::from(request) << 32 ^ u64::from(branch)
}

pub fn balanced_rounds(_request: u32, _branch: u32) -> u32 {
    2000
}

pub fn skewed_rounds(request: u32, branch: u32) -> u32 {
    if branch == request % FAN_BRANCHES { 20000 } else { 500 }
}

pub const BLOCK: usize = 4096;
pub const BLOCKS: u32 = 4096;
pub const DEPTH: u32 = 32;

pub fn reads(warm_up: bool) -> u32 {
    if warm_up { 32 } else { 256 }
}

pub fn deep_reads(warm_up: bool) -> u32 {
    if warm_up { 256 } else { 4096 }
}

pub fn block_result(number: u32, first: u8) -> u64 {
    u64::from(number ^ u32::from(first))
}

pub const ONE_WAY: u64 = 2048;
pub const BATCH: usize = 64;

pub fn ping_rounds(warm_up: bool) -> u32 {
    if warm_up { 16 } else { 256 }
}

pub const COLD_ROUNDS: u32 = 64;

pub fn one_way_count(warm_up: bool) -> u64 {
    if warm_up { 64 } else { ONE_WAY }
}
