package gateway

import (
	"context"
	"encoding/json"
	"time"

	"github.com/postern-chat/postern/kb"
)

// sentJob is the payload of the job that counts an article that an agent sent.
type sentJob struct {
	Message ID `json:"message"`
	Article ID `json:"article"`
	Visitor ID `json:"visitor"`
	Mailbox ID `json:"mailbox"`
}

// sentJobs gives the job that an agent's message with an article brings along; none = it has no article.
func sentJobs(cv Conversation, m Message, now time.Time) ([]Job, error) {
	if m.Article == "" {
		return nil, nil
	}
	p, err := json.Marshal(sentJob{Message: m.ID, Article: m.Article, Visitor: cv.Visitor, Mailbox: cv.Mailbox})
	return []Job{{ID: "sent:" + string(m.ID), Kind: JobSent, Due: now, Payload: p}}, err
}

// sentLater counts an article whose message was not stored when it was written: it was held, or could be taken back.
func (s *Service) sentLater(ctx context.Context, cv Conversation, m Message, now time.Time) {
	jobs, err := sentJobs(cv, m, now)
	for _, j := range jobs {
		if err == nil {
			err = s.Store.Enqueue(ctx, j)
		}
	}
	if err != nil {
		s.Log.Warn("count an article that was sent", "code", CodeOf(err))
	}
}

// countSent adds a sent article to the steps of self-help: the reports show how often agents use it (P22).
func (s *Service) countSent(ctx context.Context, j Job) error {
	var p sentJob
	if err := json.Unmarshal(j.Payload, &p); err != nil || p.Article == "" {
		return Invalid("payload")
	}
	return s.Articles.AddStep(ctx, kb.Step{
		ID: string(p.Message), At: j.Due, Kind: kb.StepSent, Visitor: string(p.Visitor), Mailbox: string(p.Mailbox),
		Articles: []string{string(p.Article)},
	})
}
