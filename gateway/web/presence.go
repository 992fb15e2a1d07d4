package web

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/postern-chat/postern/gateway"
)

// beatEvery is how often a node says whom it sees; presence lives for three beats.
const (
	beatEvery  = 5 * time.Second
	storeBeats = 30 * time.Second
	lookWait   = 15 * time.Second
	reachEvery = time.Second // what no event of this node told: hours, agents of other nodes
)

// presence knows this node's sockets by person and tells the bus about them.
type presence struct {
	s *Server

	mu      sync.Mutex
	sockets map[*socket]bool
	people  map[gateway.ID][]*socket
	stored  time.Time

	looks chan struct{} // an agent came, or declared something else
}

// reachView tells visitors whether a person can answer now.
type reachView struct {
	Open      bool  `json:"open"`
	Available bool  `json:"available"`
	Until     int64 `json:"until,omitempty"` // unix ms, next change of the hours
}

func newPresence(s *Server) *presence {
	return &presence{
		s: s, sockets: map[*socket]bool{}, people: map[gateway.ID][]*socket{}, looks: make(chan struct{}, 1),
	}
}

func (p *presence) add(k *socket) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sockets[k] = true
}

// join ties a socket to its person; the first one is said to the bus at once.
func (p *presence) join(ctx context.Context, k *socket, id gateway.ID) {
	p.mu.Lock()
	first := len(p.people[id]) == 0
	if !slices.Contains(p.people[id], k) {
		p.people[id] = append(p.people[id], k)
	}
	p.mu.Unlock()
	if !first {
		return
	}
	p.beat(ctx, id)
	if id.Is(gateway.PrefixAgent) {
		p.announce(ctx, id, gateway.Online)
		p.look()
		p.s.svc.Wake()
	}
}

// leave forgets a socket; the person's last one on this node is said to the bus at once, unless this node told him to
// come back elsewhere: then he stays until his last beat is over, and a restart takes nobody from the queue.
func (p *presence) leave(k *socket, comesBack bool) {
	id := k.who().Actor.ID
	p.mu.Lock()
	delete(p.sockets, k)
	last := false
	if i := slices.Index(p.people[id], k); i >= 0 {
		p.people[id] = slices.Delete(p.people[id], i, i+1)
		if last = len(p.people[id]) == 0; last {
			delete(p.people, id)
		}
	}
	p.mu.Unlock()
	if !last || comesBack {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	var err error
	if id.Is(gateway.PrefixAgent) {
		p.announce(ctx, id, gateway.Offline)
		err = p.s.svc.DropAgent(ctx, p.s.node, id) // visitors learn it by the next tick: a page loaded anew is back before
	} else {
		err = p.s.svc.DropVisitor(ctx, p.s.node, id)
	}
	if err != nil {
		p.s.log.Warn("presence", "code", gateway.CodeOf(err))
	}
	p.back(ctx, id)
}

// back says a person again who came back while his last socket was being dropped: a page loaded anew.
func (p *presence) back(ctx context.Context, id gateway.ID) {
	p.mu.Lock()
	here := len(p.people[id]) > 0
	p.mu.Unlock()
	if !here {
		return
	}
	p.beat(ctx, id)
	if id.Is(gateway.PrefixAgent) {
		p.announce(ctx, id, gateway.Online)
		p.look()
	}
}

func (p *presence) announce(ctx context.Context, agent gateway.ID, v gateway.Presence) {
	frame, err := signal("presence", map[string]any{"agent": agent, "presence": v})
	if err == nil {
		p.s.hub.Note(ctx, "settings", frame)
	}
}

// beat says one person to the bus. A bus that is down costs presence, never a message.
func (p *presence) beat(ctx context.Context, id gateway.ID) {
	var err error
	if id.Is(gateway.PrefixAgent) {
		err = p.s.svc.BeatAgent(ctx, p.s.node, id, p.idle(id))
	} else {
		err = p.s.svc.BeatVisitor(ctx, p.s.node, id)
	}
	if err != nil {
		p.s.log.Warn("presence", "code", gateway.CodeOf(err))
	}
}

// idle reports whether none of the person's sockets had input for five minutes.
func (p *presence) idle(id gateway.ID) bool {
	now := p.s.svc.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, k := range p.people[id] {
		k.mu.Lock()
		recent := now.Sub(k.lastInput) < agentIdle
		k.mu.Unlock()
		if recent {
			return false
		}
	}
	return true
}

// acting gives those who are not idle.
func (p *presence) acting(agents []gateway.ID) (out []gateway.ID) {
	for _, id := range agents {
		if !p.idle(id) {
			out = append(out, id)
		}
	}
	return out
}

// run beats until ctx ends.
func (p *presence) run(ctx context.Context) {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		p.beats(ctx, p.s.svc.Now())
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// tell tells visitors who is there until ctx ends: at once when this node knows of a change, and every second
// anyway. It is the only one who does, so that what is read first is told first.
func (p *presence) tell(ctx context.Context) {
	tick := time.NewTicker(reachEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-p.looks:
		}
		p.tellVisitors(ctx)
	}
}

// look makes tell look now.
func (p *presence) look() {
	select {
	case p.looks <- struct{}{}:
	default: // it will look anyway
	}
}

func (p *presence) all() []*socket {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]*socket, 0, len(p.sockets))
	for k := range p.sockets {
		out = append(out, k)
	}
	return out
}

