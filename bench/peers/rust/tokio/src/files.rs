// SPDX-License-Identifier: MIT
//! Reads of blocks: pread on the pool for blocking calls, since tokio has no reads of its own at a
//! place in a file.
use crate::driver::{drive, runtime, Work};
use shared::work::{block_result, deep_reads, reads, BLOCK, BLOCKS, DEPTH};
use shared::{Iterate, Row, Settings};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

fn read_block(file: &File, number: u32) -> u64 {
    let mut buffer = [0; BLOCK];
    file.read_exact_at(&mut buffer, u64::from(number) * BLOCK as u64).expect("a read");
    block_result(number, buffer[0])
}

async fn read_blocking(file: Arc<File>, number: u32) -> u64 {
    tokio::task::spawn_blocking(move || read_block(&file, number)).await.expect("a read")
}

fn begin_reads(settings: &Settings) -> Iterate {
    let file = Arc::new(File::open(&settings.file).expect("--file"));
    drive(runtime(settings.workers), move |warm_up| {
        let file = file.clone();
        Box::pin(async move {
            let mut sum = 0;
            for i in 0..reads(warm_up) {
                sum += read_blocking(file.clone(), i % BLOCKS).await;
            }
            sum
        }) as Work
    })
}

fn begin_deep_reads(settings: &Settings) -> Iterate {
    let file = Arc::new(File::open(&settings.file).expect("--file"));
    drive(runtime(settings.workers), move |warm_up| {
        let file = file.clone();
        Box::pin(async move {
            let mut sum = 0;
            for first in (0..deep_reads(warm_up)).step_by(DEPTH as usize) {
                let batch: Vec<_> = (first..first + DEPTH)
                    .map(|i| tokio::spawn(read_blocking(file.clone(), i % BLOCKS)))
                    .collect();
                for read in batch {
                    sum += read.await.expect("a read");
                }
            }
            sum
        }) as Work
    })
}

pub fn rows() -> Vec<Row> {
    vec![
        Row { name: "fs_read_rtt_4k", workers: 2, begin: begin_reads },
        Row { name: "fs_read_throughput_4k_qd32", workers: 2, begin: begin_deep_reads },
    ]
}
