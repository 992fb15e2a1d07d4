package receipt_test

import (
	"context"
	"testing"
	"time"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/receipt"
)

// waits is the table of announced changes in memory.
type waits map[string]receipt.Pending

func (w waits) Pending(_ context.Context, commit string) (receipt.Pending, bool, error) {
	p, ok := w[commit]
	return p, ok, nil
}

func (w waits) Announce(_ context.Context, commit string, p receipt.Pending) error {
	w[commit] = p
	return nil
}

// cooler is a backend that lets a login of A1 cool for a day, and the rogue that speaks to it.
type cooler struct {
	*rogue
	check receipt.Checker
	waits waits
	done  *table
}

func newCooler(t *testing.T) *cooler {
	g := newRogue(t)
	g.claims.Use, g.claims.Level = verify.UseAnnounce, verify.A1
	g.claims.Ev = &verify.Evidence{Kind: verify.EvidenceEvent, AuthTime: t0 + 50}
	c := &cooler{rogue: g, check: g.checker(), waits: waits{}, done: &table{rows: map[string][2]string{}}}
	c.check.Cooled = func(string) verify.Level { return verify.A1 }
	return c
}

func (c *cooler) announce(at time.Time) (receipt.Pending, bool, error) {
	m := c.message()
	m.Type = "change.announce"
	return c.check.Announce(context.Background(), c.waits, c.done, m, 0, at)
}

// apply mints a fresh receipt of this use at a time and delivers it.
func (c *cooler) apply(use string, at time.Time) error {
	c.claims.Use, c.claims.Iat, c.claims.Exp = use, at.Unix(), at.Unix()+120
	_, err := c.check.CheckPending(context.Background(), c.waits, c.message(), at)
	return err
}

func TestAbuseCooling(t *testing.T) {
	start := time.Unix(t0+100, 0)
	day := start.Add(24 * time.Hour)
	for _, x := range []struct {
		name string
		bend func(c *cooler)
		at   time.Time
		want verify.Reason
	}{
		{"after a day", func(*cooler) {}, day, ""},
		{"a second too early", func(*cooler) {}, day.Add(-time.Second), verify.ReceiptCooling},
		{"at once", func(*cooler) {}, start, verify.ReceiptCooling},
		{"four days later", func(*cooler) {}, day.Add(73 * time.Hour), verify.ReceiptExpired},
		{"cancelled", func(c *cooler) { p := c.waits[c.claims.Commit]; p.Cancelled = true; c.waits[c.claims.Commit] = p }, day, verify.ReceiptCooling},
		{"cancelled, with the host's own witness now", func(c *cooler) {
			p := c.waits[c.claims.Commit]
			p.Cancelled = true
			c.waits[c.claims.Commit] = p
			c.login("u-vic")
			c.claims.Level = verify.A3
		}, start, verify.ReceiptCooling},
		{"another value", func(c *cooler) { c.change.Fields["email"] = "x@evil.example" }, day, verify.ReceiptChangeMismatch},
		{"another value, sealed again", func(c *cooler) { c.change.Fields["email"] = "x@evil.example"; c.seal() }, day, verify.EvidenceStale},
		{"another account", func(c *cooler) { c.claims.Sub = "u-mal" }, day, verify.EvidenceSubjectMismatch},
		{"a claimed level above what it was", func(c *cooler) { c.claims.Level = verify.A3 }, day, verify.ReceiptLevel},
		{"the minimum was raised meanwhile", func(c *cooler) { c.check.Cooled = func(string) verify.Level { return verify.A2 } }, day, verify.ReceiptLevel},
		{"nothing cools here any more", func(c *cooler) { c.check.Cooled = nil }, day, verify.ReceiptLevel},
		{"never announced", func(c *cooler) { clear(c.waits) }, start, verify.ReceiptLevel},
	} {
		t.Run(x.name, func(t *testing.T) {
			c := newCooler(t)
			p, fresh, err := c.announce(start)
			if err != nil || !fresh || !p.NotBefore.Equal(day) || p.Level != verify.A1 {
				t.Fatalf("announced: %+v, %v, %v", p, fresh, err)
			}
			x.bend(c)
			if x.want == verify.EvidenceStale { // a new commitment goes the whole way, with its old evidence
				c.login("u-vic")
				c.claims.Ev.AuthTime = t0 - 3
				c.claims.Ev.Witness = verify.Witness(ownKey, c.claims.Commit, c.claims.Chg, "u-vic", t0-3)
			}
			if err := c.apply(verify.UseApply, x.at); verify.ReasonOf(err) != x.want {
				t.Errorf("applied: %v, want %q", err, x.want)
			}
		})
	}
}

func TestAbuseAnnouncement(t *testing.T) {
	start := time.Unix(t0+100, 0)
	t.Run("an announcement applies nothing", func(t *testing.T) {
		if err := newCooler(t).apply(verify.UseAnnounce, start); verify.ReasonOf(err) != verify.ReceiptIss {
			t.Errorf("%v, want receipt.iss", err)
		}
	})
	for _, x := range []struct {
		name string
		bend func(c *cooler)
		want verify.Reason
	}{
		{"a receipt is no announcement", func(c *cooler) { c.claims.Use = verify.UseApply }, verify.ReceiptIss},
		{"a kind that may not cool", func(c *cooler) { c.check.Cooled = func(string) verify.Level { return "" } }, verify.ReceiptLevel},
		{"evidence below the cooled minimum", func(c *cooler) { c.check.Cooled = func(string) verify.Level { return verify.A2 } }, verify.ReceiptLevel},
		{"another key signed the finish", func(c *cooler) { c.claims.Fin.Sig = c.claims.Fin.Sig[:80] + "AAAAAA" }, verify.FinishSig},
		{"an old login", func(c *cooler) { c.claims.Ev.AuthTime = t0 - 3 }, verify.EvidenceStale},
		{"what was applied", func(c *cooler) { c.done.rows[c.claims.Commit] = [2]string{c.claims.Chg, "{}"} }, verify.ReceiptAlreadyUsed},
		{"what was cancelled", func(c *cooler) { c.waits[c.claims.Commit] = receipt.Pending{Chg: c.claims.Chg, Cancelled: true} }, verify.ReceiptCooling},
		{"another change under this commitment", func(c *cooler) { c.waits[c.claims.Commit] = receipt.Pending{Chg: "other"} }, verify.ReceiptAlreadyUsed},
	} {
		t.Run(x.name, func(t *testing.T) {
			c := newCooler(t)
			x.bend(c)
			if _, fresh, err := c.announce(start); fresh || verify.ReasonOf(err) != x.want {
				t.Errorf("%v, %v, want %s", fresh, err, x.want)
			}
		})
	}
	t.Run("the same announcement again does not begin anew", func(t *testing.T) {
		c := newCooler(t)
		first, _, err := c.announce(start)
		again, fresh, err2 := c.announce(start.Add(time.Minute))
		if err != nil || err2 != nil || fresh || again != first {
			t.Errorf("%+v, %v, %v, %v", again, fresh, err, err2)
		}
	})
}
