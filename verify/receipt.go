package verify

import (
	"encoding/json"
	"errors"
	"time"
)

// ReceiptType is the typ of a receipt's header.
const ReceiptType = "postern-receipt+jwt"

// Claims are the claims of a receipt, in the order of the document. Times are unix seconds.
// Source: proof-gate.md §3.9.
type Claims struct {
	Iss          string     `json:"iss"`
	Aud          string     `json:"aud"`
	JTI          string     `json:"jti"` // rc_…
	Iat          int64      `json:"iat"`
	Exp          int64      `json:"exp"`
	Use          string     `json:"use"` // apply, announce
	Sub          string     `json:"sub"`
	SubIss       string     `json:"sub_iss"`
	Kind         string     `json:"kind"`
	Chg          string     `json:"chg"`
	Commit       string     `json:"commit"`
	Challenge    string     `json:"challenge"`
	Conversation string     `json:"conversation"`
	Salt         string     `json:"salt"`
	T0           int64      `json:"t0"`
	ApprovedAt   int64      `json:"approved_at"`
	Level        Level      `json:"level"`
	Policy       string     `json:"policy"`
	Cnf          Cnf        `json:"cnf"`
	Fin          Fin        `json:"fin"`
	Ev           *Evidence  `json:"ev,omitempty"`
	Log          LogPointer `json:"log"`
}

// Cnf carries the widget key (RFC 7800).
type Cnf struct {
	JWK JWK `json:"jwk"`
}

// Fin is the widget key's signature over FinishMessage.
type Fin struct {
	Token string `json:"token"` // TokenHash of the finish token
	Sig   string `json:"sig"`   // ES256, raw r‖s, b64url
}

// LogPointer says where the log stood when the receipt was minted, and which leaf proved the change.
type LogPointer struct {
	Origin string `json:"origin"`
	Size   int64  `json:"size"`
	Root   string `json:"root"` // b64url
	Leaf   int64  `json:"leaf"`
}

// EncodeRoot is the root as a LogPointer has it.
func EncodeRoot(root [32]byte) string { return b64(root[:]) }

// DecodeRoot reads the root of a LogPointer.
func DecodeRoot(root string) ([32]byte, error) {
	b, ok := unb64(root)
	if !ok || len(b) != 32 {
		return [32]byte{}, errors.New("verify: not a root")
	}
	return [32]byte(b), nil
}

// Minted is a receipt as stored in its row.
type Minted struct {
	ID  string `json:"id"` // rc_…
	JWS string `json:"jws"`
	Exp int64  `json:"exp"` // unix seconds
}

// Uses of a receipt. An announcement applies nothing: it lets the backend tell the owner and begin to count.
const (
	UseApply    = "apply"
	UseAnnounce = "announce"
)

// mint puts the claims of a proven row together. The subject comes from the proof and nowhere else.
func mint(r Row, use, id, issuer, origin, policy string, head Head, now time.Time) Claims {
	ch, p := r.Challenge, r.Proof
	return Claims{
		Iss: issuer, Aud: ch.Audience, JTI: id, Use: use,
		Iat: now.Unix(), Exp: now.Add(ReceiptLife).Unix(),
		Sub: p.Subject, SubIss: p.Issuer, Kind: r.Change.Kind, Chg: r.Chg, Commit: ch.Commit,
		Challenge: ch.ID, Conversation: r.Conversation, Salt: ch.Salt, T0: ch.T0,
		ApprovedAt: p.ApprovedAt, Level: p.Level, Policy: policy,
		Cnf: Cnf{JWK: ch.Key}, Fin: Fin{Token: p.Finish, Sig: p.Sig}, Ev: copyOf(&p.Evidence),
		Log: LogPointer{Origin: origin, Size: head.Size, Root: EncodeRoot(head.Root), Leaf: r.Leaf},
	}
}

// Commitment is what the claims say was committed to, with host as the backend: a reader puts its own audience there.
func (c Claims) Commitment(host string) Commitment {
	return Commitment{
		Host: host, Challenge: c.Challenge, Conversation: c.Conversation, Chg: c.Chg, JKT: c.Cnf.JWK.Thumbprint(), Salt: c.Salt, T0: c.T0,
	}
}

func (c Claims) signingInput(kid string) (string, error) {
	h, err := json.Marshal(struct {
		Alg string `json:"alg"`
		Typ string `json:"typ"`
		Kid string `json:"kid"`
	}{"ES256", ReceiptType, kid})
	if err != nil {
		return "", err
	}
	b, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	return b64(h) + "." + b64(b), nil
}
