package gateway

import (
	"encoding/json"
	"testing"
	"time"
)

// What is searched for in a conversation is the visitor's last turn, and beside it the one before: what he writes within
// five seconds is one turn, unless an agent has spoken between.
func TestTurns(t *testing.T) {
	began := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	said := func(after time.Duration, role Role, text string) Event {
		raw, err := json.Marshal(MessageCreated{Message{Text: text}})
		if err != nil {
			t.Fatal(err)
		}
		return Event{Kind: MessageCreated{}.Kind(), At: began.Add(after), Actor: Actor{Role: role}, Payload: raw}
	}
	const vic, mia, s = RoleVisitor, RoleAgent, time.Second
	for _, c := range []struct {
		name         string
		events       []Event
		last, before string
	}{
		{"nothing", nil, "", ""},
		{"an agent alone", []Event{said(0, mia, "Hello")}, "", ""},
		{"one", []Event{said(0, vic, " Where is it? ")}, "Where is it?", ""},
		{"two", []Event{said(0, vic, "Where is it?"), said(60*s, vic, "and how long?")}, "and how long?", "Where is it?"},
		{"three", []Event{said(0, vic, "Hello"), said(60*s, vic, "Where is it?"), said(120*s, vic, "and how long?")}, "and how long?", "Where is it?"},
		{"a burst", []Event{said(0, vic, "Hello"), said(60*s, vic, "where"), said(64*s, vic, "is it"), said(69*s, vic, "now")}, "where\nis it\nnow", "Hello"},
		{"just no burst", []Event{said(0, vic, "where"), said(5*s+time.Millisecond, vic, "is it")}, "is it", "where"},
		{"an agent between", []Event{said(0, vic, "where"), said(s, mia, "Yes?"), said(2*s, vic, "is it")}, "is it", "where"},
		{"another event between", []Event{said(0, vic, "where"), {Kind: ArticleOpened{}.Kind(), At: began}, said(2*s, vic, "is it")}, "where\nis it", ""},
	} {
		if last, before := turns(c.events); last != c.last || before != c.before {
			t.Errorf("%s: %q after %q, want %q after %q", c.name, last, before, c.last, c.before)
		}
	}
}
