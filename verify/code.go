package verify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// codeTries is how often a typed code may be guessed. Source: proof-gate.md §3.6.
const codeTries = 5

// CodeHash stands for a typed code where a finish token's hash stands else: in the finish message, its burn and the
// receipt. It is salted with the challenge: TokenHash(challenge + "\n" + code).
func CodeHash(challenge, code string) string { return TokenHash(challenge + "\n" + code) }

// code is eight digits, made from challenge and event under the secret, so that a repeated delivery is answered alike
// and nothing of it must be kept.
func (g *Guard) code(challenge string, e LoginEvent) string {
	m := hmac.New(sha256.New, g.Secret)
	m.Write([]byte("postern.code.v1\n" + strings.Join([]string{challenge, e.Source, e.ID}, "\n")))
	n := binary.BigEndian.Uint64(m.Sum(nil)) % 100_000_000 // of 2^64: no code is likelier than another by 1e-11
	return fmt.Sprintf("%08d", n)
}

// codeSeal is what is kept of a code until it was typed. A plain hash of eight digits could be searched by whoever reads
// the database, so it is keyed.
func (g *Guard) codeSeal(challenge, code string) string {
	return deriveToken(g.Secret, "typed", CodeHash(challenge, code))
}

// finishByCode proves a matched change by the code that the host's page showed. Only the widget key that opened the
// challenge may guess, and each guess takes one of five places in the ledger before it is looked at: however many race,
// five are compared. The fifth wrong one ends the change. Input from anybody else touches nothing.
//
// Errors: those of Finish; code.wrong (tries are left), code.limit (none is left: a new login must be made).
func (g *Guard) finishByCode(ctx context.Context, m moment, by Actor, req FinishRequest) (Row, error) {
	row, err := g.byCode(ctx, m, by, req)
	if err != nil {
		return Row{}, err
	}
	ch := row.Challenge
	if h, _ := m.policy.Host(row.Host); !h.Code {
		return Row{}, g.end(ctx, m, row, Failed, by, PolicyUnavailable)
	}
	last, err := g.guess(ctx, row)
	switch {
	case ReasonOf(err) == CodeLimit:
		return Row{}, g.end(ctx, m, row, Failed, by, CodeLimit)
	case err != nil:
		return Row{}, err
	}
	if !Equal(g.codeSeal(ch.ID, req.Code), row.Proof.Code) {
		if last {
			return Row{}, g.end(ctx, m, row, Failed, by, CodeLimit)
		}
		return Row{}, g.refuse(ctx, m, row, by, CodeWrong)
	}
	if req.Chg != "" && !Equal(req.Chg, row.Chg) {
		return Row{}, g.end(ctx, m, row, Failed, by, FinishDigest)
	}
	row.Proof = copyOf(row.Proof)
	row.Proof.Finish = CodeHash(ch.ID, req.Code)
	return g.finish(ctx, m, row, by, req)
}

// byCode finds the change whose code this browser may type now. Errors: not_found, finish.expired, finish.used,
// code.limit, finish.conversation, finish.key, code.wrong (no eight digits), those of sound.
func (g *Guard) byCode(ctx context.Context, m moment, by Actor, req FinishRequest) (Row, error) {
	row, err := g.Ledger.Change(ctx, req.Change)
	if err != nil {
		return Row{}, err
	}
	if _, err := g.conversation(ctx, row.Conversation, by); err != nil {
		return Row{}, err
	}
	if row.Conversation != req.Conversation {
		return Row{}, Refuse(FinishConversation)
	}
	ch, p := row.Challenge, row.Proof
	switch {
	case ch == nil || p == nil || p.Code == "":
		return Row{}, Refuse(FinishExpired)
	case by.Key.Thumbprint() != ch.JKT:
		return Row{}, g.refuse(ctx, m, row, by, FinishKey)
	case row.State == Failed && row.Reason == CodeLimit:
		return Row{}, Refuse(CodeLimit)
	case row.State != Matched && p.Finish != "":
		return Row{}, Refuse(FinishUsed)
	case row.State != Matched:
		return Row{}, Refuse(FinishExpired)
	}
	if err := g.sound(ctx, m, row); err != nil {
		return Row{}, err
	}
	said := req.Chg
	if said == "" {
		said = row.Chg
	}
	text, err := FinishMessage(ch.ID, said, ch.Commit, CodeHash(ch.ID, req.Code))
	if err != nil || !ch.Key.Verify(text, req.Sig) {
		return Row{}, g.refuse(ctx, m, row, by, FinishKey)
	}
	if len(req.Code) != 8 || strings.Trim(req.Code, "0123456789") != "" {
		return Row{}, Refuse(CodeWrong)
	}
	return row, nil
}

// guess takes the next place for a guess and says whether it is the last one. Errors: code.limit (none is left), those
// of the ledger.
func (g *Guard) guess(ctx context.Context, row Row) (last bool, err error) {
	for n := 1; n <= codeTries; n++ {
		b := Burn{Use: BurnGuess, Key: row.Challenge.ID + "\n" + strconv.Itoa(n), Value: row.ID, Until: row.Challenge.ExpiresAt()}
		if err = g.Ledger.Spend(ctx, b); ReasonOf(err) != ChangeState { // taken by another guess
			return n == codeTries, err
		}
	}
	return true, Refuse(CodeLimit)
}
