package verifytest

import (
	"context"
	"slices"
	"strings"

	"github.com/postern-chat/postern/verify"
)

// Archive implements verify.Ledger.
func (m *Memory) Archive(_ context.Context, a verify.KeyArchive) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keys[a.Hash] = a
	return nil
}

// Erase implements verify.Ledger.
func (m *Memory) Erase(_ context.Context, id string, l verify.Leaf) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	row, err := m.row(id)
	switch {
	case err != nil:
		return err
	case !row.State.Final():
		return verify.Refuse(verify.ChangeState)
	case row.Erased != 0:
		return nil
	}
	at := m.clock()
	text, err := row.Erase(at.UnixMilli()).Pack()
	if err != nil {
		return err
	}
	m.rows[id] = text
	return m.append(l.Stamp(at), at)
}

// Moment implements verify.Log: the mutex is held meanwhile.
func (m *Memory) Moment(_ context.Context, read func(verify.BundleSource) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return read(still{m})
}

// still is a Memory whose mutex is held.
type still struct{ m *Memory }

// Size implements verify.BundleSource.
func (s still) Size(context.Context) (int64, error) { return int64(len(s.m.leaves)), nil }

// Leaves implements verify.BundleSource.
func (s still) Leaves(_ context.Context, from int64, limit int) ([][]byte, error) {
	n := int64(len(s.m.leaves))
	return slices.Clone(s.m.leaves[min(from, n):min(n, from+int64(limit))]), nil
}

// Hashes implements verify.BundleSource.
func (s still) Hashes(_ context.Context, index []int64) ([][32]byte, error) { return s.m.read(index) }

// Changes implements verify.BundleSource.
func (s still) Changes(_ context.Context, after string, limit int) ([]verify.Row, error) {
	rows := s.m.all(func(r verify.Row) bool { return r.ID > after })
	return rows[:min(limit, len(rows))], nil
}

// Archives implements verify.BundleSource.
func (s still) Archives(_ context.Context, after string, limit int) ([]verify.KeyArchive, error) {
	var out []verify.KeyArchive
	for _, a := range s.m.keys {
		if a.Hash > after {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(a, b verify.KeyArchive) int { return strings.Compare(a.Hash, b.Hash) })
	return out[:min(limit, len(out))], nil
}
