// SPDX-License-Identifier: MIT
// boundary.go: calls from a thread of one's own to a goroutine, one after the other.

package main

import "time"

const (
	calls          = 1000
	callsWarmUp    = 100
	callsInChannel = 64
)

// The main goroutine, which has a thread for itself, calls in.
func beginCalls(s *settings) (func(bool) uint64, func()) {
	questions := make(chan uint64, callsInChannel)
	answers := make(chan uint64, callsInChannel)
	go func() {
		for question := range questions {
			answers <- question
		}
	}()
	iterate := func(warmUp bool) uint64 {
		count := uint64(calls)
		if warmUp {
			count = callsWarmUp
		}
		sum := uint64(0)
		for i := uint64(0); i < count; i++ {
			begin := time.Now()
			questions <- i
			sum += <-answers
			s.sample(time.Since(begin).Nanoseconds())
		}
		return sum
	}
	return iterate, func() { close(questions) }
}

func boundaryRows() []row {
	return []row{{"boundary_rtt", 2, beginCalls}}
}
