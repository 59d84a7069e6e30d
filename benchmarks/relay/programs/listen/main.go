// Many listeners to paced event streams: listen -address HOST:PORT -header 'Name: value' … Prints "open" when all
// streams have their headers, and at the end of the window what has arrived in it; exits when all streams have ended.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

var (
	address = flag.String("address", "", "where the contender listens")
	streams = flag.Int("streams", 2000, "how many at once")
	events  = flag.Int("events", 40, "how many each must bring")
	ramp    = flag.Duration("ramp", 4*time.Second, "in which they are opened")
	window  = flag.Duration("window", 10*time.Second, "in which events are counted")
	wait    = flag.Bool("wait", true, "until all have ended")
	body    = `{"model":"gpt-4o-mini","stream":true,"messages":[{"role":"user","content":"go"}]}`

	headers     list
	isMeasuring atomic.Bool
	complete    atomic.Int64
	mark        = []byte(`"content":"`)
)

type list []string

func (l *list) String() string         { return strings.Join(*l, "; ") }
func (l *list) Set(value string) error { *l = append(*l, value); return nil }

type listener struct {
	delays []time.Duration
	err    error
}

func main() {
	flag.Var(&headers, "header", "to send along; may be repeated")
	flag.Parse()
	all := make([]listener, *streams)
	var opened, ended sync.WaitGroup
	opened.Add(*streams)
	ended.Add(*streams)
	for number := range all {
		go func() {
			defer ended.Done()
			time.Sleep(*ramp * time.Duration(number) / time.Duration(*streams))
			once := sync.OnceFunc(opened.Done)
			all[number].err = all[number].follow(once)
			once()
		}()
	}
	opened.Wait()
	isMeasuring.Store(true)
	fmt.Println("open")
	time.Sleep(*window)
	isMeasuring.Store(false)
	fmt.Println("measured")
	if *wait {
		ended.Wait()
	}
	report(all)
}

func (l *listener) follow(opened func()) error {
	connection, err := net.Dial("tcp", *address)
	if err != nil {
		return err
	}
	defer connection.Close()
	head := "POST /v1/chat/completions HTTP/1.1\r\nHost: " + *address + "\r\nContent-Type: application/json\r\n"
	for _, header := range headers {
		head += header + "\r\n"
	}
	if _, err := fmt.Fprintf(connection, "%sContent-Length: %d\r\n\r\n%s", head, len(body), body); err != nil {
		return err
	}
	response, err := http.ReadResponse(bufio.NewReaderSize(connection, 2048), nil)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", response.StatusCode)
	}
	opened()
	return l.read(bufio.NewReaderSize(response.Body, 2048))
}

func (l *listener) read(reader *bufio.Reader) error {
	seen := 0
	for {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			return err
		}
		if bytes.HasPrefix(line, []byte("data: [DONE]")) {
			if seen != *events {
				return fmt.Errorf("%d events", seen)
			}
			complete.Add(1)
			return nil
		}
		at := bytes.Index(line, mark)
		if at < 0 {
			continue
		}
		seen++
		if isMeasuring.Load() {
			digits, _, _ := bytes.Cut(line[at+len(mark):], []byte(`"`))
			sent, _ := strconv.ParseInt(string(digits), 10, 64)
			l.delays = append(l.delays, time.Duration(time.Now().UnixNano()-sent))
		}
	}
}

func report(all []listener) {
	var delays []time.Duration
	reasons := map[string]int{}
	for _, each := range all {
		delays = append(delays, each.delays...)
		if each.err != nil {
			reasons[each.err.Error()]++
		}
	}
	sort.Slice(delays, func(i, j int) bool { return delays[i] < delays[j] })
	at := func(share float64) float64 {
		if len(delays) == 0 {
			return 0
		}
		return float64(delays[int(share*float64(len(delays)-1))]) / 1e6
	}
	result := map[string]any{
		"events": len(delays), "complete": complete.Load(), "p50_ms": at(0.5), "p99_ms": at(0.99), "failed": reasons,
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		log.Fatal(err)
	}
}
