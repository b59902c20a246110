// SPDX-License-Identifier: MIT
//! What the rows on sockets send.
pub const FRAME: usize = 4096;
pub const WINDOW: u32 = 32;
pub const STREAMS: u32 = 8;
pub const ECHO_BYTES: usize = 256;
pub const MESSAGES_PER_FRAME: u32 = 16;
pub const OWNERS: usize = 2;

pub fn echo_rounds(warm_up: bool) -> u32 {
    if warm_up { 32 } else { 512 }
}

pub fn stream_frames(warm_up: bool) -> u32 {
    if warm_up { 128 } else { 2048 }
}

pub fn imbalanced_frames(stream: u32, warm_up: bool) -> u32 {
    match (stream, warm_up) {
        (0, true) => 256,
        (0, false) => 2048,
        (_, true) => 32,
        (_, false) => 128,
    }
}

pub fn rotation_steps(warm_up: bool) -> u32 {
    if warm_up { 8 } else { 64 }
}

pub fn rotation_frames(stream: u32, step: u32, warm_up: bool) -> u32 {
    match (stream == step % STREAMS, warm_up) {
        (true, true) => 8,
        (true, false) => 32,
        (false, _) => 2,
    }
}

pub fn pipeline_frames(warm_up: bool) -> u32 {
    if warm_up { 128 } else { 1024 }
}

pub fn pipeline_rounds(stream: u32, frame: u32, warm_up: bool) -> u32 {
    match (stream == frame / 64 % STREAMS, warm_up) {
        (true, true) => 1000,
        (true, false) => 4000,
        (false, true) => 75,
        (false, false) => 150,
    }
}
