// SPDX-License-Identifier: MIT
//! What servers answer, whatever runtime reads and writes for them.
use crate::work::synthetic_work;

pub const STALL_BYTES: usize = 32;
/// Room for the requests that are read at once.
pub const HTTP_BYTES: usize = 16384;
const HTTP_ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 14\r\n\r\nhello, world!\n";

/// A message is a seed, a number of iterations, room for the result, and 8 bytes that are free.
pub fn answer_stall(message: &mut [u8; STALL_BYTES]) {
    let number = |at: usize| u64::from_le_bytes(message[at..at + 8].try_into().expect("8 bytes"));
    let (seed, rounds) = (number(0), number(8));
    let result = if rounds > 0 { synthetic_work(seed, rounds as u32) } else { 0 };
    message[16..24].copy_from_slice(&result.to_le_bytes());
}

/// Looks for ends of requests, of which one may come in several pieces, or several in one.
#[derive(Default)]
pub struct HttpRequests {
    matched: usize, // bytes of the end of a request that have been seen
}

impl HttpRequests {
    const END: &'static [u8] = b"\r\n\r\n";

    fn ended(&mut self, byte: u8) -> bool {
        self.matched = match byte {
            _ if byte == Self::END[self.matched] => self.matched + 1,
            b'\r' => 1,
            _ => 0,
        };
        let ended = self.matched == Self::END.len();
        if ended {
            self.matched = 0;
        }
        ended
    }

    /// Makes answers those to the requests that end in what was read.
    pub fn answer(&mut self, read: &[u8], answers: &mut Vec<u8>) {
        answers.clear();
        for &byte in read {
            if self.ended(byte) {
                answers.extend_from_slice(HTTP_ANSWER);
            }
        }
    }
}
