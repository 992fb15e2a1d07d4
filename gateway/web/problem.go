package web

import (
	"errors"

	"github.com/postern-chat/postern/gateway"
)

// retry says whether the same call may succeed later.
type retry string

const (
	never retry = "no"
	after retry = "after" // params.after_ms
	again retry = "yes"   // with jitter
)

// problem is one row of the table of architecture.md §6.
type problem struct {
	Status int
	Retry  retry
}

// problemOf is the one table from code to HTTP status and retry.
func problemOf(code string) problem {
	switch code {
	case "invalid":
		return problem{400, never}
	case "unauthenticated", "event_rejected":
		return problem{401, never}
	case "forbidden", "proof_required", "proof_refused", "subject_mismatch":
		return problem{403, never}
	case "not_found":
		return problem{404, never}
	case "too_slow":
		return problem{408, never}
	case "conflict", "already_claimed", "not_assignee", "conversation_closed", "at_capacity", "proof_used",
		"mailbox_closed", "nobody_available":
		return problem{409, never}
	case "gone", "proof_expired":
		return problem{410, never}
	case "too_large":
		return problem{413, never}
	case "unsupported":
		return problem{415, never}
	case "too_many":
		return problem{429, after}
	case "unavailable":
		return problem{503, again}
	}
	return problem{500, again}
}

// codes lists every code of the table, for the test that asks each for a text and a constructor.
func codes() []string {
	return []string{
		"invalid", "unauthenticated", "event_rejected", "forbidden", "proof_required", "proof_refused",
		"subject_mismatch", "not_found", "too_slow", "conflict", "already_claimed", "not_assignee",
		"conversation_closed", "at_capacity", "proof_used", "mailbox_closed", "nobody_available", "gone",
		"proof_expired", "too_large", "unsupported", "too_many", "unavailable", "internal",
	}
}

// wireError is an error as clients read it. ID is the request's.
type wireError struct {
	Code   string    `json:"code"`
	Reason string    `json:"reason,omitempty"`
	Params gateway.P `json:"params,omitempty"`
	Retry  retry     `json:"retry"`
	ID     string    `json:"id,omitempty"`
}

// toWire shows an error: code, reason and parameters of one that has them; "internal" and nothing else for
// all others.
func toWire(err error, id string) wireError {
	code := gateway.CodeOf(err)
	w := wireError{Code: code, Retry: problemOf(code).Retry, ID: id}
	if problemOf(code).Status == 500 {
		w.Code = "internal"
		return w
	}
	var r interface{ Reason() string }
	if errors.As(err, &r) {
		w.Reason = r.Reason()
	}
	var v interface{ Params() map[string]string } // the gate's errors
	if errors.As(err, &v) {
		w.Params = v.Params()
	}
	var g *gateway.Error
	if errors.As(err, &g) {
		w.Params = g.Params
	}
	return w
}
