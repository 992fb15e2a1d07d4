// Package verifytest holds what every implementation of the proof gate's interfaces must pass: Ledger and
// Source suites, and NewMemory, a full in-memory twin of the SQL ledger behind the same suite. For tests only.
package verifytest

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/postern-chat/postern/verify"
)

// Memory is a complete verify.Ledger in memory: one mutex is its transaction.
type Memory struct {
	mu     sync.Mutex
	now    func() time.Time
	high   time.Time // high-water mark
	talks  map[string]verify.Conversation
	rows   map[string]string // id → packed row, as SQL would keep it
	leafOf map[string]int64
	opened map[string][]time.Time // conversation → challenges opened
	burns  map[string]verify.Burn
	slips  map[string]verify.Slip
	keys   map[string]verify.KeyArchive
	reads  windows
	leaves [][]byte
	hashes [][32]byte
	events []string // kind + " " + change id, in order
	jobs   []string // job + " " + change id, in order
}

// NewMemory makes an empty ledger whose clock is now.
func NewMemory(now func() time.Time) *Memory {
	return &Memory{
		now: now, talks: map[string]verify.Conversation{}, rows: map[string]string{}, leafOf: map[string]int64{},
		opened: map[string][]time.Time{}, burns: map[string]verify.Burn{}, slips: map[string]verify.Slip{}, keys: map[string]verify.KeyArchive{},
		reads: newReads(),
	}
}

// SetClock replaces the database clock.
func (m *Memory) SetClock(now func() time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = now
}

// PutConversation adds or replaces a conversation.
func (m *Memory) PutConversation(c verify.Conversation) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.talks[c.ID] = c
}

// Close ends a conversation and revokes its live changes in the same transaction, as a SQL store does.
func (m *Memory) Close(id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.talks[id]
	c.Open = false
	m.talks[id] = c
	delete(m.reads.open, id)
	for _, s := range verify.Revocations(m.live(id), m.clock(), verify.Actor{Role: verify.System}, "") {
		if err := m.advance(s); err != nil {
			return err
		}
	}
	return nil
}

// Tamper edits a stored row behind the gate's back, as somebody with SQL access would.
func (m *Memory) Tamper(id string, edit func(*verify.Row)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, _ := m.row(id)
	edit(&r)
	m.rows[id], _ = r.Pack()
}

// TamperLeaf edits stored leaves behind the gate's back.
func (m *Memory) TamperLeaf(edit func(leaves [][]byte)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	edit(m.leaves)
}

// Events are the conversation events so far, "kind change".
func (m *Memory) Events() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.events)
}

// Jobs are the jobs enqueued so far, "job change".
func (m *Memory) Jobs() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.jobs)
}

// Snapshot is everything stored, as text: two equal snapshots mean that nothing moved.
func (m *Memory) Snapshot() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var b strings.Builder
	for _, id := range m.ids() {
		b.WriteString(m.rows[id] + "\n")
	}
	for _, l := range m.leaves {
		b.Write(append(l, '\n'))
	}
	b.WriteString(strconv.Itoa(len(m.burns)) + strings.Join(m.events, "\n") + strings.Join(m.jobs, "\n"))
	return b.String()
}

func (m *Memory) clock() time.Time { return m.now().UTC().Truncate(time.Millisecond) }

func (m *Memory) ids() []string {
	ids := make([]string, 0, len(m.rows))
	for id := range m.rows {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func (m *Memory) row(id string) (verify.Row, error) {
	text, ok := m.rows[id]
	if !ok {
		return verify.Row{}, verify.Refuse(verify.NotFound)
	}
	r, err := verify.UnpackRow(text)
	r.Leaf = m.leafOf[id]
	return r, err
}

// Now implements verify.Ledger.
func (m *Memory) Now(ctx context.Context) (time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.clock()
	if m.behind(now) {
		return time.Time{}, verify.Refuse(verify.ClockJump)
	}
	return now, ctx.Err()
}

func (m *Memory) behind(at time.Time) bool { return at.Before(m.high.Add(-5 * time.Second)) }

// CreateDraft implements verify.Ledger.
func (m *Memory) CreateDraft(ctx context.Context, s verify.Step) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, exists := m.rows[s.Row.ID]; exists || s.From != "" || s.To() != verify.Draft {
		return verify.Refuse(verify.ChangeState)
	}
	return m.apply(s)
}

// Advance implements verify.Ledger.
func (m *Memory) Advance(ctx context.Context, s verify.Step) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.advance(s)
}

func (m *Memory) advance(s verify.Step) error {
	old, err := m.row(s.Row.ID)
	if err != nil || old.State != s.From || old.Version != s.FromVersion || !s.From.May(s.To()) {
		return verify.Refuse(verify.ChangeState)
	}
	return m.apply(s)
}

