package web

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestMain is also the client process of the memory benchmark, and fails when a goroutine of this package
// outlives the tests.
func TestMain(m *testing.M) {
	if addr := os.Getenv("POSTERN_BENCH_DIAL"); addr != "" {
		os.Exit(benchDial(addr))
	}
	code := m.Run()
	if left := leaked(); code == 0 && left != "" {
		fmt.Fprintf(os.Stderr, "goroutines left:\n%s\n", left)
		code = 1
	}
	os.Exit(code)
}

// leaked gives the stacks of connections, writers and wheels that still run after 5 s.
func leaked() string {
	left := ""
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		left = ""
		all := make([]byte, 4<<20)
		for _, g := range strings.Split(string(all[:runtime.Stack(all, true)]), "\n\n") {
			for _, own := range []string{".(*conn).serve(", ".(*conn).park(", ".(*conn).write(", ".(*wheel).run("} {
				if strings.Contains(g, own) {
					left += g + "\n\n"
				}
			}
		}
		if left == "" {
			return ""
		}
	}
	return left
}
