// Package scene has what tests of package initiator and of its registry share: a
// network in memory with targets that follow a script, an enforcer that records what it
// is asked, and judges of results and messages.
package scene
