package sqlstore

import (
	"context"
	"encoding/binary"
	"math"
	"slices"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/verify"
)

const (
	// One row per day and scope; the last two parameters are the limits.
	qSpendModel = `INSERT INTO model_usage (day, scope, calls, tokens) VALUES ($1,$2,1,$3)
ON CONFLICT (day, scope) DO UPDATE SET calls = model_usage.calls + 1, tokens = model_usage.tokens + excluded.tokens
WHERE model_usage.calls < $4 AND model_usage.tokens + excluded.tokens <= $5`
	qSettleModel = `UPDATE model_usage SET tokens = tokens + $3 WHERE day = $1 AND scope = $2`
	qModelUsed   = `SELECT calls, tokens FROM model_usage WHERE day = $1 AND scope = $2`
	qOldUsage    = `DELETE FROM model_usage WHERE day < $1`
	qVector      = `SELECT hash, vector FROM model_vectors WHERE model = $1 AND hash IN `
	qSaveVector  = `INSERT INTO model_vectors (model, hash, vector) VALUES ($1,$2,$3) ON CONFLICT DO NOTHING`
)

const (
	usageKept = 30                // days that are kept for the admin
	unlimited = math.MaxInt64 / 2 // tokens
)

// scope is what one counter counts, with its limits.
type scope struct {
	id            string
	calls, tokens int64
}

func scopes(s gateway.ModelSpend, l gateway.ModelLimits) []scope {
	out := []scope{{"", l.DayCalls, l.DayTokens}}
	if s.Mailbox != "" {
		out = append(out, scope{string(s.Mailbox), l.MailboxCalls, unlimited})
	}
	if s.Visitor != "" {
		out = append(out, scope{string(s.Visitor), l.VisitorCalls, unlimited})
	}
	return out // sorted: "" < mb_ < vi_, so no two transactions wait for each other
}

func day(now time.Time) int64 { return now.UTC().Unix() / (24 * 60 * 60) }

// SpendModel implements gateway.ModelStore.
func (s *Store) SpendModel(ctx context.Context, spend gateway.ModelSpend, l gateway.ModelLimits, now time.Time) error {
	today := day(now)
	_, err := s.change(ctx, "count a model's call", now, func(x *tx) error {
		for _, c := range scopes(spend, l) {
			tomorrow := time.Unix((today+1)*24*60*60, 0).Sub(now).Milliseconds()
			if c.calls < 1 || spend.Tokens > c.tokens {
				return gateway.TooMany(tomorrow)
			}
			n, err := x.exec(qSpendModel, today, c.id, spend.Tokens, c.calls, c.tokens)
			if err == nil && n == 0 {
				err = gateway.TooMany(tomorrow)
			}
			if err != nil {
				return err
			}
		}
		_, err := x.exec(qOldUsage, today-usageKept)
		return err
	})
	return err
}

// SettleModel implements gateway.ModelStore.
func (s *Store) SettleModel(ctx context.Context, spend gateway.ModelSpend, more int64, now time.Time) error {
	_, err := s.change(ctx, "settle a model's call", now, func(x *tx) error {
		for _, c := range scopes(spend, gateway.ModelLimits{}) {
			if _, err := x.exec(qSettleModel, day(now), c.id, more); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

// ModelUsed implements gateway.ModelStore.
func (s *Store) ModelUsed(ctx context.Context, scope gateway.ID, now time.Time) (gateway.ModelUse, error) {
	u, err := one(ctx, s, func(r scanner) (u gateway.ModelUse, err error) {
		err = r.Scan(&u.Calls, &u.Tokens)
		return u, missing(err)
	}, qModelUsed, day(now), string(scope))
	if gateway.CodeOf(err) == "not_found" {
		return gateway.ModelUse{}, nil
	}
	return u, err
}

type hashed struct {
	hash   string
	vector []float32
}

// ModelVectors implements gateway.ModelStore.
func (s *Store) ModelVectors(ctx context.Context, model string, hashes []string) (map[string][]float32, error) {
	out := map[string][]float32{}
	for part := range slices.Chunk(hashes, 200) {
		args := []any{model}
		for _, h := range part {
			args = append(args, h)
		}
		rows, err := all(ctx, s, scanVector, qVector+"("+list(1, len(part))+")", args...)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			out[r.hash] = r.vector
		}
	}
	return out, nil
}

func scanVector(r scanner) (h hashed, err error) {
	var b []byte
	if err = r.Scan(&h.hash, &b); err != nil {
		return h, missing(err)
	}
	for ; len(b) >= 4; b = b[4:] {
		h.vector = append(h.vector, math.Float32frombits(binary.LittleEndian.Uint32(b)))
	}
	return h, nil
}

// SaveModelVector implements gateway.ModelStore.
func (s *Store) SaveModelVector(ctx context.Context, model, hash string, v []float32) error {
	b := make([]byte, 0, 4*len(v))
	for _, f := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	_, err := s.change(ctx, "keep a vector", time.Time{}, func(x *tx) error {
		_, err := x.exec(qSaveVector, model, hash, b)
		return err
	})
	return err
}

// NoteLeaf implements gateway.ModelStore.
func (s *Store) NoteLeaf(ctx context.Context, l verify.Leaf, now time.Time) error {
	_, err := s.change(ctx, "note a line of the log", now, func(x *tx) error { return x.leaf(l, now, "") })
	return err
}
