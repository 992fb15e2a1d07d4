package redis

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// kind is in which way Redis runs.
type kind string

const (
	one      kind = "one"      // one server
	sentinel kind = "sentinel" // one master at a time, which sentinels name
	cluster  kind = "cluster"  // several masters, each with some of the slots
)

// place is where Redis is and who we are there, as a URL says it.
type place struct {
	kind           kind
	secure         bool // TLS
	addrs          []string
	user, password string
	db             int
	master         string // the name that sentinels know it by
	// Who we are at the sentinels, which know no users of their servers.
	sentinelUser, sentinelPassword string
}

// CheckURL says what is wrong with the address of a Redis, for an operator, and never repeats it: it may hold a
// password. The forms, rediss in place of redis = TLS:
//
//	redis://[USER:PASSWORD@]HOST:PORT[/DB]
//	redis+sentinel://[USER:PASSWORD@]HOST:PORT,HOST:PORT/MASTER[/DB][?sentinel_user=…&sentinel_password=…]
//	redis+cluster://[USER:PASSWORD@]HOST:PORT,HOST:PORT
func CheckURL(text string) error {
	_, err := readURL(text)
	return err
}

func readURL(text string) (place, error) {
	scheme, rest, _ := strings.Cut(text, "://")
	p, err := placeOf(scheme)
	if err != nil {
		return place{}, err
	}
	rest, query, _ := strings.Cut(rest, "?")
	authority, path, _ := strings.Cut(rest, "/")
	if err := p.readQuery(query); err != nil {
		return place{}, err
	}
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		if p.user, p.password, err = userinfo(authority[:i]); err != nil {
			return place{}, err
		}
		authority = authority[i+1:]
	}
	if err := p.readHosts(authority); err != nil {
		return place{}, err
	}
	return p, p.readPath(path)
}

func placeOf(scheme string) (place, error) {
	base, way, _ := strings.Cut(scheme, "+")
	p := place{kind: kind(way), secure: base == "rediss"}
	if way == "" {
		p.kind = one
	}
	if base != "redis" && base != "rediss" || p.kind != one && p.kind != sentinel && p.kind != cluster || way == string(one) {
		return p, errors.New("must begin with redis://, redis+sentinel:// or redis+cluster://, or with rediss in place of redis for TLS")
	}
	return p, nil
}

func userinfo(text string) (user, password string, err error) {
	user, password, _ = strings.Cut(text, ":")
	for _, s := range []*string{&user, &password} {
		if *s, err = url.PathUnescape(*s); err != nil {
			return "", "", errors.New("user and password: what is no letter or digit must be written as %XX")
		}
	}
	if password == "" {
		return "", "", errors.New("user without a password: must be USER:PASSWORD@, or :PASSWORD@ for the default user")
	}
	return user, password, nil
}

func (p *place) readHosts(text string) error {
	for _, addr := range strings.Split(text, ",") {
		host, port, err := net.SplitHostPort(addr)
		if err != nil && addr != "" && !strings.ContainsAny(addr, ":") {
			host, port, err = addr, map[kind]string{one: "6379", sentinel: "26379", cluster: "6379"}[p.kind], nil
		}
		if n, e := strconv.ParseUint(port, 10, 16); err != nil || host == "" || e != nil || n == 0 {
			return errors.New("must name HOST:PORT, several with commas between")
		}
		p.addrs = append(p.addrs, net.JoinHostPort(host, port))
	}
	if p.kind == one && len(p.addrs) > 1 {
		return errors.New("names several hosts: use redis+sentinel:// or redis+cluster://")
	}
	return nil
}

func (p *place) readPath(path string) error {
	if p.kind == cluster {
		if path != "" {
			return errors.New("a cluster has no database number")
		}
		return nil
	}
	if p.kind == sentinel {
		p.master, path, _ = strings.Cut(path, "/")
		if p.master == "" {
			return errors.New("must name the master that the sentinels watch: redis+sentinel://HOST:PORT/MASTER")
		}
	}
	if path == "" {
		return nil
	}
	n, err := strconv.ParseUint(path, 10, 16)
	if err != nil {
		return errors.New("the database must be a number")
	}
	p.db = int(n)
	return nil
}

func (p *place) readQuery(text string) error {
	q, err := url.ParseQuery(text)
	if err != nil {
		return errors.New("what follows the question mark cannot be read")
	}
	for name, values := range q {
		to := map[string]*string{"sentinel_user": &p.sentinelUser, "sentinel_password": &p.sentinelPassword}[name]
		if to == nil || p.kind != sentinel || len(values) > 1 {
			return fmt.Errorf("unknown option %q: there are sentinel_user and sentinel_password, each once, with redis+sentinel://", name)
		}
		*to = values[0]
	}
	return nil
}
