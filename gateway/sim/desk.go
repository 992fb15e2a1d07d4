package sim

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// Desk is one mailbox with its agents, and what comes to it. Chats arrive by chance (a Poisson stream); how long one
// lasts, and how fast an agent accepts, are exponential.
type Desk struct {
	Agents int     // all who are online and available
	Seats  int     // chats at once, each
	Absent float64 // share of them who are not at their desk: their console rings, nobody answers
	Load   float64 // of the seats of those who are there
	Rate   float64 // chats a second; 0 = by Load

	Talk   time.Duration // mean length of a chat
	Accept time.Duration // mean time until an agent accepts; 0 = at once
	Ring   time.Duration
	Missed time.Duration // longest wait; 0 = visitors wait for ever
	Again  bool          // a missed ring does not pause the agent: what the rule is compared with

	Back       time.Duration // mean until "I am back" of somebody who let it ring
	AbsentBack time.Duration // and of somebody who was not there; he is absent again at once

	Warm  int // chats that come before the measuring
	Chats int // chats that are measured
}

// Waits is what became of a desk's chats.
type Waits struct {
	Chats  int
	Missed int
	Mean   float64 // s, of all; a missed chat waited until it was missed
	P50    float64
	P95    float64
	Jain   float64 // fairness among those who are there, of chats taken: 1 = all took as many
	Over   int     // times an agent had more chats than seats
	Lost   int     // chats that were neither taken nor missed
	Told   float64 // s, mean of what those were told who were told a wait (gateway.EstimateWait)
	After  float64 // s, mean of what they waited
}

// Run simulates the desk. Which agent is offered what, when a ring ends, what pauses an agent and when a chat is
// missed, the gateway's own rules decide (gateway.RingStep, MissedWhy, Pauses). The same seed gives the same figures.
func (d Desk) Run(seed uint64) Waits {
	return newRun(d, seed).all()
}

// rate is how many chats come in a second.
func (d Desk) rate() float64 {
	if d.Rate > 0 {
		return d.Rate
	}
	return d.Load * float64((d.Agents-d.away())*d.Seats) / d.Talk.Seconds()
}

// away is how many agents are not at their desk.
func (d Desk) away() int { return int(math.Round(d.Absent * float64(d.Agents))) }

// talk is one chat from its arrival to its end.
type talk struct {
	cv      gateway.Conversation
	measure bool
	told    time.Duration
	agent   int // who it rings at, or who took it
	rung    []int
}

// run is a simulation on its way. Its clock stands at the event that is worked on.
type run struct {
	Desk
	timeline
	rnd    *rand.Rand
	start  time.Time
	talks  []talk // slots, used again
	spare  []int
	queue  []int // slots of those who wait, oldest first
	agents []gateway.Candidate
	place  []int // agent → where in agents
	free   int   // so many stand first, and are who can be offered something
	whole  bool  // Route reads all agents, not the first alone: for the test that it makes no difference
	paused bool  // somebody has been, and may have other rings
	took   []int // chats by agent
	never  time.Time
	count  int // chats that have come
	waits  []float32
	told   float64 // chats that were told a wait
	out    Waits
}

func newRun(d Desk, seed uint64) *run {
	r := &run{
		Desk: d, rnd: rand.New(rand.NewPCG(seed, 2)), start: time.Unix(0, 0).UTC(), took: make([]int, d.Agents),
		waits: make([]float32, 0, d.Chats), agents: make([]gateway.Candidate, d.Agents), place: make([]int, d.Agents), free: d.Agents,
	}
	r.never = r.start.AddDate(200, 0, 0)
	for i := range r.agents {
		r.place[i] = i
		r.agents[i] = gateway.Candidate{
			Agent: gateway.ID("ag_" + strconv.Itoa(i)), Availability: gateway.Available, Presence: gateway.Online, Capacity: d.Seats,
		}
	}
	return r
}

func (r *run) all() Waits {
	r.after(r.gap(), event{kind: comes})
	for r.left() {
		r.step(r.next())
	}
	return r.result()
}

func (r *run) clock() time.Time { return r.start.Add(r.now) }

// gap is the time to the next chat, long until "I am back" and how long a chat lasts: all by chance.
func (r *run) gap() time.Duration { return time.Duration(r.rnd.ExpFloat64() / r.rate() * 1e9) }

