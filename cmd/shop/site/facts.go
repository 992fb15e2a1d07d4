package site

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/postern-chat/postern/verify"
)

// factsQuestion is how the gateway asks for the hashed facts of whom somebody claims to be (verify/SPEC.md, side
// access).
type factsQuestion struct {
	Type, Conversation, Key, Sub, Email string
}

type hashedFact struct {
	Kind  string `json:"kind"`
	Words int    `json:"words,omitempty"`
	Hash  string `json:"hash"`
}

func asksFacts(body []byte) (q factsQuestion, ok bool) {
	return q, json.Unmarshal(body, &q) == nil && q.Type == "facts.hash"
}

// facts answers with hashes under the key that came: whoever has no key of that conversation can do nothing with
// them. It answers 204 for nobody by that name, and only a question that the gateway signed.
func (s *Site) facts(w http.ResponseWriter, r *http.Request, q factsQuestion, body []byte) {
	if _, err := verify.CheckHook(r.Header, []verify.Secret{s.EventSecret}, s.Now(), body); err != nil {
		s.refuse(w, r, err)
		return
	}
	column, value := "id", q.Sub
	if value == "" {
		column, value = "email", q.Email
	}
	c, err := customerBy(r.Context(), s.db, column, value)
	key, bad := base64.RawURLEncoding.DecodeString(q.Key)
	switch {
	case errors.Is(err, errNoCustomer) || bad != nil || len(key) != sha256.Size:
		w.WriteHeader(http.StatusNoContent)
	case err != nil:
		s.refuse(w, r, err)
	default:
		answer(w, http.StatusOK, map[string]any{"facts": factsOf(c, key)})
	}
}

var (
	phones = regexp.MustCompile(`\+[0-9]{7,15}`)
	pieces = regexp.MustCompile(`[a-z]+|[0-9]+`)
)

// factsOf gives what is whole and not to be guessed: the address for mail, telephone numbers with and without the
// country's code, the street line to its third and fourth word, to its end.
func factsOf(c Customer, key []byte) (out []hashedFact) {
	put := func(kind, value string, words int) {
		m := hmac.New(sha256.New, key)
		m.Write([]byte("postern.fact.v1\n" + kind + "\n" + value))
		out = append(out, hashedFact{kind, words, base64.RawURLEncoding.EncodeToString(m.Sum(nil))})
	}
	put("email", strings.ToLower(c.Email), 0)
	for _, p := range phones.FindAllString(c.Address, 4) {
		put("phone", p[1:], 0)
		put("phone", p[2:], 0)
	}
	street, _, _ := strings.Cut(strings.ToLower(c.Address), ",")
	words := pieces.FindAllString(street, 16)
	for n := 3; n <= len(words); n++ {
		if n <= 4 || n == len(words) {
			put("address", strings.Join(words[:n], " "), n)
		}
	}
	return out
}
