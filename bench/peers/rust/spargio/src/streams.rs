// SPDX-License-Identifier: MIT
//! Streams to the echo server, each with the buffers that its sends and receives hand back.
use futures::executor::block_on;
use shared::frames::{FRAME, STREAMS, WINDOW};
use spargio::net::{StreamSessionPolicy, TcpStream};
use spargio::Runtime;

pub struct Stream {
    pub number: u32,
    pub socket: TcpStream,
    frames: Vec<Vec<u8>>, // a window of them
    back: Vec<u8>,        // one
}

/// How windows are received.
#[derive(Clone, Copy)]
pub enum Receive {
    /// One receive that goes on for a whole window.
    Multishot,
    /// A receive for each frame, which its own benchmarks have found faster in short bursts.
    Exact,
}

fn new_stream(number: u32, socket: TcpStream) -> Stream {
    let frames = vec![vec![0; FRAME]; WINDOW as usize];
    Stream { number, socket, frames, back: vec![0; FRAME] }
}

/// The runtime sets TCP_NODELAY.
pub fn connect_all(runtime: &Runtime, port: u16, policy: StreamSessionPolicy) -> Vec<Stream> {
    let (address, count) = (("127.0.0.1", port), STREAMS as usize);
    let connected =
        TcpStream::connect_many_with_session_policy(runtime.handle(), address, count, policy);
    let sockets = block_on(connected).expect("the echo server");
    (0..).zip(sockets).map(|(number, socket)| new_stream(number, socket)).collect()
}

/// The sum of the first bytes of frames in what was received, at a place in a row of frames.
fn sum_of_frames(place: usize, bytes: &[u8]) -> u64 {
    let to_next_frame = place.wrapping_neg() % FRAME;
    bytes.iter().skip(to_next_frame).step_by(FRAME).map(|&byte| u64::from(byte)).sum()
}

impl Stream {
    /// Sends the beginning of a frame, and receives as much; gives the first byte.
    pub async fn echo(&mut self, number: u32, out: &mut Vec<u8>, back: &mut Vec<u8>) -> u8 {
        out[0] = number as u8;
        *out = self.socket.write_all_owned(std::mem::take(out)).await.expect("a send");
        *back = self.socket.read_exact_owned(std::mem::take(back)).await.expect("an answer");
        back[0]
    }

    /// A frame; gives its first byte.
    pub async fn receive(&mut self) -> u8 {
        let back = std::mem::take(&mut self.back);
        self.back = self.socket.read_exact_owned(back).await.expect("an answer");
        self.back[0]
    }

    /// Frames from `first` on, one send each, which are handed to the ring together. Nothing keeps
    /// them in order where a send has to wait; sums of frames do not need it.
    pub async fn send_window(&mut self, first: u32, count: u32) {
        let mut batch = self.frames.split_off(self.frames.len() - count as usize);
        (first..).zip(&mut batch).for_each(|(number, frame)| frame[0] = number as u8);
        let sending = self.socket.send_all_batch(batch, count as usize);
        let (sent, mut batch) = sending.await.expect("sends");
        assert_eq!(sent, count as usize * FRAME);
        self.frames.append(&mut batch);
    }

    /// Frames from `first` on, one after the other: for those who count on their order.
    pub async fn send_one_by_one(&mut self, first: u32, count: u32) {
        let mut frame = self.frames.pop().expect("a frame");
        for number in first..first + count {
            frame[0] = number as u8;
            frame = self.socket.write_all_owned(frame).await.expect("a send");
        }
        self.frames.push(frame);
    }

    /// Twice as many buffers as frames: those of frames that come in pieces are not full. What
    /// they have no room for is received by itself.
    async fn receive_window(&mut self, count: u32) -> u64 {
        const BUFFERS: u16 = 2 * WINDOW as u16;
        let bytes = count as usize * FRAME;
        let receiving = self.socket.recv_multishot_segments(FRAME, BUFFERS, bytes);
        let received = receiving.await.expect("an answer");
        let (mut place, mut sum) = (0, 0);
        for segment in received.segments {
            let end = segment.offset + segment.len;
            sum += sum_of_frames(place, &received.buffer[segment.offset..end]);
            place += segment.len;
        }
        if place < bytes {
            let rest = self.socket.read_exact_owned(vec![0; bytes - place]).await;
            sum += sum_of_frames(place, &rest.expect("an answer"));
        }
        sum
    }

    /// Sends and receives frames, a window at a time; gives the sum of their first bytes.
    pub async fn exchange(&mut self, first: u32, count: u32, how: Receive) -> u64 {
        let (mut done, mut sum) = (0, 0);
        while done < count {
            let size = WINDOW.min(count - done);
            self.send_window(first + done, size).await;
            match how {
                Receive::Multishot => sum += self.receive_window(size).await,
                Receive::Exact => {
                    for _ in 0..size {
                        sum += u64::from(self.receive().await);
                    }
                }
            }
            done += size;
        }
        sum
    }
}
