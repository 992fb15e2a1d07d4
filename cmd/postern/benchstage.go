package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway/bench"
)

// benchSet is what one measurement runs on.
type benchSet struct {
	chats, agents, nodes int
	database, redis      string // URLs; "" = SQLite in the data folder, and a bus in the process
	beside               bool   // PostgreSQL, and for several nodes Redis, are started where they are not given
	stored               int    // messages that are there before the first
	orders               nodeOrders
	copyOf               *benchStage // whose database file and people are taken over; nil = an empty database is filled
	on                   *benchStage // whose database itself is used
}

// benchStage is gateways of our own with people who may write.
type benchStage struct {
	dir    string
	origin string
	nodes  []*benchChild
	at     []string // their URLs
	chats  []bench.Chat
	agents []bench.Person
}

// fillStage makes a database with people and conversations; no gateway runs yet.
func fillStage(ctx context.Context, c call, set benchSet, dir string, tell func(string)) (*benchStage, error) {
	s := &benchStage{dir: dir}
	if set.on != nil {
		*s = benchStage{dir: set.on.dir, chats: slices.Clone(set.on.chats), agents: set.on.agents}
		return s, s.look(ctx, c, set)
	}
	if set.copyOf != nil {
		s.agents, s.chats = set.copyOf.agents[:set.agents], set.copyOf.chats[:set.chats]
		return s, copyFile(filepath.Join(set.copyOf.dir, databaseFile), filepath.Join(dir, databaseFile))
	}
	cfg, _, err := Load([]string{"--data", dir}, nil, c.err)
	if err != nil {
		return nil, err
	}
	cfg.DatabaseURL = set.database
	if err := s.fill(ctx, cfg, set, tell); err != nil || set.stored == 0 {
		return s, err
	}
	return s, s.look(ctx, c, set)
}

// look finds out which events are there already, so that nobody asks for them.
func (s *benchStage) look(ctx context.Context, c call, set benchSet) (err error) {
	cfg, _, err := Load([]string{"--data", s.dir}, nil, c.err)
	if err != nil {
		return err
	}
	cfg.DatabaseURL = set.database
	st, err := openStorage(ctx, cfg, time.Now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.gateway.Close()) }()
	for at := 0; at < len(s.chats); at += headsAtOnce {
		some, topics := s.chats[at:min(at+headsAtOnce, len(s.chats))], []string{}
		for _, chat := range some {
			topics = append(topics, chat.Conversation)
		}
		heads, err := st.gateway.Heads(ctx, topics)
		if err != nil {
			return err
		}
		for i := range some {
			some[i].Seen = heads[some[i].Conversation]
		}
	}
	return nil
}

const headsAtOnce = 200 // gateway.EventStore's limit

// databaseFile is the name of SQLite's file in the data folder.
const databaseFile = "postern.db"

func copyFile(from, to string) (err error) {
	b, err := os.Open(from)
	if err != nil {
		return err
	}
	defer b.Close()
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = f.ReadFrom(b)
	return err
}

// stage fills a database and starts the gateways, each a process of its own so that what it uses can be told from
// what the load uses.
func stage(ctx context.Context, c call, set benchSet, dir string, tell func(string)) (*benchStage, error) {
	s, err := fillStage(ctx, c, set, dir, tell)
	if err != nil {
		return nil, err
	}
	file, err := benchConfig(s.dir)
	if err != nil {
		return nil, err
	}
	var addresses []string
	for range set.nodes {
		a, err := bench.FreeAddress()
		if err != nil {
			return nil, err
		}
		addresses = append(addresses, a)
	}
	s.origin = "http://" + strings.Replace(addresses[0], "127.0.0.1", "localhost", 1)
	for i, a := range addresses {
		o := set.orders
		if i > 0 {
			o.Profile = ""
		}
		if err := s.start(ctx, c, set, o, file, a); err != nil {
			return nil, errors.Join(err, s.stop())
		}
	}
	return s, nil
}

// benchConfig writes a configuration without walls, for the load is meant, and with keys that all nodes share.
func benchConfig(dir string) (string, error) {
	file, key, secret := filepath.Join(dir, "postern.toml"), filepath.Join(dir, "bench-key.pem"), filepath.Join(dir, "bench-secret")
	const none = 1_000_000
	text := fmt.Sprintf("signing_key_file = %q\nsecret_file = %q\n[limits]\nconnections = %d\nconnections_per_address = %d\ncommands = %d\n", key, secret, none, none, none)
	k, err := newSigningKey()
	s, err2 := newSecret()
	return file, errors.Join(err, err2, os.WriteFile(file, []byte(text), 0o600), os.WriteFile(key, k, 0o600), os.WriteFile(secret, s, 0o600))
}

// start adds one gateway, and waits until it answers.
func (s *benchStage) start(ctx context.Context, c call, set benchSet, o nodeOrders, file, address string) error {
	first, err := json.Marshal(o)
	if err != nil {
		return err
	}
	n, err := newChild(c, []string{"POSTERN_DATABASE_URL=" + set.database, "POSTERN_REDIS_URL=" + set.redis, "POSTERN_LOG_LEVEL=error"},
		"node", "--config", file, "--listen", address, "--public-url", s.origin, "--data", s.dir)
	if err != nil {
		return err
	}
	s.nodes, s.at = append(s.nodes, n), append(s.at, "http://"+address)
	if err := n.say(string(first) + "\n"); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	go func() {
		ended := <-n.ended
		n.ended <- ended
		cancel() // nobody will answer
	}()
	_, err = bench.Answers(ctx, "http://"+address+"/healthz")
	return err
}

// stop tells the gateways to end, and waits for them.
func (s *benchStage) stop() error {
	var all error
	for _, n := range s.nodes {
		all = errors.Join(all, n.stop())
	}
	return all
}

// cpu is the processor time of all gateways; 0 where the system does not tell.
func (s *benchStage) cpu() time.Duration {
	var sum time.Duration
	for _, n := range s.nodes {
		d, err := bench.ProcessTime(n.cmd.Process.Pid)
		if err != nil {
			return 0
		}
		sum += d
	}
	return sum
}
