package web

import (
	"context"
	"encoding/json"
	"strconv"
	"sync"

	"github.com/postern-chat/postern/gateway"
)

// maxPosts is how many messages of one connection may be under way; its reader waits beyond.
const maxPosts = 64

// posts counts a connection's messages that are not answered yet. Its reader does not wait for them, but for what must
// keep its order: every other command, and of an agent's the last one to the same conversation.
type posts struct {
	mu    sync.Mutex
	moved sync.Cond
	n     int
	in    map[gateway.ID]int
}

// all and few are what settled waits for; mu is held.
func (p *posts) all() bool { return p.n == 0 }
func (p *posts) few() bool { return p.n < maxPosts }

// settled waits until done.
func (p *posts) settled(done func() bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for !done() {
		p.moved.Wait()
	}
}

func (p *posts) begin(cv gateway.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.in == nil {
		p.in = map[gateway.ID]int{}
	}
	p.n++
	p.in[cv]++
}

func (p *posts) end(cv gateway.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.n--
	if p.in[cv]--; p.in[cv] <= 0 {
		delete(p.in, cv)
	}
	p.moved.Signal() // only the reader waits
}

// post carries message.send out without waiting for its end; err is what is wrong with its arguments.
func (k *socket) post(ctx context.Context, id string, in sendArgs, err error) {
	c := k.who()
	switch {
	case c.Actor.ID == "":
		err = gateway.Unauthenticated()
	case err == nil && c.Staff():
		k.posts.settled(func() bool { return k.posts.few() && k.posts.in[in.Conversation] == 0 })
	default:
		k.posts.settled(k.posts.few)
	}
	if err != nil {
		k.refuse(id, err)
		return
	}
	r := &reply{k: k, ctx: ctx, id: id, send: in.send()}
	k.posts.begin(in.Conversation)
	if c.Staff() && !k.remembered(ctx, c, &r.send) {
		r.again()
		return
	}
	k.s.svc.Post(ctx, c, r.send, r)
}

// remembered lets an agent's message in by what is remembered of his session. It never refuses: false means that all
// has to be read.
func (k *socket) remembered(ctx context.Context, c gateway.Caller, in *gateway.Send) bool {
	if k.s.svc.Rights == nil || len(in.Files)+len(in.Cc) > 0 || in.Article != "" || in.Guide != "" {
		return false
	}
	a, epoch, err := k.s.svc.Remembered(ctx, k.login, k.s.svc.Now())
	if err != nil || a.Role != c.Actor.Role {
		return false
	}
	in.Epoch = &epoch
	return true
}

// reply answers one message.send.
type reply struct {
	k    *socket
	ctx  context.Context
	id   string
	send gateway.Send
}

func (r *reply) watcher() watcher { return r.k }

// again reads whatever lets an agent in, and posts his message by that.
func (r *reply) again() {
	r.send.Epoch = nil
	if code, err := r.k.stillIn(r.ctx); err != nil {
		r.Posted(gateway.Sent{}, err)
		r.k.end(code)
		return
	}
	r.k.s.svc.Post(r.ctx, r.k.who(), r.send, r)
}

// Posted implements gateway.Poster: the answer beside the events. What was refused by remembered rights is not refused
// yet.
func (r *reply) Posted(sent gateway.Sent, err error) {
	if err != nil && r.send.Epoch != nil {
		go r.again()
		return
	}
	defer r.k.posts.end(r.send.Conversation)
	if err != nil {
		r.k.refuse(r.id, err)
		return
	}
	if frame := r.frame(sent, nil); frame != nil {
		r.k.line.Send(frame)
	}
}

// sendAnswer implements poster.
func (r *reply) sendAnswer(sent gateway.Sent, event []byte) bool {
	defer r.k.posts.end(r.send.Conversation)
	frame := r.frame(sent, event)
	return frame != nil && r.k.line.Queue(frame)
}

// frame is the answer to a stored or held message, with the event that it stands for.
func (r *reply) frame(sent gateway.Sent, event []byte) []byte {
	if sent.Held != nil || sent.Text != "" || event == nil {
		v := sentView(sent)
		if event != nil {
			v["event"] = json.RawMessage(event)
		}
		frame, err := okFrame(r.id, v)
		if err != nil {
			r.k.refuse(r.id, gateway.Internal("encode reply", err))
		}
		return frame
	}
	id, err := json.Marshal(r.id)
	if err != nil {
		r.k.refuse(r.id, gateway.Internal("encode reply", err))
		return nil
	}
	b := make([]byte, 0, len(id)+len(event)+120)
	b = append(append(b, `{"re":`...), id...)
	b = strconv.AppendUint(append(b, `,"ok":{"seq":`...), sent.Event.Seq, 10)
	b = append(append(append(b, `,"id":"`...), sent.Event.ID...), `","at":`...)
	b = strconv.AppendInt(b, sent.Event.At.UnixMilli(), 10)
	b = append(append(b, `,"event":`...), event...)
	return append(b, "}}"...)
}

// sendArgs are the arguments of message.send and note.send.
type sendArgs struct {
	ref
	ClientID string       `json:"client_id"`
	Text     string       `json:"text"`
	Files    []gateway.ID `json:"files"`
	Article  gateway.ID   `json:"article"`
	Guide    string       `json:"guide"`
	Mentions []gateway.ID `json:"mentions"`
	Holding  bool         `json:"holding"`
	Cc       []string     `json:"cc"`
	Continue bool         `json:"continue"`
}

func (in sendArgs) send() gateway.Send {
	return gateway.Send{
		Conversation: in.Conversation, ClientID: in.ClientID, Text: in.Text,
		Files: in.Files, Article: in.Article, Guide: in.Guide, Mentions: in.Mentions, Holding: in.Holding, Cc: in.Cc,
		Continue: in.Continue,
	}
}
