// Package gatewaytest holds what every implementation of the gateway's interfaces must pass: the Store and Bus
// suites, a bus that fails on purpose, and small fixtures. For tests only.
package gatewaytest
