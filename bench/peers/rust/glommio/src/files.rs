// SPDX-License-Identifier: MIT
//! Reads of blocks through the ring, out of the cache of the kernel.
use crate::driver::{drive, Work};
use glommio::io::BufferedFile;
use glommio::spawn_local;
use shared::work::{block_result, deep_reads, reads, BLOCK, BLOCKS, DEPTH};
use shared::{Iterate, Row, Settings};
use std::rc::Rc;

/// Into a buffer of glommio's own, which is how it reads.
async fn read_block(file: &BufferedFile, number: u32) -> u64 {
    let block = file.read_at(u64::from(number) * BLOCK as u64, BLOCK).await.expect("a read");
    assert_eq!(block.len(), BLOCK);
    block_result(number, block[0])
}

async fn read_one_by_one(file: Rc<BufferedFile>, warm_up: bool) -> u64 {
    let mut sum = 0;
    for i in 0..reads(warm_up) {
        sum += read_block(&file, i % BLOCKS).await;
    }
    sum
}

async fn read_in_batches(file: Rc<BufferedFile>, warm_up: bool) -> u64 {
    let mut sum = 0;
    for first in (0..deep_reads(warm_up)).step_by(DEPTH as usize) {
        let batch: Vec<_> = (first..first + DEPTH)
            .map(|i| {
                let file = file.clone();
                spawn_local(async move { read_block(&file, i % BLOCKS).await })
            })
            .collect();
        for read in batch {
            sum += read.await;
        }
    }
    sum
}

fn begin_with(settings: &Settings, read: fn(Rc<BufferedFile>, bool) -> Work) -> Iterate {
    let path = settings.file.clone();
    drive(move || async move {
        let file = Rc::new(BufferedFile::open(path).await.expect("--file"));
        move |warm_up| read(file.clone(), warm_up)
    })
}

fn begin_reads(settings: &Settings) -> Iterate {
    begin_with(settings, |file, warm_up| Box::pin(read_one_by_one(file, warm_up)))
}

fn begin_deep_reads(settings: &Settings) -> Iterate {
    begin_with(settings, |file, warm_up| Box::pin(read_in_batches(file, warm_up)))
}

pub fn rows() -> Vec<Row> {
    vec![
        Row { name: "fs_read_rtt_4k", workers: 1, begin: begin_reads },
        Row { name: "fs_read_throughput_4k_qd32", workers: 1, begin: begin_deep_reads },
    ]
}
