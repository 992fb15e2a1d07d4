package site

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// Customer is one account.
type Customer struct {
	ID         string // the subject of logins and receipts: cu_…
	Email      string // login name, lower case
	Name       string
	Address    string // where parcels go, one line
	Newsletter bool
	Version    int64 // grows with each change of the account
	password   string
}

// Plan is a customer's subscription.
type Plan struct {
	Name     string    // basic or plus
	RenewsAt time.Time // next renewal, or the end if it is off
	OffAt    time.Time // when the renewal was cancelled; zero = it renews
	Receipt  string    // challenge of the receipt that cancelled it; "" = the customer did, here
}

// status says in a word whether it goes on.
func (p Plan) status() string {
	if p.OffAt.IsZero() {
		return "active"
	}
	return "ending"
}

var errNoCustomer = errors.New("shop: no such customer")

// queryer is a database or a transaction.
type queryer interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

const selectCustomer = "SELECT id, email, name, password, address, newsletter, version FROM customers WHERE "

func customerBy(ctx context.Context, q queryer, column, value string) (c Customer, err error) {
	row := q.QueryRowContext(ctx, selectCustomer+column+" = $1", value) // column is one of our own words
	err = row.Scan(&c.ID, &c.Email, &c.Name, &c.password, &c.Address, &c.Newsletter, &c.Version)
	if errors.Is(err, sql.ErrNoRows) {
		return Customer{}, errNoCustomer
	}
	return c, err
}

// Add makes an account, with a password of 10 to 72 bytes. A customer without ID gets one; whoever is there
// already, by ID or e-mail, stays as he is, and fresh is false.
func (s *Site) Add(ctx context.Context, c Customer, password string) (id string, fresh bool, err error) {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), s.PasswordCost)
	if err != nil {
		return "", false, err
	}
	if c.ID == "" {
		if c.ID, err = s.token("cu_", 12); err != nil {
			return "", false, err
		}
	}
	err = s.tx(ctx, func(t *sql.Tx) error {
		res, err := t.ExecContext(ctx, `
			INSERT INTO customers (id, email, name, password, address, newsletter, version, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, 1, $7) ON CONFLICT DO NOTHING`,
			c.ID, strings.ToLower(c.Email), c.Name, string(hash), c.Address, c.Newsletter, s.Now().UnixMilli())
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if fresh = n == 1; fresh && err == nil {
			err = note(ctx, t, c.ID, s.Now(), "Account opened", c.Email)
		}
		return err
	})
	return c.ID, fresh, err
}

// token is prefix and n random bytes, base64url.
func (s *Site) token(prefix string, n int) (string, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(s.Rand, b); err != nil {
		return "", err
	}
	return prefix + base64.RawURLEncoding.EncodeToString(b), nil
}

// change sets one column of an account and counts its version up, in the caller's transaction. The column is one
// of our own words. With a new e-mail or password the links mailed before are void: they may lie in a mailbox that
// is the customer's no more.
func change(ctx context.Context, t queryer, customer, column string, value any) error {
	res, err := t.ExecContext(ctx, "UPDATE customers SET "+column+" = $2, version = version + 1 WHERE id = $1", customer, value)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return errors.Join(errNoCustomer, err)
	}
	if column == "email" || column == "password" {
		_, err = t.ExecContext(ctx, "DELETE FROM resets WHERE customer = $1", customer)
	}
	return err
}

func planOf(ctx context.Context, q queryer, customer string) (p Plan, ok bool, err error) {
	var renews, off int64
	err = q.QueryRowContext(ctx, "SELECT plan, renews_at, off_at, receipt FROM plans WHERE customer = $1", customer).
		Scan(&p.Name, &renews, &off, &p.Receipt)
	if errors.Is(err, sql.ErrNoRows) {
		return Plan{}, false, nil
	}
	p.RenewsAt = time.UnixMilli(renews)
	if off != 0 {
		p.OffAt = time.UnixMilli(off)
	}
	return p, err == nil, err
}

// note writes one line of the customer's security log.
func note(ctx context.Context, q queryer, customer string, at time.Time, what, detail string) error {
	_, err := q.ExecContext(ctx, "INSERT INTO log (customer, at, what, detail) VALUES ($1, $2, $3, $4)", customer, at.UnixMilli(), what, detail)
	return err
}

func version(n int64) string { return strconv.FormatInt(n, 10) }
