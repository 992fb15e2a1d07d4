package verify

import (
	"crypto/ecdsa"
	"time"
)

// Times of the gateway's key. Source: proof-gate.md §3.13.
const (
	KeyLife  = 90 * 24 * time.Hour // how long a key signs
	KeyAhead = 24 * time.Hour      // how long before that its successor is published
	KeyGrace = 15 * time.Minute    // how long after the switch the old one stays published
)

// RingKey is one signing key and the time from which it signs.
type RingKey struct {
	Key  *ecdsa.PrivateKey
	From time.Time
}

// KeyRing is the gateway's keys by From, oldest first, distinct times. It is a value: what is due is computed from it
// and the clock alone, so a signer that was off knows the same as one that ran.
type KeyRing []RingKey

// Current is the key that signs at now; ok is false if there is none yet.
func (r KeyRing) Current(now time.Time) (k RingKey, ok bool) {
	for _, x := range r {
		if !x.From.After(now) {
			k, ok = x, true
		}
	}
	return k, ok
}

// Due says from when a key that has to be made at now is to sign; ok is false if none has to. The first one signs at
// once. A successor signs when the present key has had its time, and never before it was published for KeyAhead, also
// when it is made too late.
func (r KeyRing) Due(now time.Time) (from time.Time, ok bool) {
	if len(r) == 0 {
		return now.Truncate(time.Second), true
	}
	last := r[len(r)-1].From
	if last.After(now) || now.Before(last.Add(KeyLife-KeyAhead)) {
		return time.Time{}, false
	}
	from = last.Add(KeyLife)
	if least := now.Add(KeyAhead).Truncate(time.Second); from.Before(least) {
		from = least
	}
	return from, true
}

// Dropped are the keys that are over at now: their successor has signed for KeyGrace. They are destroyed.
func (r KeyRing) Dropped(now time.Time) (out KeyRing) {
	for i, k := range r {
		if i+1 < len(r) && !now.Before(r[i+1].From.Add(KeyGrace)) {
			out = append(out, k)
		}
	}
	return out
}

// Published are the public halves that hosts may see at now: all that are not over.
func (r KeyRing) Published(now time.Time) (KeySet, error) {
	var out KeySet
	for _, k := range r[len(r.Dropped(now)):] {
		jwk, err := NewJWK(&k.Key.PublicKey)
		if err != nil {
			return nil, err
		}
		out = append(out, Key{ID: jwk.Thumbprint(), Alg: "ES256", Public: &k.Key.PublicKey})
	}
	return out, nil
}
