// SPDX-License-Identifier: MIT
//! Reads of blocks, by the rings of the shards.
use crate::driver::{drive, io_runtime};
use futures::future::join_all;
use shared::work::{block_result, deep_reads, reads, BLOCK, BLOCKS, DEPTH};
use shared::{Iterate, Row, Settings};
use spargio::fs::File;
use spargio::Runtime;

fn offset(number: u32) -> u64 {
    u64::from(number) * BLOCK as u64
}

fn open(runtime: &Runtime, settings: &Settings) -> File {
    let file = std::fs::File::open(&settings.file).expect("--file");
    File::from_std(runtime.handle(), file).expect("a file")
}

struct Reader {
    file: File,
    buffer: Vec<u8>,
}

impl Reader {
    async fn read(&mut self, number: u32) -> u64 {
        let buffer = std::mem::take(&mut self.buffer);
        let (count, buffer) = self.file.read_at_into(offset(number), buffer).await.expect("a read");
        assert_eq!(count, BLOCK);
        self.buffer = buffer;
        block_result(number, self.buffer[0])
    }
}

fn begin_reads(settings: &Settings) -> Iterate {
    let runtime = io_runtime(settings.workers);
    let reader = Reader { file: open(&runtime, settings), buffer: vec![0; BLOCK] };
    drive(runtime, reader, async |reader, warm_up| {
        let mut sum = 0;
        for i in 0..reads(warm_up) {
            sum += reader.read(i % BLOCKS).await;
        }
        sum
    })
}

async fn read_into_fresh_buffer(file: &File, number: u32) -> u64 {
    let buffer = file.read_at(offset(number), BLOCK).await.expect("a read");
    assert_eq!(buffer.len(), BLOCK);
    block_result(number, buffer[0])
}

fn begin_deep_reads(settings: &Settings) -> Iterate {
    let runtime = io_runtime(settings.workers);
    let file = open(&runtime, settings);
    drive(runtime, file, async |file, warm_up| {
        let mut sum = 0;
        for first in (0..deep_reads(warm_up)).step_by(DEPTH as usize) {
            let batch = first..first + DEPTH;
            let batch = batch.map(|i| read_into_fresh_buffer(file, i % BLOCKS));
            sum += join_all(batch).await.iter().sum::<u64>();
        }
        sum
    })
}

pub fn rows() -> Vec<Row> {
    vec![
        Row { name: "fs_read_rtt_4k", workers: 2, begin: begin_reads },
        Row { name: "fs_read_throughput_4k_qd32", workers: 2, begin: begin_deep_reads },
    ]
}
