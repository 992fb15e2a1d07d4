package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/postern-chat/postern/verify"
)

const (
	signerWait = 5 * time.Second  // for one signature
	keysFresh  = 60 * time.Second // how long the signer's keys are published without asking again
	keysLast   = verify.KeyGrace  // and how long if it does not answer
	keysRetry  = 2 * time.Second  // between two asks of one that does not answer
)

// signer is what signs receipts: a process of its own behind a socket, or this one.
func (a *App) signer(c Config) (verify.Signer, error) {
	if c.Signer != "" {
		s := newSocketSigner(strings.TrimPrefix(c.Signer, "unix:"), a.outside.now)
		a.keys = s.Keys
		return s, nil
	}
	text, err := keep(c.SigningKeyFile, filepath.Join(c.Data, "signing-key.pem"), newSigningKey)
	if err != nil {
		return nil, err
	}
	key, err := readSigningKey(text)
	if err != nil {
		return nil, err
	}
	s, err := verify.NewLocalSigner(key, rand.Reader)
	if err != nil {
		return nil, err
	}
	if !a.outside.demo {
		a.log.Warn("the key that signs receipts is in this process and does not change; 'postern signer' keeps it in another")
	}
	a.key, a.keys = s.Key(), func() []verify.Key { return []verify.Key{s.Key()} }
	return s, nil
}

// socketSigner is the signer behind a socket, as the gateway sees it: it may refuse, or be away.
type socketSigner struct {
	client *http.Client
	now    func() time.Time

	mu    sync.Mutex
	keys  verify.KeySet
	at    time.Time // when the signer told them
	asked time.Time
}

func newSocketSigner(path string, now func() time.Time) *socketSigner {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{Timeout: signerWait}).DialContext(ctx, "unix", path)
	}
	return &socketSigner{now: now, client: &http.Client{
		Timeout:       signerWait,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{DialContext: dial, DisableCompression: true, MaxIdleConns: 4, IdleConnTimeout: time.Minute},
	}}
}

// Sign implements verify.Signer. A refusal of the signer is signer.unavailable too: its reason is in the cause, for the
// log, and the change ends by its time.
func (s *socketSigner) Sign(ctx context.Context, c verify.Claims) (string, error) {
	body, err := json.Marshal(c)
	if err != nil {
		return "", verify.RefuseCause(verify.SignerUnavailable, err)
	}
	text, err := s.call(ctx, http.MethodPost, "/sign", body)
	if err != nil {
		return "", verify.RefuseCause(verify.SignerUnavailable, err)
	}
	return string(text), nil
}

// call is one request; the answer is at most a key set's size.
func (s *socketSigner) call(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://signer"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	res, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, verify.MaxKeySet))
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("the signer refuses: %d %s", res.StatusCode, bytes.TrimSpace(text))
	}
	return text, err
}

// Keys are the keys that the signer publishes: as it said in the last minute, or in the last quarter of an hour if it
// does not answer, or none. A key whose signer is gone that long has signed nothing that could still be delivered.
func (s *socketSigner) Keys() []verify.Key {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if now.Sub(s.at) > keysFresh && now.Sub(s.asked) > keysRetry || now.Before(s.at) {
		s.asked = now
		ctx, cancel := context.WithTimeout(context.Background(), signerWait)
		defer cancel()
		if set, err := s.fetch(ctx); err == nil {
			s.keys, s.at = set, now
		}
	}
	if now.Sub(s.at) > keysLast {
		return nil
	}
	return s.keys
}

func (s *socketSigner) fetch(ctx context.Context) (verify.KeySet, error) {
	text, err := s.call(ctx, http.MethodGet, "/keys", nil)
	if err != nil {
		return nil, err
	}
	set, err := verify.ParseKeySet(text)
	if err == nil && len(set) == 0 {
		err = errors.New("the signer has no keys")
	}
	return set, err
}

// publicPEM gives the public half for those who check signatures.
func publicPEM(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

// readSigningKey reads a PKCS #8 PEM file with a P-256 key.
func readSigningKey(text []byte) (*ecdsa.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("signing_key_file: no PEM block")
	}
	any, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("signing_key_file: %w", err)
	}
	key, ok := any.(*ecdsa.PrivateKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, fmt.Errorf("signing_key_file: must be a P-256 key")
	}
	return key, nil
}
