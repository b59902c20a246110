// SPDX-License-Identifier: MIT
// boundary.go: calls from a thread of one's own to a goroutine, one after the other.

package main

import (
	"runtime"
	"time"
)

const (
	calls          = 1000
	callsWarmUp    = 100
	callsInChannel = 64
)

// The main goroutine keeps a thread for itself, as one that calls in from outside has it.
func beginCalls(s *settings) (func(bool) uint64, func()) {
	runtime.LockOSThread()
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
	return iterate, func() { close(questions); runtime.UnlockOSThread() }
}

func boundaryRows() []row {
	return []row{{"boundary_rtt", 2, beginCalls}}
}
