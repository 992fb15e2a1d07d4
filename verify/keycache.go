package verify

import (
	"strconv"
	"strings"
	"time"
)

// Times of a provider's key set. Source: proof-gate.md §3.13.
const (
	KeySetLife    = 10 * time.Minute // longest use of a fetched set; there is no grace
	keySetLeast   = time.Minute      // shortest, whatever max-age says
	keyRefetchGap = 30 * time.Second // between two fetches for a kid that the set does not have
)

// KeyNeed says what has to happen before a token under some kid can be judged.
type KeyNeed int

// Needs of a look into a KeyCache.
const (
	KeyHere    KeyNeed = iota // the set in force has the key
	KeyFetch                  // fetch the set, then look again
	KeyUnknown                // no such key, and it is too early to ask again
)

// KeyCache is a provider's fetched key set with the times that its rules need. It is a value: whoever fetches
// keeps the newest one. The zero value has nothing and asks for a fetch.
type KeyCache struct {
	Set   KeySet
	Until time.Time // end of use
	Asked time.Time // last fetch, also a failed one
}

// Look finds the key of a kid at now. A set whose time is over is not used any more, not even while the
// provider is down; a clock that went back to before the fetch ends it too.
func (c KeyCache) Look(kid string, now time.Time) (Key, KeyNeed) {
	if !now.Before(c.Until) || now.Before(c.Asked.Add(-clockSlack)) {
		return Key{}, KeyFetch
	}
	if k, ok := c.Set.Find(kid); ok {
		return k, KeyHere
	}
	if now.Sub(c.Asked) < keyRefetchGap {
		return Key{}, KeyUnknown
	}
	return Key{}, KeyFetch
}

// Took is the cache after a fetch at now that gave set under this Cache-Control header. What the set no longer
// has is dead at once.
func (c KeyCache) Took(set KeySet, cacheControl string, now time.Time) KeyCache {
	return KeyCache{Set: set, Until: now.Add(keySetLife(cacheControl)), Asked: now}
}

// Failed is the cache after a fetch at now that gave nothing: the old set until its time, no longer.
func (c KeyCache) Failed(now time.Time) KeyCache {
	c.Asked = now
	return c
}

// keySetLife is max-age (RFC 9111 §5.2.2.1) between one and ten minutes; no-store and no-cache are the least.
func keySetLife(cacheControl string) time.Duration {
	life := KeySetLife
	for part := range strings.SplitSeq(strings.ToLower(cacheControl), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "no-store", "no-cache":
			return keySetLeast
		case "max-age":
			sec, err := strconv.ParseInt(strings.Trim(value, `"`), 10, 32)
			if err != nil || sec < 0 {
				return keySetLeast
			}
			life = min(life, max(keySetLeast, time.Duration(sec)*time.Second))
		}
	}
	return life
}
