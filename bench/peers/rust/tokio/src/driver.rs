// SPDX-License-Identifier: MIT
//! A runtime with one task that works on orders of the main thread.
use shared::Iterate;
use std::future::Future;
use std::pin::Pin;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::unbounded_channel;

pub type Work = Pin<Box<dyn Future<Output = u64> + Send>>;

pub fn runtime(workers: usize) -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        .enable_all()
        .build()
        .expect("a runtime")
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
