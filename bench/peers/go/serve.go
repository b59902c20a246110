// SPDX-License-Identifier: MIT
// serve.go: servers for a generator of load: they print their port, and serve until the standard
// input is closed.

package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
)

type server struct {
	name  string
	serve func(net.Listener)
}

func allServers() []server {
	return []server{
		{"stall_echo", serveStallEcho},
		{"http_plain", serveHTTP},
	}
}

const (
	stallMessage = 32 // bytes: seed, iterations, where the result goes, and 8 that are free
	serveWorkers = 2
)

// Answers messages; what one asks to be computed is computed here, in its turn.
func echoStalls(conn net.Conn) {
	defer conn.Close()
	message := make([]byte, stallMessage)
	for {
		if _, err := io.ReadFull(conn, message); err != nil {
			return
		}
		result := uint64(0)
		if rounds := binary.LittleEndian.Uint64(message[8:]); rounds > 0 {
			result = syntheticWork(binary.LittleEndian.Uint64(message), uint32(rounds))
		}
		binary.LittleEndian.PutUint64(message[16:], result)
		if _, err := conn.Write(message); err != nil {
			return
		}
	}
}

func serveStallEcho(listener net.Listener) {
	for {
		conn, err := listener.Accept() // TCP_NODELAY by default
		must(err)
		go echoStalls(conn)
	}
}

// The headers are those that all servers of the comparison send: no date among them.
func serveHTTP(listener net.Listener) {
	body := []byte("hello, world!\n")
	length, plain := []string{fmt.Sprint(len(body))}, []string{"text/plain"}
	must(http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		header := w.Header()
		header["Content-Length"] = length
		header["Content-Type"] = plain
		header["Date"] = nil
		w.Write(body)
	})))
}

func serve(name string, workers int) {
	for _, s := range allServers() {
		if s.name == name {
			if workers == 0 {
				workers = serveWorkers
			}
			runtime.GOMAXPROCS(workers)
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			must(err)
			go s.serve(listener)
			fmt.Println(listener.Addr().(*net.TCPAddr).Port)
			io.Copy(io.Discard, os.Stdin)
			return
		}
	}
	fmt.Fprintf(os.Stderr, "no server %q; see --list-servers\n", name)
	os.Exit(2)
}
