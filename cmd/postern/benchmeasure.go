package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/bench"
)

// measurement gives figures that some lines need.
type measurement struct {
	name, ids string // ids with blanks between
	reference bool   // runs the program of gateway/compare
	run       func(ctx context.Context) error
}

// measurements are all that one round makes. A NEW FIGURE GETS ITS ROW HERE, and its line in benchGoals.
func (t *tableRun) measurements() []measurement {
	lite := benchSet{chats: t.chats, agents: watching, nodes: 1}
	pg, two, slow, unstored, filled := lite, lite, lite, lite, lite
	pg.beside, two.beside, two.nodes = true, true, 2
	slow.orders.CommitDelay, unstored.orders.Unstored, filled.stored = 5*time.Millisecond, true, 1000
	one, eight, agents := benchPlan{inflight: 1}, benchPlan{inflight: 8}, benchPlan{inflight: 1, by: byAgent}
	open, openAgent := benchPlan{rate: t.rate}, benchPlan{rate: t.rate, by: byAgent}
	return []measurement{
		{"a bare fsync loop", "F3 F7", false, t.sync},
		{"one in flight, SQLite", "F3 F9", false, t.load("one", lite, one)},
		{"eight in flight, SQLite", "F4 F9", false, t.load("eight", lite, eight)},
		{"eight in flight, nothing stored", "F4", false, t.load("unstored", unstored, eight)},
		{"agents write", "F9", false, t.load("agents", lite, agents)},
		{"one row per commit", "F3", false, t.rows},
		{"one in flight, PostgreSQL", "F5", false, t.load("postgres", pg, one)},
		{"one in flight, two nodes", "F6", false, t.load("nodes", two, one)},
		{"fixed rate, visitors write", "F7", false, t.load("open", lite, open)},
		{"fixed rate, agents write", "F7", false, t.load("openagent", lite, openAgent)},
		{"fixed rate, two nodes", "F7", false, t.load("opennodes", two, open)},
		{"slow commits", "F8", false, t.load("slow", slow, one)},
		{"slow commits, fixed rate", "F8", false, t.load("slowopen", slow, open)},
		{"statements of PostgreSQL", "F10", false, t.statements},
		{"a plain route", "F11", false, t.route},
		{"reconnect storm", "F12", false, t.stormed},
		{"few conversations", "F13", false, t.grown("fewchats", min(100, t.growth))},
		{"many conversations", "F13", false, t.grown("manychats", t.growth)},
		{"few stored messages", "F13", false, t.load("littlestored", filled, one)},
		{"many stored messages", "F13", false, t.storedMany},
		{"idle connections", "F1", false, t.idleOnes},
		{"bare TCP connections", "F1", false, t.bareTCP},
		{"many connections", "F2", false, t.manyOnes},
		{"start", "F15", false, t.starting},
		{"socket.io", "F3 F4 F5 F8", true, t.reference("socketio")},
		{"socket.io with Redis, two nodes", "F6", true, t.reference("socketio2")},
		{"nats-server", "F3", true, t.reference("nats")},
	}
}

const (
	watching = 2 // agents in each conversation: with the visitor, three subscribers
	byAgent  = "agent"
	bodySize = 128
)

func (t *tableRun) sync(context.Context) error {
	q, err := bench.Sync(t.dir, min(t.last, 2*time.Second))
	t.figures["fsync.p50"], t.figures["fsync.p99"] = q.P50, q.P99
	return err
}

// load measures people who write, under a name.
func (t *tableRun) load(name string, set benchSet, p benchPlan) func(context.Context) error {
	p.warm, p.last, p.body = t.warm, t.last, bodySize
	return func(ctx context.Context) error {
		return t.on(ctx, set, func(s *benchStage) error {
			r, err := s.load(ctx, p, t.tell)
			if err != nil {
				return err
			}
			return t.note(name, *r)
		})
	}
}

// note keeps a load's figures. What is lost or doubled makes them worthless: that is an error.
func (t *tableRun) note(name string, r bench.Result) error {
	for figure, v := range map[string]float64{
		"rate": r.Rate, "deliveries": r.Deliveries, "cpu": r.CPU, "load_cpu": r.Own, "ack_p50": r.Ack.P50, "ack_p99": r.Ack.P99, "ack_p999": r.Ack.P999,
		"p50": r.Seen.P50, "p99": r.Seen.P99, "p999": r.Seen.P999, "resumes": float64(r.Resumes),
	} {
		t.figures[name+"."+figure] = v
	}
	if r.Lost+r.Doubled+r.Refused > 0 || r.Messages == 0 {
		return fmt.Errorf("%d messages: %d deliveries lost, %d doubled, %d refused", r.Messages, r.Lost, r.Doubled, r.Refused)
	}
	return nil
}

// rows stores one message after another: each waits for a commit of its own.
func (t *tableRun) rows(ctx context.Context) error {
	dir, err := t.folder()
	if err != nil {
		return err
	}
	cfg, _, err := Load([]string{"--data", dir}, nil, t.err)
	if err != nil {
		return err
	}
	s := &benchStage{dir: dir}
	if err := s.fill(ctx, cfg, benchSet{chats: 1, agents: 1}, t.tell); err != nil {
		return err
	}
	t.figures["rows.rate"], err = rowsPerSecond(ctx, cfg, gateway.ID(s.chats[0].Conversation), min(t.last, 3*time.Second))
	return err
}

