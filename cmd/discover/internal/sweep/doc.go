// Package sweep turns the portals of a command line into a run: names, blocks of
// addresses and lists in files, one session from each initiator port where asked,
// lookups, the tally of silent addresses, results in the order of the command line, and
// how far the run is.
package sweep
