// SPDX-License-Identifier: MIT
// timers.go: timers that are stopped, and timers that fire.

package main

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	timers       = 1000000
	timersWarmUp = 10000
	sleepers     = 100000
	sleepsWarmUp = 1000
	sleepSpans   = 20 // they sleep 1 to so many milliseconds
)

// AfterFunc, because it arms at once: a timer with a channel waits until somebody receives. A timer
// each, as the other runtimes have it: none is set anew.
func beginTimers(*settings) (func(bool) uint64, func()) {
	return driver(func(warmUp bool) uint64 {
		count := timers
		if warmUp {
			count = timersWarmUp
		}
		stopped := uint64(0)
		for i := 0; i < count; i++ {
			due := 10*time.Second + time.Duration(i)*time.Microsecond
			if time.AfterFunc(due, func() {}).Stop() {
				stopped++
			}
		}
		return stopped
	})
}

func beginSleepers(*settings) (func(bool) uint64, func()) {
	return driver(func(warmUp bool) uint64 {
		count := sleepers
		if warmUp {
			count = sleepsWarmUp
		}
		var group sync.WaitGroup
		var slept atomic.Uint64
		group.Add(count)
		for i := 0; i < count; i++ {
			go func(span time.Duration) {
				time.Sleep(span)
				slept.Add(1)
				group.Done()
			}(time.Duration(1+i%sleepSpans) * time.Millisecond)
		}
		group.Wait()
		return slept.Load()
	})
}

func timerRows() []row {
	return []row{
		{"timer_churn", 1, beginTimers},
		{"timer_churn_fire", 2, beginSleepers},
	}
}
