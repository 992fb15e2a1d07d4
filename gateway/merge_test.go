package gateway

import "testing"

// Two conversations become one only if both are the same person's for sure. Each refusal says why.
func TestMayMerge(t *testing.T) {
	chat := func(visitor ID, email string) MergeSide {
		return MergeSide{Conversation: Conversation{ID: "cv_1", Visitor: visitor, Status: Open, Number: 1, Claimed: Claimed{Email: email}}, Host: "shop"}
	}
	mail := func(email string, confirmed bool) MergeSide {
		m := chat("", email)
		m.Confirmed = confirmed
		return m
	}
	with := func(m MergeSide, change func(*MergeSide)) MergeSide {
		change(&m)
		return m
	}
	proven := func(accounts ...string) func(*MergeSide) { return func(m *MergeSide) { m.Accounts = accounts } }
	for name, c := range map[string]struct {
		from, into MergeSide
		code, why  string
	}{
		"the same browser":                        {chat("vi_1", ""), chat("vi_1", ""), "", ""},
		"the same browser, address in the target": {chat("vi_1", ""), chat("vi_1", "a@x.test"), "", ""},
		"the same browser, the same address":      {chat("vi_1", "A@x.test"), chat("vi_1", "a@X.test"), "", ""},
		"the same browser, other addresses":       {chat("vi_1", "a@x.test"), chat("vi_1", "b@x.test"), "forbidden", "merge.person"},
		"the target has no address":               {chat("vi_1", "a@x.test"), chat("vi_1", ""), "invalid", "merge.address"},
		"other browsers, one typed address":       {chat("vi_1", "a@x.test"), chat("vi_2", "a@x.test"), "forbidden", "merge.person"},
		"a browser and a proven mail":             {chat("vi_1", "a@x.test"), mail("a@x.test", true), "forbidden", "merge.person"},
		"a proven mail and a browser":             {mail("a@x.test", true), chat("vi_1", "a@x.test"), "forbidden", "merge.person"},
		"two proven mails":                        {mail("a@x.test", true), mail("A@x.test", true), "", ""},
		"two proven mails of two people":          {mail("a@x.test", true), mail("b@x.test", true), "forbidden", "merge.person"},
		"one mail is not proven":                  {mail("a@x.test", true), mail("a@x.test", false), "forbidden", "merge.person"},
		"two mails without an address":            {mail("", true), mail("", true), "forbidden", "merge.person"},
		"the same account":                        {with(chat("vi_1", ""), proven("shop 1")), with(chat("vi_1", ""), proven("shop 1")), "", ""},
		"one account is proven":                   {with(chat("vi_1", ""), proven("shop 1")), chat("vi_1", ""), "", ""},
		"two accounts":                            {with(chat("vi_1", ""), proven("shop 1")), with(chat("vi_1", ""), proven("shop 2")), "subject_mismatch", "merge.subject"},
		"two accounts in one of them":             {with(chat("vi_1", ""), proven("shop 1", "shop 2")), chat("vi_1", ""), "subject_mismatch", "merge.subject"},
		"two hosts":                               {chat("vi_1", ""), with(chat("vi_1", ""), func(m *MergeSide) { m.Host = "club" }), "forbidden", "merge.host"},
		"merged before":                           {with(chat("vi_1", ""), func(m *MergeSide) { m.Into = "cv_9" }), chat("vi_1", ""), "conflict", "merge.again"},
		"the target was merged":                   {chat("vi_1", ""), with(chat("vi_1", ""), func(m *MergeSide) { m.Into = "cv_9" }), "conflict", "merge.again"},
		"it waits for a person":                   {with(chat("vi_1", ""), func(m *MergeSide) { m.Status, m.Number = Queued, 0 }), chat("vi_1", ""), "invalid", "state"},
		"a chat goes on in a ticket":              {with(chat("vi_1", ""), func(m *MergeSide) { m.Status, m.Number = Active, 0 }), chat("vi_1", ""), "", ""},
		"a closed one goes on in an open ticket":  {with(chat("vi_1", ""), func(m *MergeSide) { m.Status = Closed }), chat("vi_1", ""), "", ""},
		"the target is a chat":                    {chat("vi_1", ""), with(chat("vi_1", ""), func(m *MergeSide) { m.Number = 0 }), "invalid", "merge.into"},
		"the target has ended":                    {chat("vi_1", ""), with(chat("vi_1", ""), func(m *MergeSide) { m.Status = Closed }), "invalid", "merge.into"},
	} {
		c.into.ID = "cv_2"
		if err := MayMerge(c.from, c.into); CodeOf(err) != c.code || err != nil && reasonOf(err) != c.why {
			t.Errorf("%s: %v, want %q %q", name, err, c.code, c.why)
		}
	}
	if one := chat("vi_1", ""); CodeOf(MayMerge(one, one)) != "invalid" {
		t.Error("a conversation goes on in itself")
	}
}

// A ticket splits at a message of its visitor that is not his first.
func TestTail(t *testing.T) {
	said := func(roles ...Role) (out []SplitMessage) {
		for i, r := range roles {
			out = append(out, SplitMessage{Event: Event{Seq: uint64(2*i + 1), Actor: Actor{Role: r}}})
		}
		return out
	}
	all := said(RoleAgent, RoleVisitor, RoleAgent, RoleVisitor, RoleAgent)
	if tail, err := Tail(all, 7); err != nil || len(tail) != 2 || tail[0].Event.Seq != 7 {
		t.Errorf("%v, %v", tail, err)
	}
	for what, seq := range map[string]uint64{"the first": 3, "an agent's": 5, "none": 8, "nothing": 0} {
		if _, err := Tail(all, seq); CodeOf(err) != "invalid" {
			t.Errorf("%s: %v", what, err)
		}
	}
	many := said(RoleVisitor, RoleVisitor)
	for range MaxSplit {
		many = append(many, many[1])
	}
	if _, err := Tail(many, 3); CodeOf(err) != "too_large" {
		t.Error(err)
	}
}
