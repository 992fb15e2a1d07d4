package gateway

import (
	"context"
	"encoding/json"
	"strconv"
	"time"
)

// ReportLetter is what the mail of an escalation says.
type ReportLetter struct {
	Conversation ID               `json:"conversation"`
	Number       int64            `json:"number"` // 0 = no ticket yet
	Mailbox      string           `json:"mailbox"`
	Level        int              `json:"level"`
	By           string           `json:"by"` // "" = the time was over
	Reason       string           `json:"reason"`
	Report       EscalationReport `json:"report"`
}

// reportJob is the payload of a report's job. It holds the report as it was escalated: the conversation may say more by
// the time that a mail server takes it.
type reportJob struct {
	From string       `json:"from"`
	To   string       `json:"to"`
	At   int64        `json:"at"` // unix ms
	Say  ReportLetter `json:"say"`
}

// reportJobs mails a report where the mailbox wants it; nothing if it has no address for that.
func reportJobs(cv Conversation, mb Mailbox, by string, p ConversationEscalated, now time.Time) ([]Job, error) {
	to := mb.Promises().Report
	if to == "" || !PlausibleEmail(mb.Address) {
		return nil, nil
	}
	payload, err := json.Marshal(reportJob{mb.Address, to, now.UnixMilli(), ReportLetter{cv.ID, cv.Number, mb.Name, p.Level, by, p.Reason, p.Report}})
	if err != nil {
		return nil, Internal("encode a report", err)
	}
	return []Job{{ID: "report:" + string(cv.ID) + ":" + strconv.Itoa(p.Level), Kind: JobReport, Due: now, Payload: payload}}, nil
}

// mailReport sends one report.
func (s *Service) mailReport(ctx context.Context, j Job) error {
	var p reportJob
	if err := json.Unmarshal(j.Payload, &p); err != nil || s.Letters == nil {
		return Invalid("payload")
	}
	m, err := s.Letters.Report(j.ID, p.From, p.To, p.Say, time.UnixMilli(p.At))
	if err != nil {
		return err
	}
	return s.Mail.Send(ctx, m)
}
