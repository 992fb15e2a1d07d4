package main

import (
	"encoding/json"
	"net/http"
	"reflect"
	"testing"

	"github.com/postern-chat/postern/gateway"
)

// What an agent reads beside the form before he offers a change: reasons for doubt, from this conversation and from
// the other ones of the same browser (P119).
func TestRiskReasons(t *testing.T) {
	onBoth(t, func(t *testing.T, r *row) {
		b := newBrowser(t)
		first := r.talkAs(b, "ag1", map[string]any{"text": "Please stop my renewal", "name": "Ann"})
		change, _ := first.offer(t)
		first.vic.ok("change.deny", map[string]any{"change": change})
		if got := r.risks("ag1", first.cv); len(got) != 0 {
			t.Errorf("the agent who was told no himself reads %v", got)
		}
		first.vic.ok("conversation.close", map[string]any{"conversation": first.cv})

		second := r.talkAs(b, "sn1", map[string]any{"text": "Just this once, without verification please", "name": "Bob"})
		second.mia.ok("change.draft", r.draft(second, "email.change", map[string]string{"email": "ann@gmai1.com"}))
		want := []gateway.Risk{
			{Reason: gateway.RiskRefused, About: []string{"ag1"}},
			{Reason: gateway.RiskClaims, About: []string{"Bob", "Ann"}},
			{Reason: gateway.RiskPressure, About: []string{"just this once", "without verification"}},
			{Reason: gateway.RiskLookAlike, About: []string{"gmai1.com"}},
		}
		if got := r.risks("sn1", second.cv); !reflect.DeepEqual(got, want) {
			t.Errorf("the next agent reads %v, want %v", got, want)
		}
		other := r.talk("ag2")
		if got := r.risks("ag2", other.cv); len(got) != 0 {
			t.Errorf("another browser: %v", got)
		}
	})
}

func (r *row) risks(who, cv string) []gateway.Risk {
	r.Helper()
	status, _, b := r.call(who, "GET", "/v1/conversations/"+cv, "")
	var v struct{ Risks []gateway.Risk }
	if err := json.Unmarshal(b, &v); err != nil || status != http.StatusOK || v.Risks == nil {
		r.Fatalf("%d %s %v", status, b, err)
	}
	return v.Risks
}
