package main

import (
	"testing"
	"time"

	"github.com/postern-chat/postern/gateway/gatewaytest/history"
)

// Twenty times one of two gateways is killed under load. No message, no mail and no timer is lost: what was
// acknowledged is stored and seen once and in order, each chat that nobody takes becomes a ticket once, each answer
// to one leaves as one mail (product.md P132).
func TestTwentyKills(t *testing.T) {
	s := newSoak(t, soakPlan{seed: uint64(time.Now().UnixNano()), rate: 150, nodes: 2, chats: 16, agents: 4, watchers: 1})
	t.Logf("SEED=%d", s.plan.seed)
	begun := time.Now()
	people := s.begin()
	s.wait(2 * time.Second)
	rng := s.random("kills")
	for i := range 20 {
		from := time.Now()
		n := s.nodes[i%2]
		n.kill(t)
		s.wait(between(rng, 50*time.Millisecond, 500*time.Millisecond))
		n.start(t)
		s.wait(between(rng, 200*time.Millisecond, 1500*time.Millisecond))
		s.troubles = append(s.troubles, history.Trouble{Kind: "node kill", Span: history.Span{From: from, To: time.Now()}})
	}
	s.wait(2 * time.Second)
	s.ended.Store(true)
	people.Wait()
	s.settled()
	s.report(time.Since(begun))
}
