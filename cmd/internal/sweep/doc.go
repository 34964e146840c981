// Package sweep turns the portals of a command line into a run: names, blocks of
// addresses and lists in files, the order in which they are asked, one session from each
// initiator port where asked, lookups, the tally of what became of the addresses, and how
// far the run is.
package sweep
