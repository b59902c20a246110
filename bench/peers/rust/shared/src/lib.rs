// SPDX-License-Identifier: MIT
//! What the peers in Rust share: the command line, measuring, the line of JSON (its format is in
//! docs/benchmarks.md), and the computations of the rows.
pub mod amounts;
pub mod frames;
mod record;
pub mod serving;
pub mod work;
mod workers;

pub use record::Record;
use std::io::Write;
use std::net::TcpListener;
use std::time::{Duration, Instant};
pub use workers::{stay_on, Workers};

/// From the command line; and what a row may say beside its times.
pub struct Settings {
    pub workers: usize,
    pub port: u16,
    pub file: String,
    pub record: Record,
    mode: &'static str,
}

/// One iteration, or its warm-up; gives the checksum.
pub type Iterate = Box<dyn FnMut(bool) -> u64>;

pub struct Row {
    pub name: &'static str,
    pub workers: usize,
    pub begin: fn(&Settings) -> Iterate,
}

/// Serves those who connect, on these workers, for ever.
pub struct Server {
    pub name: &'static str,
    pub serve: fn(Workers, TcpListener),
}

const SERVER_WORKERS: usize = 2;

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
        peak_kib: peak_kib(),
    }
}

/// Of this program: what getrusage tells may be of the one that started it.
fn peak_kib() -> i64 {
    let text = std::fs::read_to_string("/proc/self/status").expect("status");
    let line = text.lines().find(|line| line.starts_with("VmHWM:")).expect("VmHWM");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("KiB")
}

/// What the process has in memory.
pub fn resident_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").expect("statm");
    let pages = text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    // SAFETY: it only answers.
    pages.expect("resident pages") * unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as u64
}

fn fail(text: &str) -> ! {
    eprintln!("{text}");
    std::process::exit(1);
}

fn run(row: &Row, settings: &Settings, seconds: f64, runtime: &str, version: &str) {
    let mut iterate = (row.begin)(settings);
    iterate(true);
    settings.record.forget();
    let (least, most) = settings.record.iterations();
    let before = spent_now();
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    let mut wall: Vec<u128> = Vec::new();
    let mut checksum = 0;
    while wall.len() < least || (Instant::now() < end && wall.len() < most) {
        let begin = Instant::now();
        let sum = iterate(false);
        wall.push(begin.elapsed().as_nanos());
        if wall.len() > 1 && sum != checksum {
            fail(&format!("{}: iterations give {checksum} and {sum}", row.name));
        }
        checksum = sum;
    }
    let after = spent_now();
    println!(
        "{{\"schema\": 2, \"row\": \"{}\", \"runtime\": \"{runtime}\", \"version\": \"{version}\", \
         \"workers\": {}, \"mode\": \"{}\", \"iterations\": {}, \
         \"checksum\": \"{checksum:016x}\", \"cpu_ns\": {}, \"switches\": {}, \"peak_kib\": {}, \
         \"wall_ns\": [{}]{}}}",
        row.name,
        settings.workers,
        settings.mode,
        wall.len(),
        after.cpu_ns - before.cpu_ns,
        after.switches - before.switches,
        after.peak_kib,
        record::joined(&wall),
        settings.record.fields()
    );
}

/// Prints the port, and serves until the standard input is closed.
fn serve(server: &Server, mut workers: Workers) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    println!("{}", listener.local_addr().expect("a port").port());
    std::io::stdout().flush().expect("somebody who reads the port");
    if workers.count == 0 {
        workers.count = SERVER_WORKERS;
    }
    let serve = server.serve;
    std::thread::spawn(move || serve(workers, listener));
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).ok();
    std::process::exit(0);
}

struct Order {
    settings: Settings,
    seconds: f64,
    server: Option<String>,
    pins: bool, // servers: worker i on CPU i
}

fn read_order(mut arguments: impl Iterator<Item = String>, mode: &'static str) -> Order {
    let settings =
        Settings { workers: 0, port: 0, file: String::new(), record: Record::default(), mode };
    let mut order = Order { settings, seconds: 0.5, server: None, pins: false };
    while let Some(flag) = arguments.next() {
        if flag == "--pin" {
            order.pins = true;
            continue;
        }
        let value = arguments.next().unwrap_or_default();
        let read = match flag.as_str() {
            "--workers" => value.parse().map(|n| order.settings.workers = n).is_ok(),
            "--port" => value.parse().map(|n| order.settings.port = n).is_ok(),
            "--seconds" => value.parse().map(|n| order.seconds = n).is_ok(),
            "--file" => {
                order.settings.file = value;
                true
            }
            "--serve" => {
                order.server = Some(value);
                true
            }
            "--mode" => value == mode,
            _ => false,
        };
        if !read {
            fail(&format!("{flag}: what is this?"));
        }
    }
    order
}

/// The whole program, of a runtime that has rows only.
pub fn main(runtime: &str, version: &str, rows: &[Row]) {
    main_with_servers(runtime, version, rows, &[]);
}

/// The whole program.
pub fn main_with_servers(runtime: &str, version: &str, rows: &[Row], servers: &[Server]) {
    main_in_mode("park", runtime, version, rows, servers);
}

/// The whole program; mode: the only one of the runtime, "park" or "spin".
pub fn main_in_mode(
    mode: &'static str,
    runtime: &str,
    version: &str,
    rows: &[Row],
    servers: &[Server],
) {
    let mut arguments = std::env::args().skip(1).peekable();
    match arguments.peek().map(String::as_str) {
        Some("--list") => return rows.iter().for_each(|row| println!("{}", row.name)),
        Some("--list-servers") => {
            return servers.iter().for_each(|server| println!("{}", server.name));
        }
        _ => (),
    }
    let name = arguments.next_if(|argument| !argument.starts_with('-')).unwrap_or_default();
    let Order { mut settings, seconds, server, pins } = read_order(arguments, mode);
    if let Some(name) = server {
        let Some(server) = servers.iter().find(|server| server.name == name) else {
            fail(&format!("no server \"{name}\"; see --list-servers"));
        };
        return serve(server, Workers { count: settings.workers, pins });
    }
    let Some(row) = rows.iter().find(|row| row.name == name) else {
        fail(&format!("no row \"{name}\"; see --list"));
    };
    if settings.workers == 0 {
        settings.workers = row.workers;
    }
    run(row, &settings, seconds, runtime, version);
}
