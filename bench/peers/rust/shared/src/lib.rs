// SPDX-License-Identifier: MIT
//! What the peers in Rust share: the command line, measuring, the line of JSON (its format is in
//! docs/benchmarks.md), and the computations of the rows.
pub mod frames;
pub mod work;

use std::time::{Duration, Instant};

/// From the command line.
pub struct Settings {
    pub workers: usize,
    pub port: u16,
    pub file: String,
}

/// One iteration, or its warm-up; gives the checksum.
pub type Iterate = Box<dyn FnMut(bool) -> u64>;

pub struct Row {
    pub name: &'static str,
    pub workers: usize,
    pub begin: fn(&Settings) -> Iterate,
}

const LEAST_ITERATIONS: usize = 3;
const MOST_ITERATIONS: usize = 100_000;

struct Spent {
    cpu_ns: i64,
    switches: i64,
    peak_kib: i64,
}

fn spent_now() -> Spent {
    // SAFETY: both calls fill in what they are given.
    let (usage, cpu) = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        let mut cpu: libc::timespec = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut cpu);
        (usage, cpu)
    };
    Spent {
        cpu_ns: cpu.tv_sec * 1_000_000_000 + cpu.tv_nsec,
        switches: usage.ru_nvcsw,
        peak_kib: usage.ru_maxrss,
    }
}

fn fail(text: &str) -> ! {
    eprintln!("{text}");
    std::process::exit(1);
}

fn run(row: &Row, settings: &Settings, seconds: f64, runtime: &str, version: &str) {
    let mut iterate = (row.begin)(settings);
    iterate(true);
    let before = spent_now();
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    let mut wall: Vec<u128> = Vec::new();
    let mut checksum = 0;
    while wall.len() < LEAST_ITERATIONS || (Instant::now() < end && wall.len() < MOST_ITERATIONS) {
        let begin = Instant::now();
        let sum = iterate(false);
        wall.push(begin.elapsed().as_nanos());
        if wall.len() > 1 && sum != checksum {
            fail(&format!("{}: iterations give {checksum} and {sum}", row.name));
        }
        checksum = sum;
    }
    let after = spent_now();
    let times: Vec<String> = wall.iter().map(u128::to_string).collect();
    println!(
        "{{\"schema\": 1, \"row\": \"{}\", \"runtime\": \"{runtime}\", \"version\": \"{version}\", \
         \"workers\": {}, \"mode\": \"park\", \"iterations\": {}, \
         \"checksum\": \"{checksum:016x}\", \"cpu_ns\": {}, \"switches\": {}, \"peak_kib\": {}, \"wall_ns\": [{}]}}",
        row.name,
        settings.workers,
        wall.len(),
        after.cpu_ns - before.cpu_ns,
        after.switches - before.switches,
        after.peak_kib,
        times.join(", ")
    );
}

/// The whole program.
pub fn main(runtime: &str, version: &str, rows: &[Row]) {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    if name == "--list" {
        rows.iter().for_each(|row| println!("{}", row.name));
        return;
    }
    let Some(row) = rows.iter().find(|row| row.name == name) else {
        fail(&format!("no row \"{name}\"; see --list"));
    };
    let mut settings = Settings { workers: row.workers, port: 0, file: String::new() };
    let mut seconds = 0.5;
    while let Some(flag) = arguments.next() {
        let value = arguments.next().unwrap_or_default();
        let read = match flag.as_str() {
            "--workers" => value.parse().map(|n| settings.workers = n).is_ok(),
            "--port" => value.parse().map(|n| settings.port = n).is_ok(),
            "--seconds" => value.parse().map(|n| seconds = n).is_ok(),
            "--file" => {
                settings.file = value;
                true
            }
            "--mode" => value == "park",
            _ => false,
        };
        if !read {
            fail(&format!("{flag}: what is this?"));
        }
    }
    if settings.workers == 0 {
        settings.workers = row.workers;
    }
    run(row, &settings, seconds, runtime, version);
}
