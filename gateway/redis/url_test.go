package redis

import (
	"reflect"
	"strings"
	"testing"
)

func TestReadURL(t *testing.T) {
	for _, c := range []struct {
		text string
		want place
	}{
		{"redis://10.0.0.1:6379", place{kind: one, addrs: []string{"10.0.0.1:6379"}}},
		{"redis://redis", place{kind: one, addrs: []string{"redis:6379"}}},
		{"redis://[::1]:7000/3", place{kind: one, addrs: []string{"[::1]:7000"}, db: 3}},
		{"rediss://postern:p%40ss%2F@redis.site.test:6380", place{kind: one, secure: true, addrs: []string{"redis.site.test:6380"}, user: "postern", password: "p@ss/"}},
		{"redis://:secret@redis:1", place{kind: one, addrs: []string{"redis:1"}, password: "secret"}},
		{"redis+sentinel://a:1,b/main/2", place{kind: sentinel, addrs: []string{"a:1", "b:26379"}, master: "main", db: 2}},
		{"rediss+sentinel://u:p@a:1/main?sentinel_user=s&sentinel_password=t%26", place{
			kind: sentinel, secure: true, addrs: []string{"a:1"}, user: "u", password: "p", master: "main", sentinelUser: "s", sentinelPassword: "t&",
		}},
		{"redis+cluster://u:p@a:1,b:2,[::1]:3", place{kind: cluster, addrs: []string{"a:1", "b:2", "[::1]:3"}, user: "u", password: "p"}},
	} {
		if got, err := readURL(c.text); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s\n got %+v, %v\nwant %+v", c.text, got, err, c.want)
		}
	}
}

// Every mistake is named, and no message has the password.
func TestCheckURLNamesTheMistake(t *testing.T) {
	for _, c := range []struct{ text, says string }{
		{"", "must begin with redis://"},
		{"http://u:hunter2@a:1", "must begin with redis://"},
		{"redis+one://u:hunter2@a:1", "must begin with redis://"},
		{"redis+ring://u:hunter2@a:1", "must begin with redis://"},
		{"redis://", "must name HOST:PORT"},
		{"redis://u:hunter2@", "must name HOST:PORT"},
		{"redis://u:hunter2@a:port", "must name HOST:PORT"},
		{"redis://u:hunter2@a:0", "must name HOST:PORT"},
		{"redis://u:hunter2@a:70000", "must name HOST:PORT"},
		{"redis://u:hunter2@a:1:2", "must name HOST:PORT"},
		{"redis+cluster://a:1,,b:2", "must name HOST:PORT"},
		{"redis://a:1,b:2", "use redis+sentinel:// or redis+cluster://"},
		{"redis://hunter2@a:1", "user without a password"},
		{"redis://u:hunter2%zz@a:1", "must be written as %XX"},
		{"redis://u:hunter2@a:1/nine", "the database must be a number"},
		{"redis://u:hunter2@a:1/-1", "the database must be a number"},
		{"redis+cluster://u:hunter2@a:1/0", "a cluster has no database number"},
		{"redis+sentinel://u:hunter2@a:1", "must name the master"},
		{"redis+sentinel://a:1/main?password=hunter2", "unknown option \"password\""},
		{"redis+sentinel://a:1/main?sentinel_user=a&sentinel_user=hunter2", "each once"},
		{"redis://u:hunter2@a:1?sentinel_user=x", "with redis+sentinel://"},
		{"redis://u:hunter2@a:1?x=%zz", "cannot be read"},
	} {
		err := CheckURL(c.text)
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want %q", c.text, err, c.says)
		}
	}
}
