// Package site is a small shop that hosts Postern: it owns accounts, shows its own confirm page, and checks
// every receipt itself before it changes anything (proof-gate.md §3.6, §3.9).
//
// It is written to be read: what a host has to do for the gate stands in confirm.go, deliver.go, gateway.go and
// token.go, about as much as the host's side in verify/SPEC.md; all else is a shop. What never happens here: a
// change of an account on the word of the gateway alone.
package site

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"database/sql"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/receipt"
	"golang.org/x/crypto/bcrypt"
)

// Config is what the shop is given at its start.
type Config struct {
	Data     string // folder for shop.db and the mail that the shop writes; made if it is missing
	URL      string // own public origin, http://127.0.0.1:Q
	Gateway  string // the gateway's public origin, http://localhost:P; the pinned issuer of receipts
	Audience string // who the receipts are for, and who session tokens come from; "" = URL
	// GatewayKeys gives the gateway's receipt keys; nil = fetched from /.well-known/postern.json and kept for
	// five minutes.
	GatewayKeys func(ctx context.Context) (verify.KeySet, error)
	EventSecret verify.Secret     // signs login events to {Gateway}/v1/events/{Source} and checks notices
	Source      string            // name of that source; "" = shop
	Host        string            // name of the gateway's host entry for this shop, the kid of session tokens; "" = Source
	OwnKey      []byte            // makes the witness; the gateway never has it
	SessionKey  *ecdsa.PrivateKey // signs session tokens; nil = visitors stay anonymous
	IDPs        []receipt.IDP     // OpenID providers whose ID tokens are evidence here; none = the own page only
	Provider    *Provider         // makes the shop an OpenID provider too; nil = it is none
	Mailbox     string            // slug for the snippet where a page names none; "" = orders
	Log         *slog.Logger      // nil = nothing is logged
	Now         func() time.Time  // nil = the clock
	Rand        io.Reader         // nil = the system's randomness
	// PasswordCost is bcrypt's; 0 = its default. Tests take the least.
	PasswordCost int
	Client       *http.Client // speaks to the gateway; nil = one with a timeout of 5 s and no redirects
}

// Site is a running shop.
type Site struct {
	Config
	db    *sql.DB
	views views
	limit limiter
	keys  keyCache
	// grants are the provider's requests and codes under way.
	grants grants
	csrf   []byte // of this start: forms of an earlier one are asked for again
}

// Open opens or makes the shop's database. Errors: a missing setting, an unusable folder.
func Open(ctx context.Context, c Config) (*Site, error) {
	c.defaults()
	for _, u := range []string{c.URL, c.Gateway} {
		if p, err := url.Parse(u); err != nil || p.Host == "" || strings.HasSuffix(u, "/") {
			return nil, errors.New("shop: URL and Gateway must be origins, without a slash at the end")
		}
	}
	if c.Data == "" || len(c.OwnKey) < 16 || len(c.EventSecret) == 0 {
		return nil, errors.New("shop: Data, EventSecret and an OwnKey of at least 16 bytes are needed")
	}
	if err := c.Provider.check(); err != nil {
		return nil, err
	}
	if c.Provider != nil {
		c.IDPs = append(slices.Clone(c.IDPs), c.Provider.pin(c.URL))
	}
	v, err := parseViews()
	if err != nil {
		return nil, err
	}
	s := &Site{Config: c, views: v, limit: limiter{now: c.Now}, csrf: make([]byte, 32)}
	if _, err := io.ReadFull(c.Rand, s.csrf); err != nil {
		return nil, err
	}
	s.db, err = openDB(ctx, c.Data)
	return s, err
}

func (c *Config) defaults() {
	for p, preset := range map[*string]string{&c.Audience: c.URL, &c.Source: "shop", &c.Mailbox: "orders"} {
		if *p == "" {
			*p = preset
		}
	}
	if c.Host == "" {
		c.Host = c.Source
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.PasswordCost == 0 {
		c.PasswordCost = bcrypt.DefaultCost
	}
	if c.Client == nil {
		c.Client = &http.Client{Timeout: 5 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
}

// Close closes the database.
func (s *Site) Close() error { return s.db.Close() }
