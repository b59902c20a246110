// SPDX-License-Identifier: MIT
// memory.go: what goroutines that wait, or sleep, take of the machine.

package main

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	idleTasks = 10000
	idleSpan  = time.Second
)

func residentBytes() int64 {
	text, err := os.ReadFile("/proc/self/statm")
	must(err)
	var total, resident int64
	_, err = fmt.Sscan(string(text), &total, &resident)
	must(err)
	return resident * int64(os.Getpagesize())
}

// Starts goroutines that wait for one channel; asks once all do, and lets them go.
func waitTogether(count int, asked func()) uint64 {
	var begun, ended sync.WaitGroup
	var woken atomic.Uint64
	release := make(chan struct{})
	begun.Add(count)
	ended.Add(count)
	wait := func() {
		begun.Done()
		<-release
		woken.Add(1)
		ended.Done()
	}
	for i := 0; i < count; i++ {
		go wait()
	}
	begun.Wait()
	asked()
	close(release)
	ended.Wait()
	return woken.Load()
}

func beginWaiters(count int) beginRow {
	return func(s *settings) (func(bool) uint64, func()) {
		s.least, s.most = 1, 1
		return driver(func(warmUp bool) uint64 {
			if warmUp {
				return waitTogether(1, func() {})
			}
			before := residentBytes()
			return waitTogether(count, func() {
				bytes := float64(residentBytes()-before) / float64(count)
				s.figure = &figure{"bytes/task", bytes}
			})
		})
	}
}

// The warm-up lets the sleepers fall asleep; the iterations are of the main goroutine alone.
func beginIdle(s *settings) (func(bool) uint64, func()) {
	s.least = 1
	var asleep sync.WaitGroup
	asleep.Add(idleTasks)
	for i := 0; i < idleTasks; i++ {
		go func() {
			asleep.Done()
			time.Sleep(time.Hour)
		}()
	}
	asleep.Wait()
	return func(warmUp bool) uint64 {
		if warmUp {
			time.Sleep(idleSpan / 20)
		} else {
			time.Sleep(idleSpan)
		}
		return idleTasks
	}, func() {}
}

func memoryRows() []row {
	return []row{
		{"task_memory_10k", 2, beginWaiters(10000)},
		{"task_memory_100k", 2, beginWaiters(100000)},
		{"task_memory_1m", 2, beginWaiters(1000000)},
		{"idle_cost", 2, beginIdle},
	}
}
