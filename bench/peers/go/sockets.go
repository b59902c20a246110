// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"io"
	"net"
	"sync"
)

const (
	frameBytes       = 4096
	window           = 32
	streamCount      = 8
	echoBytes        = 256
	echoRounds       = 512
	echoWarmUp       = 32
	streamFrames     = 2048
	streamWarmUp     = 128
	pipelineFrames   = 1024
	pipelineWarmUp   = 128
	messagesPerFrame = 16
	owners           = 2
)

type stream struct {
	number uint32
	conn   net.Conn
	out    []byte
	back   []byte
	sum    uint64
}

func connectAll(s *settings) []*stream {
	all := make([]*stream, streamCount)
	for i := range all {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", s.port)) // TCP_NODELAY by default
		must(err)
		all[i] = &stream{uint32(i), conn, make([]byte, frameBytes), make([]byte, frameBytes), 0}
	}
	return all
}

func closeAll(all []*stream) {
	for _, s := range all {
		must(s.conn.Close())
	}
}

func (s *stream) send(bytes []byte) {
	_, err := s.conn.Write(bytes)
	must(err)
}

func (s *stream) receive(bytes []byte) {
	_, err := io.ReadFull(s.conn, bytes)
	must(err)
}

// Frames from first on, one write each.
func (s *stream) sendWindow(first, count uint32) {
	for i := first; i < first+count; i++ {
		s.out[0] = byte(i)
		s.send(s.out)
	}
}

func (s *stream) exchange(first, count uint32) {
	for done := uint32(0); done < count; {
		size := min(count-done, window)
		s.sendWindow(first+done, size)
		for i := uint32(0); i < size; i++ {
			s.receive(s.back)
			s.sum += uint64(s.back[0])
		}
		done += size
	}
}

func beginEcho(s *settings) (func(bool) uint64, func()) {
	all := connectAll(s)
	iterate, end := driver(func(warmUp bool) uint64 {
		rounds := uint32(echoRounds)
		if warmUp {
			rounds = echoWarmUp
		}
		sum := uint64(0)
		for i := uint32(0); i < rounds; i++ {
			all[0].out[0] = byte(i)
			all[0].send(all[0].out[:echoBytes])
			all[0].receive(all[0].back[:echoBytes])
			sum += uint64(all[0].back[0])
		}
		return sum
	})
	return iterate, func() { end(); closeAll(all) }
}

func beginThroughput(s *settings) (func(bool) uint64, func()) {
	all := connectAll(s)
	iterate, end := driver(func(warmUp bool) uint64 {
		frames := uint32(streamFrames)
		if warmUp {
			frames = streamWarmUp
		}
		all[0].sum = 0
		all[0].exchange(0, frames)
		return all[0].sum
	})
	return iterate, func() { end(); closeAll(all) }
}

// A goroutine for each stream runs work on it.
func runAll(all []*stream, work func(s *stream)) uint64 {
	var group sync.WaitGroup
	group.Add(len(all))
	for _, s := range all {
		s.sum = 0
		go func(s *stream) {
			work(s)
			group.Done()
		}(s)
	}
	group.Wait()
	sum := uint64(0)
	for _, s := range all {
		sum += s.sum
	}
	return sum
}

func beginStreams(work func(s *stream, warmUp bool)) beginRow {
	return func(s *settings) (func(bool) uint64, func()) {
		all := connectAll(s)
		iterate, end := driver(func(warmUp bool) uint64 {
			return runAll(all, func(s *stream) { work(s, warmUp) })
		})
		return iterate, func() { end(); closeAll(all) }
	}
}

func imbalanced(s *stream, warmUp bool) {
	frames := uint32(128)
	switch {
	case s.number == 0 && warmUp:
		frames = 256
	case s.number == 0:
		frames = 2048
	case warmUp:
		frames = 32
	}
	s.exchange(0, frames)
}

// Runs the steps of a rotation; after each, then is told how many frames it had.
func rotate(s *stream, warmUp bool, then func(step, frames uint32)) {
	steps, hot := uint32(64), uint32(32)
	if warmUp {
		steps, hot = 8, 8
	}
	frame := uint32(0)
	for step := uint32(0); step < steps; step++ {
		frames := uint32(2)
		if s.number == step%streamCount {
			frames = hot
		}
		s.exchange(frame, frames)
		frame += frames
		then(step, frames)
	}
}

func rotation(s *stream, warmUp bool) { rotate(s, warmUp, func(_, _ uint32) {}) }

func pipelineWork(first byte, stream, frame uint64, rounds uint32) uint64 {
	x := uint64(first)<<40 ^ stream<<17 ^ frame<<3 ^ workSeed
	for i := uint64(0); i < uint64(rounds); i++ {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		x += i * 0x27D4EB2D
	}
	return x
}

func pipeline(s *stream, warmUp bool) {
	frames, hot, cold := uint32(pipelineFrames), uint32(4000), uint32(150)
	if warmUp {
		frames, hot, cold = pipelineWarmUp, 1000, 75
	}
	for first := uint32(0); first < frames; first += window {
		s.sendWindow(first, window)
		for frame := first; frame < first+window; frame++ {
			rounds := cold
			if s.number == frame/64%streamCount {
				rounds = hot
			}
			s.receive(s.back)
			s.sum += pipelineWork(s.back[0], uint64(s.number), uint64(frame), rounds)
		}
	}
}

// Owners add up what streams send them, in batches of the size that spargio's are.
func beginKeyed(s *settings) (func(bool) uint64, func()) {
	const most = 64
	all := connectAll(s)
	sums := make(chan uint64)
	keys := [owners]chan int{}
	for i := range keys {
		keys[i] = make(chan int, 1024)
		go func(own chan int) {
			sum, ended := uint64(0), 0
			for count := range own {
				sum += uint64(count)
				if count == 0 {
					ended++
				}
				if ended == streamCount {
					sums <- sum
					sum, ended = 0, 0
				}
			}
		}(keys[i])
	}
	iterate, end := driver(func(warmUp bool) uint64 {
		sum := runAll(all, func(s *stream) {
			rotate(s, warmUp, func(step, frames uint32) {
				for left := int(frames) * messagesPerFrame; left > 0; left -= most {
					keys[step%owners] <- min(left, most)
				}
			})
			for _, own := range keys {
				own <- 0
			}
		})
		for range keys {
			sum += <-sums
		}
		return sum
	})
	return iterate, func() {
		end()
		closeAll(all)
		for _, own := range keys {
			close(own)
		}
	}
}

func socketRows() []row {
	return []row{
		{"net_echo_rtt_256b", 2, beginEcho},
		{"net_stream_throughput_4k_window32", 2, beginThroughput},
		{"net_stream_imbalanced_4k_hot1_light7", 2, beginStreams(imbalanced)},
		{"net_stream_hotspot_rotation_4k", 2, beginStreams(rotation)},
		{"net_pipeline_hotspot_rotation_4k_window32", 2, beginStreams(pipeline)},
		{"net_keyed_hotspot_rotation_4k", 2, beginKeyed},
	}
}
