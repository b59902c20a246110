// SPDX-License-Identifier: MIT
//! Reads of blocks through the ring.
use crate::driver::{drive, Work};
use monoio::fs::File;
use monoio::spawn;
use shared::work::{block_result, deep_reads, reads, BLOCK, BLOCKS, DEPTH};
use shared::{Iterate, Row, Settings};
use std::rc::Rc;

async fn read_block(file: &File, number: u32, buffer: Vec<u8>) -> (u64, Vec<u8>) {
    let (result, buffer) = file.read_exact_at(buffer, u64::from(number) * BLOCK as u64).await;
    result.expect("a read");
    (block_result(number, buffer[0]), buffer)
}

async fn read_one_by_one(file: Rc<File>, warm_up: bool) -> u64 {
    let (mut sum, mut buffer) = (0, Vec::with_capacity(BLOCK));
    for i in 0..reads(warm_up) {
        let result;
        (result, buffer) = read_block(&file, i % BLOCKS, buffer).await;
        sum += result;
    }
    sum
}

async fn read_in_batches(file: Rc<File>, warm_up: bool) -> u64 {
    let mut sum = 0;
    for first in (0..deep_reads(warm_up)).step_by(DEPTH as usize) {
        let batch: Vec<_> = (first..first + DEPTH)
            .map(|i| {
                let (file, buffer) = (file.clone(), Vec::with_capacity(BLOCK));
                spawn(async move { read_block(&file, i % BLOCKS, buffer).await.0 })
            })
            .collect();
        for read in batch {
            sum += read.await;
        }
    }
    sum
}

fn begin_with(settings: &Settings, read: fn(Rc<File>, bool) -> Work) -> Iterate {
    let path = settings.file.clone();
    drive(move || async move {
        let file = Rc::new(File::open(path).await.expect("--file"));
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
