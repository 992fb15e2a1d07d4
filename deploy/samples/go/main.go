// Command go is a small account backend: go run ./deploy/samples/go CONFIG. The receipt check is the library
// verify/receipt; all else is the standard library. Its accounts and its burned commitments are one file.
package main

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/receipt"
)

type config struct {
	Listen, Data, Gateway, Audience string
	GatewayKeys                     string `json:"gateway_keys"`
	OwnKey                          string `json:"own_key"`
	Provider                        struct {
		Issuer, Client, Keys string
		Strong               []string
	}
	Minimum map[string]verify.Level
}

// store is the whole file.
type store struct {
	Accounts map[string]*account `json:"accounts"`
	Burned   map[string]burn     `json:"burned"`
	Log      *verify.LogPointer  `json:"log,omitempty"`
}

type account struct {
	Email   string `json:"email"`
	Name    string `json:"name"`
	Version int    `json:"version"`
}

type burn struct {
	Chg    string          `json:"chg"`
	Answer json.RawMessage `json:"answer"`
}

// Find implements receipt.Burned inside the transaction that the store is.
func (s *store) Find(_ context.Context, commit string) (string, []byte, bool, error) {
	b, ok := s.Burned[commit]
	return b.Chg, b.Answer, ok, nil
}

// Insert implements receipt.Burned.
func (s *store) Insert(_ context.Context, commit, chg string, answer []byte) (bool, error) {
	if _, ok := s.Burned[commit]; ok {
		return false, nil
	}
	s.Burned[commit] = burn{chg, answer}
	return true, nil
}

type backend struct {
	config
	own    []byte
	client http.Client

	mu      sync.Mutex
	fetched map[string]keys
}

type keys struct {
	at  time.Time
	set verify.KeySet
}

// keysOf is a published key set, fetched by ourselves and at most a minute old: a key that is gone is dead.
func (b *backend) keysOf(url string, parse func([]byte) (verify.KeySet, error)) (verify.KeySet, error) {
	if k := b.fetched[url]; time.Since(k.at) < time.Minute {
		return k.set, nil
	}
	res, err := b.client.Get(url)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, verify.MaxKeySet+1))
	if err != nil {
		return nil, err
	}
	set, err := parse(text)
	if err == nil {
		b.fetched[url] = keys{time.Now(), set}
	}
	return set, err
}

// tx runs f on the store. What f did is kept whole, or not at all if it fails.
func (b *backend) tx(f func(*store) error) error {
	path := filepath.Join(b.Data, "store.json")
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	s := store{Burned: map[string]burn{}}
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	if err := f(&s); err != nil {
		return err
	}
	if text, err = json.Marshal(s); err != nil {
		return err
	}
	file, err := os.Create(path + ".new")
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// apply is step 10: look whether it was done, check, burn, change, in one transaction.
func (b *backend) apply(ctx context.Context, m receipt.Message) (answer []byte, err error) {
	gateway, err := b.keysOf(b.GatewayKeys, verify.ParseKeySet)
	if err != nil {
		return nil, err
	}
	provider, err := b.keysOf(b.Provider.Keys, verify.ParseProviderKeys)
	if err != nil {
		return nil, err
	}
	err = b.tx(func(s *store) error {
		var done bool
		if answer, done, err = receipt.Lookup(ctx, s, m); done || err != nil {
			return err
		}
		p, err := b.checker(s, gateway, provider).Check(m, time.Now())
		if err != nil {
			return err
		}
		a := s.Accounts[p.Sub]
		if base := p.Change.Base; base != verify.AnyBase && base != strconv.Itoa(a.Version) {
			return verify.Refuse(verify.ChangeBase)
		}
		s.remember(p.Log)
		answer = fmt.Appendf(nil, `{"result":"applied","version":"%d"}`, a.Version+1)
		_, err = receipt.Once(ctx, s, p, answer, func() error { return a.change(p.Change) })
		return err
	})
	return answer, err
}

func (b *backend) checker(s *store, gateway, provider verify.KeySet) receipt.Checker {
	return receipt.Checker{
		Gateway: b.Gateway, Audience: b.Audience, Keys: gateway, OwnKey: b.own,
		IDPs:    []receipt.IDP{{Relying: verify.Relying{Issuer: b.Provider.Issuer, Client: b.Provider.Client, Strong: b.Provider.Strong}, Keys: provider}},
		Minimum: func(kind string) verify.Level { return b.Minimum[kind] },
		Linked: func(_, sub string) error {
			if s.Accounts[sub] == nil {
				return errors.New("no such account")
			}
			return nil
		},
	}
}

// change does what it knows, and nothing else.
func (a *account) change(c verify.Change) error {
	field, value := "", ""
	for field, value = range c.Fields {
	}
	switch {
	case len(c.Fields) == 1 && c.Kind == "email.change" && field == "email":
		a.Email = value
	case len(c.Fields) == 1 && c.Kind == "name.change" && field == "name":
		a.Name = value
	default:
		return verify.Refuse(verify.ChangeSchema)
	}
	a.Version++
	return nil
}

// remember is step 11: the gateway's log only grows. A smaller head, or another root of the same size, is for a
// person.
func (s *store) remember(now verify.LogPointer) {
	if old := s.Log; old != nil && (now.Size < old.Size || now.Size == old.Size && now.Root != old.Root) {
		log.Printf("alarm: the gateway's log was %+v and is %+v", *old, now)
		return
	}
	s.Log = &now
}

func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, receipt.MaxMessage))
	var m receipt.Message
	if err == nil {
		m, err = receipt.ParseMessage(body)
	}
	answer, status := []byte(nil), http.StatusOK
	if err == nil {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch m.Type {
		case "change.apply":
			answer, err = b.apply(r.Context(), m)
		case "change.settle":
			err = b.tx(func(s *store) error {
				answer = []byte(cmp.Or(string(s.Burned[m.Commit].Answer), `{"result":"unknown"}`))
				return nil
			})
		default:
			status = http.StatusNoContent
		}
	}
	if err != nil {
		status = http.StatusForbidden
		if s, ok := map[string]int{"conflict": 409, "proof_used": 409, "invalid": 400, "internal": 500}[verify.ReasonOf(err).Code()]; ok {
			status = s
		}
		answer = fmt.Appendf(nil, `{"code":%q}`, cmp.Or(verify.ReasonOf(err), "internal"))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(answer) // who has gone away asks again
}

func main() {
	b := &backend{fetched: map[string]keys{}, client: http.Client{Timeout: 3 * time.Second}}
	text, err := os.ReadFile(os.Args[1])
	if err == nil {
		err = json.Unmarshal(text, &b.config)
	}
	if err == nil {
		b.own, err = base64.RawURLEncoding.DecodeString(b.OwnKey)
	}
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("POST /postern", b)
	server := &http.Server{Addr: b.Listen, Handler: mux, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second}
	log.Fatal(server.ListenAndServe())
}
