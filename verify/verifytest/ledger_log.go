package verifytest

import (
	"strings"
	"testing"

	"github.com/postern-chat/postern/verify"
)

// kept reads all archived key sets.
func (b *bench) kept() (out []verify.KeyArchive) {
	b.Helper()
	err := b.st.Moment(b.Context(), func(src verify.BundleSource) error {
		for after := ""; ; {
			list, err := src.Archives(b.Context(), after, 1)
			if err != nil || len(list) == 0 {
				return err
			}
			out, after = append(out, list...), list[0].Hash
		}
	})
	if err != nil {
		b.Fatal(err)
	}
	return out
}

func archives(_ *testing.T, b *bench) {
	one, two := verify.KeyArchive{Hash: "b", Body: "{1}"}, verify.KeyArchive{Hash: "a", Body: "{2}"}
	for range 2 {
		if err := b.st.Archive(b.Context(), one); err != nil {
			b.Fatal(err)
		}
	}
	row := b.row(1)
	if err := b.st.CreateDraft(b.Context(), verify.Step{Row: row, At: b.at, Archive: []verify.KeyArchive{one, two}}); err != nil {
		b.Fatal(err)
	}
	refused := b.row(2)
	refused.Conversation = "cv_none"
	if err := b.st.CreateDraft(b.Context(), verify.Step{Row: refused, At: b.at, Archive: []verify.KeyArchive{{Hash: "c", Body: "{}"}}}); err == nil {
		b.Error("a draft in no conversation is taken")
	}
	if got := b.kept(); len(got) != 2 || got[0] != two || got[1] != one {
		b.Errorf("kept: %+v", got)
	}
}

func erases(_ *testing.T, b *bench) {
	row := b.row(1)
	row.Challenge = &verify.Challenge{ID: "cl_1", Change: row.ID, Conversation: cvID, Chg: row.Chg, Salt: "salty", Subject: "u-vic", Handle: "h"}
	row.Proof = &verify.Proof{Subject: "u-vic", Issuer: "i", Evidence: verify.Evidence{Kind: "id_token", JWT: "a.b.c"}, Finish: "f", Sig: "signed"}
	row.Receipt = &verify.Minted{ID: "rc_1", JWS: "d.e.f"}
	if err := b.st.CreateDraft(b.Context(), verify.Step{Row: row, At: b.at}); err != nil {
		b.Fatal(err)
	}
	l := verify.Leaf{V: "2", Role: verify.System, Conversation: cvID, Change: row.ID, From: verify.Withdrawn, To: verify.Withdrawn, Reason: verify.LogErased}
	if err := b.st.Erase(b.Context(), row.ID, l); verify.ReasonOf(err) != verify.ChangeState {
		b.Errorf("a draft is erased: %v", err)
	}
	end := row
	end.State, end.Version = verify.Withdrawn, 2
	if err := b.st.Advance(b.Context(), verify.Step{Row: end, From: verify.Draft, FromVersion: 1, At: b.at}); err != nil {
		b.Fatal(err)
	}
	for range 2 { // the second time nothing is left to do
		if err := b.st.Erase(b.Context(), row.ID, l); err != nil {
			b.Fatal(err)
		}
	}
	got, err := b.st.Change(b.Context(), row.ID)
	if err != nil {
		b.Fatal(err)
	}
	text, err := got.Pack()
	if err != nil {
		b.Fatal(err)
	}
	for _, gone := range []string{row.Seal + `"`, row.Chg, "u-vic", "a.b.c", "d.e.f", "salty", "signed", "plüs"} {
		if strings.Contains(strings.ReplaceAll(text, `"seal"`, ""), gone) {
			b.Errorf("the row still holds %q: %s", gone, text)
		}
	}
	head, err := b.st.Head(b.Context())
	if err != nil || head.Size != 3 || got.State != verify.Withdrawn || got.Erased == 0 || got.Leaf != 1 {
		b.Errorf("%d lines, %v; the row is %+v", head.Size, err, got)
	}
	if rep, err := verify.Audit(b.Context(), b.st); err != nil || len(rep.Bad) > 0 {
		b.Errorf("audit: %+v, %v", rep.Bad, err)
	}
	if err := b.st.Erase(b.Context(), "ch_none", l); verify.ReasonOf(err) != verify.NotFound {
		b.Errorf("an unknown change: %v", err)
	}
}

func moment(_ *testing.T, b *bench) {
	for n := range 3 {
		if err := b.st.CreateDraft(b.Context(), verify.Step{Row: b.row(n), At: b.at}); err != nil {
			b.Fatal(err)
		}
	}
	err := b.st.Moment(b.Context(), func(src verify.BundleSource) error {
		size, err := src.Size(b.Context())
		if err != nil {
			return err
		}
		rows, err := src.Changes(b.Context(), b.row(0).ID, 10)
		if err != nil {
			return err
		}
		leaves, err := src.Leaves(b.Context(), 1, 10)
		if err != nil {
			return err
		}
		hashes, err := src.Hashes(b.Context(), []int64{0, 1})
		if err != nil {
			return err
		}
		if size != 3 || len(rows) != 2 || rows[0].ID != b.row(1).ID || len(leaves) != 2 || len(hashes) != 2 {
			b.Errorf("%d lines, %d rows, %d leaves, %d hashes", size, len(rows), len(leaves), len(hashes))
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}
