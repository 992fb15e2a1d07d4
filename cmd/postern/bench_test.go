package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/token"
)

// benchTalks is how many visitors write at once, each with one message in flight, as people do.
const benchTalks = 200

// BenchmarkMessage prints messages/s, and what lies between a visitor's send and the durable acknowledgement
// (ack), and the agents' screens (seen): p50 and p99 in ms. One node, SQLite, in-process bus, real sockets on
// loopback; clients in the same process. Aim: at least 5,000 durable messages/s (issue A).
func BenchmarkMessage(b *testing.B) {
	n := benchNode(b)
	m := &meter{sent: make([]time.Time, b.N+1), ack: make([]time.Duration, b.N+1), seen: make([]time.Duration, b.N+1)}
	staff, talks := n.staff(b), []benchTalk{}
	for range benchTalks {
		talks = append(talks, n.talk(b))
	}
	for some := range slices.Chunk(talks, benchWatched) {
		n.watch(b, staff, some, m)
	}
	var work sync.WaitGroup
	b.ResetTimer()
	for _, t := range talks {
		work.Go(func() { t.run(b, m) })
	}
	work.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
	m.wait(b)
	m.report(b)
}

// meter keeps the times of each message by its number, and how often an agent's socket came back because it
// had been too slow (close 4001).
type meter struct {
	next, came, again atomic.Int64
	sent              []time.Time
	ack, seen         []time.Duration
}

// arrived takes a frame of the agent's socket that follows topics, and moves their numbers on.
func (m *meter) arrived(topics map[string]uint64, raw []byte) {
	var f struct {
		Ev    string `json:"ev"`
		Topic string `json:"topic"`
		Seq   uint64 `json:"seq"`
		Data  struct {
			Text string `json:"text"`
		} `json:"data"`
	}
	if json.Unmarshal(raw, &f) != nil || f.Ev == "" || f.Seq <= topics[f.Topic] {
		return
	}
	topics[f.Topic] = f.Seq
	if i, err := strconv.Atoi(strings.TrimPrefix(f.Data.Text, "message ")); err == nil && i < len(m.sent) {
		m.seen[i] = time.Since(m.sent[i])
		m.came.Add(1)
	}
}

func (m *meter) wait(b *testing.B) {
	b.Helper()
	for end := time.Now().Add(20 * time.Second); m.came.Load() < int64(b.N); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			b.Fatalf("the agent saw %d of %d messages", m.came.Load(), b.N)
		}
	}
}

func (m *meter) report(b *testing.B) {
	for name, list := range map[string][]time.Duration{"ack": m.ack[1:], "seen": m.seen[1:]} {
		slices.Sort(list)
		b.ReportMetric(list[len(list)/2].Seconds()*1000, name+"-p50-ms")
		b.ReportMetric(list[len(list)*99/100].Seconds()*1000, name+"-p99-ms")
	}
	b.ReportMetric(float64(m.again.Load()), "resumes")
}

type benchGate struct {
	*App
	box gateway.Mailbox
}

func benchNode(b *testing.B) benchGate {
	b.Helper()
	c, _, err := Load([]string{"--data", b.TempDir()}, nil, io.Discard)
	if err != nil {
		b.Fatal(err)
	}
	c.Limits.ConnectionsPerAddress = 2 * benchTalks
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	c.PublicURL = fmt.Sprintf("http://localhost:%d", portOf(l))
	a, err := Start(b.Context(), c, l, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = a.Close(context.Background()) })
	box, _, err := a.Service.Store.SaveMailbox(b.Context(), gateway.Mailbox{
		ID: benchID(b, gateway.PrefixMailbox), Slug: "bench", Name: "Bench", Address: "bench@shop.test", Zone: "UTC",
		Ring: gateway.DefaultRing, Missed: time.Hour, Origins: []string{"https://shop.test"},
	}, gateway.System(), time.Now())
	if err != nil {
		b.Fatal(err)
	}
	return benchGate{a, box}
}

