package web

import (
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/postern-chat/postern/gateway"
)

// machineView is a mail of a program as the admin pages list it.
type machineView struct {
	Mailbox gateway.ID `json:"mailbox"`
	Sender  string     `json:"sender"`
	Subject string     `json:"subject"`
	Text    string     `json:"text"`
	At      int64      `json:"at"`
}

// maxMachineText is how much of such a mail the list shows, in bytes.
const maxMachineText = 2000

// machineMail lists mail of programs that belongs to no ticket, with the senders that may open one.
func (s *Server) machineMail(c *fiber.Ctx, who gateway.Caller) (any, error) {
	list, err := s.svc.MachineMail(c.UserContext(), who)
	if err != nil {
		return nil, err
	}
	out := make([]machineView, len(list.Mail))
	for i, m := range list.Mail {
		out[i] = machineView{Mailbox: m.Mailbox, Sender: m.Sender, Subject: m.Subject, Text: strings.ToValidUTF8(m.Text[:min(len(m.Text), maxMachineText)], ""), At: ms(m.At)}
	}
	return fiber.Map{"mail": out, "allowed": list.Allowed}, nil
}

// allowSenders sets whose mail opens tickets although a program wrote it.
func (s *Server) allowSenders(c *fiber.Ctx, who gateway.Caller) (any, error) {
	var in struct {
		Allowed []string `json:"allowed"`
	}
	if err := body(c, &in); err != nil {
		return nil, err
	}
	return nil, s.svc.SetAllowedSenders(c.UserContext(), who, in.Allowed)
}
