package web

import (
	"encoding/json"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/verify"
)

// Passkeys makes and checks the staff's WebAuthn ceremonies (gateway/token).
type Passkeys interface {
	BeginRegister(a gateway.Agent, have []gateway.Passkey) (options json.RawMessage, challenge string, err error)
	FinishRegister(a gateway.Agent, challenge string, answer []byte) (gateway.Passkey, error)
	BeginStepUp(a gateway.Agent, have []gateway.Passkey) (options json.RawMessage, challenge string, err error)
	FinishStepUp(a gateway.Agent, have []gateway.Passkey, challenge string, answer []byte) (gateway.Passkey, error)
}

// passkeyRoutes: the own passkeys, and the step-up that offers what is sensitive.
func (s *Server) passkeyRoutes(a *fiber.App) {
	a.Get("/v1/passkeys", s.holding(s.listPasskeys))
	a.Post("/v1/passkeys/begin", s.holding(s.beginPasskey))
	a.Post("/v1/passkeys", s.holding(s.addPasskey))
	a.Post("/v1/passkeys/:id/remove", s.holding(s.removePasskey))
	a.Post("/v1/stepup/begin", s.holding(s.beginStepUp))
	a.Post("/v1/stepup/finish", s.holding(s.finishStepUp))
}

// holder is whose passkeys a request is about, and the session that it carries.
type holder struct {
	gateway.Session
	hash, device string
	have         []gateway.Passkey
}

func (s *Server) holding(h func(c *fiber.Ctx, who holder) (any, error)) fiber.Handler {
	return s.staff(gateway.VerbPasskeys, func(c *fiber.Ctx, _ gateway.Caller) (any, error) {
		if s.opt.Passkeys == nil {
			return nil, gateway.Unavailable("passkeys", nil)
		}
		sess, err := s.session(c)
		if err != nil {
			return nil, err
		}
		who := holder{Session: sess, hash: s.sessionHash(c), device: deviceOf(c.Get(fiber.HeaderUserAgent))}
		if who.have, err = s.svc.Store.Passkeys(c.UserContext(), sess.ID); err != nil {
			return nil, err
		}
		return h(c, who)
	})
}

// passkeyView is a passkey as its owner sees it. Times are unix ms, 0 = never.
type passkeyView struct {
	ID   gateway.ID `json:"id"`
	Name string     `json:"name"`
	Made int64      `json:"made"`
	Used int64      `json:"used"`
}

func viewPasskeys(list []gateway.Passkey) fiber.Map {
	out := make([]passkeyView, 0, len(list))
	for _, k := range list {
		v := passkeyView{ID: k.ID, Name: k.Name, Made: ms(k.CreatedAt)}
		if !k.UsedAt.IsZero() {
			v.Used = ms(k.UsedAt)
		}
		out = append(out, v)
	}
	return fiber.Map{"passkeys": out}
}

func (s *Server) listPasskeys(_ *fiber.Ctx, who holder) (any, error) {
	return viewPasskeys(who.have), nil
}

// sure refuses who can show neither the password again nor, within the last five minutes, a passkey: a copied cookie
// alone registers and removes nothing.
func (s *Server) sure(c *fiber.Ctx, who holder, password string) error {
	if password == "" {
		now, err := s.svc.Store.Now(c.UserContext())
		if err == nil && !verify.Stepped(who.Stepped(who.device), now) {
			err = verify.Refuse(verify.StepUpRequired)
		}
		return err
	}
	if !s.limits.login("passkey " + string(who.ID)) {
		return gateway.TooMany(10_000)
	}
	phc, err := s.svc.Store.Password(c.UserContext(), who.ID)
	if err == nil && !s.opt.Passwords.Check(phc, password) {
		err = gateway.Invalid("password")
	}
	return err
}

// sureByBody is sure with the password that a request brings.
func (s *Server) sureByBody(c *fiber.Ctx, who holder) error {
	var in struct {
		Password string `json:"password"`
	}
	if err := body(c, &in); err != nil {
		return err
	}
	return s.sure(c, who, in.Password)
}

func (s *Server) beginPasskey(c *fiber.Ctx, who holder) (any, error) {
	if err := s.sureByBody(c, who); err != nil {
		return nil, err
	}
	options, challenge, err := s.opt.Passkeys.BeginRegister(who.Agent, who.have)
	if err != nil {
		return nil, err
	}
	return s.begun(c, who, gateway.ToRegister, options, challenge)
}

