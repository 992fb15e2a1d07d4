package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/BurntSushi/toml"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/oidc"
)

// maxSigning is how many requests are looked at together; the others wait their turn.
const maxSigning = 16

// SignerConfig is the file of 'postern signer'. It repeats what the gateway's deploy file says of hosts and providers,
// so that the signer believes nobody else about them.
type SignerConfig struct {
	Socket    string           `toml:"socket"`    // path; systemd may hand over the socket instead
	Keys      string           `toml:"keys"`      // folder, mode 0700
	Gateway   string           `toml:"gateway"`   // the gateway's public_url: iss of receipts
	User      string           `toml:"user"`      // name or number of the gateway's user; empty = the signer's own
	Audiences []string         `toml:"audiences"` // of the hosts
	Providers []SignerProvider `toml:"provider"`
}

// SignerProvider is an OpenID provider whose ID tokens are looked at again.
type SignerProvider struct {
	Issuer string   `toml:"issuer"`
	Client string   `toml:"client_id"`
	Strong []string `toml:"strong"`
	Skew   int64    `toml:"skew"`
	Allow  []string `toml:"allow"`
}

func readSignerConfig(path string) (c SignerConfig, err error) {
	meta, err := toml.DecodeFile(path, &c)
	if err != nil {
		return c, err
	}
	var bad []error
	for _, k := range meta.Undecoded() {
		bad = append(bad, fmt.Errorf("unknown key %s", k))
	}
	for name, missing := range map[string]bool{"keys": c.Keys == "", "gateway": checkPublicURL(c.Gateway) != nil, "audiences": len(c.Audiences) == 0} {
		if missing {
			bad = append(bad, fmt.Errorf("%s: is missing or wrong", name))
		}
	}
	return c, errors.Join(bad...)
}

// signerService signs what it has checked itself.
type signerService struct {
	check verify.Countersigner
	keys  keyFolder
	now   func() time.Time
	rnd   io.Reader
	log   *slog.Logger

	turns     sync.Mutex // one at a time looks after the keys
	slots     chan struct{}
	announced *journal
}

func newSignerService(c SignerConfig, now func() time.Time, log *slog.Logger) (*signerService, error) {
	s := &signerService{keys: keyFolder(c.Keys), now: now, rnd: rand.Reader, log: log, slots: make(chan struct{}, maxSigning)}
	s.check = verify.Countersigner{Issuer: c.Gateway, Audiences: c.Audiences}
	for _, p := range c.Providers {
		allow, err := prefixes(p.Allow)
		if err != nil {
			return nil, err
		}
		idp, err := oidc.Pinned(oidc.Config{Issuer: p.Issuer, Client: p.Client, Allow: allow, Now: now, Rand: rand.Reader})
		if err != nil {
			return nil, err
		}
		s.check.IDPs = append(s.check.IDPs, verify.CountersignIDP{
			Relying: verify.Relying{Issuer: p.Issuer, Client: p.Client, Strong: p.Strong, Skew: p.Skew}, Key: idp.KeyOf,
		})
	}
	if err := s.keys.open(); err != nil {
		return nil, err
	}
	j, err := openJournal(filepath.Join(c.Keys, "announced.jsonl"))
	if err != nil {
		return nil, err
	}
	s.announced, s.check.Announced = j, announced{j}
	if _, err := s.ring(); err != nil {
		return nil, errors.Join(err, j.Close())
	}
	return s, nil
}

// announced keeps announcements in a journal, with the account as the answer of the commitment.
type announced struct{ *journal }

// Keep implements verify.Announcements.
func (a announced) Keep(n verify.Announcement) error {
	text, err := json.Marshal(n)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, ok := a.rows[n.Commit]; ok {
		return nil
	}
	return a.write(journalRow{Commit: n.Commit, Answer: text})
}

// Find implements verify.Announcements. A line that cannot be read is worth no signature: it has no account.
func (a announced) Find(commit string) (n verify.Announcement, ok bool) {
	_, text, ok := a.journal.Find(commit)
	if !ok || json.Unmarshal(text, &n) != nil {
		return verify.Announcement{}, ok
	}
	return n, true
}

func (s *signerService) ring() (verify.KeyRing, error) {
	s.turns.Lock()
	defer s.turns.Unlock()
	return s.keys.turn(s.now(), s.rnd)
}

