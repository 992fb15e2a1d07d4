package web

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/verify"
)

// dispatch finds the command's handler. What only one side may say is refused here for the other: an
// agent's session has no way to open, finish or deny a change (proof-gate.md §3.14).
func (k *socket) dispatch(ctx context.Context, name string, raw json.RawMessage) (any, error) {
	c := k.who()
	if name != "hello" && c.Actor.ID == "" {
		return nil, gateway.Unauthenticated()
	}
	if slices.Contains(visitorOnly(), name) && c.Staff() || slices.Contains(staffOnly(), name) && !c.Staff() {
		if _, gate := gateCommand(name); gate {
			return nil, verify.Refuse(verify.RoleRefused)
		}
		return nil, gateway.Forbidden()
	}
	switch name {
	case "hello":
		return k.hello(ctx, raw)
	case "pass":
		return k.pass()
	case "resume":
		return k.resume(ctx, raw)
	case "leave":
		return k.leaveTopic(raw)
	}
	if run, ok := talkCommand(name); ok {
		return run(k, ctx, c, raw)
	}
	if run, ok := tieCommand(name); ok {
		return run(k, ctx, c, raw)
	}
	if run, ok := helpCommand(name); ok {
		return run(k, ctx, c, raw)
	}
	if name == "identify" {
		return k.identify(ctx, c, raw)
	}
	if run, ok := gateCommand(name); ok {
		return run(k, ctx, c, raw)
	}
	return nil, gateway.Invalid("cmd")
}

// handler carries out one command.
type handler func(k *socket, ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error)

// visitorOnly lists what an agent's session may never say.
func visitorOnly() []string {
	return []string{
		"pass", "conversation.start", "conversation.stay", "conversation.rate", "conversation.ticket", "article.rate",
		"change.open", "change.finish", "change.deny", "identify", "transcript.open", "transcript.read",
		"tickets.open", "tickets.list", "tickets.read",
	}
}

// staffOnly lists what a visitor may never say.
func staffOnly() []string {
	return []string{
		"conversation.claim", "conversation.decline", "conversation.assign", "conversation.release", "conversation.escalate", "conversation.type",
		"conversation.snooze", "conversation.follow", "ticket.send", "ticket.undo",
		"conversation.merge", "conversation.unmerge", "conversation.split", "message.forward",
		"message.withdraw", "message.release", "note.send", "availability.set", "availability.restore", "change.offer", "change.withdraw", "change.second",
	}
}

func talkCommand(name string) (handler, bool) {
	switch name {
	case "conversation.start":
		return (*socket).start, true
	case "conversation.claim":
		return (*socket).claim, true
	case "conversation.decline":
		return (*socket).decline, true
	case "conversation.assign":
		return (*socket).assign, true
	case "conversation.release":
		return (*socket).release, true
	case "conversation.escalate":
		return (*socket).escalate, true
	case "conversation.type":
		return (*socket).setType, true
	case "conversation.close":
		return (*socket).closeTalk, true
	case "conversation.ticket":
		return (*socket).ticket, true
	case "conversation.snooze":
		return (*socket).snooze, true
	case "conversation.follow":
		return (*socket).follow, true
	case "conversation.stay":
		return (*socket).stay, true
	case "ticket.send":
		return (*socket).sendTicket, true
	case "ticket.undo":
		return (*socket).undoTicket, true
	case "conversation.rate":
		return (*socket).rate, true
	case "note.send":
		return (*socket).note, true
	case "message.read":
		return (*socket).read, true
	case "message.withdraw":
		return (*socket).withdrawHeld, true
	case "message.release":
		return (*socket).releaseHeld, true
	case "guide.follow":
		return (*socket).followGuide, true
	case "availability.set":
		return (*socket).setAvailability, true
	case "availability.restore":
		return (*socket).restore, true
	}
	return nil, false
}

