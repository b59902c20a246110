// SPDX-License-Identifier: MIT
//! Drivers: threads with an executor each, whose first task works on orders of the main thread.
use flume::{unbounded, Sender};
use glommio::{ExecutorJoinHandle, LocalExecutorBuilder, Placement};
use shared::Iterate;
use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc;

pub type Work = Pin<Box<dyn Future<Output = u64>>>;

/// A thread with an executor, on a CPU where it is to stay on one; its first task is what make gives
/// there.
pub fn start<F>(
    cpu: Option<usize>,
    make: impl FnOnce() -> F + Send + 'static,
) -> ExecutorJoinHandle<()>
where
    F: Future<Output = ()> + 'static,
{
    let placement = cpu.map_or(Placement::Unbound, Placement::Fixed);
    LocalExecutorBuilder::new(placement).spawn(make).expect("an executor")
}

pub struct Driver {
    orders: Option<Sender<bool>>,
    answers: mpsc::Receiver<u64>,
    thread: Option<ExecutorJoinHandle<()>>,
}

impl Driver {
    /// For each order it awaits what work makes of it, which is what begin gives on its thread.
    pub fn start<B, W>(begin: impl FnOnce() -> B + Send + 'static) -> Driver
    where
        B: Future<Output = W> + 'static,
        W: FnMut(bool) -> Work + 'static,
    {
        let (orders, ordered) = unbounded::<bool>();
        let (answered, answers) = mpsc::channel::<u64>();
        let serve = || async move {
            let mut work = begin().await;
            while let Ok(warm_up) = ordered.recv_async().await {
                if answered.send(work(warm_up).await).is_err() {
                    return;
                }
            }
        };
        Driver { orders: Some(orders), answers, thread: Some(start(None, serve)) }
    }

    pub fn order(&self, warm_up: bool) {
        let orders = self.orders.as_ref().expect("a driver that goes on");
        orders.send(warm_up).expect("the driver");
    }

    pub fn answer(&self) -> u64 {
        self.answers.recv().expect("the driver")
    }
}

/// It ends when it has no more orders, and that is waited for.
impl Drop for Driver {
    fn drop(&mut self) {
        self.orders = None;
        self.thread.take().map(ExecutorJoinHandle::join);
    }
}

/// With one worker.
pub fn drive<B, W>(begin: impl FnOnce() -> B + Send + 'static) -> Iterate
where
    B: Future<Output = W> + 'static,
    W: FnMut(bool) -> Work + 'static,
{
    let driver = Driver::start(begin);
    Box::new(move |warm_up| {
        driver.order(warm_up);
        driver.answer()
    })
}