// apply checks everything before it writes anything: that is its transaction.
func (m *Memory) apply(s verify.Step) error {
	cv, ok := m.talks[s.Row.Conversation]
	switch {
	case !ok || s.To().Open() && (!cv.Open || cv.Frozen):
		return verify.Refuse(verify.ChangeState)
	case s.To() == verify.Challenged && m.keyBusy(s.Row):
		return verify.Refuse(verify.ChangeState)
	case s.Limit != nil && m.openedSince(cv.ID, s.Limit.Since) >= s.Limit.Max:
		return verify.Refuse(verify.ChallengeLimit)
	case m.behind(s.At):
		return verify.Refuse(verify.ClockJump)
	}
	for _, b := range s.Burns {
		if _, taken := m.burns[b.Use+"\n"+b.Key]; taken {
			return b.Taken()
		}
	}
	text, err := s.Row.Pack()
	if err != nil {
		return err
	}
	n := int64(len(m.leaves))
	if err := m.append(s.Leaf(), s.At); err != nil {
		return err
	}
	m.rows[s.Row.ID], m.leafOf[s.Row.ID] = text, n
	for _, b := range s.Burns {
		m.burns[b.Use+"\n"+b.Key] = b
	}
	for _, a := range s.Archive {
		m.keys[a.Hash] = a
	}
	if s.Limit != nil {
		m.opened[cv.ID] = append(m.opened[cv.ID], s.At)
	}
	if s.To() == verify.Disowned {
		cv.Frozen = true
		m.talks[cv.ID] = cv
		delete(m.reads.open, cv.ID)
	}
	if s.Window != nil && cv.Open && !cv.Frozen {
		m.reads.open[cv.ID] = *s.Window
	}
	m.events = append(m.events, s.Event()+" "+s.Row.ID)
	if j := s.Job(); j != "" {
		m.jobs = append(m.jobs, j+" "+s.Row.ID)
	}
	return nil
}

func (m *Memory) keyBusy(r verify.Row) bool {
	for id := range m.rows {
		o, err := m.row(id)
		if err == nil && id != r.ID && o.State == verify.Challenged && o.Challenge.JKT == r.Challenge.JKT {
			return true
		}
	}
	return false
}

func (m *Memory) openedSince(conversation string, since time.Time) int {
	n := 0
	for _, at := range m.opened[conversation] {
		if at.After(since) {
			n++
		}
	}
	return n
}

func (m *Memory) append(l verify.Leaf, at time.Time) error {
	b, err := l.Bytes()
	if err != nil {
		return err
	}
	hs, err := verify.Grow(int64(len(m.leaves)), b, m.read)
	if err != nil {
		return err
	}
	m.leaves, m.hashes = append(m.leaves, b), append(m.hashes, hs...)
	if at.After(m.high) {
		m.high = at
	}
	return nil
}

func (m *Memory) read(index []int64) ([][32]byte, error) {
	out := make([][32]byte, len(index))
	for i, x := range index {
		if x < 0 || x >= int64(len(m.hashes)) {
			return nil, verify.Refuse(verify.NotFound)
		}
		out[i] = m.hashes[x]
	}
	return out, nil
}

