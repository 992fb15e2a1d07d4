package gateway

import (
	"context"
	"sync"
	"time"
)

// Rights are what an agent was let into a conversation by, if they were remembered. Append compares them with the
// database in its own transaction and refuses (RightsMoved) what holds no more: no hint has to arrive for that.
type Rights struct {
	Epoch int64        // AgentStore.Epoch, read before whatever else was
	Talk  Conversation // the row that access was judged by
}

// Holds reports whether a conversation is still what access, guard and mail were judged by.
func (r Rights) Holds(c Conversation) bool {
	t := r.Talk
	return t.Mailbox == c.Mailbox && t.Assignee == c.Assignee && t.Channel == c.Channel && t.Visitor == c.Visitor &&
		t.Number == c.Number && t.Status.Ended() == c.Status.Ended() && t.Claimed.Email == c.Claimed.Email
}

// maxTalks and maxLogins are how many rows of conversations and sessions a node remembers for its agents.
const (
	maxTalks  = 16_384
	maxLogins = 4096
)

// rightsLife is how long an epoch vouches for anything: it is raised by every node of this version, but not by one of
// the version before, nor by hand.
const rightsLife = 30 * time.Second

// RightsMemory remembers what agents' messages are let in by, so that they cost no read. It may be behind: what was
// let in by it says so (Append.By), and then is read anew. A nil one remembers nothing.
type RightsMemory struct {
	mu     sync.Mutex
	known  bool
	epoch  int64
	since  time.Time // when it was read
	logins map[string]Session
	member map[memberKey]bool
	boxes  map[ID]Mailbox
	talks  map[ID]Conversation
}

type memberKey struct{ agent, mailbox ID }

// NewRightsMemory makes an empty memory.
func NewRightsMemory() *RightsMemory {
	m := &RightsMemory{talks: map[ID]Conversation{}}
	m.forget()
	return m
}

// forget drops what an epoch vouches for. mu is held, or nobody else has m.
func (m *RightsMemory) forget() {
	m.known, m.logins, m.member, m.boxes = false, map[string]Session{}, map[memberKey]bool{}, map[ID]Mailbox{}
}

// moved forgets all, and the conversation that was not as remembered.
func (m *RightsMemory) moved(cv ID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget()
	delete(m.talks, cv)
}

// keep notes a conversation's row as a transaction left it.
func (m *RightsMemory) keep(c Conversation) {
	if m == nil || c.ID == "" {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	put(m.talks, c.ID, c, maxTalks)
}

// put stores a value; when there are max, any one goes first.
func put[K comparable, V any](of map[K]V, key K, v V, max int) {
	if _, known := of[key]; !known && len(of) >= max {
		for k := range of {
			delete(of, k)
			break
		}
	}
	of[key] = v
}

// at gives the epoch that everything remembered is vouched for by.
func (s *Service) at(ctx context.Context) (int64, error) {
	m, now := s.Rights, s.Now()
	m.mu.Lock()
	if age := now.Sub(m.since); age < 0 || age >= rightsLife {
		m.forget()
	}
	known, epoch := m.known, m.epoch
	m.mu.Unlock()
	if known {
		return epoch, nil
	}
	epoch, err := s.Store.Epoch(ctx)
	if err != nil {
		return 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.known || m.epoch < epoch {
		m.forget()
		m.known, m.epoch, m.since = true, epoch, now
	}
	return m.epoch, nil
}

// recall gives what is remembered under key for this epoch, or reads it. of gives the memory's map: forget makes new
// ones.
func recall[K comparable, V any](m *RightsMemory, epoch int64, of func() map[K]V, key K, max int, read func() (V, error)) (V, error) {
	m.mu.Lock()
	v, ok := of()[key]
	ok = ok && m.known && m.epoch == epoch
	m.mu.Unlock()
	if ok {
		return v, nil
	}
	v, err := read()
	if err != nil {
		return v, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known && m.epoch == epoch {
		put(of(), key, v, max)
	}
	return v, nil
}

// Remembered gives an agent's session as AgentStore.Session does, and the epoch up to which it was read: Send.Epoch.
// Errors: not_found.
func (s *Service) Remembered(ctx context.Context, login string, now time.Time) (Session, int64, error) {
	m := s.Rights
	epoch, err := s.at(ctx)
	if err != nil {
		return Session{}, 0, err
	}
	v, err := recall(m, epoch, func() map[string]Session { return m.logins }, login, maxLogins, func() (Session, error) {
		return s.Store.Session(ctx, login, now)
	})
	if err == nil && !v.Until.After(now) {
		return Session{}, 0, NotFound()
	}
	return v, epoch, err
}

// mailbox reads one, or remembers it if an epoch vouches for it.
func (s *Service) mailbox(ctx context.Context, id ID, epoch *int64) (Mailbox, error) {
	if epoch == nil {
		return s.Store.Mailbox(ctx, id)
	}
	m := s.Rights
	return recall(m, *epoch, func() map[ID]Mailbox { return m.boxes }, id, maxLogins, func() (Mailbox, error) {
		return s.Store.Mailbox(ctx, id)
	})
}

// accessBy is access for staff by what is remembered: the append has to compare it (Append.By).
func (s *Service) accessBy(ctx context.Context, c Caller, id ID, epoch int64) (Conversation, error) {
	if !id.Is(PrefixConversation) {
		return Conversation{}, NotFound()
	}
	if err := c.may(VerbRead); err != nil {
		return Conversation{}, err
	}
	m := s.Rights
	m.mu.Lock()
	cv, ok := m.talks[id]
	m.mu.Unlock()
	if !ok {
		var err error
		if cv, err = s.Store.Conversation(ctx, id); err != nil {
			return Conversation{}, err
		}
		m.keep(cv)
	}
	if c.Actor.Role == RoleSupervisor || c.Actor.Role == RoleAdmin || cv.Assignee == c.Actor.ID {
		return cv, nil
	}
	k := memberKey{c.Actor.ID, cv.Mailbox}
	member, err := recall(m, epoch, func() map[memberKey]bool { return m.member }, k, maxTalks, func() (bool, error) {
		ms, err := s.Store.Memberships(ctx, k.agent, k.mailbox)
		return len(ms) > 0, err
	})
	if err == nil && !member {
		err = NotFound()
	}
	return cv, err
}