func (k *socket) resume(ctx context.Context, raw json.RawMessage) (any, error) {
	var in struct {
		Topic string `json:"topic"`
		Seq   uint64 `json:"seq"`
	}
	if err := args(raw, &in); err != nil {
		return nil, err
	}
	head, err := k.watch(ctx, in.Topic, in.Seq)
	if err != nil {
		return nil, err
	}
	return map[string]uint64{"head": head}, nil
}

func (k *socket) leaveTopic(raw json.RawMessage) (any, error) {
	var in struct {
		Topic string `json:"topic"`
	}
	if err := args(raw, &in); err != nil {
		return nil, err
	}
	k.leave(in.Topic)
	return nil, nil
}

func (k *socket) start(ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error) {
	var in struct {
		CommandID string            `json:"command_id"`
		ClientID  string            `json:"client_id"`
		Text      string            `json:"text"`
		Name      string            `json:"name"`
		Email     string            `json:"email"`
		Fields    map[string]string `json:"fields"`
		Page      string            `json:"page"`
		Article   gateway.ID        `json:"article"`
		Locale    string            `json:"locale"`
		Ticket    bool              `json:"ticket"`
		From      string            `json:"from"`
	}
	if err := args(raw, &in); err != nil {
		return nil, err
	}
	if !k.s.limits.start(k.ip) {
		return nil, gateway.TooMany(60_000)
	}
	if k.s.sockets.memory.Full() { // conversations that there are go on
		return nil, gateway.Unavailable("memory", nil)
	}
	cv, err := k.s.svc.StartConversation(ctx, c, gateway.StartInput{
		CommandID: in.CommandID, ClientID: in.ClientID, Text: in.Text, Page: k.s.page(in.Page), Article: in.Article,
		Claimed: gateway.Claimed{Name: in.Name, Email: in.Email, Fields: in.Fields}, Ticket: in.Ticket,
		Browser: k.browser().name, Locale: cmp.Or(word(in.Locale, maxLocale), k.browser().locale), Searches: k.takeContext(), From: in.From,
	})
	if err != nil {
		return nil, err
	}
	if _, err := k.watch(ctx, string(cv.ID), 0); err != nil {
		return nil, err
	}
	if cv.Status == gateway.Queued {
		k.waitFor(cv.ID)
	}
	return map[string]any{"conversation": visitorView(cv, "")}, nil
}

// ref is what most commands name.
type ref struct {
	Conversation gateway.ID `json:"conversation"`
}

func (k *socket) claim(ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error) {
	var in ref
	if err := args(raw, &in); err != nil {
		return nil, err
	}
	cv, err := k.s.svc.Claim(ctx, c, in.Conversation)
	if err != nil {
		return nil, err
	}
	return map[string]any{"conversation": staffView(cv)}, nil
}

func (k *socket) decline(ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error) {
	var in struct {
		ref
		Ring int `json:"ring"`
	}
	if err := args(raw, &in); err != nil {
		return nil, err
	}
	return nil, k.s.svc.Decline(ctx, c, in.Conversation, in.Ring)
}

func (k *socket) assign(ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error) {
	var in struct {
		ref
		Agent   gateway.ID `json:"agent"`
		Mailbox gateway.ID `json:"mailbox"`
		Note    string     `json:"note"`
	}
	if err := args(raw, &in); err != nil {
		return nil, err
	}
	return nil, k.s.svc.Assign(ctx, c, in.Conversation, in.Agent, in.Mailbox, in.Note)
}

func (k *socket) release(ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error) {
	var in ref
	if err := args(raw, &in); err != nil {
		return nil, err
	}
	return nil, k.s.svc.Release(ctx, c, in.Conversation)
}

func (k *socket) closeTalk(ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error) {
	var in struct {
		ref
		Outcome gateway.Outcome `json:"outcome"`
		Reason  string          `json:"reason"`
		Of      gateway.ID      `json:"of"`
	}
	if err := args(raw, &in); err != nil {
		return nil, err
	}
	if in.Of != "" {
		if in.Reason != gateway.ReasonDuplicate || in.Outcome != "" {
			return nil, gateway.Invalid("of")
		}
		return nil, k.s.svc.CloseDuplicate(ctx, c, in.Conversation, in.Of)
	}
	return nil, k.s.svc.Close(ctx, c, in.Conversation, in.Outcome, in.Reason)
}

