// SPDX-License-Identifier: MIT

package main

import "runtime"

const (
	pingRounds   = 256
	pingWarmUp   = 16
	oneWay       = 2048
	oneWayWarmUp = 64
	batch        = 64
)

// Runs it as a goroutine; apart: on a thread of its own.
func start(apart bool, run func()) {
	go func() {
		if apart {
			runtime.LockOSThread()
		}
		run()
	}()
}

// A goroutine that works on orders, as the persistent task of the other runtimes does.
func driver(work func(warmUp bool) uint64) (func(bool) uint64, func()) {
	return driverOn(false, work)
}

func driverOn(apart bool, work func(warmUp bool) uint64) (func(bool) uint64, func()) {
	orders := make(chan bool)
	answers := make(chan uint64)
	start(apart, func() {
		for warmUp := range orders {
			answers <- work(warmUp)
		}
	})
	return func(warmUp bool) uint64 {
		orders <- warmUp
		return <-answers
	}, func() { close(orders) }
}

func beginPingPong(apart bool) (func(bool) uint64, func()) {
	pings := make(chan uint32)
	acks := make(chan uint32)
	start(apart, func() {
		for ping := range pings {
			acks <- ping
		}
	})
	iterate, end := driverOn(apart, func(warmUp bool) uint64 {
		rounds := uint32(pingRounds)
		if warmUp {
			rounds = pingWarmUp
		}
		sum := uint64(0)
		for i := uint32(0); i < rounds; i++ {
			pings <- i
			sum += uint64(<-acks)
		}
		return sum
	})
	return iterate, func() { end(); close(pings) }
}

// Values, and then the question for their sum.
func beginOneWay(apart bool) (func(bool) uint64, func()) {
	const question = ^uint64(0)
	values := make(chan uint64, oneWay)
	sums := make(chan uint64)
	start(apart, func() {
		sum := uint64(0)
		for value := range values {
			if value == question {
				sums <- sum
				sum = 0
			} else {
				sum += value
			}
		}
	})
	iterate, end := driverOn(apart, func(warmUp bool) uint64 {
		count := uint64(oneWay)
		if warmUp {
			count = oneWayWarmUp
		}
		for i := uint64(0); i < count; i++ {
			values <- i
		}
		values <- question
		return <-sums
	})
	return iterate, func() { end(); close(values) }
}

func beginOneWayBatched(apart bool) (func(bool) uint64, func()) {
	batches := make(chan []uint64, oneWay/batch)
	sums := make(chan uint64)
	start(apart, func() {
		sum := uint64(0)
		for values := range batches {
			if values == nil {
				sums <- sum
				sum = 0
			}
			for _, value := range values {
				sum += value
			}
		}
	})
	iterate, end := driverOn(apart, func(warmUp bool) uint64 {
		count := uint64(oneWay)
		if warmUp {
			count = oneWayWarmUp
		}
		for i := uint64(0); i < count; i += batch {
			values := make([]uint64, batch)
			for j := range values {
				values[j] = i + uint64(j)
			}
			batches <- values
		}
		batches <- nil
		return <-sums
	})
	return iterate, func() { end(); close(batches) }
}

// A row with its ends where the scheduler puts them, or locked to threads of their own.
func talkRow(name string, apart bool, begin func(apart bool) (func(bool) uint64, func())) row {
	return row{name, 2, func(*settings) (func(bool) uint64, func()) { return begin(apart) }}
}

func talkRows() []row {
	return []row{
		talkRow("steady_ping_pong_rtt", true, beginPingPong),
		talkRow("steady_ping_pong_rtt_free", false, beginPingPong),
		talkRow("steady_one_way_send_drain", true, beginOneWay),
		talkRow("steady_one_way_send_drain_free", false, beginOneWay),
		talkRow("steady_one_way_send_drain_batch64", true, beginOneWayBatched),
		talkRow("steady_one_way_send_drain_batch64_free", false, beginOneWayBatched),
	}
}
