package ssf

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"time"

	"github.com/postern-chat/postern/verify"
)

// Times of polling.
const (
	PollEvery = 5 * time.Second  // between two rounds that left nothing to do
	PollAgain = 30 * time.Second // after a round that failed, or left events that cannot be judged now
)

const (
	maxAnswer = 512 << 10 // bytes of one answer
	maxEvents = 20        // events in it, each at most 16 KiB
)

// Poller fetches the events of a transmitter that does not push (RFC 8936). Each goes through the same front door as
// a pushed one; several nodes may poll the same stream, for an event has an effect once.
type Poller struct {
	url    string
	token  string
	client *http.Client
}

// NewPoller checks the address. token is the whole Authorization value that we show; "" = none. allow are the loopback
// or private prefixes that its name may resolve to; roots nil = the system's.
func NewPoller(address, token string, allow []netip.Prefix, roots *tls.Config) (*Poller, error) {
	client, err := clientFor(address, allow, roots)
	if err != nil {
		return nil, err
	}
	return &Poller{url: address, token: token, client: client}, nil
}

// said is what the transmitter is told of the events of the rounds before (RFC 8936 §2.4).
type said struct {
	MaxEvents         int                        `json:"maxEvents"`
	ReturnImmediately bool                       `json:"returnImmediately"`
	Ack               []string                   `json:"ack"`
	Errs              map[string]json.RawMessage `json:"setErrs,omitempty"`
}

// Run polls until ctx ends. It gives each event to take, as if it had been pushed, and tells the transmitter with the
// next round what became of it; what take cannot judge now stays with the transmitter. failed hears of each round that
// failed; errors never hold address or token.
func (p *Poller) Run(ctx context.Context, take func(context.Context, verify.Delivery) verify.Reply, pause func(context.Context, time.Duration) error, failed func(error)) {
	var s said
	for ctx.Err() == nil {
		events, more, err := p.round(ctx, s)
		wait := PollEvery
		if err != nil {
			if ctx.Err() == nil {
				failed(err)
			}
			wait = PollAgain
		} else {
			var left int
			if s, left = p.take(ctx, events, take); left > 0 {
				wait = PollAgain
			} else if more && len(events) > 0 {
				continue
			}
		}
		if pause(ctx, wait) != nil {
			return
		}
	}
}

// take judges the events of one round. left are those that stay with the transmitter.
func (p *Poller) take(ctx context.Context, events map[string]string, take func(context.Context, verify.Delivery) verify.Reply) (s said, left int) {
	s.Errs = map[string]json.RawMessage{}
	for id, raw := range events {
		r := take(ctx, verify.Delivery{Method: http.MethodPost, Header: http.Header{"Content-Type": {MediaType}}, Body: []byte(raw)})
		switch r.Status {
		case http.StatusAccepted:
			s.Ack = append(s.Ack, id)
		case http.StatusBadRequest:
			s.Errs[id] = r.Body
		default:
			left++
		}
	}
	return s, left
}

// round asks once.
func (p *Poller) round(ctx context.Context, s said) (events map[string]string, more bool, err error) {
	s.MaxEvents, s.ReturnImmediately = maxEvents, true
	if s.Ack == nil {
		s.Ack = []string{}
	}
	body, err := json.Marshal(s)
	if err != nil {
		return nil, false, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(body))
	if err != nil {
		return nil, false, errors.New("ssf: not a URL")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	if p.token != "" {
		req.Header.Set("Authorization", p.token)
	}
	raw, _, err := ask(p.client, req, maxAnswer)
	if err != nil {
		return nil, false, err
	}
	return readRound(raw)
}

// readRound reads an answer strictly (RFC 8936 §2.3).
func readRound(raw []byte) (events map[string]string, more bool, err error) {
	o, err := verify.ReadObject(raw, maxAnswer)
	if err != nil {
		return nil, false, errors.New("ssf: the answer to a poll cannot be read")
	}
	events = map[string]string{}
	if o.Has("sets") {
		sets, err := verify.ReadObject(o["sets"], maxAnswer)
		if err != nil || len(sets) > maxEvents {
			return nil, false, errors.New("ssf: the answer to a poll cannot be read, or holds more than was asked for")
		}
		for id := range sets {
			if events[id], err = sets.String(id); err != nil {
				return nil, false, errors.New("ssf: an event that is no text")
			}
		}
	}
	return events, string(o["moreAvailable"]) == "true", nil
}