func benchID(b *testing.B, prefix string) gateway.ID {
	b.Helper()
	id, err := gateway.NewID(prefix, time.Now(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	return id
}

// benchSocket is one browser.
type benchSocket struct{ ws *websocket.Conn }

func (n benchGate) dial(b *testing.B, cookie, hello string) (benchSocket, error) {
	h := http.Header{"Origin": {n.URL.String()}}
	if cookie != "" {
		h.Set("Cookie", "__Host-postern-agent="+cookie)
	}
	ws, _, err := websocket.Dial(b.Context(), strings.Replace(n.URL.String(), "http", "ws", 1)+"/v1/socket", &websocket.DialOptions{HTTPHeader: h})
	if err != nil {
		return benchSocket{}, err
	}
	ws.SetReadLimit(1 << 20)
	b.Cleanup(func() { _ = ws.CloseNow() })
	return benchSocket{ws}, ws.Write(b.Context(), websocket.MessageText, []byte(hello))
}

func (s benchSocket) write(b *testing.B, frame string) {
	if err := s.ws.Write(context.Background(), websocket.MessageText, []byte(frame)); err != nil {
		b.Error(err)
	}
}

// read hands every frame on until the socket ends.
func (s benchSocket) read(take func([]byte)) error {
	for {
		_, raw, err := s.ws.Read(context.Background())
		if err != nil {
			return err
		}
		take(raw)
	}
}

// reply waits for the answer to a command.
func (s benchSocket) reply(b *testing.B, id string) []byte {
	mark := []byte(`"re":"` + id + `"`)
	for {
		_, raw, err := s.ws.Read(context.Background())
		if err != nil {
			b.Error(err)
			return nil
		}
		if strings.Contains(string(raw), string(mark)) {
			return raw
		}
	}
}

// benchWatched is how many conversations one of the agent's sockets watches; 64 topics are the limit.
const benchWatched = 50

// watch follows the talks on a socket of its own, and comes back where it was when it is told that it was slow:
// what the console does.
func (n benchGate) watch(b *testing.B, cookie string, talks []benchTalk, m *meter) {
	b.Helper()
	topics := map[string]uint64{}
	for _, t := range talks {
		topics[t.cv] = 0
	}
	dial := func() (benchSocket, error) {
		at, err := json.Marshal(topics)
		if err != nil {
			return benchSocket{}, err
		}
		return n.dial(b, cookie, fmt.Sprintf(`{"cmd":"hello","id":"h","args":{"as":"agent","topics":%s}}`, at))
	}
	s, err := dial()
	if err != nil {
		b.Fatal(err)
	}
	s.reply(b, "h")
	go func() {
		for err == nil && websocket.CloseStatus(s.read(func(raw []byte) { m.arrived(topics, raw) })) == closeSlow {
			m.again.Add(1)
			if s, err = dial(); err != nil {
				b.Error(err)
			}
		}
	}()
}

// closeSlow says: come back and resume (PROTOCOL.md).
const closeSlow = 4001

// staff makes an agent of the mailbox and gives the cookie of a session.
func (n benchGate) staff(b *testing.B) string {
	b.Helper()
	st, now := n.Service.Store, time.Now()
	a, _, err := st.SaveAgent(b.Context(), gateway.Agent{ID: benchID(b, gateway.PrefixAgent), Email: "a@shop.test", Name: "Mia", Role: gateway.RoleAgent, Capacity: 50}, gateway.System(), now)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := st.SetMembers(b.Context(), n.box.ID, []gateway.ID{a.ID}, gateway.System(), now); err != nil {
		b.Fatal(err)
	}
	p := token.Passwords{Rand: rand.Reader}
	t, err := p.Token()
	if err != nil {
		b.Fatal(err)
	}
	if err := st.SaveSession(b.Context(), p.TokenHash(t), a.ID, "", now.Add(time.Hour), now); err != nil {
		b.Fatal(err)
	}
	return t
}

type benchTalk struct {
	benchSocket
	cv string
}

// talk is a visitor with a conversation, made in the store: starting is limited per address.
func (n benchGate) talk(b *testing.B) benchTalk {
	b.Helper()
	tok, err := token.New(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	hello := fmt.Sprintf(`{"cmd":"hello","id":"h","args":{"as":"visitor","mailbox":"bench","token":%q,"topics":{}}}`, tok)
	s, err := n.dial(b, "", hello)
	if err != nil {
		b.Fatal(err)
	}
	var said struct {
		OK struct {
			Visitor gateway.ID `json:"visitor"`
		} `json:"ok"`
	}
	if err := json.Unmarshal(s.reply(b, "h"), &said); err != nil {
		b.Fatal(err)
	}
	cv := benchID(b, gateway.PrefixConversation)
	in := gateway.Start{ID: cv, Visitor: said.OK.Visitor, Mailbox: n.box.ID, Missed: time.Hour, CommandID: string(cv)}
	if _, _, err := n.Service.Store.StartConversation(b.Context(), in, time.Now()); err != nil {
		b.Fatal(err)
	}
	return benchTalk{s, string(cv)}
}

// run sends messages one after the other until all are sent.
func (t benchTalk) run(b *testing.B, m *meter) {
	for {
		i := m.next.Add(1)
		if i > int64(b.N) {
			return
		}
		id := fmt.Sprint(i)
		m.sent[i] = time.Now()
		t.write(b, fmt.Sprintf(`{"cmd":"message.send","id":%q,"args":{"conversation":%q,"client_id":%q,"text":"message %d"}}`, id, t.cv, id, i))
		if raw := t.reply(b, id); !strings.Contains(string(raw), `"ok"`) {
			b.Errorf("message %d: %s", i, raw)
			return
		}
		m.ack[i] = time.Since(m.sent[i])
	}
}
