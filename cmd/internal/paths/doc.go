// Package paths says which initiator port of this host reaches which portal, and which
// paths lead to a target, and shows that as text, JSON and SVG. All is made of what a
// registry has: nothing is asked.
package paths
