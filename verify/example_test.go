package verify_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/postern-chat/postern/verify"
	"github.com/postern-chat/postern/verify/value"
	"github.com/postern-chat/postern/verify/verifytest"
)

// accepts is a backend that says yes; a real one runs verify/receipt first.
type accepts struct{ verify.Executor }

func (accepts) Apply(context.Context, verify.Dispatch) (verify.Answer, error) {
	return verify.Answer{Result: verify.ResultApplied}, nil
}

// One change from draft to applied: the agent offers, the visitor's browser opens a challenge, the host
// reports a login made for it, the same browser comes back, the backend gets the receipt.
func Example() {
	ctx := context.Background()
	store := verifytest.NewMemory(verifytest.Noon)
	store.PutConversation(verify.Conversation{ID: "cv_1", Open: true, Visitor: "vi_1", Assignee: "ag_1", Origins: []string{"https://site.test"}})
	signing, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	signer, _ := verify.NewLocalSigner(signing, rand.Reader)
	guard := &verify.Guard{
		Ledger: store, Executor: accepts{}, Signer: signer, Check: value.Check, Rand: rand.Reader,
		Policy: func() (verify.Policy, error) { return shopPolicy(), nil },
		Unsaid: func(context.Context, string, []verify.Shown) (string, error) { return "", nil },
		Secret: make([]byte, 32), Issuer: "https://chat.site.test", Origin: "chat.site.test/log",
	}

	agent := verify.Actor{Role: verify.Agent, ID: "ag_1"}
	row, _ := guard.Draft(ctx, agent, "cv_1", []byte(`{"kind":"renewal.cancel","fields":{"plan":"plus"}}`))
	row, _ = guard.Offer(ctx, agent, row.ID)
	fmt.Println(row.State)

	widget, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	jwk, _ := verify.NewJWK(&widget.PublicKey)
	visitor := verify.Actor{Role: verify.Visitor, ID: "vi_1", Key: jwk}
	opened, _ := guard.Open(ctx, visitor, verify.OpenRequest{Change: row.ID, Page: "https://site.test/plan"})
	fmt.Println(opened.Row.State)

	// The host looks the challenge up, asks for a fresh login, and signs what it showed with its own key.
	_, handle, _ := strings.Cut(opened.URL, "?h=")
	view, _ := guard.Look(ctx, handle)
	chg, _ := view.Change.Digest()
	verdict, _ := guard.Observe(ctx, verify.LoginEvent{
		Source: "shop", Host: "shop", ID: "ev_1", Kind: verify.LoginConfirmed, Handle: handle, Chg: chg,
		Subject: "u-vic", AuthTime: view.T0, Witness: verify.Witness([]byte("the host's own key"), view.Commit, chg, "u-vic", view.T0),
	})
	fmt.Println(verdict.To)

	page, token, _ := strings.Cut(verdict.Return, "#postern=")
	text, _ := verify.FinishMessage(opened.Row.Challenge.ID, chg, view.Commit, verify.TokenHash(token))
	sum := sha256.Sum256(text)
	r, s, _ := ecdsa.Sign(rand.Reader, widget, sum[:])
	sig := append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	row, _ = guard.Finish(ctx, visitor, verify.FinishRequest{
		Conversation: "cv_1", Change: row.ID, Token: token, Sig: base64.RawURLEncoding.EncodeToString(sig),
	})
	fmt.Println(row.State, "on", page)

	row, _ = guard.Release(ctx, row.ID)
	fmt.Println(row.State)
	// Output:
	// offered
	// challenged
	// matched
	// proven on https://site.test/plan
	// applied
}
