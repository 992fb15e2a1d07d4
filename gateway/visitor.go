package gateway

import "time"

// Visitor is one browser: a token paired for good with a key that cannot leave it. It is no person.
type Visitor struct {
	ID        ID
	TokenHash string // base64url SHA-256 of the 256-bit token
	KeyJKT    string // RFC 7638 thumbprint of the widget key; "" = chats, but never passes the gate
	Key       string // the public JWK, JSON
	Mailbox   ID     // where it was first seen
	CreatedAt time.Time
	BlockedAt time.Time
	Identity  Identity
}

// Identity says what is known of the person behind a browser, and how.
type Identity struct {
	How     string `json:"how"`            // "" | typed | legacy | signed | proven
	Host    string `json:"host,omitempty"` // host entry whose account it is
	Subject string `json:"-"`              // the host's account id; never sent to a browser of staff before proof
	Version string `json:"-"`              // of the account, as the host told it last: the base of the next change
	Name    string `json:"name,omitempty"`
	Email   string `json:"email,omitempty"`
	Account
	At time.Time `json:"at,omitempty"`
}

// Account is what kind of account it is, as a host has signed it: typed words and mails never count. "" = not told.
type Account struct {
	Class  string `json:"class,omitempty"`  // paid, trial, …
	Status string `json:"status,omitempty"` // active, past due, …
}

// ByHost reports whether Host itself has said whose account it is: by a signed session, or a login.
func (i Identity) ByHost() bool { return i.How == "signed" || i.How == "proven" }