func (r *run) about(mean time.Duration) time.Duration {
	return time.Duration(r.rnd.ExpFloat64() * float64(mean))
}

func (r *run) step(e event) {
	switch e.kind {
	case comes:
		r.come()
	case accepts:
		if t := &r.talks[e.who]; t.cv.Version == e.version {
			r.accept(e.who)
		}
	case rung: // the runner looks at a chat when its ring ends, and when its time does
		if r.talks[e.who].cv.Version == e.version {
			r.look(e.who)
		}
	case over:
		if r.talks[e.who].cv.Number == e.version {
			r.look(e.who)
		}
	case ends:
		r.end(e.who)
	case returns:
		r.availability(e.who, gateway.Available)
	}
	r.serve()
}

// come takes a new chat into the queue.
func (r *run) come() {
	r.count++
	id := len(r.talks)
	if n := len(r.spare); n > 0 {
		id, r.spare = r.spare[n-1], r.spare[:n-1]
	} else {
		r.talks = append(r.talks, talk{})
	}
	t := &r.talks[id]
	now := r.clock()
	// Version counts changes, as in the row; Number tells this chat from others of the same slot.
	t.cv = gateway.Conversation{Status: gateway.Queued, QueuedAt: now, MissedAt: r.never, Version: t.cv.Version + 1, Number: int64(r.count)}
	t.measure, t.agent, t.rung = r.count > r.Warm, -1, t.rung[:0]
	if r.Missed > 0 {
		t.cv.MissedAt = now.Add(r.Missed)
		r.after(r.Missed, event{kind: over, who: id, version: t.cv.Number})
	}
	t.told = 0
	if r.free == 0 { // else nothing is told
		t.told = gateway.EstimateWait(len(r.queue), gateway.TalkStats{Chats: 1000, Mean: r.Talk}, r.agents)
	}
	r.queue = append(r.queue, id)
	if r.count < r.Warm+r.Chats {
		r.after(r.gap(), event{kind: comes})
	}
}

// serve goes through the queue, oldest first, as long as somebody could be offered something. Once somebody is paused,
// what else rings at him ends first.
func (r *run) serve() {
	for _, id := range r.queue {
		if !r.paused {
			break
		}
		if t := &r.talks[id]; t.cv.Offer.Agent != "" && r.agent(t.agent).Availability != gateway.Available {
			r.look(id)
		}
	}
	r.paused = false
	for i := 0; r.free > 0 && i < len(r.queue); i++ {
		if r.talks[r.queue[i]].cv.Offer.Agent == "" && r.look(r.queue[i]) {
			i--
		}
	}
}

// look does with a queued chat what the rules say now, and tells whether it left the queue.
func (r *run) look(id int) (left bool) {
	t := &r.talks[id]
	if t.cv.Status != gateway.Queued {
		return false
	}
	now := r.clock()
	if gateway.MissedWhy(t.cv, true, false, now) != "" {
		r.miss(id)
		return true
	}
	for _, a := range t.rung {
		r.agent(a).Rung++
	}
	step := gateway.RingStep(t.cv, "", r.Ring, r.list(t), now)
	for _, a := range t.rung {
		r.agent(a).Rung--
	}
	switch {
	case step.End != "":
		r.endRing(t, step.End)
	case step.Offer != "":
		return r.offer(id, step, now)
	}
	return false
}

// offer takes the seat and rings; who accepts at once has taken the chat.
func (r *run) offer(id int, s gateway.Step, now time.Time) (left bool) {
	t := &r.talks[id]
	t.agent = index(s.Offer)
	t.cv.Version++
	t.cv.Offer = gateway.Offer{Agent: s.Offer, Until: s.Until, Ring: t.cv.Offer.Ring + 1}
	r.seats(t.agent, 1)
	r.agent(t.agent).LastOfferAt = now
	long := s.Until.Sub(now)
	if t.agent >= r.away() { // the first are the absent ones
		if r.Accept == 0 {
			r.accept(id)
			return true
		}
		if wait := r.about(r.Accept); wait < long {
			r.after(wait, event{kind: accepts, who: id, version: t.cv.Version})
			return false
		}
	}
	r.after(long, event{kind: rung, who: id, version: t.cv.Version})
	return false
}

