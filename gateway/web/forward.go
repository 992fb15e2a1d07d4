package web

import (
	"context"
	"encoding/json"

	"github.com/postern-chat/postern/gateway"
)

// onSignal forwards what is not stored. What it may not do is dropped without an answer.
func (k *socket) onSignal(ctx context.Context, name string, data json.RawMessage) {
	switch name {
	case "typing":
		k.typing(ctx, data)
	case "delivered":
		k.delivered(ctx, data)
	}
}

func (k *socket) typing(ctx context.Context, data json.RawMessage) {
	var in struct {
		Conversation gateway.ID `json:"conversation"`
		On           bool       `json:"on"`
	}
	if strict(data, &in) != nil || !k.watches(string(in.Conversation)) {
		return
	}
	k.mu.Lock()
	now := k.s.svc.Now()
	// Clients send once a second: what a timer or the network brings a little early must not be dropped.
	soon := in.On && now.Sub(k.typingAt) < typingGap
	if !soon && in.On {
		k.typingAt = now
	}
	c := k.caller
	k.mu.Unlock()
	if soon {
		return
	}
	by := map[string]string{"role": string(gateway.RoleVisitor)}
	if c.Staff() {
		by = map[string]string{"role": string(gateway.RoleAgent), "name": c.Name, "id": string(c.Actor.ID)}
	}
	k.forward(ctx, string(in.Conversation), "typing", map[string]any{"conversation": in.Conversation, "by": by, "on": in.On})
}

func (k *socket) delivered(ctx context.Context, data json.RawMessage) {
	var in struct {
		Topic string `json:"topic"`
		Seq   uint64 `json:"seq"`
	}
	if strict(data, &in) != nil || !k.watches(in.Topic) {
		return
	}
	k.forward(ctx, in.Topic, "delivered", map[string]any{
		"topic": in.Topic, "seq": in.Seq, "by": map[string]string{"role": string(k.who().Actor.Role)},
	})
}

func (k *socket) forward(ctx context.Context, topic, name string, data any) {
	if frame, err := signal(name, data); err == nil {
		k.s.hub.Note(ctx, topic, frame)
	}
}
