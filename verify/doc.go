// Package verify is the proof gate: no account change goes through without a login event made for it.
//
// # What is here
//
// Kinds and changes (kind.go, change.go), the commitment that a login signs (commit.go), the states of a
// change (challenge.go), login events (login.go), what counts (match.go, policy.go), and Guard (guard.go),
// the only door: it alone calls Executor and Signer, and every step goes through Ledger. SPEC.md states the
// rule, the invariants and what remains at risk.
//
// # What never happens here
//
// No network, no clock, no randomness: they are passed in. No screen, no SQL. No verb approves, matches or
// mints on anybody's request: approval is a login event, the rest follows from it.
//
// # How a store implements Ledger
//
// One row per change. Columns: id, conversation, state, version, host, chg, jkt (Row.Challenge.JKT),
// handle_hash (Row.Challenge.Handle), finish_hash (Row.Proof.Finish), created_at, changed_at, expires_at,
// subject (Row.Subject), leaf, and row: the text of Row.Pack. Reads return UnpackRow(row) with Leaf from its column. Hashes live
// in unique indexes; NULL where the row has none.
//
// Advance, in one transaction, in this order of locks (conversation → change → burns → log head):
//  1. lock the conversation; a step to draft … proven needs it open and not frozen, else change.state;
//  2. UPDATE … WHERE id=$1 AND state=$2 AND version=$3; no row: change.state. Step.From.May(Step.To()) is
//     checked before. A step to challenged also needs that no other row has state challenged and its jkt
//     (a partial unique index on jkt closes the race);
//  3. Limit: count the conversation's rows in the table of opened challenges younger than Since; at Max:
//     challenge.limit; else insert the new challenge's id and time there;
//  4. insert each Burn (use, key unique) with ON CONFLICT DO NOTHING; no row: Burn.Taken;
//  5. lock the head row; if Step.At is over 5 s behind its high-water mark: clock.jump; n = size; append
//     Step.Leaf().Bytes() as leaf n; store the hashes of Grow(n, bytes, read) from index StoredHashCount(n)
//     on; set size = n+1, high-water = max(high-water, At); set the change's leaf column to n;
//  6. append the conversation event named Step.Event(), enqueue the job named Step.Job(), due at
//     Step.JobAt(), its lease longer than 120 s (a delivery tries that long); a step to disowned also
//     freezes the conversation.
//
// CreateDraft is the same with an INSERT for 2. Note is 5 without a change, preceded by the insert of
// Burn{BurnNote, once}: no row inserted means that nothing more happens, and that is no error. Now reads
// the clock and compares it with the high-water mark in one query.
//
// Kill burns Once first (no other transaction takes its key, so nothing can wait for it with a lock in hand), finds
// the conversations that have a live row of host and subject, locks them in order of id, reads their live rows again
// and carries out Kill.Steps with the body of Advance, all in one transaction.
//
// Issue and Spend serve the OIDC way: a table of slips (use, key unique, the rest as Slip has it) and the burns,
// in one transaction; the first burn that exists undoes it. They need no lock: neither a change nor the log moves.
//
// When another transaction ends a conversation (closed, became a ticket), it reads the live rows inside
// itself and carries out Revocations(rows, …) with the same body as Advance: no second transaction.
package verify
