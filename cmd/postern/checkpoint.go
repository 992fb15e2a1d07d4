package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/postern-chat/postern/gateway"
	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/dial"
)

// When a checkpoint is made. Source: proof-gate.md §3.16.
const (
	checkpointLook  = 2 * time.Second // how often the log is looked at
	checkpointEvery = time.Minute     // if it has grown
	checkpointLines = 1000            // or at once after so many lines
	checkpointMail  = 24 * time.Hour
)

// copies are the places outside the database that checkpoints go to.
type copies struct {
	file   string
	url    string
	mail   string
	client *http.Client
	newest atomic.Pointer[[]byte]
	head   verify.Head // of the newest
	at     time.Time
}

func (c Config) copies() *copies {
	k := &copies{file: c.CheckpointFile, url: c.CheckpointURL, mail: c.CheckpointMail}
	if k.file == "" {
		k.file = filepath.Join(c.Data, "checkpoint")
	}
	if u, err := url.Parse(k.url); err == nil && k.url != "" {
		o := dial.Options{Timeout: 5 * time.Second, Plain: u.Scheme == "http"}
		if o.Plain {
			o.Allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
		}
		k.client = dial.Client(o)
	}
	return k
}

// checkpoint is the newest one of this node, nil before the first.
func (a *App) checkpoint() []byte {
	if p := a.copies.newest.Load(); p != nil {
		return *p
	}
	return nil
}

// compareCopy holds the database against the checkpoint outside of it, before anything else happens. A database that
// is shorter or another one was restored: whatever was under way in it is revoked. A copy that cannot be read counts
// as one that does not agree.
func (a *App) compareCopy(ctx context.Context) error {
	raw, err := readSmall(a.copies.file, verify.MaxCheckpoint)
	if errors.Is(err, fs.ErrNotExist) {
		if now, err := a.store.ledger.Head(ctx); err != nil || now.Size > 0 {
			a.log.Warn("no checkpoint is kept outside the database: a restored one cannot be noticed at this start", "file", a.copies.file, "err", err)
		}
		return nil
	}
	if err != nil {
		return err
	}
	remembered, what := verify.Head{}, ""
	verifiers, err := a.logVerifiers(ctx)
	if err != nil {
		return err
	}
	if k, err := verify.OpenCheckpoint(raw, verifiers...); err != nil {
		what = "the checkpoint outside cannot be read: " + err.Error()
	} else if what, err = a.shrunk(ctx, k.Head); err != nil {
		return err
	} else {
		remembered = k.Head
	}
	if what == "" {
		return nil
	}
	n, err := a.Service.Guard.Restored(ctx, remembered)
	a.log.Error("the database is not the one that was left: it was restored or rewritten", "what", what, "revoked", n, "err", err)
	if err != nil {
		return err
	}
	return os.Rename(a.copies.file, a.copies.file+".lost-"+strconv.FormatInt(remembered.Size, 10))
}

func (a *App) shrunk(ctx context.Context, remembered verify.Head) (string, error) {
	now, err := a.store.ledger.Head(ctx)
	if err != nil {
		return "", err
	}
	return remembered.Shrunk(now, func(index []int64) ([][32]byte, error) { return a.store.ledger.Hashes(ctx, index) })
}

// logVerifiers are all keys that the log has ever had, and the present one, which a restored database may not know.
func (a *App) logVerifiers(ctx context.Context) ([]string, error) {
	out := []string{a.logKey.Verifier()}
	err := a.store.ledger.Moment(ctx, func(src verify.BundleSource) error {
		for after := ""; ; {
			list, err := src.Archives(ctx, after, 64)
			if err != nil || len(list) == 0 {
				return err
			}
			for _, k := range list {
				after = k.Hash
				if v := k.LogVerifier(); v != "" && v != out[0] {
					out = append(out, v)
				}
			}
		}
	})
	return out, err
}

// checkpoints makes checkpoints until ctx ends, and a last one then.
func (a *App) checkpoints(ctx context.Context) {
	tick := time.NewTicker(checkpointLook)
	defer tick.Stop()
	for {
		if err := a.look(ctx, false); err != nil && ctx.Err() == nil {
			a.log.Error("make a checkpoint", "err", err)
		}
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
			if err := a.look(last, true); err != nil {
				a.log.Error("make the last checkpoint", "err", err)
			}
			cancel()
			return
		case <-tick.C:
		}
	}
}

// look makes a checkpoint if it is time, or if the log has grown and this is the last one.
func (a *App) look(ctx context.Context, last bool) error {
	k, now := a.copies, a.outside.now()
	head, err := a.store.ledger.Head(ctx)
	if err != nil {
		return err
	}
	grown := head.Size - k.head.Size
	due := grown >= checkpointLines || now.Sub(k.at) >= checkpointEvery || last
	if a.checkpoint() != nil && (grown == 0 || !due) {
		return nil
	}
	signed, err := a.logKey.Sign(head)
	if err != nil {
		return err
	}
	if err := a.archiveReceiptKeys(ctx); err != nil {
		return err
	}
	// The file first: what is served must be found again after a restore.
	if err := replace(k.file, signed); err != nil {
		return err
	}
	k.newest.Store(&signed)
	k.head, k.at = head, now
	if last {
		return nil
	}
	return errors.Join(k.post(ctx, signed), a.mailCheckpoint(ctx, signed, now))
}

// replace writes a file as a whole or not at all.
func replace(name string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// post gives the checkpoint to a place outside. The answer must be a 2xx; nothing of it is read.
func (k *copies) post(ctx context.Context, signed []byte) error {
	if k.url == "" {
		return nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, k.url, bytes.NewReader(signed))
	if err != nil {
		return errors.New("checkpoint_url: not a URL")
	}
	req.Header.Set("Content-Type", "text/plain; charset=utf-8")
	req.Header.Set("User-Agent", "Postern")
	res, err := k.client.Do(req)
	if err != nil {
		return errors.New("checkpoint_url: no answer") // without the address, which may hold a secret
	}
	_ = res.Body.Close()
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("checkpoint_url: answered %d", res.StatusCode)
	}
	return nil
}

// mailCheckpoint mails the root once a day, by whichever node comes first.
func (a *App) mailCheckpoint(ctx context.Context, signed []byte, now time.Time) error {
	if a.copies.mail == "" {
		return nil
	}
	day := now.UTC().Format(time.DateOnly)
	once := verify.Burn{Use: verify.BurnMail, Key: day, Until: now.Add(30 * checkpointMail)}
	if _, err := a.store.ledger.Burned(ctx, once); err == nil {
		return nil
	}
	id, err := gateway.NewID("cp_", now, rand.Reader)
	if err != nil {
		return err
	}
	from := "postern@" + a.URL.Hostname()
	messageID := strings.ToLower(string(id)) + "@" + a.URL.Hostname()
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: Postern <%s>\r\nTo: <%s>\r\nSubject: Checkpoint of %s, %s\r\nDate: %s\r\nMessage-ID: <%s>\r\n", from, a.copies.mail, a.logKey.Origin(), day, now.Format(time.RFC1123Z), messageID)
	b.WriteString("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\nAuto-Submitted: auto-generated\r\n\r\n")
	b.WriteString(strings.ReplaceAll(string(signed), "\n", "\r\n"))
	if err := a.Service.Mail.Send(ctx, gateway.Mail{ID: id, MessageID: messageID, From: from, To: a.copies.mail, Raw: b.Bytes()}); err != nil {
		return err
	}
	if err := a.store.ledger.Spend(ctx, once); err != nil && verify.ReasonOf(err) != verify.ChangeState {
		return err
	}
	return nil
}
