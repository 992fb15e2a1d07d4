package gateway

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// TicketType sorts conversations by what they are about. One of a role below Role neither claims such a conversation nor
// is given it (product.md P80).
type TicketType struct {
	ID   string `json:"id"` // lower case letters, digits and -, for good
	Name string `json:"name"`
	Role Role   `json:"role"` // trainee, agent, senior or supervisor
}

// Bounds of the list of types.
const (
	MaxTypes  = 30
	maxTypeID = 40
)

// DefaultTypes are handbook 000's six. Its account recovery leads to the site's own recovery page, as everywhere: no role
// recovers an account here.
func DefaultTypes() []TicketType {
	return []TicketType{
		{"tech", "Product Tech Support", RoleTrainee},
		{"recovery", "Account Recovery", RoleAgent},
		{"transfer", "Product Transfers", RoleAgent},
		{"transaction", "Transactions", RoleSupervisor},
		{"partnership", "Partnership Requests", RoleSupervisor},
		{"question", "Other and Quick Questions", RoleTrainee},
	}
}

// rank orders the roles that hold conversations; 0 = it holds none.
func (r Role) rank() int {
	switch r {
	case RoleTrainee:
		return 1
	case RoleAgent:
		return 2
	case RoleSenior:
		return 3
	case RoleSupervisor, RoleAdmin:
		return 4
	}
	return 0
}

// AtLeast reports whether the role may hold what at least low may; low "" = anybody may.
func (r Role) AtLeast(low Role) bool { return low == "" || r.rank() >= low.rank() && r.rank() > 0 }

// CheckTypes refuses a list that does not say who may hold what. Errors: invalid, too_large.
func CheckTypes(list []TicketType) error {
	if len(list) > MaxTypes {
		return TooLarge("types", MaxTypes)
	}
	for i, t := range list {
		twice := slices.ContainsFunc(list[:i], func(o TicketType) bool { return o.ID == t.ID })
		switch {
		case t.ID == "" || len(t.ID) > maxTypeID || twice || strings.Trim(t.ID, "abcdefghijklmnopqrstuvwxyz0123456789-") != "":
			return Invalid("id")
		case CheckText("name", t.Name, 4*MaxName) != nil || strings.TrimSpace(t.Name) != t.Name:
			return Invalid("name")
		case t.Role.rank() == 0 || t.Role == RoleAdmin:
			return Invalid("role")
		}
	}
	return nil
}

// TypeStore keeps what conversations are about.
type TypeStore interface {
	// SetTypes stores the list in place of was ("" = none yet) and gives every conversation that goes on the role that its
	// type has now. Errors: conflict.
	SetTypes(ctx context.Context, was, value string, list []TicketType, by Actor, now time.Time) ([]Event, error)
	// Classify gives a conversation a type (ID "" = none); a ring at somebody of too low a role ends. Errors: not_found,
	// conversation_closed, forbidden (type.role) if by may not hold what it is now.
	Classify(ctx context.Context, cv ID, t TicketType, by Actor, now time.Time) ([]Event, error)
}

// TypesSetting is where the list stands.
const TypesSetting = "ticket.types"

// Types gives the list, and a mark by which SaveTypes knows that nobody changed it meanwhile.
func (s *Service) Types(ctx context.Context) (list []TicketType, mark string, err error) {
	text, err := s.Store.Setting(ctx, TypesSetting)
	if CodeOf(err) == "not_found" {
		return DefaultTypes(), "", nil
	}
	if err != nil {
		return nil, "", err
	}
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, "", Internal("read the ticket types", err)
	}
	return list, markOf(text), nil
}

// SaveTypes puts another list in its place. Errors: forbidden, invalid, too_large, conflict if mark is not that of the
// list that stands.
func (s *Service) SaveTypes(ctx context.Context, c Caller, list []TicketType, mark string) (string, error) {
	if err := c.may(VerbSettings); err != nil {
		return "", err
	}
	if err := CheckTypes(list); err != nil {
		return "", err
	}
	was, err := s.Store.Setting(ctx, TypesSetting)
	switch {
	case CodeOf(err) == "not_found":
		was = ""
	case err != nil:
		return "", err
	}
	if was == "" && mark != "" || was != "" && markOf(was) != mark {
		return "", Conflict()
	}
	text, err := json.Marshal(append([]TicketType{}, list...))
	if err != nil {
		return "", Internal("encode the ticket types", err)
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return "", err
	}
	events, err := s.Store.SetTypes(ctx, was, string(text), list, c.Actor, now)
	if err != nil {
		return "", err
	}
	s.publish(ctx, events...)
	s.wake()
	return markOf(string(text)), nil
}

// ticketType finds a type by its id; ok false = there is none.
func (s *Service) ticketType(ctx context.Context, id string) (t TicketType, ok bool, err error) {
	if id == "" {
		return t, true, nil
	}
	list, _, err := s.Types(ctx)
	if err != nil {
		return t, false, err
	}
	i := slices.IndexFunc(list, func(t TicketType) bool { return t.ID == id })
	if i < 0 {
		return t, false, nil
	}
	return list[i], true, nil
}

// SetType says by hand what a conversation is about; "" = nothing certain. Errors: forbidden (type.role: it is about
// something that the caller may not hold), not_found, invalid (no such type), conversation_closed.
func (s *Service) SetType(ctx context.Context, c Caller, id ID, kind string) error {
	if err := c.may(VerbReply); err != nil {
		return err
	}
	if _, err := s.access(ctx, c, id); err != nil {
		return err
	}
	t, ok, err := s.ticketType(ctx, kind)
	if err != nil {
		return err
	}
	if !ok {
		return Invalid("type")
	}
	now, err := s.Store.Now(ctx)
	if err != nil {
		return err
	}
	events, err := s.Store.Classify(ctx, id, t, c.Actor, now)
	if err != nil {
		return err
	}
	s.publish(ctx, events...)
	s.wake()
	return nil
}

// specialists applies what a conversation is about to its candidates.
func (s *Service) specialists(ctx context.Context, list []Candidate, cv Conversation, mb Mailbox) ([]Candidate, error) {
	t := TicketType{}
	if mb.Prefer && cv.Type != "" {
		var err error
		if t, _, err = s.ticketType(ctx, cv.Type); err != nil {
			return nil, err
		}
	}
	return Specialists(list, cv, t, mb.Prefer), nil
}

// typed gives a conversation that begins the type that a rule names. One that is in the list no more is none.
func (s *Service) typed(ctx context.Context, st *Start, kind string) error {
	t, ok, err := s.ticketType(ctx, kind)
	if err == nil && ok {
		st.Type, st.MinRole = t.ID, t.Role
	}
	return err
}
