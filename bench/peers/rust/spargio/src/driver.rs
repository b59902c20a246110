// SPDX-License-Identifier: MIT
//! A runtime with one task, on its first shard, that works on orders of the main thread.
use futures::channel::mpsc::unbounded;
use futures::StreamExt;
use shared::{Iterate, Workers};
use spargio::{Runtime, RuntimeBuilder, ShardCtx};

pub const DRIVER_SHARD: u16 = 0;

pub fn builder(workers: usize) -> RuntimeBuilder {
    Runtime::builder().shards(workers)
}

pub fn runtime(workers: usize) -> Runtime {
    builder(workers).build().expect("a runtime")
}

/// For rows on files and sockets: its own benchmarks set up their rings so.
fn io_builder(workers: usize) -> RuntimeBuilder {
    builder(workers).io_uring_throughput_mode(None)
}

pub fn io_runtime(workers: usize) -> Runtime {
    io_builder(workers).build().expect("a runtime")
}

pub fn server_runtime(workers: Workers) -> Runtime {
    let cpus = (0..workers.count).filter_map(|shard| workers.cpu_of(shard));
    io_builder(workers.count).thread_affinity(cpus).build().expect("a runtime")
}

/// Of the shard that this task runs on.
pub fn here() -> ShardCtx {
    ShardCtx::current().expect("a shard")
}

/// Spawns the driver on a runtime: for each order it awaits what work makes of it and of the state.
pub fn drive<S: Send + 'static>(
    runtime: Runtime,
    mut state: S,
    mut work: impl AsyncFnMut(&mut S, bool) -> u64 + Send + 'static,
) -> Iterate {
    let (orders, mut ordered) = unbounded::<bool>();
    let (answers, answered) = std::sync::mpsc::channel::<u64>();
    let driver = runtime.handle().spawn_local_on(DRIVER_SHARD, |_| async move {
        while let Some(warm_up) = ordered.next().await {
            if answers.send(work(&mut state, warm_up).await).is_err() {
                return;
            }
        }
    });
    driver.expect("a driver");
    Box::new(move |warm_up| {
        let _alive = &runtime;
        orders.unbounded_send(warm_up).expect("the driver");
        answered.recv().expect("the driver")
    })
}
