package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/bench"
	"github.com/postern-chat/postern/gateway/sqlstore"
	"github.com/postern-chat/postern/gateway/token"
)

// benchMailbox is the slug of the one mailbox on the stage.
const benchMailbox = "bench"

// fill makes the mailbox, its agents, and visitors with a conversation each, held by the first agent.
func (s *benchStage) fill(ctx context.Context, cfg Config, set benchSet, tell func(string)) (err error) {
	st, err := openStorage(ctx, cfg, time.Now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.gateway.Close()) }()
	f := benchFill{ctx: ctx, store: st.gateway, now: time.Now()}
	box := f.mailbox()
	owner := f.agents(s, box, set.agents, set.chats)
	for i := range set.chats {
		s.chats = append(s.chats, f.chat(box, owner))
		if i%1000 == 999 {
			tell(fmt.Sprintf("%d conversations made", i+1))
		}
		if f.err != nil {
			return f.err
		}
	}
	f.preload(s.chats, set.stored, tell)
	return f.err
}

// benchFill makes rows until one fails.
type benchFill struct {
	ctx   context.Context
	store gateway.Store
	now   time.Time
	err   error
}

func (f *benchFill) note(err error) { f.err = errors.Join(f.err, err) }

func (f *benchFill) id(prefix string) gateway.ID {
	id, err := gateway.NewID(prefix, f.now, rand.Reader)
	f.note(err)
	return id
}

func (f *benchFill) token() string {
	t, err := token.New(rand.Reader)
	f.note(err)
	return t
}

func (f *benchFill) mailbox() gateway.ID {
	m, _, err := f.store.SaveMailbox(f.ctx, gateway.Mailbox{
		ID: f.id(gateway.PrefixMailbox), Slug: benchMailbox, Name: "Bench", Address: "bench@localhost.test", Zone: "UTC",
		Ring: gateway.DefaultRing, Missed: time.Hour,
	}, gateway.System(), f.now)
	f.note(err)
	return m.ID
}

func (f *benchFill) agents(s *benchStage, box gateway.ID, n, seats int) (owner gateway.ID) {
	var members []gateway.ID
	for i := range n {
		a, _, err := f.store.SaveAgent(f.ctx, gateway.Agent{
			ID: f.id(gateway.PrefixAgent), Email: fmt.Sprintf("a%d@localhost.test", i), Name: fmt.Sprint("Agent ", i), Role: gateway.RoleSupervisor, Capacity: seats + 1,
		}, gateway.System(), f.now)
		f.note(err)
		t := f.token()
		f.note(f.store.SaveSession(f.ctx, token.Hash(t), a.ID, "", f.now.Add(24*time.Hour), f.now))
		members = append(members, a.ID)
		s.agents = append(s.agents, bench.Person{Cookie: "__Host-postern-agent=" + t})
	}
	_, err := f.store.SetMembers(f.ctx, box, members, gateway.System(), f.now)
	f.note(err)
	return members[0]
}

func (f *benchFill) chat(box, owner gateway.ID) bench.Chat {
	t := f.token()
	v, err := f.store.PairVisitor(f.ctx, gateway.Visitor{ID: f.id(gateway.PrefixVisitor), TokenHash: token.Hash(t), Mailbox: box}, f.now)
	f.note(err)
	cv := f.id(gateway.PrefixConversation)
	_, _, err = f.store.StartConversation(f.ctx, gateway.Start{ID: cv, Visitor: v.ID, Mailbox: box, Missed: time.Hour, CommandID: string(cv)}, f.now)
	f.note(err)
	_, err = f.store.Claim(f.ctx, cv, owner, "hand", f.now)
	f.note(err)
	return bench.Chat{Conversation: string(cv), Visitor: bench.Person{Token: t, Mailbox: benchMailbox}}
}

// preload stores that many messages in all, each conversation its share.
func (f *benchFill) preload(chats []bench.Chat, all int, tell func(string)) {
	st, ok := f.store.(*sqlstore.Store)
	if !ok || all == 0 {
		return
	}
	share, begun := max(1, all/len(chats)), time.Now()
	for i, c := range chats {
		m := gateway.Append{Topic: c.Conversation, Actor: gateway.System(), At: f.now, Payload: gateway.MessageCreated{
			Message: gateway.Message{ID: f.id(gateway.PrefixMessage), Text: strings.Repeat("x", 128)},
		}}
		f.note(st.Preload(f.ctx, m, share))
		if f.err != nil {
			return
		}
		if time.Since(begun) > 5*time.Second {
			begun = time.Now()
			tell(fmt.Sprintf("%d messages stored beforehand", (i+1)*share))
		}
	}
}
