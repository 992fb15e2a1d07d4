package server

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// RedisOptions is how the Redis servers of a test are set up.
type RedisOptions struct {
	TLS *Authority // nil = in the clear
	// Rights of a user "bus" whose password is RedisPassword, as ACL SETUSER takes them; "" = URLs name no user.
	Rights string
	// SentinelRights are those of the same user at the sentinels.
	SentinelRights string
}

// RedisPassword is the password of the user "bus". It has what must be written as %XX in a URL.
const RedisPassword = "p@ss/word:1"

// RedisCluster is three masters, each with a third of the slots.
type RedisCluster struct {
	URL   string // redis+cluster://… or rediss+cluster://…
	Nodes []*Redis

	options RedisOptions
}

// RedisSentinels is a master, a replica and a sentinel that makes the replica the master when the master is gone.
type RedisSentinels struct {
	URL             string // redis+sentinel://… or rediss+sentinel://…
	Master, Replica *Redis
	Sentinel        *Redis

	options RedisOptions
}

// NewRedisWith starts one Redis for this test alone.
func NewRedisWith(t testing.TB, o RedisOptions) *Redis {
	t.Helper()
	r := o.start(t, "")
	r.URL = o.url("", r)
	return r
}

// NewRedisCluster starts three masters and waits until they are one cluster.
func NewRedisCluster(t testing.TB, o RedisOptions) *RedisCluster {
	t.Helper()
	c := &RedisCluster{options: o}
	for range 3 {
		c.Nodes = append(c.Nodes, o.member(t))
	}
	for i, n := range c.Nodes {
		c.options.ask(t, n, fmt.Sprintf("CLUSTER ADDSLOTSRANGE %d %d", i*16384/3, (i+1)*16384/3-1))
		c.options.ask(t, n, fmt.Sprintf("CLUSTER SET-CONFIG-EPOCH %d", i+1))
	}
	for _, n := range c.Nodes[1:] {
		c.options.ask(t, c.Nodes[0], fmt.Sprintf("CLUSTER MEET 127.0.0.1 %d %d", n.port(), n.busPort))
	}
	c.ready(t)
	c.URL = o.url("+cluster", c.Nodes...)
	return c
}

// member starts a node of a cluster. Its second port is opened last, and may have been taken meanwhile: it ends then,
// although its first one answered, and another is started.
func (o RedisOptions) member(t testing.TB) *Redis {
	t.Helper()
	for try := 1; ; try++ {
		port, err := FreePort()
		must(t, err)
		n := o.start(t, fmt.Sprintf("cluster-enabled yes\ncluster-node-timeout 2000\ncluster-port %d\n", port))
		n.busPort = port
		_, err = o.try(n, "PING")
		if err == nil || try == 5 {
			must(t, err)
			return n
		}
	}
}

// ready waits until every node says that the cluster is whole.
func (c *RedisCluster) ready(t testing.TB) {
	t.Helper()
	for _, n := range c.Nodes {
		c.options.says(t, n, "CLUSTER INFO", "cluster_state:ok", "cluster_known_nodes:3", "cluster_slots_ok:16384")
	}
}

// Restart kills all masters and brings them back, empty.
func (c *RedisCluster) Restart(t testing.TB) {
	t.Helper()
	for _, n := range c.Nodes {
		n.Kill(t)
	}
	for _, n := range c.Nodes {
		n.Start(t)
	}
	c.ready(t)
}

// Move gives a slot to another master than the one that has it, as resharding does; the slot must hold no keys.
func (c *RedisCluster) Move(t testing.TB, key string) {
	t.Helper()
	slot := strings.TrimSpace(strings.TrimPrefix(c.options.ask(t, c.Nodes[0], "CLUSTER KEYSLOT "+key), ":"))
	n, err := strconv.Atoi(slot)
	must(t, err)
	to := c.Nodes[(n*3/16384+1)%3]
	id := strings.TrimSpace(c.options.ask(t, to, "CLUSTER MYID"))
	for _, node := range append([]*Redis{to}, c.Nodes...) {
		c.options.ask(t, node, "CLUSTER SETSLOT "+slot+" NODE "+id)
	}
}

// NewRedisSentinels starts a master, its replica and a sentinel, and waits until the sentinel knows both.
func NewRedisSentinels(t testing.TB, o RedisOptions) *RedisSentinels {
	t.Helper()
	s := &RedisSentinels{options: o, Master: o.start(t, "")}
	s.Replica = o.start(t, fmt.Sprintf("replicaof 127.0.0.1 %d\n", s.Master.port()))
	watch := o
	watch.Rights = o.SentinelRights
	s.Sentinel = watch.start(t, fmt.Sprintf("sentinel monitor main 127.0.0.1 %d 1\nsentinel down-after-milliseconds main 1500\nsentinel failover-timeout main 5000\n", s.Master.port()))
	o.says(t, s.Sentinel, "INFO sentinel", "status=ok", "slaves=1")
	o.says(t, s.Replica, "INFO replication", "master_link_status:up")
	gone := &Redis{Addr: "127.0.0.1:1"} // the first sentinel of the list is dead: any of them may be
	s.URL = o.url("+sentinel", gone, s.Sentinel) + "/main"
	if o.SentinelRights != "" {
		s.URL += "?sentinel_user=bus&sentinel_password=" + url.QueryEscape(RedisPassword)
	}
	return s
}