// Kill implements verify.Ledger. Everything that could refuse a step is checked before the first one.
func (m *Memory) Kill(ctx context.Context, k verify.Kill) ([]verify.Row, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, taken := m.burns[k.Once.Use+"\n"+k.Once.Key]; taken {
		return nil, k.Once.Taken()
	}
	steps := k.Steps(m.all(func(r verify.Row) bool { return !r.State.Final() }))
	if len(steps) > 0 && m.behind(k.At) {
		return nil, verify.Refuse(verify.ClockJump)
	}
	m.burns[k.Once.Use+"\n"+k.Once.Key] = k.Once
	var rows []verify.Row
	for _, s := range steps {
		if err := m.advance(s); err != nil {
			return rows, err
		}
		row, err := m.row(s.Row.ID)
		if err != nil {
			return rows, err
		}
		rows = append(rows, row)
	}
	for id, w := range m.reads.open {
		if w.Host == k.Host && w.Subject == k.Subject {
			delete(m.reads.open, id)
			row, err := m.row(w.Change)
			if err != nil {
				return rows, err
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// Note implements verify.Ledger.
func (m *Memory) Note(ctx context.Context, l verify.Leaf, once string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	key := verify.BurnNote + "\n" + once
	if _, again := m.burns[key]; once != "" && again {
		return nil
	}
	at := m.clock()
	if at.Before(m.high) {
		at = m.high
	}
	if err := m.append(l.Stamp(at), at); err != nil {
		return err
	}
	if once != "" {
		m.burns[key] = verify.Burn{Use: verify.BurnNote, Key: once}
	}
	return nil
}

// Change implements verify.Ledger.
func (m *Memory) Change(_ context.Context, id string) (verify.Row, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.row(id)
}

// ByHandle implements verify.Ledger.
func (m *Memory) ByHandle(_ context.Context, h string) (verify.Row, error) {
	return m.find(func(r verify.Row) bool { return r.Challenge != nil && h != "" && r.Challenge.Handle == h })
}

// ByFinish implements verify.Ledger.
func (m *Memory) ByFinish(_ context.Context, h string) (verify.Row, error) {
	return m.find(func(r verify.Row) bool { return r.Proof != nil && h != "" && r.Proof.Finish == h })
}

func (m *Memory) find(want func(verify.Row) bool) (verify.Row, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	rows := m.all(want)
	if len(rows) == 0 {
		return verify.Row{}, verify.Refuse(verify.NotFound)
	}
	return rows[0], nil
}

// all are the rows that want likes, in order of id, which is order of creation.
func (m *Memory) all(want func(verify.Row) bool) []verify.Row {
	var rows []verify.Row
	for _, id := range m.ids() {
		if r, err := m.row(id); err == nil && want(r) {
			rows = append(rows, r)
		}
	}
	return rows
}

func (m *Memory) live(conversation string) []verify.Row {
	return m.all(func(r verify.Row) bool { return r.Conversation == conversation && !r.State.Final() })
}

// Live implements verify.Ledger.
func (m *Memory) Live(_ context.Context, conversation string) ([]verify.Row, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.live(conversation), nil
}

// Due implements verify.Ledger.
func (m *Memory) Due(_ context.Context, now time.Time, limit int) ([]verify.Row, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	rows := m.all(func(r verify.Row) bool {
		return (r.State.Open() || r.State == verify.Cooling) && r.ExpiresAt <= now.UnixMilli()
	})
	return rows[:min(limit, len(rows))], nil
}

// ToSettle implements verify.Ledger.
func (m *Memory) ToSettle(_ context.Context, limit int) ([]verify.Row, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	rows := m.all(func(r verify.Row) bool { return r.State == verify.Released || r.State == verify.Unsettled })
	return rows[:min(limit, len(rows))], nil
}

// Burned implements verify.Ledger.
func (m *Memory) Burned(_ context.Context, b verify.Burn) (verify.Burn, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if got, ok := m.burns[b.Use+"\n"+b.Key]; ok {
		return got, nil
	}
	return verify.Burn{}, verify.Refuse(verify.NotFound)
}

// Issue implements verify.Ledger.
func (m *Memory) Issue(ctx context.Context, s verify.Slip, now time.Time, burns ...verify.Burn) error {
	return m.spend(ctx, burns, func() {
		for key, old := range m.slips {
			if old.Until.Before(now) {
				delete(m.slips, key)
			}
		}
		m.slips[s.Use+"\n"+s.Key] = s
	})
}

// Spend implements verify.Ledger.
func (m *Memory) Spend(ctx context.Context, b verify.Burn) error {
	return m.spend(ctx, []verify.Burn{b}, func() {})
}

func (m *Memory) spend(ctx context.Context, burns []verify.Burn, then func()) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, b := range burns {
		if _, taken := m.burns[b.Use+"\n"+b.Key]; taken {
			return b.Taken()
		}
	}
	for _, b := range burns {
		m.burns[b.Use+"\n"+b.Key] = b
	}
	then()
	return nil
}

// Slip implements verify.Ledger.
func (m *Memory) Slip(_ context.Context, use, key string) (verify.Slip, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s, ok := m.slips[use+"\n"+key]; ok {
		return s, nil
	}
	return verify.Slip{}, verify.Refuse(verify.NotFound)
}

// Conversation implements verify.Ledger.
func (m *Memory) Conversation(_ context.Context, id string) (verify.Conversation, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c, ok := m.talks[id]; ok {
		return c, nil
	}
	return verify.Conversation{}, verify.Refuse(verify.NotFound)
}

// Head implements verify.Log.
func (m *Memory) Head(context.Context) (verify.Head, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := int64(len(m.leaves))
	root, err := verify.Root(n, m.read)
	return verify.Head{Size: n, Root: root}, err
}

// Leaves implements verify.Log.
func (m *Memory) Leaves(_ context.Context, from int64, limit int) ([][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := int64(len(m.leaves))
	if from < 0 || from >= n {
		return nil, nil
	}
	var out [][]byte
	for _, l := range m.leaves[from:min(n, from+int64(limit))] {
		out = append(out, slices.Clone(l))
	}
	return out, nil
}

// Hashes implements verify.Log.
func (m *Memory) Hashes(_ context.Context, index []int64) ([][32]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.read(index)
}

// States implements verify.Log.
func (m *Memory) States(_ context.Context, after string, limit int) ([]verify.RowState, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []verify.RowState
	for _, r := range m.all(func(r verify.Row) bool { return r.ID > after }) {
		if len(out) < limit {
			out = append(out, verify.RowState{ID: r.ID, State: r.State, Leaf: r.Leaf})
		}
	}
	return out, nil
}