func (r *run) accept(id int) {
	t := &r.talks[id]
	t.cv.Status, t.cv.Offer = gateway.Active, gateway.Offer{}
	t.cv.Version++
	r.leave(id)
	if t.measure {
		r.took[t.agent]++
		r.waited(t)
	}
	r.after(r.about(r.Talk), event{kind: ends, who: id})
}

// endRing frees the seat, and pauses who let it ring.
func (r *run) endRing(t *talk, why string) {
	a := t.agent
	t.cv.Offer = gateway.Offer{Ring: t.cv.Offer.Ring}
	t.cv.Version++
	t.rung = append(t.rung, a)
	r.seats(a, -1)
	if !gateway.Pauses(why) || r.Again || r.agent(a).Availability != gateway.Available {
		return
	}
	r.availability(a, gateway.AssignOnly)
	r.paused = true
	back := r.Back
	if a < r.away() {
		back = r.AbsentBack
	}
	r.after(r.about(back), event{kind: returns, who: a})
}

func (r *run) miss(id int) {
	t := &r.talks[id]
	if t.cv.Offer.Agent != "" { // it rings in vain, and is no ring that was let pass
		r.seats(t.agent, -1)
	}
	t.cv.Status, t.cv.Offer = gateway.Open, gateway.Offer{}
	t.cv.Version++
	r.leave(id)
	if t.measure {
		r.out.Missed++
		r.waited(t)
	}
	r.spare = append(r.spare, id)
}

func (r *run) end(id int) {
	r.seats(r.talks[id].agent, -1)
	r.spare = append(r.spare, id)
}

func (r *run) leave(id int) {
	i := slices.Index(r.queue, id)
	r.queue = slices.Delete(r.queue, i, i+1)
}

func (r *run) waited(t *talk) {
	wait := r.clock().Sub(t.cv.QueuedAt).Seconds()
	r.waits = append(r.waits, float32(wait))
	if t.told > 0 {
		r.told++
		r.out.Told += t.told.Seconds()
		r.out.After += wait
	}
}

// seats and availability change an agent, and keep count of those who can be offered something.
func (r *run) seats(a, by int) {
	r.change(a, func(c *gateway.Candidate) { c.Active += by })
	if r.agent(a).Active > r.Seats {
		r.out.Over++
	}
}

func (r *run) availability(a int, v gateway.Availability) {
	r.change(a, func(c *gateway.Candidate) { c.Availability = v })
}

func (r *run) change(a int, do func(*gateway.Candidate)) {
	c := r.agent(a)
	was := c.Eligible()
	do(c)
	switch is := c.Eligible(); {
	case is && !was:
		r.swap(a, r.free)
		r.free++
	case was && !is:
		r.free--
		r.swap(a, r.free)
	}
}

func (r *run) agent(a int) *gateway.Candidate { return &r.agents[r.place[a]] }

// swap lets an agent change places with who stands at another.
func (r *run) swap(a, to int) {
	from := r.place[a]
	other := index(r.agents[to].Agent)
	r.agents[from], r.agents[to] = r.agents[to], r.agents[from]
	r.place[a], r.place[other] = to, from
}

// list is who Route has to read: nobody else can be offered anything, and their order does not count.
func (r *run) list(t *talk) []gateway.Candidate {
	if r.whole || t.cv.Offer.Agent != "" {
		return r.agents
	}
	return r.agents[:r.free]
}

func index(agent gateway.ID) int {
	n, _ := strconv.Atoi(string(agent[len("ag_"):])) // made by newRun
	return n
}

func (r *run) result() Waits {
	w := r.out
	w.Chats, w.Lost, w.Jain = len(r.waits), r.Chats-len(r.waits), jain(r.took[r.away():])
	sum := 0.0
	for _, v := range r.waits {
		sum += float64(v)
	}
	if r.told > 0 {
		w.Told, w.After = w.Told/r.told, w.After/r.told
	}
	if w.Chats == 0 {
		return w
	}
	slices.Sort(r.waits)
	w.Mean = sum / float64(w.Chats)
	w.P50, w.P95 = float64(r.waits[w.Chats/2]), float64(r.waits[w.Chats*95/100])
	return w
}

// jain is Jain's index of fairness, (Σx)² / n·Σx².
func jain(x []int) float64 {
	var sum, squares float64
	for _, v := range x {
		sum += float64(v)
		squares += float64(v) * float64(v)
	}
	if squares == 0 {
		return 1
	}
	return sum * sum / float64(len(x)) / squares
}
