package main

import (
	"slices"
	"syscall"
	"testing"
	"time"
)

// Two gateways under load are restarted, one after the other, three times. Every socket is told to come back and is
// closed with 4000 and nothing else; commands are answered or come back under the same client id; chats that nobody
// takes become tickets, mails leave, and nothing that was acknowledged is lost, doubled or out of order.
func TestRollingRestart(t *testing.T) {
	s := newSoak(t, soakPlan{seed: uint64(time.Now().UnixNano()), rate: 150, nodes: 2, chats: 16, agents: 4, watchers: 1})
	t.Logf("SEED=%d", s.plan.seed)
	begun := time.Now()
	people := s.begin()
	for range 3 {
		for i, n := range s.nodes {
			s.wait(2 * time.Second)
			s.resting.Store(int64(i + 1))
			s.wait(500 * time.Millisecond) // whoever was on his way arrives where he was sent
			if err := n.cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			<-n.ended
			if !n.cmd.ProcessState.Success() {
				t.Errorf("a gateway ended with %s", n.cmd.ProcessState)
			}
			n.start(t)
			s.resting.Store(0)
		}
	}
	s.wait(2 * time.Second)
	s.ended.Store(true)
	people.Wait()
	s.settled()
	s.report(time.Since(begun))
	s.onlyTold()
}

// onlyTold asserts that each connection that ended was told so before, and that no command met an error.
func (s *soak) onlyTold() {
	s.Helper()
	back := 0
	for _, k := range s.seats {
		k.mu.Lock()
		for code, n := range k.codes {
			if code != 4000 {
				s.Errorf("%s: %d connections ended with %d", k.name, n, code)
			}
		}
		if k.told < k.codes[4000] {
			s.Errorf("%s was closed %d times and told %d times before", k.name, k.codes[4000], k.told)
		}
		back += k.codes[4000]
		k.mu.Unlock()
	}
	if back < 2*len(s.visitors) {
		s.Errorf("only %d connections came back", back)
	}
	if n := s.failures.Load(); n > 0 {
		s.Errorf("%d connections did not come about", n)
	}
	fine := []string{"message.send conversation_closed", "conversation.claim already_claimed", "conversation.claim conversation_closed"}
	for said, n := range s.refusals() {
		if !slices.Contains(fine, said) { // what happens between people without any restart
			s.Errorf("%d times %s", n, said)
		}
	}
	s.Logf("%d connections came back", back)
}
