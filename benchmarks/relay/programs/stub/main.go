// What stands where OhMyGPT would: stub ADDRESS. One goroutine a connection, nothing parsed that is not needed, so that
// it costs a fraction of whatever is measured in front of it.
//
//	POST with "stream":true   an event stream at the pace that was set; each event holds the time it was sent at
//	POST                      a chat completion of 1 KB with its usage
//	GET  …/content            5 MB
//	GET  /_pace?every_ms=&events=&first_ms=
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"log"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

type pace struct {
	every, first time.Duration
	events       int
}

var (
	current  atomic.Pointer[pace]
	chat     = answer("application/json", chatBody())
	download = answer("application/octet-stream", bytes.Repeat([]byte("0123456789abcdef"), 5<<20/16))
	done     = answer("text/plain", []byte("ok"))
)

const streamHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Accel-Buffering: no\r\n" +
	"Transfer-Encoding: chunked\r\n\r\n"
const usage = `"usage":{"prompt_tokens":12,"completion_tokens":34,"total_tokens":46}`

func main() {
	current.Store(&pace{every: 500 * time.Millisecond, events: 10})
	listener, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go serve(connection)
	}
}

func serve(connection net.Conn) {
	defer connection.Close()
	reader := bufio.NewReaderSize(connection, 16<<10)
	for {
		target, body, err := read(reader)
		if err != nil {
			return
		}
		switch {
		case strings.HasPrefix(target, "/_pace?"):
			setPace(target)
			_, err = connection.Write(done)
		case strings.HasSuffix(target, "/content"):
			_, err = connection.Write(download)
		case bytes.Contains(body, []byte(`"stream":true`)) || bytes.Contains(body, []byte(`"stream": true`)):
			err = stream(connection)
		default:
			_, err = connection.Write(chat)
		}
		if err != nil {
			return
		}
	}
}

// read takes one request off the connection; its senders are known, so it trusts them.
func read(reader *bufio.Reader) (target string, body []byte, err error) {
	line, err := reader.ReadSlice('\n')
	if err != nil {
		return "", nil, err
	}
	target = strings.Split(string(line), " ")[1]
	length, chunked := 0, false
	for {
		line, err = reader.ReadSlice('\n')
		if err != nil {
			return "", nil, err
		}
		if len(line) <= 2 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		if bytes.EqualFold(name, []byte("content-length")) {
			length, _ = strconv.Atoi(string(bytes.TrimSpace(value)))
		}
		chunked = chunked || bytes.EqualFold(name, []byte("transfer-encoding"))
	}
	if chunked {
		body, err = readChunks(reader)
		return target, body, err
	}
	body = make([]byte, length)
	_, err = readFull(reader, body)
	return target, body, err
}

func readChunks(reader *bufio.Reader) (body []byte, err error) {
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			return nil, err
		}
		size, err := strconv.ParseInt(strings.TrimSpace(line), 16, 32)
		if err != nil {
			return nil, err
		}
		chunk := make([]byte, size+2)
		if _, err := readFull(reader, chunk); err != nil || size == 0 {
			return body, err
		}
		body = append(body, chunk[:size]...)
	}
}

func readFull(reader *bufio.Reader, buffer []byte) (read int, err error) {
	for read < len(buffer) && err == nil {
		var more int
		more, err = reader.Read(buffer[read:])
		read += more
	}
	return read, err
}

func stream(connection net.Conn) error {
	wanted := *current.Load()
	if _, err := connection.Write([]byte(streamHead)); err != nil {
		return err
	}
	time.Sleep(wanted.first)
	next := time.Now()
	for range wanted.events {
		next = next.Add(wanted.every)
		time.Sleep(time.Until(next))
		delta := `"choices":[{"index":0,"delta":{"content":"%d"},"finish_reason":null}]`
		if err := event(connection, fmt.Sprintf(delta, time.Now().UnixNano())); err != nil {
			return err
		}
	}
	if err := event(connection, `"choices":[],`+usage); err != nil {
		return err
	}
	_, err := connection.Write([]byte("e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"))
	return err
}

func event(connection net.Conn, rest string) error {
	text := `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt-4o-mini",` + rest + "}\n\n"
	_, err := fmt.Fprintf(connection, "%x\r\n%s\r\n", len(text), text)
	return err
}

func setPace(target string) {
	address, _ := url.Parse(target)
	query := address.Query()
	number := func(name string) int { value, _ := strconv.Atoi(query.Get(name)); return value }
	current.Store(&pace{
		every:  time.Duration(number("every_ms")) * time.Millisecond,
		first:  time.Duration(number("first_ms")) * time.Millisecond,
		events: number("events"),
	})
}

func chatBody() []byte {
	text := `{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"gpt-4o-mini","choices":[{"index":0,` +
		`"message":{"role":"assistant","content":"%s"},"finish_reason":"stop"}],` + usage + `}`
	return []byte(fmt.Sprintf(text, strings.Repeat("word ", 158)))
}

func answer(kind string, body []byte) []byte {
	head := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", kind, len(body))
	return append([]byte(head), body...)
}
