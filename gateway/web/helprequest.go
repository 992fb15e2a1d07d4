package web

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/gateway/help"
)

// maxRequest is how large the form of a request is, in bytes: one message, each of its bytes written as three.
const maxRequest = 64 << 10

// onceForm is what makes a form that is sent twice one request.
var onceForm = regexp.MustCompile(`^[0-9a-f]{32}$`)

// priorities of the form, as the gateway counts them.
func priorities() map[string]gateway.Priority {
	return map[string]gateway.Priority{"low": gateway.Low, "medium": gateway.Medium, "high": gateway.High}
}

// helpRequest shows the request form. It is its reader's alone.
func (s *Server) helpRequest(v *helpVisit) error {
	if _, err := v.row(); err != nil {
		return err
	}
	if err := v.remember(); err != nil { // so that a second press of the button is known to be his
		return err
	}
	var once [16]byte
	if _, err := rand.Read(once[:]); err != nil {
		return gateway.Internal("make a form", err)
	}
	f := v.form()
	f.Once, f.Type, f.Priority = hex.EncodeToString(once[:]), gateway.RequestTypes()[0], "medium"
	return v.ask(http.StatusOK, f)
}

// form reads the request form as far as it is written.
func (v *helpVisit) form() *help.Form {
	value := func(name string) string {
		return strings.TrimSpace(strings.ReplaceAll(v.FormValue(name), "\r\n", "\n"))
	}
	f := &help.Form{
		Once: value("once"), Type: value("type"), Priority: value("priority"), Email: value("email"), Text: value("text"),
		Types: gateway.RequestTypes(), Priorities: []string{"low", "medium", "high"}, Wrong: map[string]string{},
	}
	for _, own := range v.mb.Fields {
		if own.Name != "email" { // it is asked for anyway
			f.Fields = append(f.Fields, help.Field{Name: own.Name, Label: own.Label, Required: own.Required, Value: value("own." + own.Name)})
		}
	}
	return f
}

func (v *helpVisit) ask(status int, f *help.Form) error {
	p := v.page(help.Request)
	p.NoIndex, p.Asked = true, f
	return v.send(status, p, time.Time{})
}

// helpSend takes the request form: with an address it is a ticket at once, without one the chat opens with its words,
// since an answer would reach nobody. It is the message form of the widget: what is written proves nothing.
func (s *Server) helpSend(v *helpVisit) error {
	if err := s.fromOurForm(v.Ctx, maxRequest); err != nil {
		return err
	}
	if _, err := v.row(); err != nil {
		return err
	}
	f := v.form()
	if !onceForm.MatchString(f.Once) {
		return gateway.Invalid("once")
	}
	if !slices.Contains(f.Types, f.Type) || priorities()[f.Priority] == 0 {
		return gateway.Invalid("type")
	}
	if checkForm(f); len(f.Wrong) > 0 {
		return v.ask(http.StatusBadRequest, f)
	}
	if f.Email == "" {
		return s.talk(v, v.s.opt.Help.Texts()[v.s.opt.Help.Texts().Lang(v.locale)]["help.request.type."+f.Type]+": "+f.Text)
	}
	if !s.limits.start(s.addr(v.Ctx)) {
		return gateway.TooMany(60_000)
	}
	if s.sockets.memory.Full() {
		return gateway.Unavailable("memory", nil)
	}
	number, err := s.openRequest(v, f)
	if err != nil {
		return err
	}
	f.Number = number
	return v.ask(http.StatusOK, f)
}

// checkForm says what is wrong, at the input that it is wrong in.
func checkForm(f *help.Form) {
	check := func(name, text string, max int) {
		switch gateway.CodeOf(gateway.CheckText(name, text, max)) {
		case "":
		case "too_large":
			f.Wrong[name] = "help.request.long"
		default:
			f.Wrong[name] = "help.request.needed"
		}
	}
	check("text", f.Text, gateway.MaxMessage-100) // the chat gets the type before it
	if f.Email != "" && !gateway.PlausibleEmail(f.Email) {
		f.Wrong["email"] = "help.request.email.wrong"
	}
	for _, own := range f.Fields {
		if own.Value != "" || own.Required {
			check("own."+own.Name, own.Value, 1<<10)
		}
	}
}

// openRequest stores the ticket and gives its number. Its visitor is the reader, whose token opens no widget.
func (s *Server) openRequest(v *helpVisit, f *help.Form) (int64, error) {
	if err := v.remember(); err != nil {
		return 0, err
	}
	now := s.svc.Now()
	who, err := s.svc.Store.PairVisitor(v.UserContext(), gateway.Visitor{
		ID: v.reader(), TokenHash: s.opt.Passwords.TokenHash("request\n" + v.Cookies(readerCookie)), Mailbox: v.mb.ID, CreatedAt: now,
	}, now)
	if err != nil {
		return 0, err
	}
	c := gateway.Caller{Actor: gateway.Actor{Role: gateway.RoleVisitor, ID: who.ID}, Visitor: who, Mailbox: v.mb.ID}
	in := gateway.StartInput{
		CommandID: f.Once, ClientID: f.Once, Text: f.Text, Page: s.whole(v.path(v.locale, "request")), Browser: word(deviceOf(v.Get(fiber.HeaderUserAgent)), 80),
		Locale: word(v.locale, maxLocale), Ticket: true, Request: f.Type, Priority: priorities()[f.Priority],
		Claimed: v.claimed(f),
	}
	cv, err := s.svc.StartConversation(v.UserContext(), c, in)
	return cv.Number, err
}

// claimed is what the form says of its writer, with an answer to each question of the mailbox.
func (v *helpVisit) claimed(f *help.Form) gateway.Claimed {
	answers := map[string]string{"email": f.Email}
	for _, own := range f.Fields {
		answers[own.Name] = own.Value
	}
	out := gateway.Claimed{Email: f.Email, Name: answers["name"], Fields: map[string]string{}}
	for _, own := range v.mb.Fields {
		out.Fields[own.Name] = answers[own.Name]
	}
	return out
}