// Failover kills the master, waits until the replica is one, and brings the old one back: it becomes a replica, unless
// the sentinel changes its mind, which it may on a busy machine. Each call kills whoever is the master then.
func (s *RedisSentinels) Failover(t testing.TB) {
	t.Helper()
	if !strings.Contains(s.options.ask(t, s.Sentinel, "INFO sentinel"), "address="+s.Master.Addr+",") {
		s.Master, s.Replica = s.Replica, s.Master
	}
	s.Master.Kill(t)
	// Before it knows the new master, the sentinel would undo it all for an old one that is back.
	s.options.says(t, s.Sentinel, "INFO sentinel", "status=ok", "address="+s.Replica.Addr+",")
	s.Master.Start(t)
	s.Master, s.Replica = s.Replica, s.Master
	until(t, "the old master's replication", func() bool {
		for _, r := range []*Redis{s.Replica, s.Master} {
			if text, err := s.options.try(r, "INFO replication"); err == nil && strings.Contains(text, "master_link_status:up") {
				return true
			}
		}
		return false
	})
}

// until polls what becomes so by itself.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(startLimit); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("server: no %s after %v", what, startLimit)
		}
	}
}

// start runs one server by a configuration file of its own; one that begins with "sentinel " makes it a sentinel.
func (o RedisOptions) start(t testing.TB, extra string) *Redis {
	t.Helper()
	bin, err := binary("redis-server", "redis-server")
	must(t, err)
	running.mu.Lock()
	dir, err := running.folder(nil)
	running.mu.Unlock()
	must(t, err)
	port, err := FreePort()
	must(t, err)
	text := fmt.Sprintf("bind 127.0.0.1\ndir %s\nport %d\n", dir, port)
	if o.TLS != nil {
		text = fmt.Sprintf("bind 127.0.0.1\ndir %s\nport 0\ntls-port %d\ntls-cert-file %s\ntls-key-file %s\ntls-ca-cert-file %s\ntls-auth-clients no\ntls-replication yes\n",
			dir, port, o.TLS.CertFile, o.TLS.KeyFile, o.TLS.RootFile)
	}
	if o.Rights != "" {
		text += "user bus on >" + RedisPassword + " " + o.Rights + "\n"
	}
	args := []string{filepath.Join(dir, "redis.conf")}
	if strings.HasPrefix(extra, "sentinel ") {
		args = append(args, "--sentinel")
	} else {
		text += "save \"\"\nappendonly no\nrepl-diskless-sync-delay 0\n"
		if o.TLS != nil {
			text += "tls-cluster yes\n"
		}
	}
	must(t, os.WriteFile(args[0], []byte(text+extra), 0o600))
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	r := &Redis{Addr: addr, process: &process{name: "redis-server", addr: addr, log: filepath.Join(dir, "log"), quit: syscall.SIGTERM, make: func() *exec.Cmd { return exec.Command(bin, args...) }}}
	r.process.lone(t)
	return r
}

func (r *Redis) port() int {
	_, port, _ := net.SplitHostPort(r.Addr)
	n, _ := strconv.Atoi(port)
	return n
}

// url names the servers and our user at them.
func (o RedisOptions) url(way string, nodes ...*Redis) string {
	scheme, user, addrs := "redis", "", make([]string, len(nodes))
	if o.TLS != nil {
		scheme = "rediss"
	}
	if o.Rights != "" {
		user = "bus:" + url.QueryEscape(RedisPassword) + "@"
	}
	for i, n := range nodes {
		addrs[i] = n.Addr
	}
	return scheme + way + "://" + user + strings.Join(addrs, ",")
}

// Ask sends one command in a line, as the server's own user, and gives the answer without its frame.
func (o RedisOptions) Ask(t testing.TB, r *Redis, command string) string { return o.ask(t, r, command) }

func (o RedisOptions) ask(t testing.TB, r *Redis, command string) string {
	t.Helper()
	text, err := o.try(r, command)
	must(t, err)
	return text
}

// says polls until a server's answer has all parts; it may cut connections off meanwhile.
func (o RedisOptions) says(t testing.TB, r *Redis, command string, parts ...string) {
	t.Helper()
	text, err, end := "", error(nil), time.Now().Add(startLimit)
	for ; time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		text, err = o.try(r, command)
		if !slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(text, p) }) {
			return
		}
	}
	t.Fatalf("server: %s: %q, %v after %v, want %q", command, text, err, startLimit, parts)
}

func (o RedisOptions) try(r *Redis, command string) (string, error) {
	c, err := net.Dial("tcp", r.Addr)
	if err != nil {
		return "", err
	}
	if o.TLS != nil {
		c = tls.Client(c, &tls.Config{RootCAs: o.TLS.Roots, ServerName: "127.0.0.1"})
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(startLimit)); err != nil {
		return "", err
	}
	if _, err = io.WriteString(c, command+"\r\n"); err != nil {
		return "", err
	}
	in := bufio.NewReader(c)
	line, err := in.ReadString('\n')
	if err == nil && strings.HasPrefix(line, "-") {
		err = fmt.Errorf("redis: %s: %s", command, strings.TrimSpace(line))
	}
	size, bulk := strings.CutPrefix(strings.TrimSpace(line), "$")
	if err != nil || !bulk {
		return strings.TrimSpace(line), err
	}
	n, err := strconv.Atoi(size)
	text := make([]byte, max(n, 0))
	if err == nil {
		_, err = io.ReadFull(in, text)
	}
	return string(text), err
}
