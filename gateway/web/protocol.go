package web

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"

	"github.com/postern-chat/postern/gateway"
)

// protocolVersion is said in welcome. Additive changes do not raise it.
const protocolVersion = 1

const (
	maxFrame     = 64 << 10
	maxCommandID = 40
)

// signalFrame is not stored and may be lost.
type signalFrame struct {
	Sig  string `json:"sig"`
	Data any    `json:"data"`
}

// inbound is what a client may send: a command or a signal, told apart by which field is there.
type inbound struct {
	Cmd  *string         `json:"cmd"`
	ID   string          `json:"id"`
	Args json.RawMessage `json:"args"`
	Sig  *string         `json:"sig"`
	Data json.RawMessage `json:"data"`
}

// decodeFrame reads one frame strictly. Errors: invalid, params field. The id is given back also with an
// error where it could be read, so that the reply can name it.
func decodeFrame(raw []byte) (in inbound, err error) {
	if err := decode(raw, &in); err != nil {
		return in, err
	}
	if strings.ContainsRune(in.ID, 0) {
		in.ID = ""
		return in, gateway.Invalid("nul")
	}
	switch {
	case (in.Cmd == nil) == (in.Sig == nil):
		return in, gateway.Invalid("cmd")
	case in.Cmd != nil && (in.ID == "" || len(in.ID) > maxCommandID):
		return in, gateway.Invalid("id")
	}
	return in, nil
}

// strict decodes one JSON value into v: unknown fields, a second value and NUL are refused.
func strict(raw []byte, v any) error {
	if bytes.Contains(raw, []byte(`\u0000`)) {
		return gateway.Invalid("nul")
	}
	return decode(raw, v)
}

// decode is strict without the look for NUL, which is refused where it would be used.
func decode(raw []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return gateway.Invalid("json")
	}
	if _, err := d.Token(); err != io.EOF {
		return gateway.Invalid("json")
	}
	return nil
}

// args decodes a command's arguments; none are the empty object.
func args(raw json.RawMessage, v any) error {
	if len(raw) == 0 {
		raw = json.RawMessage("{}")
	}
	return strict(raw, v)
}

func okFrame(id string, ok any) ([]byte, error) {
	if ok == nil {
		ok = struct{}{}
	}
	return json.Marshal(struct {
		Re string `json:"re"`
		OK any    `json:"ok"`
	}{id, ok})
}

func errFrame(id string, err error) ([]byte, error) {
	return json.Marshal(struct {
		Re    string    `json:"re"`
		Error wireError `json:"error"`
	}{id, toWire(err, "")})
}

func signal(name string, data any) ([]byte, error) {
	if data == nil {
		data = struct{}{}
	}
	return json.Marshal(signalFrame{name, data})
}
