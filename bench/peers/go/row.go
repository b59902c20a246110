// SPDX-License-Identifier: MIT
// row.go: runs a row and tells what it took, or serves; and the command line.

package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// What a row gets from the command line.
type settings struct {
	workers int
	port    int
	file    string
	records
}

// What a row may say beside its times.
type records struct {
	least   int     // iterations, however long they take
	most    int     // iterations, however short they are
	samples []int64 // nanoseconds that requests took, in order
	figure  *figure
}

// What a row is judged by that is not judged by its time.
type figure struct {
	Unit  string  `json:"unit"`
	Value float64 `json:"value"`
}

// Notes how long a request took. The oldest go where there are too many.
func (r *records) sample(ns int64) {
	if len(r.samples) == 2*mostSamples {
		r.samples = append(r.samples[:0], r.samples[mostSamples:]...)
	}
	r.samples = append(r.samples, ns)
}

func (r *records) lastSamples() []int64 {
	return r.samples[max(0, len(r.samples)-mostSamples):]
}

// Sets a row up. Gives one iteration, or its warm-up, which returns the checksum; and what ends it.
type beginRow func(s *settings) (iterate func(warmUp bool) uint64, end func())

type row struct {
	name    string
	workers int // its own number of them
	begin   beginRow
}

const (
	leastIterations = 3
	mostIterations  = 100000
	mostSamples     = 20000
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type spent struct {
	cpuNs    int64
	switches int64
	peakKib  int64
}

// Of this program: what getrusage tells may be of the one that started it.
func peakKib() int64 {
	text, err := os.ReadFile("/proc/self/status")
	must(err)
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	var kib int64
	_, err = fmt.Sscan(rest, &kib)
	must(err)
	return kib
}

func spentNow() spent {
	var usage syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return spent{usage.Utime.Nano() + usage.Stime.Nano(), usage.Nvcsw, peakKib()}
}

// The line of docs/benchmarks.md.
type series struct {
	Schema     int     `json:"schema"`
	Row        string  `json:"row"`
	Runtime    string  `json:"runtime"`
	Version    string  `json:"version"`
	Workers    int     `json:"workers"`
	Mode       string  `json:"mode"`
	Iterations int     `json:"iterations"`
	Checksum   string  `json:"checksum"`
	CPUNs      int64   `json:"cpu_ns"`
	Switches   int64   `json:"switches"`
	PeakKib    int64   `json:"peak_kib"`
	WallNs     []int64 `json:"wall_ns"`
	LatencyNs  []int64 `json:"latency_ns,omitempty"`
	Figure     *figure `json:"figure,omitempty"`
}

// The main goroutine keeps a thread for itself: as with the other runtimes an answer wakes a thread.
// It takes one of the workers' places only while it runs.
func run(r *row, s *settings, seconds float64) series {
	runtime.LockOSThread()
	runtime.GOMAXPROCS(s.workers)
	s.records = records{leastIterations, mostIterations, make([]int64, 0, 2*mostSamples), nil}
	iterate, end := r.begin(s)
	iterate(true)
	s.samples, s.figure = s.samples[:0], nil
	before := spentNow()
	limit := time.Now().Add(time.Duration(seconds * float64(time.Second)))
	wall := []int64{}
	var checksum uint64
	for len(wall) < s.least || (time.Now().Before(limit) && len(wall) < s.most) {
		begin := time.Now()
		sum := iterate(false)
		wall = append(wall, time.Since(begin).Nanoseconds())
		if len(wall) > 1 && sum != checksum {
			fmt.Fprintf(os.Stderr, "%s: iterations give %d and %d\n", r.name, checksum, sum)
			os.Exit(1)
		}
		checksum = sum
	}
	after := spentNow()
	end()
	return series{2, r.name, "go", runtime.Version(), s.workers, "park", len(wall),
		fmt.Sprintf("%016x", checksum), after.cpuNs - before.cpuNs,
		after.switches - before.switches, after.peakKib, wall,
		s.lastSamples(), s.figure}
}

func allRows() []row {
	families := [][]row{
		talkRows(), fanRows(), fileRows(), socketRows(), taskRows(),
		timerRows(), channelRows(), boundaryRows(), memoryRows(),
	}
	var all []row
	for _, rows := range families {
		all = append(all, rows...)
	}
	return all
}

func list(what string) bool {
	switch what {
	case "--list":
		for _, r := range allRows() {
			fmt.Println(r.name)
		}
	case "--list-servers":
		for _, s := range allServers() {
			fmt.Println(s.name)
		}
	default:
		return false
	}
	return true
}

type order struct {
	row, server string
	seconds     float64
}

func readOrder(s *settings) (o order) {
	arguments := os.Args[1:]
	if len(arguments) > 0 && arguments[0][0] != '-' {
		o.row, arguments = arguments[0], arguments[1:]
	}
	flags := flag.NewFlagSet("bench_go", flag.ExitOnError)
	flags.Float64Var(&o.seconds, "seconds", 0.5, "how long iterations go on")
	flags.StringVar(&o.server, "serve", "", "a server instead of a row")
	flags.IntVar(&s.workers, "workers", 0, "0: the row's own number")
	flags.IntVar(&s.port, "port", 0, "of the echo server")
	flags.StringVar(&s.file, "file", "", "of the rows that read")
	flags.String("mode", "park", "has no other")
	must(flags.Parse(arguments))
	return o
}

func main() {
	if len(os.Args) == 2 && list(os.Args[1]) {
		return
	}
	s := &settings{}
	o := readOrder(s)
	if o.server != "" {
		serve(o.server, s.workers)
		return
	}
	for _, r := range allRows() {
		if r.name == o.row {
			if s.workers == 0 {
				s.workers = r.workers
			}
			line, err := json.Marshal(run(&r, s, o.seconds))
			must(err)
			fmt.Println(string(line))
			return
		}
	}
	fmt.Fprintf(os.Stderr, "no row %q; see --list\n", o.row)
	os.Exit(2)
}