// ServeHTTP takes POST /sign with claims and GET /keys, and nothing else.
func (s *signerService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.slots <- struct{}{}
	defer func() { <-s.slots }()
	var text []byte
	var err error
	switch r.Method + " " + r.URL.Path {
	case "POST /sign":
		text, err = s.sign(r)
	case "GET /keys":
		text, err = s.published()
	default:
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if err != nil {
		status, reason := http.StatusForbidden, verify.ReasonOf(err)
		if reason == "" || reason == verify.IDPUnavailable {
			status = http.StatusServiceUnavailable
		}
		s.log.Warn("refused", "path", r.URL.Path, "reason", reason, "err", err)
		w.WriteHeader(status)
		text = []byte(reason)
	}
	_, _ = w.Write(text) // who has gone away asks again
}

// sign reads claims strictly, judges them, and signs with the key of now.
func (s *signerService) sign(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, verify.MaxJWT+1))
	if err != nil || len(body) > verify.MaxJWT {
		return nil, verify.Refuse(verify.JSONInvalid)
	}
	o, err := verify.ReadObject(body, verify.MaxJWT)
	if err != nil {
		return nil, err
	}
	c, err := verify.DecodeClaims(o)
	if err != nil {
		return nil, verify.RefuseCause(verify.JSONInvalid, err)
	}
	if err := s.check.Check(r.Context(), c, s.now()); err != nil {
		return nil, err
	}
	ring, err := s.ring()
	if err != nil {
		return nil, err
	}
	k, ok := ring.Current(s.now())
	if !ok {
		return nil, errors.New("no key signs yet")
	}
	signer, err := verify.NewLocalSigner(k.Key, s.rnd)
	if err != nil {
		return nil, err
	}
	jws, err := signer.Sign(r.Context(), c)
	if err == nil {
		s.log.Info("signed", "receipt", c.JTI, "challenge", c.Challenge, "kid", signer.Key().ID)
	}
	return []byte(jws), err
}

func (s *signerService) published() ([]byte, error) {
	ring, err := s.ring()
	if err != nil {
		return nil, err
	}
	set, err := ring.Published(s.now())
	if err != nil {
		return nil, err
	}
	return set.Publish()
}

// server serves one listener. Requests are small and short; who is slow is cut off.
func (s *signerService) server() *http.Server {
	return &http.Server{
		Handler: s, ReadTimeout: signerWait, WriteTimeout: 2 * signerWait, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 8 << 10,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
}

// runSigner is 'postern signer --config FILE'.
func runSigner(ctx context.Context, c call) int {
	path, ok := c.ownFile("signer")
	if !ok {
		return exitUsage
	}
	conf, err := readSignerConfig(path)
	if err != nil {
		fmt.Fprintln(c.err, "postern:", err)
		return exitUsage
	}
	if err := signUntil(ctx, conf, logger(c.err, "info"), c.out); err != nil {
		fmt.Fprintln(c.err, "postern:", err)
		return exitFailed
	}
	return exitOK
}

// signUntil serves until ctx ends.
func signUntil(ctx context.Context, c SignerConfig, log *slog.Logger, out io.Writer) error {
	s, err := newSignerService(c, time.Now, log)
	if err != nil {
		return err
	}
	defer func() { _ = s.announced.Close() }() // every line is on the disk
	uid, err := userID(c.User)
	if err != nil {
		return err
	}
	l, err := signerListener(c.Socket)
	if err != nil {
		return err
	}
	server := s.server()
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(peers{l, uid, log}) }()
	fmt.Fprintln(out, "Postern signer is at", l.Addr())
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return server.Close()
	}
}

// userID finds the user by name or number; "" is our own.
func userID(name string) (int, error) {
	if name == "" {
		return os.Getuid(), nil
	}
	if n, err := strconv.Atoi(name); err == nil {
		return n, nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(u.Uid)
}

// signerListener is the socket that systemd hands over, or one at path, for our own user only.
func signerListener(path string) (net.Listener, error) {
	if os.Getenv("LISTEN_PID") == strconv.Itoa(os.Getpid()) && os.Getenv("LISTEN_FDS") == "1" {
		return net.FileListener(os.NewFile(3, "signer.sock"))
	}
	if path == "" {
		return nil, errors.New("socket: is missing")
	}
	if c, err := net.Dial("unix", path); err == nil {
		_ = c.Close()
		return nil, fmt.Errorf("%s: another signer is there", path)
	}
	// Made under a name that nobody knows and shown when its mode is right. What a dead signer left is replaced.
	fresh := path + "." + rand.Text()
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "unix", fresh)
	if err != nil {
		return nil, err
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := errors.Join(os.Chmod(fresh, 0o600), os.Rename(fresh, path)); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// peers lets connections of one user in, and nobody else's.
type peers struct {
	net.Listener
	uid int
	log *slog.Logger
}

// Accept implements net.Listener.
func (p peers) Accept() (net.Conn, error) {
	for {
		c, err := p.Listener.Accept()
		if err != nil {
			return nil, err
		}
		uid, err := peerUID(c)
		if err == nil && uid == p.uid {
			return c, nil
		}
		p.log.Warn("a stranger was turned away", "uid", uid, "err", err)
		_ = c.Close()
	}
}
