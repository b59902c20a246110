// SPDX-License-Identifier: MIT
// tasks.go: what it costs to start goroutines, to wait for them, and to let others run.

package main

import (
	"runtime"
	"sync"
	"time"
)

const (
	spawns        = 100000
	spawnsWarmUp  = 1000
	spawnBatch    = 16
	spawnWindow   = 1000
	yields        = 100000
	yieldsWarmUp  = 1000
	floodTasks    = 2000
	floodWarmUp   = 200
	floodProbes   = 100 // one task in so many is a probe
	floodRounds   = 20000
	floodOfProbes = 200
)

func spawnCount(warmUp bool) uint64 {
	if warmUp {
		return spawnsWarmUp
	}
	return spawns
}

func beginSpawns(*settings) (func(bool) uint64, func()) {
	result := make(chan uint64, 1)
	return driver(func(warmUp bool) uint64 {
		sum := uint64(0)
		for i := uint64(0); i < spawnCount(warmUp); i++ {
			go func(i uint64) { result <- i }(i)
			sum += <-result
		}
		return sum
	})
}

// Each goroutine writes its own result; the group is the join. A channel takes longer for many.
func spawnInBatches(count uint64, results []uint64) uint64 {
	sum := uint64(0)
	for first := uint64(0); first < count; first += uint64(len(results)) {
		var group sync.WaitGroup
		group.Add(len(results))
		for i := range results {
			go func(i int) {
				results[i] = first + uint64(i)
				group.Done()
			}(i)
		}
		group.Wait()
		for _, result := range results {
			sum += result
		}
	}
	return sum
}

func beginBatches(*settings) (func(bool) uint64, func()) {
	results := make([]uint64, spawnBatch)
	return driver(func(warmUp bool) uint64 {
		return spawnInBatches(spawnCount(warmUp), results)
	})
}

// By the main goroutine, which has a thread for itself.
func beginForeignSpawns(*settings) (func(bool) uint64, func()) {
	results := make([]uint64, spawnWindow)
	return func(warmUp bool) uint64 {
		return spawnInBatches(spawnCount(warmUp), results)
	}, func() {}
}

func beginYields(*settings) (func(bool) uint64, func()) {
	return driver(func(warmUp bool) uint64 {
		count := uint64(yields)
		if warmUp {
			count = yieldsWarmUp
		}
		yielded := make(chan uint64, 2)
		for i := 0; i < 2; i++ {
			go func() {
				done := uint64(0)
				for ; done < count; done++ {
					runtime.Gosched()
				}
				yielded <- done
			}()
		}
		return <-yielded + <-yielded
	})
}

type flood struct {
	group   sync.WaitGroup
	results [floodTasks]uint64
	ns      [floodTasks]int64 // of the probes
}

func (f *flood) probe(i int, begin time.Time) {
	f.results[i] = syntheticWork(uint64(i), floodOfProbes)
	f.ns[i] = time.Since(begin).Nanoseconds()
	f.group.Done()
}

func (f *flood) work(i int) {
	f.results[i] = syntheticWork(uint64(i), floodRounds)
	f.group.Done()
}

func beginFlood(s *settings) (func(bool) uint64, func()) {
	return driver(func(warmUp bool) uint64 {
		count := floodTasks
		if warmUp {
			count = floodWarmUp
		}
		f := &flood{}
		f.group.Add(count)
		for i := 0; i < count; i++ {
			if i%floodProbes == floodProbes-1 {
				go f.probe(i, time.Now())
			} else {
				go f.work(i)
			}
		}
		f.group.Wait()
		sum := uint64(0)
		for i, result := range f.results {
			sum += result
			if f.ns[i] > 0 {
				s.sample(f.ns[i])
			}
		}
		return sum
	})
}

func taskRows() []row {
	return []row{
		{"spawn_join", 1, beginSpawns},
		{"spawn_join_batch16", 1, beginBatches},
		{"spawn_join_foreign", 2, beginForeignSpawns},
		{"switch_yield", 1, beginYields},
		{"shard_flood", 2, beginFlood},
	}
}
