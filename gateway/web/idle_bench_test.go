package web

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
)

const benchConns = 5000

// benchDial opens the connections, says so and holds them until its input ends.
func benchDial(addr string) int {
	conns := make([]net.Conn, 0, benchConns)
	for range benchConns {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			fmt.Println(err)
			return 1
		}
		conns = append(conns, nc)
		_, _ = io.WriteString(nc, handshakeText+fromShop+"\r\n")
		resp, err := http.ReadResponse(bufio.NewReaderSize(nc, 512), nil)
		if err != nil || resp.StatusCode != 101 {
			fmt.Println(resp, err)
			return 1
		}
	}
	fmt.Println("open")
	_, _ = io.Copy(io.Discard, os.Stdin)
	for _, nc := range conns {
		_ = nc.Close()
	}
	return 0
}

type quiet struct{}

func (quiet) onFrame(context.Context, []byte) bool { return true }
func (quiet) onAlarm()                             {}
func (quiet) onClose(int, string)                  {}

// BenchmarkIdle prints the resident memory of one idle, parked websocket at 5,000; the clients are another
// process. Aim: at most 11 KB (issue A), 8 KB (performance.md F1).
func BenchmarkIdle(b *testing.B) {
	reg := newRegistry(context.Background())
	app := fiber.New(fiber.Config{DisableStartupMessage: true, ReadBufferSize: 16 << 10})
	prepareSockets(app)
	app.Get("/v1/socket", func(fc *fiber.Ctx) error {
		return upgrade(fc, reg, upgradeOptions{Origins: []string{testOrigin}}, func(c *conn) connHandler {
			c.Alarm(time.Minute)
			return quiet{}
		})
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- app.Listener(ln) }()
	for b.Loop() {
		measureIdle(b, reg, ln.Addr().String())
	}
	reg.shutdown(context.Background(), 0, func(*conn) {})
	if err := app.Shutdown(); err != nil {
		b.Error(err)
	}
	<-done
}

func measureIdle(b *testing.B, reg *registry, addr string) {
	before := resident(b)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "POSTERN_BENCH_DIAL="+addr)
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "open\n" {
		b.Fatal(line, err)
	}
	for end := time.Now().Add(20 * time.Second); parked() < benchConns; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			b.Fatalf("%d of %d parked", parked(), reg.Count())
		}
	}
	b.ReportMetric(float64(resident(b)-before)/benchConns, "B-resident/conn")
	_ = in.Close()
	if err := cmd.Wait(); err != nil {
		b.Error(err)
	}
	for reg.Count() > 0 {
		time.Sleep(time.Millisecond)
	}
}

// parked counts the goroutines that wait on a descriptor alone.
func parked() int {
	records := make([]runtime.StackRecord, benchConns+200)
	n, ok := runtime.GoroutineProfile(records)
	if !ok {
		return 0
	}
	parked := 0
	for _, r := range records[:n] {
		frames := runtime.CallersFrames(r.Stack())
		for f, more := frames.Next(); more; f, more = frames.Next() {
			if strings.HasSuffix(f.Function, "(*conn).parkRaw") {
				parked++
			}
		}
	}
	return parked
}

// resident is the process's memory in bytes after a collection.
func resident(b *testing.B) int64 {
	b.Helper()
	runtime.GC()
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Fatal(err)
	}
	pages, err := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}
