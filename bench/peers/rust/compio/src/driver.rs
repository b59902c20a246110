// SPDX-License-Identifier: MIT
//! Workers, which are threads with a runtime each, and a driver, which is one of them that works on
//! orders of the main thread.
use compio::driver::ProactorBuilder;
use compio::runtime::{spawn, Runtime};
use flume::{unbounded, Receiver, Sender};
use shared::{stay_on, Iterate};
use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc;
use std::thread::JoinHandle;

pub type Work = Pin<Box<dyn Future<Output = u64>>>;
type Job = Box<dyn FnOnce() + Send>;

/// Of a ring that one thread uses, as compio's documentation advises.
pub fn proactor() -> ProactorBuilder {
    let mut builder = ProactorBuilder::new();
    builder.coop_taskrun(true).taskrun_flag(true);
    builder
}

fn runtime() -> Runtime {
    Runtime::builder().with_proactor(proactor()).build().expect("a runtime")
}

/// Where a worker takes its tasks from; none: it is to end.
#[derive(Clone)]
pub struct Jobs(Sender<Option<Job>>);

impl Jobs {
    /// Any thread. The future is made on the worker, where it stays.
    pub fn spawn<F>(&self, make: impl FnOnce() -> F + Send + 'static)
    where
        F: Future<Output = ()> + 'static,
    {
        self.0.send(Some(Box::new(move || spawn(make()).detach()))).expect("a worker");
    }
}

/// To drop it is to end it, with all its tasks, and to wait for its end.
pub struct Worker {
    pub jobs: Jobs,
    thread: Option<JoinHandle<()>>,
}

async fn take_jobs(jobs: Receiver<Option<Job>>) {
    while let Ok(Some(job)) = jobs.recv_async().await {
        job();
    }
}

impl Worker {
    /// On a CPU, where it is to stay on one.
    pub fn start(cpu: Option<usize>) -> Worker {
        let (jobs, taken) = unbounded();
        let thread = std::thread::spawn(move || {
            stay_on(cpu);
            runtime().block_on(take_jobs(taken))
        });
        Worker { jobs: Jobs(jobs), thread: Some(thread) }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.jobs.0.send(None).ok();
        self.thread.take().map(JoinHandle::join);
    }
}

pub fn workers(count: usize) -> Vec<Worker> {
    (0..count).map(|_| Worker::start(None)).collect()
}

/// For the other end of what the driver does: another worker, or the driver's own.
#[derive(Clone, Default)]
pub struct Place(Option<Jobs>);

impl Place {
    pub fn spawn<F>(&self, make: impl FnOnce() -> F + Send + 'static)
    where
        F: Future<Output = ()> + 'static,
    {
        match &self.0 {
            Some(jobs) => jobs.spawn(make),
            None => spawn(make()).detach(),
        }
    }
}

/// A worker whose main future awaits, for each order, what work makes of it.
pub struct Driver {
    orders: Option<Sender<bool>>,
    answers: mpsc::Receiver<u64>,
    thread: Option<JoinHandle<()>>,
}

impl Driver {
    /// Work is what begin gives on the worker.
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
        let thread = std::thread::spawn(move || runtime().block_on(serve()));
        Driver { orders: Some(orders), answers, thread: Some(thread) }
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
        self.thread.take().map(JoinHandle::join);
    }
}

/// The driver is one of the workers. Begin is told the last of the others, if there are any.
pub fn drive<B, W>(count: usize, begin: impl FnOnce(Place) -> B + Send + 'static) -> Iterate
where
    B: Future<Output = W> + 'static,
    W: FnMut(bool) -> Work + 'static,
{
    let others = workers(count - 1);
    let far = Place(others.last().map(|worker| worker.jobs.clone()));
    let driver = Driver::start(move || begin(far));
    Box::new(move |warm_up| {
        let _alive = &others;
        driver.order(warm_up);
        driver.answer()
    })
}
