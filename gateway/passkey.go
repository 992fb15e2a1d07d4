package gateway

import (
	"context"
	"encoding/json"
	"time"

	"github.com/postern-chat/postern/verify"
)

// Limits of passkeys.
const (
	MaxPasskeys      = 10 // of one agent
	MaxPasskeyName   = 60 // bytes
	PasskeyChallenge = 2 * time.Minute
)

// Session is an agent's sign-in in one browser.
type Session struct {
	Agent
	Until     time.Time // when it ends by itself
	Device    string    // coarse name of the device that it was opened on; "" = it was opened by no browser
	SteppedAt time.Time // the last step-up, by the database's clock; zero = never
	SteppedOn string    // the device of that step-up
	ToldOf    string    // the other device that admins were told of last
}

// Stepped gives the last step-up that counts on this device, zero = none: who copied the cookie to another device
// has none of it.
func (s Session) Stepped(device string) time.Time {
	if device == "" || s.SteppedOn != device {
		return time.Time{}
	}
	return s.SteppedAt
}

// Strange reports whether this device is another one than the session was opened on.
func (s Session) Strange(device string) bool { return s.Device != "" && s.Device != device }

// Passkey is one WebAuthn credential of an agent. Only its public half is known here.
type Passkey struct {
	ID         ID // pk_…
	Agent      ID
	Name       string // the agent's own word for it
	Credential []byte // id that its authenticator gave it
	PublicKey  []byte // COSE
	Flags      byte   // backup eligible, backed up: as the authenticator said
	SignCount  uint32 // last value of its counter; 0 = it has none
	CreatedAt  time.Time
	UsedAt     time.Time // zero = never
}

// Ceremony is a challenge that one session's browser must answer with a passkey, once and in time.
type Ceremony struct {
	Session   string // hash of the session's token
	Purpose   string // register or stepup; one of each lives per session
	Challenge string // base64url
	Until     time.Time
}

// Purposes of a ceremony.
const (
	ToRegister = "register"
	ToStepUp   = "stepup"
)

// PasskeyStore holds the staff's passkeys, their challenges, and what a session has proved with them.
type PasskeyStore interface {
	// Passkeys lists an agent's, oldest first.
	Passkeys(ctx context.Context, agent ID) ([]Passkey, error)
	// BeginCeremony stores a challenge; the session's older one of that purpose is dead. It forgets those that are over.
	BeginCeremony(ctx context.Context, c Ceremony, now time.Time) error
	// Ceremony reads the living one. Errors: not_found.
	Ceremony(ctx context.Context, session, purpose string, now time.Time) (Ceremony, error)
	// AddPasskey stores a passkey and burns the challenge that it answered, with a line in the log and a letter to the
	// agent (PasskeyNews). Errors: gone (the challenge), conflict (the credential is known), too_large (MaxPasskeys).
	AddPasskey(ctx context.Context, p Passkey, answered Ceremony, now time.Time) error
	// StepUp marks the session as stepped up on a device, moves the passkey's counter and burns the challenge.
	// Errors: gone (the challenge), conflict (the counter did not grow, or the passkey is gone).
	StepUp(ctx context.Context, p Passkey, answered Ceremony, device string, now time.Time) error
	// RemovePasskey leaves a line and a letter too. Errors: not_found, also for another agent's.
	RemovePasskey(ctx context.Context, agent, id ID, now time.Time) error
	// TellDevice remembers that the session was used from another device; first = nobody was told of it before.
	TellDevice(ctx context.Context, session, device string, now time.Time) (first bool, events []Event, err error)
	// StrangeSessions counts the living sessions that were used from another device.
	StrangeSessions(ctx context.Context, now time.Time) (int, error)
}

// PasskeyNews gives what a passkey that comes or goes (why: verify.PasskeyAdded or PasskeyRemoved) leaves behind: a line
// of the log, and a letter to whose it is, so that nobody with a copied cookie and password adds one unseen.
func PasskeyNews(a Agent, key ID, why verify.Reason, now time.Time) (verify.Leaf, Job, error) {
	payload, err := json.Marshal(letterJob{Agent: a.ID, What: string(why)})
	if err != nil {
		return verify.Leaf{}, Job{}, Internal("encode a letter", err)
	}
	l := verify.Leaf{V: "1", Actor: string(a.ID), Role: verify.Role(a.Role), Reason: why}
	return l.Stamp(now), Job{ID: "letter:" + string(why) + ":" + string(key), Kind: JobLetter, Due: now, Payload: payload}, nil
}

// Stepped refuses with stepup.required unless the caller's session has just stepped up on this device. It is for what
// admins do; of changes verify.Guard asks itself.
func (s *Service) Stepped(ctx context.Context, c Caller) error {
	now, err := s.Store.Now(ctx)
	if err == nil && !verify.Stepped(c.SteppedAt, now) {
		return verify.Refuse(verify.StepUpRequired)
	}
	return err
}

// TellDevice tells admins, once per session and device, that a session came from another device than its own: a line
// in the log of changes, an event, the overview.
func (s *Service) TellDevice(ctx context.Context, who Session, session, device string) error {
	if !who.Strange(device) || who.ToldOf == device {
		return nil
	}
	first, events, err := s.Store.TellDevice(ctx, session, device, s.Now())
	if err != nil || !first {
		return err
	}
	s.publish(ctx, events...)
	s.Log.Warn("a session came from another device", "agent", who.ID, "device", device)
	if s.Guard == nil {
		return nil
	}
	return s.Guard.NoteDevice(ctx, verify.Actor{Role: verify.Role(who.Role), ID: string(who.ID)})
}