func (k *socket) ticket(ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error) {
	var in struct {
		ref
		Email string `json:"email"`
	}
	if err := args(raw, &in); err != nil {
		return nil, err
	}
	cv, err := k.s.svc.ToTicket(ctx, c, in.Conversation, in.Email)
	if err != nil {
		return nil, err
	}
	return map[string]any{"conversation": visitorView(cv, "")}, nil
}

func (k *socket) rate(ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error) {
	var in struct {
		ref
		Stars int    `json:"stars"`
		Text  string `json:"text"`
	}
	if err := args(raw, &in); err != nil {
		return nil, err
	}
	return nil, k.s.svc.Rate(ctx, c, in.Conversation, in.Stars, in.Text)
}

func (k *socket) note(ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error) {
	var in sendArgs
	if err := args(raw, &in); err != nil {
		return nil, err
	}
	ev, err := k.s.svc.SendNote(ctx, c, in.send())
	if err != nil {
		return nil, err
	}
	return sentView(gateway.Sent{Event: ev}), nil
}

// sentView says where a message stands; of a held one that nobody but the staff has it, and which kind of text was
// found.
func sentView(sent gateway.Sent) map[string]any {
	if h := sent.Held; h != nil {
		if h.Quiet { // side-access mode: it looks like slow
			return map[string]any{"id": h.Message.ID, "at": h.At.UnixMilli(), "state": "queued"}
		}
		v := map[string]any{"id": h.Message.ID, "at": h.At.UnixMilli(), "held": h.Kinds, "state": h.State}
		if h.Kinds[0] == gateway.LeakFile {
			v["reason"] = verify.AttachmentUnproven
		}
		return v
	}
	v := map[string]any{"seq": sent.Event.Seq, "id": sent.Event.ID, "at": sent.Event.At.UnixMilli()}
	if sent.Text != "" {
		v["text"] = sent.Text
	}
	return v
}

func (k *socket) withdrawHeld(ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error) {
	var in struct {
		Message gateway.ID `json:"message"`
	}
	if err := args(raw, &in); err != nil {
		return nil, err
	}
	return nil, k.s.svc.WithdrawHeld(ctx, c, in.Message)
}

func (k *socket) releaseHeld(ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error) {
	var in struct {
		Message gateway.ID `json:"message"`
		Reason  string     `json:"reason"`
	}
	if err := args(raw, &in); err != nil {
		return nil, err
	}
	return nil, k.s.svc.ReleaseHeld(ctx, c, in.Message, in.Reason)
}

func (k *socket) followGuide(ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error) {
	var in struct {
		ref
		Message gateway.ID `json:"message"`
		Done    bool       `json:"done"`
	}
	if err := args(raw, &in); err != nil {
		return nil, err
	}
	return nil, k.s.svc.FollowGuide(ctx, c, in.Conversation, in.Message, in.Done)
}

func (k *socket) read(ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error) {
	var in struct {
		ref
		UpTo uint64 `json:"up_to"`
	}
	if err := args(raw, &in); err != nil {
		return nil, err
	}
	return nil, k.s.svc.MarkRead(ctx, c, in.Conversation, in.UpTo)
}

func (k *socket) setAvailability(ctx context.Context, c gateway.Caller, raw json.RawMessage) (any, error) {
	var in struct {
		Mailbox gateway.ID           `json:"mailbox"`
		Value   gateway.Availability `json:"value"`
		Reason  string               `json:"reason"`
	}
	if err := args(raw, &in); err != nil {
		return nil, err
	}
	if err := k.s.svc.SetAvailability(ctx, c, in.Mailbox, in.Value, in.Reason); err != nil {
		return nil, err
	}
	ms, err := k.s.svc.Store.Memberships(ctx, c.Actor.ID, "")
	return map[string]any{"memberships": ms}, err
}

func (k *socket) restore(ctx context.Context, c gateway.Caller, _ json.RawMessage) (any, error) {
	return nil, k.s.svc.Resume(ctx, c)
}
