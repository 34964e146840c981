// Package watching shows what a watch tells: each event as a line, for people or as JSON,
// or how all portals stand, drawn in place on a terminal.
package watching
