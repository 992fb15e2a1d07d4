package gateway

import (
	"context"
	"strings"

	"github.com/postern-chat/postern/verify"
)

// Unsaid implements verify.Unsaid: each value is judged as if an agent wrote it in a message, bare and under each of its
// labels, and then all together. Facts of side-access mode are not compared here: a refusal is told to the agent, who
// could try one value after another.
func (s *Service) Unsaid(ctx context.Context, conversation string, values []verify.Shown) (string, error) {
	cv, err := s.Store.Conversation(ctx, ID(conversation))
	if err != nil {
		return "", err
	}
	tail, err := s.tail(ctx, cv.ID)
	if err != nil {
		return "", err
	}
	var said Outgoing // read once, when something was found
	for _, t := range textsOf(values) {
		out := Outgoing{Text: t.text, Before: tail.texts}
		if s.Leaks.Check(out).Action == LeakAllow && !s.Leaks.HasLink(t.text) {
			continue
		}
		if said.Typed == nil {
			if err := s.excuses(ctx, cv, &said); err != nil {
				return "", err
			}
		}
		out.Typed, out.Public, out.Sites, out.Articles = said.Typed, said.Public, said.Sites, said.Articles
		if a := s.Leaks.Check(out).Action; a == LeakHold || a == LeakBlock {
			return t.field, nil
		}
	}
	return "", nil
}

type fieldText struct{ field, text string }

// textsOf gives what a visitor can read of the values.
func textsOf(values []verify.Shown) (out []fieldText) {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = v.Value
		out = append(out, fieldText{v.Field, v.Value})
		for _, label := range v.Label {
			out = append(out, fieldText{v.Field, label + ": " + v.Value})
		}
	}
	if len(values) > 1 {
		out = append(out, fieldText{values[0].Field, strings.Join(all, " ")})
	}
	return out
}
