package site

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/postern-chat/postern/verify"
)

// shownOrders is how many orders support sees.
const shownOrders = 5

// readable is what the shop tells support about an account, after a login that was made for it. Address, e-mail and
// phone are not in it: nobody needs them to help.
func readable() []string { return []string{"orders", "plan", "status"} }

// labelOf names a fact on the confirm page.
func labelOf(name string) string {
	return map[string]string{"orders": "Your last orders", "plan": "Your plan", "status": "State of your account"}[name]
}

// properSet reports whether v is a comma list of readable names, sorted, each once.
func properSet(v string) bool {
	names := strings.Split(v, ",")
	for i, n := range names {
		if !slices.Contains(readable(), n) || i > 0 && names[i-1] >= n {
			return false
		}
	}
	return true
}

// facts reads what was asked for, in words for a person.
func facts(ctx context.Context, q queryer, c Customer, names string) (map[string]string, error) {
	out := map[string]string{}
	for _, n := range strings.Split(names, ",") {
		var err error
		switch n {
		case "orders":
			out[n], err = orderLines(ctx, q, c.ID)
		case "plan":
			out[n], err = planLine(ctx, q, c.ID)
		case "status":
			out[n] = "Active, newsletter " + strings.ToLower(onOff(c.Newsletter))
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func planLine(ctx context.Context, q queryer, customer string) (string, error) {
	p, has, err := planOf(ctx, q, customer)
	switch {
	case err != nil:
		return "", err
	case !has:
		return "None", nil
	case !p.OffAt.IsZero():
		return planName(p.Name) + ", ends " + day(p.RenewsAt), nil
	}
	return planName(p.Name) + ", renews " + day(p.RenewsAt), nil
}

func orderLines(ctx context.Context, q queryer, customer string) (string, error) {
	rows, err := q.QueryContext(ctx, "SELECT number, state, placed_at FROM orders WHERE customer = $1 ORDER BY placed_at DESC, number LIMIT $2", customer, shownOrders)
	if err != nil {
		return "", err
	}
	defer func() { _ = rows.Close() }()
	var lines []string
	for rows.Next() {
		var number, state string
		var at int64
		if err := rows.Scan(&number, &state, &at); err != nil {
			return "", err
		}
		lines = append(lines, number+", "+day(time.UnixMilli(at))+": "+state)
	}
	if len(lines) == 0 {
		lines = []string{"None"}
	}
	return strings.Join(lines, "\n"), rows.Err()
}

func day(t time.Time) string { return t.UTC().Format("2 January 2006") }

// result is the answer to a change that is carried out: the account's version after it, and for a read what was asked.
func result(ctx context.Context, q queryer, c Customer, ch verify.Change) ([]byte, error) {
	out := map[string]any{"result": verify.ResultApplied, "version": version(c.Version + 1)}
	if ch.Kind == verify.ReadKind {
		names, err := value(ch)
		found, err2 := facts(ctx, q, c, names)
		if err := errors.Join(err, err2); err != nil {
			return nil, err
		}
		out["version"], out["facts"] = version(c.Version), found
	}
	return json.Marshal(out)
}
