package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Requests asks for one page again and again for d, over so many connections that stay open, and says how many answers
// a second came. Errors: any answer but 200.
func Requests(ctx context.Context, address, path string, connections int, d time.Duration) (float64, error) {
	request := []byte("GET " + path + " HTTP/1.1\r\nHost: " + address + "\r\n\r\n")
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	var n atomic.Int64
	var work sync.WaitGroup
	failed := make(chan error, connections)
	begun := time.Now()
	for range connections {
		work.Go(func() {
			if err := asking(ctx, address, request, &n); err != nil {
				failed <- err
			}
		})
	}
	work.Wait()
	select {
	case err := <-failed:
		return 0, err
	default:
		return float64(n.Load()) / time.Since(begun).Seconds(), nil
	}
}

func asking(ctx context.Context, address string, request []byte, n *atomic.Int64) error {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer c.Close()
	br := bufio.NewReaderSize(c, 4096)
	for ctx.Err() == nil {
		if _, err := c.Write(request); err != nil {
			return err
		}
		if err := skipAnswer(br); err != nil {
			return err
		}
		n.Add(1)
	}
	return nil
}

// skipAnswer reads one answer with a length, as fast as the loop needs it.
func skipAnswer(br *bufio.Reader) error {
	line, err := br.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")) {
		return fmt.Errorf("the answer is %q", line)
	}
	length := -1
	for len(line) > 2 {
		if line, err = br.ReadSlice('\n'); err != nil {
			return err
		}
		if name, value, ok := bytes.Cut(line, []byte(": ")); ok && strings.EqualFold(string(name), "Content-Length") {
			length = int(number(value, ""))
		}
	}
	if length < 0 {
		return errors.New("an answer without a length")
	}
	_, err = br.Discard(length)
	return err
}

// Answers waits until url answers 200 and gives the body's first 64 KiB. Errors: the last answer, when ctx ends.
func Answers(ctx context.Context, url string) ([]byte, error) {
	for {
		body, err := answer(ctx, url)
		if err == nil {
			return body, nil
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), err)
		case <-time.After(time.Millisecond):
		}
	}
}

func answer(ctx context.Context, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", url, res.Status)
	}
	return body, err
}

// ServeTCP is the least that a connection can cost in Go: a goroutine that reads into 64 bytes, and nothing else.
// It ends with its listener.
func ServeTCP(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			var b [64]byte
			for {
				if _, err := c.Read(b[:]); err != nil {
					return
				}
			}
		}()
	}
}

// Hold opens n bare connections; let go closes them. Errors: the first that failed.
func Hold(ctx context.Context, address string, n int) (letGo func(), err error) {
	var conns []net.Conn
	letGo = func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}
	for i := range n {
		c, err := (&net.Dialer{LocalAddr: from(i)}).DialContext(ctx, "tcp", address)
		if err != nil {
			letGo()
			return nil, fmt.Errorf("connection %d: %w", i, err)
		}
		conns = append(conns, c)
	}
	return letGo, nil
}
