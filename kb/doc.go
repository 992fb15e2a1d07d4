// Package kb is self-help: articles, their search, and what visitors' answers teach it.
//
// Search runs in memory in every process, the same code for every store: an immutable snapshot behind an
// atomic pointer, patched when an article changes. Ranking is deterministic: no clock, no chance, sums in
// sorted order, ties broken by article id, so that every node answers alike (self-help.md §2).
//
// What never happens here: SQL, HTTP, HTML. Markdown becomes a typed tree in kb/markdown; clients draw the tree.
package kb