// begun keeps a challenge for this session and gives the browser what it needs.
func (s *Server) begun(c *fiber.Ctx, who holder, purpose string, options json.RawMessage, challenge string) (any, error) {
	now, err := s.svc.Store.Now(c.UserContext())
	if err != nil {
		return nil, err
	}
	err = s.svc.Store.BeginCeremony(c.UserContext(), gateway.Ceremony{
		Session: who.hash, Purpose: purpose, Challenge: challenge, Until: now.Add(gateway.PasskeyChallenge),
	}, now)
	return fiber.Map{"options": options}, err
}

func (s *Server) addPasskey(c *fiber.Ctx, who holder) (any, error) {
	var in struct {
		Name     string          `json:"name"`
		Response json.RawMessage `json:"response"`
	}
	if err := body(c, &in); err != nil {
		return nil, err
	}
	in.Name = strings.TrimSpace(in.Name)
	if err := gateway.CheckText("name", in.Name, gateway.MaxPasskeyName); err != nil {
		return nil, err
	}
	ctx := c.UserContext()
	now, err := s.svc.Store.Now(ctx)
	if err != nil {
		return nil, err
	}
	asked, err := s.svc.Store.Ceremony(ctx, who.hash, gateway.ToRegister, now)
	if err != nil {
		return nil, lost(err)
	}
	k, err := s.opt.Passkeys.FinishRegister(who.Agent, asked.Challenge, in.Response)
	if err != nil {
		return nil, s.unproven(who, err)
	}
	if k.ID, err = gateway.NewID(gateway.PrefixPasskey, s.svc.Now(), s.svc.Rand); err != nil {
		return nil, err
	}
	k.Name = in.Name
	if err := s.svc.Store.AddPasskey(ctx, k, asked, now); err != nil {
		return nil, err
	}
	s.log.Info("passkey registered", "agent", who.ID, "passkey", k.ID)
	list, err := s.svc.Store.Passkeys(ctx, who.ID)
	return viewPasskeys(list), err
}

// lost makes a challenge that is not there one that is over: nobody can tell them apart.
func lost(err error) error {
	if gateway.CodeOf(err) == "not_found" {
		return gateway.Gone()
	}
	return err
}

// unproven logs why an answer proves nothing; the browser is not told.
func (s *Server) unproven(who holder, err error) error {
	s.log.Warn("passkey refused", "agent", who.ID, "err", err)
	return err
}

func (s *Server) removePasskey(c *fiber.Ctx, who holder) (any, error) {
	if err := s.sureByBody(c, who); err != nil {
		return nil, err
	}
	id := gateway.ID(c.Params("id"))
	now, err := s.svc.Store.Now(c.UserContext())
	if err != nil {
		return nil, err
	}
	if err := s.svc.Store.RemovePasskey(c.UserContext(), who.ID, id, now); err != nil {
		return nil, err
	}
	s.log.Info("passkey removed", "agent", who.ID, "passkey", id)
	list, err := s.svc.Store.Passkeys(c.UserContext(), who.ID)
	return viewPasskeys(list), err
}

// beginStepUp errors: conflict stepup.none for who has no passkey yet.
func (s *Server) beginStepUp(c *fiber.Ctx, who holder) (any, error) {
	if len(who.have) == 0 {
		return nil, gateway.NoPasskey()
	}
	if !s.limits.challenge("stepup " + string(who.ID)) {
		return nil, gateway.TooMany(10_000)
	}
	options, challenge, err := s.opt.Passkeys.BeginStepUp(who.Agent, who.have)
	if err != nil {
		return nil, err
	}
	return s.begun(c, who, gateway.ToStepUp, options, challenge)
}

// finishStepUp opens what is sensitive to this session, on this device, for verify.StepUpLife.
func (s *Server) finishStepUp(c *fiber.Ctx, who holder) (any, error) {
	var in struct {
		Response json.RawMessage `json:"response"`
	}
	if err := body(c, &in); err != nil {
		return nil, err
	}
	ctx := c.UserContext()
	now, err := s.svc.Store.Now(ctx)
	if err != nil {
		return nil, err
	}
	asked, err := s.svc.Store.Ceremony(ctx, who.hash, gateway.ToStepUp, now)
	if err != nil {
		return nil, lost(err)
	}
	k, err := s.opt.Passkeys.FinishStepUp(who.Agent, who.have, asked.Challenge, in.Response)
	if err != nil {
		return nil, s.unproven(who, err)
	}
	if err := s.svc.Store.StepUp(ctx, k, asked, who.device, now); err != nil {
		return nil, err
	}
	return fiber.Map{"until": ms(now.Add(verify.StepUpLife))}, nil
}
