// SPDX-License-Identifier: MIT
//! What a row may say beside its times: how long requests took, and a figure that it is judged by;
//! and how many iterations it wants.
use std::sync::{Arc, Mutex, MutexGuard};

const LEAST_ITERATIONS: usize = 3;
const MOST_ITERATIONS: usize = 100_000;
const MOST_SAMPLES: usize = 20_000;

struct Said {
    least: usize,
    most: usize,
    samples: Vec<u64>,
    figure: Option<(&'static str, f64)>,
}

/// Its clones are the same record.
#[derive(Clone)]
pub struct Record(Arc<Mutex<Said>>);

impl Default for Record {
    fn default() -> Self {
        let samples = Vec::with_capacity(2 * MOST_SAMPLES);
        let (least, most) = (LEAST_ITERATIONS, MOST_ITERATIONS);
        Record(Arc::new(Mutex::new(Said { least, most, samples, figure: None })))
    }
}

impl Record {
    fn said(&self) -> MutexGuard<'_, Said> {
        self.0.lock().expect("a record")
    }

    /// For the beginning of a row: so many iterations do, however long they are.
    pub fn least(&self, iterations: usize) {
        self.said().least = iterations;
    }

    /// For the beginning of a row: there is one iteration, however short it is.
    pub fn once(&self) {
        let mut said = self.said();
        (said.least, said.most) = (1, 1);
    }

    /// A request took so many nanoseconds. The oldest go where there are too many.
    pub fn sample(&self, ns: u64) {
        let samples = &mut self.said().samples;
        if samples.len() == 2 * MOST_SAMPLES {
            samples.drain(..MOST_SAMPLES);
        }
        samples.push(ns);
    }

    pub fn figure(&self, unit: &'static str, value: f64) {
        self.said().figure = Some((unit, value));
    }

    /// What the warm-up said does not count.
    pub(crate) fn forget(&self) {
        let mut said = self.said();
        said.samples.clear();
        said.figure = None;
    }

    pub(crate) fn iterations(&self) -> (usize, usize) {
        let said = self.said();
        (said.least, said.most)
    }

    /// Fields of the line, each after a comma.
    pub(crate) fn fields(&self) -> String {
        let said = self.said();
        let mut fields = String::new();
        if !said.samples.is_empty() {
            let last = &said.samples[said.samples.len().saturating_sub(MOST_SAMPLES)..];
            fields += &format!(", \"latency_ns\": [{}]", joined(last));
        }
        if let Some((unit, value)) = said.figure {
            fields += &format!(", \"figure\": {{\"unit\": \"{unit}\", \"value\": {value}}}");
        }
        fields
    }
}

pub(crate) fn joined<T: ToString>(numbers: &[T]) -> String {
    numbers.iter().map(T::to_string).collect::<Vec<String>>().join(", ")
}
