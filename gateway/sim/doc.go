// Package sim reckons what an installation needs at a load, from measured figures: how many gateways, how much of the
// database and of Redis, and what gives out first. Group commit is simulated, message by message; the rest is
// arithmetic. deploy/CAPACITY.md has its table.
//
// What never happens here: measuring (package bench does), or a figure that is not an input. A new cost is a field of
// Figures and a line in Plan.
package sim
