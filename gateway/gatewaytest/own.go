package gatewaytest

import (
	"github.com/postern-chat/postern/gateway"
)

// ownConversations: the host's signed session makes a conversation its account's; what somebody typed makes it
// nobody's, and so does another host that has an account of the same name.
func ownConversations(w *World) {
	s, ctx := w.Store, w.Context()
	signed := func(host, subject, how string) gateway.Conversation {
		v, err := s.PairVisitor(ctx, gateway.Visitor{ID: w.ID(gateway.PrefixVisitor), TokenHash: string(w.ID("")), Mailbox: w.Mailbox}, w.Now())
		w.ok(err)
		if how != "" {
			_, err = s.SetIdentity(ctx, v.ID, gateway.Identity{How: how, Host: host, Subject: subject}, "", w.Now())
			w.ok(err)
		}
		c := w.again(v.ID, gateway.Low)
		w.Pass(1e9)
		return c
	}
	first := signed("shop", "u-1", "signed")
	newest := signed("shop", "u-1", "signed")
	others := []gateway.Conversation{
		signed("shop", "u-2", "signed"), signed("club", "u-1", "signed"), signed("shop", "u-1", "typed"), signed("", "", ""), w.Start("nobody's"),
	}
	list, err := s.OwnConversations(ctx, "shop", "u-1", 10)
	w.ok(err)
	if len(list) != 2 || list[0].ID != newest.ID || list[1].ID != first.ID {
		w.Errorf("found %+v", list)
	}
	if list, err = s.OwnConversations(ctx, "shop", "u-1", 1); err != nil || len(list) != 1 || list[0].ID != newest.ID {
		w.Errorf("the newest: %+v, %v", list, err)
	}
	for _, who := range [][2]string{{"", ""}, {"shop", ""}, {"", "u-1"}, {"shop", "u-9"}} {
		if list, err := s.OwnConversations(ctx, who[0], who[1], 10); err != nil || len(list) != 0 {
			w.Errorf("%v: %+v, %v", who, list, err)
		}
		if _, err := s.OwnConversation(ctx, who[0], who[1], first.ID); gateway.CodeOf(err) != "not_found" {
			w.Errorf("%v reads: %v", who, err)
		}
	}
	if c, err := s.OwnConversation(ctx, "shop", "u-1", first.ID); err != nil || c.ID != first.ID {
		w.Errorf("%+v, %v", c, err)
	}
	for _, c := range others {
		if _, err := s.OwnConversation(ctx, "shop", "u-1", c.ID); gateway.CodeOf(err) != "not_found" {
			w.Errorf("%s is read: %v", c.ID, err)
		}
	}
}
