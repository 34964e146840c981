// Package exit has how a command ends: its exit status, a command line that was not
// understood, and what ends a run before it is through.
package exit
