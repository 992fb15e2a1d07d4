package sqlstore

import (
	"github.com/postern-chat/postern/gateway"
)

const qMailFile = `INSERT INTO files (id, conversation, owner_role, owner_id, name, type, size, stored, created_at, attached_at, scrubbed)
VALUES ($1,$2,$3,$4,$5,$6,$7,$7,$8,$8,$9)`

// mailFiles stores what a mail carries and names it in the mail's message. What a conversation may not hold any more
// stays in the original. The conversation's row is locked, or new.
func (x *tx) mailFiles(cv gateway.ID, files []gateway.MailFile, m *gateway.Message) error {
	if len(files) == 0 {
		return nil
	}
	var count, bytes int64
	if err := x.row(qTalkFiles, string(cv)).Scan(&count, &bytes); err != nil {
		return err
	}
	for _, f := range files {
		if gateway.TalkQuota().Exceeded(count, bytes, f.Size) {
			continue
		}
		count, bytes = count+1, bytes+f.Size
		if err := x.mailFile(cv, f); err != nil {
			return err
		}
		m.Files = append(m.Files, f.Ref())
	}
	return nil
}

func (x *tx) mailFile(cv gateway.ID, f gateway.MailFile) error {
	if err := x.must(qMailFile, string(f.ID), string(cv), string(f.Owner.Role), string(f.Owner.ID), f.Name, f.Type, f.Size, ms(x.now), f.Scrubbed); err != nil {
		return err
	}
	for n := 0; ; n++ {
		want := partLen(f.File, n)
		if want == 0 {
			return nil
		}
		from := int64(n) * gateway.PartSize
		if err := x.must(qInsertPart, string(f.ID), n, f.Data[from:from+want]); err != nil {
			return err
		}
	}
}