func (p *presence) beats(ctx context.Context, now time.Time) {
	p.mu.Lock()
	var agents, all []gateway.ID
	for id := range p.people {
		all = append(all, id)
		if id.Is(gateway.PrefixAgent) {
			agents = append(agents, id)
		}
	}
	store := now.Sub(p.stored) >= storeBeats && len(agents) > 0
	if store {
		p.stored = now
	}
	p.mu.Unlock()
	for _, id := range all {
		p.beat(ctx, id)
	}
	if store {
		if err := p.s.svc.Store.Beats(ctx, agents, now); err != nil {
			p.s.log.Warn("store beats", "code", gateway.CodeOf(err))
		}
		if err := p.s.svc.Store.Acted(ctx, p.acting(agents), now); err != nil {
			p.s.log.Warn("store activity", "code", gateway.CodeOf(err))
		}
		p.closeOver(ctx, now)
	}
}

// closeOver ends the sockets of agents whose session has ended, or whose role is another: also those that say nothing
// and only listen.
func (p *presence) closeOver(ctx context.Context, now time.Time) {
	var logins []string
	var list []*socket
	for _, k := range p.all() {
		if k.who().Staff() {
			logins, list = append(logins, k.login), append(list, k)
		}
	}
	roles, err := p.s.svc.Store.Sessions(ctx, logins, now)
	if err != nil {
		p.s.log.Warn("read sessions", "code", gateway.CodeOf(err))
		return
	}
	for _, k := range list {
		k.end(k.over(roles[k.login]))
	}
}

// tellVisitors sends what changed: whether somebody is there, and each waiting visitor's place.
func (p *presence) tellVisitors(ctx context.Context) {
	boxes := map[gateway.ID][]*socket{}
	var waiting []*socket
	for _, k := range p.all() {
		c := k.who()
		if c.Visitor.ID == "" {
			continue
		}
		boxes[c.Mailbox] = append(boxes[c.Mailbox], k)
		if k.waitsFor() != "" {
			waiting = append(waiting, k)
		}
	}
	for id, visitors := range boxes {
		v, err := p.s.reach(ctx, id)
		if err != nil {
			p.s.log.Warn("reach", "code", gateway.CodeOf(err))
			continue
		}
		for _, k := range visitors {
			k.tellReach(v)
		}
	}
	for _, k := range waiting {
		p.tellPlace(ctx, k)
	}
}

// tellPlace tells a waiting visitor his place when it changes, and looks now and then how long he is likely to wait.
func (p *presence) tellPlace(ctx context.Context, k *socket) {
	cv := k.waitsFor()
	place, err := p.s.svc.Place(ctx, cv)
	if err != nil {
		k.waitFor("") // it left the queue
		return
	}
	now := p.s.svc.Now()
	k.mu.Lock()
	due := place != k.place || now.Sub(k.lookedAt) >= lookWait
	k.mu.Unlock()
	if !due {
		return
	}
	wait, err := p.s.svc.Wait(ctx, cv, place)
	if err != nil {
		k.waitFor("")
		return
	}
	minutes := int((wait + time.Minute - 1) / time.Minute)
	k.mu.Lock()
	changed := place != k.place || minutes != k.minutes
	k.place, k.minutes, k.lookedAt = place, minutes, now
	k.mu.Unlock()
	if !changed {
		return
	}
	said := map[string]any{"conversation": cv, "place": place}
	if minutes > 0 {
		said["wait_s"] = minutes * 60 // no more exact than it is
	}
	k.signal("queue.position", said)
}

func (s *Server) reach(ctx context.Context, mailbox gateway.ID) (reachView, error) {
	mb, err := s.svc.Store.Mailbox(ctx, mailbox)
	if err != nil {
		return reachView{}, err
	}
	open, available, until, err := s.svc.Reach(ctx, mb)
	return reachView{Open: open, Available: available, Until: ms(until)}, err
}

// signOut closes an agent's sockets on this node: he said so, nobody waits for a timeout.
func (p *presence) signOut(agent gateway.ID) {
	p.mu.Lock()
	list := slices.Clone(p.people[agent])
	p.mu.Unlock()
	for _, k := range list {
		k.line.Close(closeUnauthenticated, "unauthenticated")
	}
}
