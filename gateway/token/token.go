// Package token makes and checks what says who somebody is: passwords (argon2id), session tokens of agents,
// and the visitors' passes.
//
// What never happens here: a decision what somebody may do. That is gateway's policy.go, and for account
// changes verify.Guard alone.
package token

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/postern-chat/postern/gateway"
	"golang.org/x/crypto/argon2"
)

// Cost of a password: RFC 9106 §4, second recommended option, at 2 lanes for a machine with two cores.
const (
	argonTime    = 3
	argonMemory  = 64 << 10 // KiB
	argonThreads = 2
	argonKey     = 32
	argonSalt    = 16
)

// Limits of a password, in bytes. The upper one keeps a stranger from making us hash megabytes.
const (
	MinPassword = 10
	MaxPassword = 256
)

// PassLife is how long a visitor's pass opens routes.
const PassLife = 60 * time.Second

// HashPassword gives the PHC string of an argon2id hash. Errors: invalid (too short or too long).
func HashPassword(password string, rnd io.Reader) (string, error) {
	if len(password) < MinPassword || len(password) > MaxPassword {
		return "", gateway.Invalid("password")
	}
	salt := make([]byte, argonSalt)
	if _, err := io.ReadFull(rnd, salt); err != nil {
		return "", gateway.Internal("make a salt", err)
	}
	key := argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonThreads, argonKey)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key)), nil
}

// CheckPassword reports whether the password belongs to the PHC string, in constant time. An unreadable
// string, also the empty one of an unknown agent, costs the same time and is never right.
func CheckPassword(phc, password string) bool {
	if len(password) > MaxPassword {
		return false
	}
	salt, want, ok := parsePHC(phc)
	if !ok {
		salt, want = make([]byte, argonSalt), make([]byte, argonKey)
	}
	got := argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonThreads, argonKey)
	return subtle.ConstantTimeCompare(got, want) == 1 && ok
}

func parsePHC(phc string) (salt, key []byte, ok bool) {
	p := strings.Split(phc, "$")
	cost := fmt.Sprintf("m=%d,t=%d,p=%d", argonMemory, argonTime, argonThreads)
	if len(p) != 6 || p[1] != "argon2id" || p[2] != fmt.Sprintf("v=%d", argon2.Version) || p[3] != cost {
		return nil, nil, false
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(p[4])
	key, err2 := base64.RawStdEncoding.DecodeString(p[5])
	return salt, key, err1 == nil && err2 == nil && len(key) == argonKey
}

// New makes a 256-bit token, base64url.
func New(rnd io.Reader) (string, error) {
	b := make([]byte, 32)
	if _, err := io.ReadFull(rnd, b); err != nil {
		return "", gateway.Internal("make a token", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// Hash is what is stored of a token.
func Hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Passes makes and checks the visitors' 60-second passes under a secret that all nodes share. A pass names
// the visitor; it was given to the socket that proved his key.
type Passes struct {
	Secret []byte
}

// Make gives the pass and its end.
func (p Passes) Make(visitor gateway.ID, now time.Time) (pass string, until time.Time) {
	until = now.Add(PassLife)
	body := string(visitor) + "." + strconv.FormatInt(until.UnixMilli(), 36)
	return body + "." + p.mac(body), until
}

// Check gives the visitor of a pass. Errors: unauthenticated for a forged or ended one.
func (p Passes) Check(pass string, now time.Time) (gateway.ID, error) {
	i := strings.LastIndexByte(pass, '.')
	if i < 0 || len(pass) > 200 || subtle.ConstantTimeCompare([]byte(pass[i+1:]), []byte(p.mac(pass[:i]))) != 1 {
		return "", gateway.Unauthenticated()
	}
	id, end, _ := strings.Cut(pass[:i], ".")
	ms, err := strconv.ParseInt(end, 36, 64)
	if err != nil || now.UnixMilli() >= ms {
		return "", gateway.Unauthenticated()
	}
	return gateway.ID(id), nil
}

func (p Passes) mac(body string) string {
	m := hmac.New(sha256.New, p.Secret)
	m.Write([]byte("postern.pass.v1\n" + body))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// Passwords is all of the above with one source of randomness, as the web leaf asks for it.
type Passwords struct {
	Rand io.Reader
}

// Hash is HashPassword.
func (p Passwords) Hash(password string) (string, error) { return HashPassword(password, p.Rand) }

// Check is CheckPassword.
func (p Passwords) Check(phc, password string) bool { return CheckPassword(phc, password) }

// Token is New.
func (p Passwords) Token() (string, error) { return New(p.Rand) }

// TokenHash is Hash.
func (p Passwords) TokenHash(token string) string { return Hash(token) }
