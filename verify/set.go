package verify

import (
	"errors"
	"strings"
	"time"
)

// Bounds of the time at which a security event was made, by the database clock. Source: proof-gate.md §3.8.
const (
	EventAge   = 10 * time.Minute // older is late
	EventAhead = 5 * time.Minute  // newer is a wrong clock
)

// SecurityEvent is a security event token (SET, RFC 8417) that the front door let in, with its claims read
// strictly. What it says is not judged yet.
type SecurityEvent struct {
	Issuer   string
	ID       string // jti: unique per issuer
	Audience []string
	Iat      int64  // unix seconds
	Kind     string // SubjectKill, LoginSeen or LoginOther: the gravest of its events
	// The account, for the first two kinds (sub_id of format iss_sub, RFC 9493 §3.2.3).
	SubjectIssuer, Subject string
}

const (
	caep = "https://schemas.openid.net/secevent/caep/event-type/"
	risc = "https://schemas.openid.net/secevent/risc/event-type/"
)

// kills reports whether an event of this type ends the live changes of its subject. Others are no reason: a device
// that fell out of compliance is not a login that was taken back.
func kills(event string) bool {
	switch event {
	case caep + "session-revoked", caep + "credential-change", risc + "account-disabled", risc + "credential-compromise":
		return true
	}
	return false
}

// OpenSET takes a security event token through the front door with the transmitter's keys. Any error means that it is
// not to be believed; KeyRefused tells for which reason.
func OpenSET(raw string, keys KeySet, now time.Time) (SecurityEvent, error) {
	o, err := SETDoor(keys).Open(raw, now)
	if err != nil {
		return SecurityEvent{}, err
	}
	return readSET(o)
}

func readSET(o Object) (SecurityEvent, error) {
	e := SecurityEvent{Kind: LoginOther}
	if o.Has("exp") { // SSF 1.0 §4.1.7: so that no SET passes for a token that opens something
		return e, errors.New("verify: a security event with exp")
	}
	var err error
	if e.Audience, err = o.words("aud"); err != nil {
		return e, err
	}
	for key, to := range map[string]*string{"iss": &e.Issuer, "jti": &e.ID} {
		if *to, err = o.String(key); err != nil || *to == "" || len(*to) > 255 || strings.ContainsAny(*to, "\r\n") {
			return e, errors.New("verify: a security event without a proper " + key)
		}
	}
	if e.Iat, err = o.Int("iat"); err != nil {
		return e, err
	}
	events, err := ReadObject(o["events"], MaxJWT)
	if err != nil || len(events) == 0 {
		return e, errors.New("verify: a security event without events")
	}
	for name, payload := range events {
		if _, err := ReadObject(payload, MaxJWT); err != nil {
			return e, err
		}
		if kills(name) {
			e.Kind = SubjectKill
		} else if name == caep+"session-established" && e.Kind == LoginOther {
			e.Kind = LoginSeen
		}
	}
	if e.Kind == LoginOther { // about whatever it is about
		return e, nil
	}
	e.SubjectIssuer, e.Subject, err = o.issSub("sub_id")
	return e, err
}

// issSub reads a subject identifier of format iss_sub and nothing more.
func (o Object) issSub(key string) (iss, sub string, err error) {
	id, err := ReadObject(o[key], MaxJWT)
	if err != nil {
		return "", "", err
	}
	format, err := id.String("format")
	if err != nil || format != "iss_sub" || id.Only("format", "iss", "sub") != nil {
		return "", "", errors.New("verify: a security event whose sub_id is no iss_sub")
	}
	if iss, err = id.String("iss"); err != nil {
		return "", "", err
	}
	sub, err = id.String("sub")
	if iss == "" || sub == "" || len(sub) > 255 {
		return "", "", errors.New("verify: a security event without a proper sub_id")
	}
	return iss, sub, err
}
