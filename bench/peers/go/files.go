// SPDX-License-Identifier: MIT

package main

import (
	"os"
	"sync"
)

const (
	blockBytes      = 4096
	blocks          = 4096
	reads           = 256
	readsWarmUp     = 32
	deepReads       = 4096
	deepReadsWarmUp = 256
	depth           = 32
)

func readBlock(file *os.File, number uint32, buffer []byte) uint64 {
	_, err := file.ReadAt(buffer, int64(number)*blockBytes)
	must(err)
	return uint64(number ^ uint32(buffer[0]))
}

func beginReads(s *settings) (func(bool) uint64, func()) {
	file, err := os.Open(s.file)
	must(err)
	buffer := make([]byte, blockBytes)
	iterate, end := driver(func(warmUp bool) uint64 {
		count := uint32(reads)
		if warmUp {
			count = readsWarmUp
		}
		sum := uint64(0)
		for i := uint32(0); i < count; i++ {
			sum += readBlock(file, i%blocks, buffer)
		}
		return sum
	})
	return iterate, func() { end(); must(file.Close()) }
}

func beginDeepReads(s *settings) (func(bool) uint64, func()) {
	file, err := os.Open(s.file)
	must(err)
	iterate, end := driver(func(warmUp bool) uint64 {
		count := uint32(deepReads)
		if warmUp {
			count = deepReadsWarmUp
		}
		sum := uint64(0)
		for first := uint32(0); first < count; first += depth {
			var results [depth]uint64
			var group sync.WaitGroup
			group.Add(depth)
			for i := uint32(0); i < depth; i++ {
				go func(i uint32) {
					results[i] = readBlock(file, (first+i)%blocks, make([]byte, blockBytes))
					group.Done()
				}(i)
			}
			group.Wait()
			for _, result := range results {
				sum += result
			}
		}
		return sum
	})
	return iterate, func() { end(); must(file.Close()) }
}

func fileRows() []row {
	return []row{
		{"fs_read_rtt_4k", 2, beginReads},
		{"fs_read_throughput_4k_qd32", 2, beginDeepReads},
	}
}
