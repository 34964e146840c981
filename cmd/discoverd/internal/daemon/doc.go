// Package daemon is the command line of discoverd, and what holds its rooms together: the
// watch that feeds metrics, events and page, and the servers that show them.
package daemon
