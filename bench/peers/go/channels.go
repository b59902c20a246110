// SPDX-License-Identifier: MIT
// channels.go: producers and consumers at one bounded channel.

package main

import "sync"

const (
	channelCapacity = 64
	channelItems    = 96000
	channelWarmUp   = 960
)

func produce(items chan<- uint64, first, count uint64) {
	for value := first; value < first+count; value++ {
		items <- value
	}
}

// Consumes until there are no producers any more, and tells the sum.
func consume(items <-chan uint64, sums chan<- uint64) {
	sum := uint64(0)
	for value := range items {
		sum += value
	}
	sums <- sum
}

func beginChannel(producers, consumers int) beginRow {
	return func(*settings) (func(bool) uint64, func()) {
		return driver(func(warmUp bool) uint64 {
			each := uint64(channelItems / producers)
			if warmUp {
				each = uint64(channelWarmUp / producers)
			}
			items := make(chan uint64, channelCapacity)
			sums := make(chan uint64, consumers)
			for i := 0; i < consumers; i++ {
				go consume(items, sums)
			}
			var group sync.WaitGroup
			group.Add(producers)
			for p := 0; p < producers; p++ {
				go func(first uint64) {
					produce(items, first, each)
					group.Done()
				}(uint64(p) * each)
			}
			group.Wait()
			close(items)
			sum := uint64(0)
			for i := 0; i < consumers; i++ {
				sum += <-sums
			}
			return sum
		})
	}
}

func channelRows() []row {
	forms := []struct {
		name                 string
		producers, consumers int
	}{
		{"chan_1x1", 1, 1}, {"chan_4x1", 4, 1}, {"chan_16x1", 16, 1},
		{"chan_4x4", 4, 4}, {"chan_16x16", 16, 16},
	}
	var rows []row
	for _, form := range forms {
		begin := beginChannel(form.producers, form.consumers)
		rows = append(rows, row{form.name, 2, begin}, row{form.name + "_one", 1, begin})
	}
	return rows
}
