package gateway

import (
	"testing"
	"time"
)

// ago is a point of time before the switches of these tests were asked for.
func ago(d time.Duration) time.Time { return time.UnixMilli(1_795_312_800_000).Add(-d) }

// admin is an admin of long standing.
func admin(id ID) Agent { return Agent{ID: id, Role: RoleAdmin, HeldSince: ago(1000 * time.Hour)} }

// but changes one of the staff.
func but(a Agent, change func(*Agent)) Agent { change(&a); return a }

// One admin switches off; the way back takes a second one and a day, or three days alone.
func TestLoosen(t *testing.T) {
	now := ago(0)
	off := KindSwitch{OffBy: "ag_1", OffAt: now.UnixMilli()}
	two := []Agent{admin("ag_1"), admin("ag_2"), {ID: "ag_3", Role: RoleSupervisor}}
	step := func(k KindSwitch, by ID, staff []Agent, at time.Time) KindSwitch {
		t.Helper()
		k, err := k.Loosen(by, staff, at)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	asked := step(off, "ag_1", two, now)
	for _, c := range []struct {
		name string
		k    KindSwitch
		in   time.Duration
		off  bool
	}{
		{"off at once", off, 0, true},
		{"asked, never agreed", asked, 1000 * time.Hour, true},
		{"asked twice by the same, never agreed", step(asked, "ag_1", two, now), 1000 * time.Hour, true},
		{"agreed, before the day is over", step(asked, "ag_2", two, now.Add(time.Hour)), LoosenSecond - time.Millisecond, true},
		{"agreed, after a day", step(asked, "ag_2", two, now.Add(time.Hour)), LoosenSecond, false},
		{"agreed late", step(asked, "ag_2", two, now.Add(48*time.Hour)), 48 * time.Hour, false},
		{"alone, before three days", step(off, "ag_1", two[:1], now), LoosenAlone - time.Millisecond, true},
		{"alone, after three days", step(off, "ag_1", two[:1], now), LoosenAlone, false},
		{"alone, with a new second admin who agrees", step(step(off, "ag_1", two[:1], now), "ag_2", two, now), LoosenAlone - time.Millisecond, true},
		{"never switched", KindSwitch{}, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.k.Off(now.Add(c.in)); got != c.off {
				t.Errorf("off = %v, want %v", got, c.off)
			}
		})
	}
}

// What one admin can do to the others' accounts gives him no second pair of eyes and no shorter wait.
func TestLoosenByOneAdminAlone(t *testing.T) {
	now := ago(0)
	off := KindSwitch{OffBy: "ag_1", OffAt: ago(time.Hour).UnixMilli()}
	asked := KindSwitch{OffBy: "ag_1", OffAt: off.OffAt, AskedBy: "ag_1", AskedAt: now.UnixMilli()}
	later := now.Add(time.Hour)
	held := func(at time.Time) func(*Agent) { return func(a *Agent) { a.HeldSince = at } }
	gone := func(at time.Time) func(*Agent) { return func(a *Agent) { a.DisabledAt, a.AdminUntil = at, at } }
	demoted := func(at time.Time) func(*Agent) {
		return func(a *Agent) { a.Role, a.HeldSince, a.AdminUntil = RoleAgent, at, at }
	}
	for _, c := range []struct {
		name  string
		k     KindSwitch
		by    ID
		staff []Agent
		at    time.Time
	}{
		{"a second admin made after the request agrees", asked, "ag_2", []Agent{admin("ag_1"), but(admin("ag_2"), held(later))}, later},
		{"a second admin made shortly before agrees", asked, "ag_2", []Agent{admin("ag_1"), but(admin("ag_2"), held(ago(LoosenAlone-time.Second)))}, later},
		{"a second admin made after the request, long after it", asked, "ag_2", []Agent{admin("ag_1"), but(admin("ag_2"), held(later))}, now.Add(1000 * time.Hour)},
		{"a second admin made shortly before asks himself", off, "ag_2", []Agent{admin("ag_1"), but(admin("ag_2"), held(ago(time.Minute)))}, now},
		{"another's password link was made since", asked, "ag_2", []Agent{admin("ag_1"), but(admin("ag_2"), held(later))}, later},
		{"somebody who is no admin agrees", asked, "ag_2", []Agent{admin("ag_1"), but(admin("ag_2"), demoted(later))}, later},
		{"somebody unknown agrees", asked, "ag_9", []Agent{admin("ag_1")}, later},
	} {
		t.Run(c.name, func(t *testing.T) {
			if k, err := c.k.Loosen(c.by, c.staff, c.at); CodeOf(err) != "forbidden" || k != c.k {
				t.Errorf("%+v, %v; want forbidden and the switch as it was", k, err)
			}
		})
	}
	for _, c := range []struct {
		name  string
		k     KindSwitch
		staff []Agent
	}{
		{"the other was disabled just before", off, []Agent{admin("ag_1"), but(admin("ag_2"), gone(ago(time.Second)))}},
		{"the other was disabled some time before", off, []Agent{admin("ag_1"), but(admin("ag_2"), gone(ago(LoosenAlone-time.Second)))}},
		{"the other was demoted just before", off, []Agent{admin("ag_1"), but(admin("ag_2"), demoted(ago(time.Second)))}},
		{"the other was disabled after the request, which is asked again", asked, []Agent{admin("ag_1"), but(admin("ag_2"), gone(now))}},
		{"the other got a password link", off, []Agent{admin("ag_1"), but(admin("ag_2"), held(now))}},
		{"a new admin beside the only one", off, []Agent{admin("ag_1"), but(admin("ag_2"), held(now))}},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, err := c.k.Loosen("ag_1", c.staff, now)
			if err != nil || k.OnAt != 0 || !k.Off(now.Add(10_000*time.Hour)) {
				t.Errorf("%+v, %v; want it asked for and no more", k, err)
			}
		})
	}
}

// A request that can come to nothing any more can be made anew, so nobody is locked out for good.
func TestLoosenAnew(t *testing.T) {
	asked := KindSwitch{OffBy: "ag_1", OffAt: ago(200 * time.Hour).UnixMilli(), AskedBy: "ag_1", AskedAt: ago(100 * time.Hour).UnixMilli()}
	gone := func(a *Agent) { a.DisabledAt, a.AdminUntil = ago(LoosenAlone), ago(LoosenAlone) }
	k, err := asked.Loosen("ag_1", []Agent{admin("ag_1"), but(admin("ag_2"), gone)}, ago(0))
	if err != nil || k.OnAt != ago(-LoosenAlone).UnixMilli() {
		t.Errorf("the others went long ago: %+v, %v; want 72 h from now", k, err)
	}
	k, err = asked.Loosen("ag_2", []Agent{but(admin("ag_1"), gone), admin("ag_2"), admin("ag_3")}, ago(0))
	if err != nil || k.AskedBy != "ag_2" || k.AskedAt != ago(0).UnixMilli() || k.OnAt != 0 {
		t.Errorf("whoever asked is gone: %+v, %v; want a request of the other", k, err)
	}
	k, err = k.Loosen("ag_3", []Agent{admin("ag_2"), admin("ag_3")}, ago(0))
	if err != nil || k.OnAt != ago(-LoosenSecond).UnixMilli() {
		t.Errorf("agreed: %+v, %v; want a day from the new request", k, err)
	}
}
