// SPDX-License-Identifier: MIT

package main

import "sync"

const (
	fanRequests = 64
	fanWarmUp   = 8
	fanBranches = 16
	workSeed    = 0x9E3779B97F4A7C15
)

func syntheticWork(seed uint64, rounds uint32) uint64 {
	x := seed ^ workSeed
	for i := uint64(0); i < uint64(rounds); i++ {
		x = x*6364136223846793005 + (1442695040888963407 ^ i)
		x ^= x >> 29
	}
	return x
}

func balanced(_, _ uint32) uint32 { return 2000 }

func skewed(request, branch uint32) uint32 {
	if branch == request%fanBranches {
		return 20000
	}
	return 500
}

// Each branch writes its own result; the group is the join.
func beginFan(rounds func(request, branch uint32) uint32) beginRow {
	return func(*settings) (func(bool) uint64, func()) {
		return driver(func(warmUp bool) uint64 {
			requests := uint32(fanRequests)
			if warmUp {
				requests = fanWarmUp
			}
			sum := uint64(0)
			for request := uint32(0); request < requests; request++ {
				var results [fanBranches]uint64
				var group sync.WaitGroup
				group.Add(fanBranches)
				for branch := uint32(0); branch < fanBranches; branch++ {
					go func(branch uint32) {
						seed := uint64(request)<<32 ^ uint64(branch)
						results[branch] = syntheticWork(seed, rounds(request, branch))
						group.Done()
					}(branch)
				}
				group.Wait()
				for _, result := range results {
					sum += result
				}
			}
			return sum
		})
	}
}

func fanRows() []row {
	return []row{
		{"fanout_fanin_balanced", 4, beginFan(balanced)},
		{"fanout_fanin_skewed", 4, beginFan(skewed)},
	}
}
