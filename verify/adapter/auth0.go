package adapter

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/postern-chat/postern/verify"
)

const (
	maxBatch     = 512 << 10 // bytes of one delivery
	maxBatchSize = 1000      // events in it
)

// Auth0 takes the batches of an Auth0 log stream (custom webhook), which shows an Authorization value that was agreed
// on: without it the whole batch is refused. Bodies are JSON lines, a JSON array, or one object.
type Auth0 struct {
	Origin
	Tokens Tokens
}

var _ verify.Source = (*Auth0)(nil)

// MaxBody is the size limit of a delivery, in bytes: more than elsewhere, for it holds many events.
func (a *Auth0) MaxBody() int { return maxBatch }

// Parse implements verify.Source. A login is type s, at most 10 min old; ssa (silent), seacft and sertft (exchanges
// of codes and tokens) and all else are not. One event that cannot be read refuses the batch.
//
// Errors: event.signature, json.invalid, json.duplicate, event.encoding, event.too_large, event.type.
func (a *Auth0) Parse(_ context.Context, d verify.Delivery) ([]verify.LoginEvent, error) {
	if err := plain(d, maxBatch); err != nil {
		return nil, err
	}
	if err := a.Tokens.check(d.Header); err != nil {
		return nil, err
	}
	batch, err := entries(d.Body)
	if err != nil {
		return nil, err
	}
	events := make([]verify.LoginEvent, 0, len(batch))
	for _, raw := range batch {
		e, err := a.entry(raw, d)
		if err != nil {
			return nil, err
		}
		events = append(events, e)
	}
	return events, nil
}

// entries takes a batch apart. Errors: json.invalid.
func entries(body []byte) ([]json.RawMessage, error) {
	var list []json.RawMessage
	body = bytes.TrimSpace(body)
	if bytes.HasPrefix(body, []byte("[")) {
		if err := json.Unmarshal(body, &list); err != nil {
			return nil, verify.RefuseCause(verify.JSONInvalid, err)
		}
	} else {
		for line := range bytes.Lines(body) {
			if line = bytes.TrimSpace(line); len(line) > 0 {
				list = append(list, line)
			}
		}
	}
	if len(list) == 0 || len(list) > maxBatchSize {
		return nil, verify.Refuse(verify.JSONInvalid)
	}
	return list, nil
}

func (a *Auth0) entry(raw []byte, d verify.Delivery) (verify.LoginEvent, error) {
	o, err := verify.ReadObject(raw, maxBody)
	if err != nil {
		return verify.LoginEvent{}, err
	}
	data := inner(o, "data")
	id := text(o, "log_id")
	if text(data, "type") != "s" {
		return a.event(id, "", false, raw), nil
	}
	sub, err := subject(data, "user_id")
	if err != nil || id == "" {
		return verify.LoginEvent{}, verify.RefuseField(verify.JSONInvalid, "user_id")
	}
	ok, err := fresh(text(data, "date"), d.At)
	return a.event(id, sub, ok, raw), err
}

// Answer implements verify.Source.
func (a *Auth0) Answer(_ verify.Delivery, _ []verify.Verdict, err error) verify.Reply {
	return answer(err)
}
