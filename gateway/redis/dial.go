package redis

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"hash/fnv"
	"net"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

const (
	// answerLimit is how long one answer of Redis, or one connection to it, may take.
	answerLimit = time.Second
	// slotsEvery is how long the client believes which master has which slots.
	slotsEvery = time.Second
	// shards is how many channels a cluster's topics share: one SSUBSCRIBE serves one slot, so each topic in a
	// channel of its own would need a connection of its own.
	shards = 64
)

// dialer connects, and speaks TLS by itself: the library's own does not end with the context.
func (p place) dialer(roots *x509.CertPool) func(ctx context.Context, network, addr string) (net.Conn, error) {
	plain := &net.Dialer{Timeout: answerLimit, KeepAlive: 30 * time.Second}
	if !p.secure {
		return plain.DialContext
	}
	return (&tls.Dialer{NetDialer: plain, Config: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}).DialContext
}

// client makes the library's client for a place. What it would send beyond our own commands is switched off: an ACL
// user needs no more rights than those in deploy/OPERATIONS.md.
func (p place) client(roots *x509.CertPool) redis.UniversalClient {
	dial := p.dialer(roots)
	quiet := &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	switch p.kind {
	case cluster:
		return redis.NewClusterClient(&redis.ClusterOptions{
			Addrs: p.addrs, Username: p.user, Password: p.password, Dialer: dial,
			DialTimeout: answerLimit, DialerRetries: 1, ReadTimeout: answerLimit, WriteTimeout: answerLimit, ContextTimeoutEnabled: true,
			MaxRetries: -1, ClusterStateReloadInterval: slotsEvery, DisableRoutingPolicies: true, DisableIdentity: true, MaintNotificationsConfig: quiet,
		})
	case sentinel:
		return redis.NewFailoverClient(&redis.FailoverOptions{
			MasterName: p.master, SentinelAddrs: p.addrs, SentinelUsername: p.sentinelUser, SentinelPassword: p.sentinelPassword,
			Username: p.user, Password: p.password, DB: p.db, Dialer: dial,
			DialTimeout: answerLimit, DialerRetries: 1, ReadTimeout: answerLimit, WriteTimeout: answerLimit, ContextTimeoutEnabled: true,
			MaxRetries: -1, DisableIdentity: true,
		})
	}
	return redis.NewClient(&redis.Options{
		Addr: p.addrs[0], Username: p.user, Password: p.password, DB: p.db, Dialer: dial,
		DialTimeout: answerLimit, DialerRetries: 1, ReadTimeout: answerLimit, WriteTimeout: answerLimit, ContextTimeoutEnabled: true,
		MaxRetries: -1, DisableIdentity: true, MaintNotificationsConfig: quiet,
	})
}

// shardOf is the channel that a topic shares in a cluster; the braces put all of its name's slot on the number.
func shardOf(topic string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(topic)) // never fails
	return int(h.Sum32() % shards)
}

func shardChannel(n int) string { return prefix + "{" + strconv.Itoa(n) + "}" }

// clockOf asks one server's clock, always the same one: in a cluster each master has its own.
func clockOf(client redis.UniversalClient) func(ctx context.Context) (time.Time, error) {
	return func(ctx context.Context) (time.Time, error) {
		if c, ok := client.(*redis.ClusterClient); ok {
			m, err := c.MasterForKey(ctx, prefix+"clock")
			if err != nil {
				return time.Time{}, err
			}
			return m.Time(ctx).Result()
		}
		return client.Time(ctx).Result()
	}
}
