package server

import (
	"context"
	"database/sql"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

func TestMain(m *testing.M) { Main(m) }

func TestOneRedisPerProcess(t *testing.T) {
	a, b := NewRedis(t), NewRedis(t)
	if a != b {
		t.Fatalf("two servers: %s and %s", a.Addr, b.Addr)
	}
	c := redis.NewClient(&redis.Options{Addr: a.Addr})
	defer c.Close()
	if err := c.Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
}

func TestKilledRedisComesBackEmptyOnTheSamePort(t *testing.T) {
	r := NewLoneRedis(t)
	c := redis.NewClient(&redis.Options{Addr: r.Addr, MaxRetries: -1})
	defer c.Close()
	if err := c.Set(t.Context(), "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	r.Kill(t)
	if conn, err := net.DialTimeout("tcp", r.Addr, time.Second); err == nil {
		conn.Close()
		t.Fatal("a killed Redis accepts")
	}
	r.Start(t)
	if n, err := c.Exists(t.Context(), "k").Result(); err != nil || n != 0 {
		t.Fatalf("exists = %d, %v", n, err)
	}
}

func TestEachDatabaseIsNewAndOrdersByBytes(t *testing.T) {
	first, second := open(t, NewDatabase(t)), open(t, NewDatabase(t))
	if _, err := first.Exec("CREATE TABLE only_here (n BIGINT)"); err != nil {
		t.Fatal(err)
	}
	if _, err := second.Exec("SELECT n FROM only_here"); err == nil {
		t.Fatal("the table of one database is in the other")
	}
	var collation, fsync string
	if err := first.QueryRow("SELECT datcollate FROM pg_database WHERE datname=current_database()").Scan(&collation); err != nil || collation != "C" {
		t.Fatalf("collation %q, %v", collation, err)
	}
	if err := first.QueryRow("SHOW fsync").Scan(&fsync); err != nil || fsync != "on" {
		t.Fatalf("fsync %q, %v", fsync, err)
	}
}

func TestKilledPostgresKeepsWhatWasCommitted(t *testing.T) {
	p := NewLonePostgres(t)
	url := p.NewDatabase(t)
	db := open(t, url)
	for _, q := range []string{"CREATE TABLE kept (n BIGINT)", "INSERT INTO kept VALUES (7)"} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	p.Kill(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := open(t, url).PingContext(ctx); err == nil {
		t.Fatal("a killed PostgreSQL answers")
	}
	p.Start(t)
	var n int
	if err := open(t, url).QueryRow("SELECT n FROM kept").Scan(&n); err != nil || n != 7 {
		t.Fatalf("n = %d, %v", n, err)
	}
}

func TestMissingProgramSaysWhatToInstall(t *testing.T) {
	_, err := binary("postern-no-such-server", "the-package")
	if err == nil || !strings.Contains(err.Error(), ".ci/install") || !strings.Contains(err.Error(), "the-package") {
		t.Fatalf("got %v", err)
	}
}

func open(t *testing.T, url string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}