func rowsPerSecond(ctx context.Context, cfg Config, cv gateway.ID, d time.Duration) (rate float64, err error) {
	st, err := openStorage(ctx, cfg, time.Now)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, st.gateway.Close()) }()
	f, n, begun := benchFill{now: time.Now()}, 0, time.Now()
	for ; time.Since(begun) < d && f.err == nil; n++ {
		id := f.id(gateway.PrefixMessage)
		_, err := st.gateway.Append(ctx, gateway.Append{
			Topic: string(cv), Conversation: cv, Actor: gateway.System(), ClientID: string(id), ID: f.id(gateway.PrefixEvent), At: f.now, Counts: true,
			Payload: gateway.MessageCreated{Message: gateway.Message{ID: id, Text: strings.Repeat("x", bodySize)}},
		})
		f.note(err)
	}
	return float64(n) / time.Since(begun).Seconds(), f.err
}

// route asks for a page that has no work behind it, and bare Fiber for the same bytes.
func (t *tableRun) route(ctx context.Context) error {
	return t.on(ctx, benchSet{chats: 1, agents: 1, nodes: 1}, func(s *benchStage) error {
		address := strings.TrimPrefix(s.at[0], "http://")
		body, err := bench.Answers(ctx, s.at[0]+plainRoute)
		if err != nil {
			return err
		}
		last := min(t.last, 5*time.Second)
		if t.figures["route.rate"], err = bench.Requests(ctx, address, plainRoute, t.connections, last); err != nil || t.compare == "" {
			return err
		}
		return t.compared(ctx, "fiber", "fiber", "--connections", fmt.Sprint(t.connections), "--last", last.String(), "--answer", string(body))
	})
}

// plainRoute answers JSON from memory.
const plainRoute = "/.well-known/postern.json"

// wide is a database with as many conversations as the largest measurement needs, made once: the others take a copy.
func (t *tableRun) wide(ctx context.Context, chats, agents int) (benchSet, error) {
	if t.crowdOf == nil {
		dir, err := t.folder()
		if err != nil {
			return benchSet{}, err
		}
		all := benchSet{chats: max(t.idle, t.many, t.storm, t.growth, 100), agents: watching}
		if t.crowdOf, err = fillStage(ctx, t.call, all, dir, t.tell); err != nil {
			return benchSet{}, err
		}
	}
	return benchSet{chats: chats, agents: agents, nodes: 1, copyOf: t.crowdOf}, nil
}

// grown measures the cost of a message at a fixed rate over that many conversations, all of them with somebody in it;
// agents watch many over one socket, as a console does.
func (t *tableRun) grown(name string, chats int) func(context.Context) error {
	return func(ctx context.Context) error {
		set, err := t.wide(ctx, chats, watching)
		if err != nil {
			return err
		}
		return t.load(name, set, benchPlan{rate: t.rate, topics: bench.MaxTopics})(ctx)
	}
}

// storedMany writes on top of many messages. The database is made once; what a round adds is little.
func (t *tableRun) storedMany(ctx context.Context) (err error) {
	if t.big == nil {
		dir, err := t.folder()
		if err != nil {
			return err
		}
		if t.big, err = fillStage(ctx, t.call, benchSet{chats: t.chats, agents: watching, stored: t.stored}, dir, t.tell); err != nil {
			return err
		}
	}
	return t.load("muchstored", benchSet{chats: t.chats, agents: watching, nodes: 1, on: t.big}, benchPlan{inflight: 1})(ctx)
}

func (t *tableRun) stormed(ctx context.Context) error {
	set, err := t.wide(ctx, t.storm, 1)
	if err != nil {
		return err
	}
	return t.on(ctx, set, func(s *benchStage) error {
		r, err := s.storm(ctx, t.tell)
		t.figures["storm.seconds"], t.figures["storm.gone"], t.figures["storm.wrong"] = r.Seconds, float64(r.Clients-r.Resumed), float64(r.Doubled+r.Missing)
		return err
	})
}

func (t *tableRun) crowded(ctx context.Context, chats int, stay time.Duration, take func(*crowdReport)) error {
	set, err := t.wide(ctx, chats, 1)
	if err != nil {
		return err
	}
	return t.on(ctx, set, func(s *benchStage) error {
		r, err := s.crowd(ctx, stay, t.tell)
		if err == nil {
			take(r)
		}
		return err
	})
}

func (t *tableRun) idleOnes(ctx context.Context) error {
	return t.crowded(ctx, t.idle, min(t.stay, 30*time.Second), func(r *crowdReport) {
		t.figures["idle.kb"], t.figures["idle.as_is_kb"], t.figures["idle.cut"] = r.Each/1024, r.AsIs/1024, float64(r.Cut)
	})
}

func (t *tableRun) manyOnes(ctx context.Context) error {
	return t.crowded(ctx, t.many, t.stay, func(r *crowdReport) {
		t.figures["many.mb"], t.figures["many.cut"] = float64(r.Resident)/(1<<20), float64(r.Cut)
		t.figures["many.growth"] = 100 * float64(r.Growth) / float64(r.Resident)
	})
}

// bareTCP is the least that the idle connections could cost.
func (t *tableRun) bareTCP(ctx context.Context) (err error) {
	child, err := newChild(t.call, nil, "tcp")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, child.stop()) }()
	address, err := child.hear()
	if err != nil {
		return err
	}
	_, before, err := child.memory()
	if err != nil {
		return err
	}
	letGo, err := bench.Hold(ctx, address, t.idle)
	if err != nil {
		return err
	}
	defer letGo()
	if err := pause(ctx, min(t.stay, settling)); err != nil {
		return err
	}
	_, after, err := child.memory()
	t.figures["tcp.kb"] = float64(after-before) / float64(t.idle) / 1024
	return err
}
