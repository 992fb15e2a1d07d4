package verify

import "context"

// Shown is one value of an offer that is not from a list of the kind's, with the words that the visitor reads it under.
type Shown struct {
	Field string
	Label map[string]string // per language
	Value string
}

// Unsaid judges the values of an offer before the visitor sees them and names the field of the first that must not be
// shown, "" for none: an offer is a way to somebody who has proven nothing, and says no more than a message may.
// Source: proof-gate.md §3.15 (2).
type Unsaid func(ctx context.Context, conversation string, values []Shown) (field string, err error)

// said refuses an offer that carries what the visitor has not written. Values from a list are the policy's words, and
// what a visitor drafted himself tells him nothing.
func (g *Guard) said(ctx context.Context, m moment, row Row, k Kind, by Actor) error {
	if row.DraftedBy.Role == Visitor {
		return nil
	}
	var values []Shown
	for _, f := range k.Fields {
		if v := row.Change.Fields[f.Name]; v != "" && f.As != AsEnum && f.As != AsSet {
			values = append(values, Shown{Field: f.Name, Label: f.Label, Value: v})
		}
	}
	if len(values) == 0 {
		return nil
	}
	field, err := g.Unsaid(ctx, row.Conversation, values)
	if err != nil || field == "" {
		return err
	}
	s := Step{Row: row, From: row.State, Actor: by, Reason: ChangeUnsaid, At: m.now}
	if err := g.Ledger.Note(ctx, s.Leaf(), string(ChangeUnsaid)+"\n"+row.ID); err != nil { // one line per draft
		return err
	}
	return RefuseField(ChangeUnsaid, field)
}
