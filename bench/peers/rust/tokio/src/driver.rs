// SPDX-License-Identifier: MIT
//! A runtime with one task that works on orders of the main thread.
use shared::{stay_on, Iterate, Workers};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::unbounded_channel;

pub type Work = Pin<Box<dyn Future<Output = u64> + Send>>;

fn builder(workers: usize) -> Builder {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(workers).enable_all();
    builder
}

pub fn runtime(workers: usize) -> Runtime {
    builder(workers).build().expect("a runtime")
}

/// The threads that it starts are its workers, as long as nothing that blocks is spawned.
pub fn server_runtime(workers: Workers) -> Runtime {
    let next = AtomicUsize::new(0);
    let stay = move || stay_on(workers.cpu_of(next.fetch_add(1, Ordering::Relaxed)));
    builder(workers.count).on_thread_start(stay).build().expect("a runtime")
}

/// Spawns the driver on a runtime: for each order it awaits what work makes of it.
pub fn drive(runtime: Runtime, mut work: impl FnMut(bool) -> Work + Send + 'static) -> Iterate {
    let (orders, mut ordered) = unbounded_channel::<bool>();
    let (answers, answered) = std::sync::mpsc::channel::<u64>();
    runtime.spawn(async move {
        while let Some(warm_up) = ordered.recv().await {
            if answers.send(work(warm_up).await).is_err() {
                return;
            }
        }
    });
    Box::new(move |warm_up| {
        let _alive = &runtime;
        orders.send(warm_up).expect("the driver");
        answered.recv().expect("the driver")
    })
}
