package web

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"testing"
	"time"
)

// What is no frame of RFC 6455, or one that was not agreed on (a compressed one), ends the connection with 1002, and
// nothing of it reaches the handler.
func TestBrokenFrames(t *testing.T) {
	r := newRig(t, time.Second)
	unmasked := []byte("\x81\x02hi")
	huge := binary.BigEndian.AppendUint64([]byte{0x81, 0x80 | 127}, 1<<62)
	negative := binary.BigEndian.AppendUint64([]byte{0x81, 0x80 | 127}, 1<<63)
	bomb := frame(0xc1, strings.Repeat("\x00", 1<<10)) // RSV1: permessage-deflate
	for _, c := range []struct {
		name string
		in   []byte
		code uint16
	}{
		{"compressed", bomb, 1002},
		{"compressed inside of a message", append(frame(0x01, "a"), frame(0xc0, "b")...), 1002},
		{"RSV2", frame(0xa1, "a"), 1002},
		{"RSV3", frame(0x91, "a"), 1002},
		{"an opcode that is none", frame(0x83, "a"), 1002},
		{"a control opcode that is none", frame(0x8b, "a"), 1002},
		{"not masked", unmasked, 1002},
		{"a message within a message", append(frame(0x01, "one"), frame(0x81, "two")...), 1002},
		{"a part of no message", frame(0x80, "tail"), 1002},
		{"a ping in parts", append(frame(0x09, "a"), frame(0x80, "b")...), 1002},
		{"a ping of 126 bytes", frame(0x89, strings.Repeat("x", 126)), 1002},
		{"a close of one byte", frame(0x88, "x"), 1002},
		{"a close with a code that is none", frame(0x88, "\x03\xed"), 1002}, // 1005
		{"a length that no message has", append(negative, 0, 0, 0, 0), 1002},
		{"a message of four exabytes", append(append(huge, 0, 0, 0, 0), bytes.Repeat([]byte("x"), maxMessage+1)...), 1009},
	} {
		t.Run(c.name, func(t *testing.T) {
			nc, br, _ := r.raw(fromShop, nil)
			e := <-r.got
			if _, err := nc.Write(c.in); err != nil {
				t.Fatal(err)
			}
			op, got := r.next(br)
			if op != 8 || len(got) < 2 || binary.BigEndian.Uint16([]byte(got)) != c.code {
				t.Fatalf("frame %d %q, want a close with %d", op, got, c.code)
			}
			_ = nc.Close()
			if got := <-e.closed; !strings.HasPrefix(got, map[uint16]string{1002: "1002 protocol", 1009: "1009 too_large"}[c.code]) {
				t.Errorf("onClose %q", got)
			}
			if rest, err := io.ReadAll(br); len(rest) > 0 {
				t.Errorf("after the close: %q, %v", rest, err)
			}
		})
	}
}
