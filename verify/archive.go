package verify

import (
	"encoding/json"
	"errors"
)

// Uses of archived keys.
const (
	KeysOfProvider = "id_token" // of an OpenID provider, as the gateway saw them when it took a login
	KeysOfGateway  = "receipt"  // of the gateway, for receipts
	KeysOfLog      = "log"      // of the log, for checkpoints
)

// MaxArchive is the size limit of one archived key set, in bytes.
const MaxArchive = 2 * MaxKeySet

// ArchivedKeys is a key set with what was pinned about its owner, as it was when a signature was believed by it.
// It is kept for good, so that the signature can be checked again when its owner has long dropped the key.
// Source: proof-gate.md §3.16.
type ArchivedKeys struct {
	Use      string          `json:"use"`
	Issuer   string          `json:"issuer"` // of the provider; public URL of the gateway; origin of the log
	Client   string          `json:"client,omitempty"`
	Strong   []string        `json:"strong,omitempty"`
	Skew     int64           `json:"skew,omitempty"`     // seconds
	JWKS     json.RawMessage `json:"jwks,omitempty"`     // RFC 7517
	Verifier string          `json:"verifier,omitempty"` // of the log: a key of golang.org/x/mod/sumdb/note
}

// KeyArchive is an archived key set as a store keeps it: once, under its hash.
type KeyArchive struct {
	Hash string // b64url(SHA-256("postern.keys.v1\n" + Body))
	Body string // JSON of ArchivedKeys
}

// Pack gives the form that is stored.
func (a ArchivedKeys) Pack() (KeyArchive, error) {
	b, err := json.Marshal(a)
	if err != nil {
		return KeyArchive{}, err
	}
	if len(b) > MaxArchive {
		return KeyArchive{}, errors.New("verify: a key set is too large to be archived")
	}
	return KeyArchive{Hash: archiveHash(b), Body: string(b)}, nil
}

// LogVerifier is the archived key of the log, "" if this is another's.
func (k KeyArchive) LogVerifier() string {
	a, _, err := openArchive([]byte(k.Body))
	if err != nil || a.Use != KeysOfLog {
		return ""
	}
	return a.Verifier
}

func archiveHash(body []byte) string { return hash("postern.keys.v1\n", body) }

// ArchiveProvider is what a login at a provider was believed by.
func ArchiveProvider(r Relying, keys KeySet) (KeyArchive, error) {
	set, err := keys.encode()
	if err != nil {
		return KeyArchive{}, err
	}
	return ArchivedKeys{Use: KeysOfProvider, Issuer: r.Issuer, Client: r.Client, Strong: r.Strong, Skew: r.Skew, JWKS: set}.Pack()
}

// ArchiveGateway is what receipts of the gateway at url are checked with.
func ArchiveGateway(url string, keys KeySet) (KeyArchive, error) {
	set, err := keys.encode()
	if err != nil {
		return KeyArchive{}, err
	}
	return ArchivedKeys{Use: KeysOfGateway, Issuer: url, JWKS: set}.Pack()
}

// openArchive reads an archived key set that comes from outside.
func openArchive(body []byte) (ArchivedKeys, KeySet, error) {
	o, err := ReadObject(body, MaxArchive)
	if err != nil {
		return ArchivedKeys{}, nil, err
	}
	if err := o.Only("use", "issuer", "client", "strong", "skew", "jwks", "verifier"); err != nil {
		return ArchivedKeys{}, nil, err
	}
	var a ArchivedKeys
	if err := json.Unmarshal(body, &a); err != nil {
		return ArchivedKeys{}, nil, RefuseCause(JSONInvalid, err)
	}
	if a.Use == KeysOfLog {
		return a, nil, nil
	}
	set, err := ParseKeySet(a.JWKS)
	return a, set, err
}
