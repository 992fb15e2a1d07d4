// Package sqlstore is the gateway's Store, the articles' Store and the proof gate's Ledger over database/sql:
// one schema and one text per query for SQLite and PostgreSQL (architecture.md §11).
//
// What never happens here: an event published before its commit, a fact answered from a cache, a refused call
// that changed anything. Every difference between the engines stands in dialect.go.
package sqlstore
